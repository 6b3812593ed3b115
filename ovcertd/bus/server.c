/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the objects on the bus and watches who leaves, for daemon.c. Must never answer otherwise for a profile that
 * exists than for one that does not: every name has an object, and no node lists them. */
#include "ovcertd/bus/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/protocol.h"
#include "ovcertd/bus/backup.h"
#include "ovcertd/bus/context.h"
#include "ovcertd/bus/object.h"
#include "ovcertd/bus/peers.h"
#include "ovcertd/bus/replies.h"
#include "ovcertd/bus/request.h"
#include "ovcertd/bus/signals.h"
#include "ovcertd/bus/vtables.h"

struct Server {
    BusContext context;
    sd_event_source *pool_source;
    sd_bus_slot *filter;
    sd_bus_slot *departures;
    sd_bus_slot *manager;
    sd_bus_slot *profile;
    sd_bus_slot *login;
};

/* An sd_bus_object_find_t: any name's path, without a look at the store. */
static int find_profile(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                        sd_bus_error *error) {
    (void) bus, (void) interface, (void) error;
    CLEANUP(free_pointer) char *user = NULL;
    int r = object_user(path, &user);
    if (r != 0)
        return r < 0 ? r : 0;
    *ret_found = userdata;
    return 1;
}

static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *error) {
    (void) message, (void) error;
    replies_keep_going(userdata);
    return 0; /* go on to the objects */
}

/* NameOwnerChanged with no new owner: somebody is gone. */
static int on_departure(sd_bus_message *message, void *userdata, sd_bus_error *error) {
    BusContext *context = userdata;
    const char *name;
    (void) error;
    int r = sd_bus_message_read(message, "sss", &name, NULL, NULL);
    if (r < 0)
        return r;
    if (name[0] != ':')
        return 0;
    requests_drop_sender(context, name);
    backup_drop_sender(context, name);
    service_sender_gone(context->service, name);
    peers_drop(context->peers, name);
    return 0;
}

static int on_pool(sd_event_source *source, int fd, uint32_t events, void *userdata) {
    BusContext *context = userdata;
    (void) source, (void) fd, (void) events;
    pool_dispatch(context->pool);
    return 0;
}

static int attach_objects(Server *server, sd_bus *bus) {
    BusContext *context = &server->context;
    int r = sd_bus_add_object_vtable(bus, &server->manager, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE,
                                     manager_vtable, context);
    if (r < 0)
        return r;
    r = sd_bus_add_object_vtable(bus, &server->login, OVCERT_OBJECT_PATH, OVCERT_LOGIN_INTERFACE, login_vtable,
                                 context);
    if (r < 0)
        return r;
    return sd_bus_add_fallback_vtable(bus, &server->profile, OVCERT_PROFILE_PREFIX, OVCERT_PROFILE_INTERFACE,
                                      profile_vtable, find_profile, context);
}

static int watch_bus(Server *server, sd_bus *bus) {
    int r = sd_bus_add_filter(bus, &server->filter, on_message, &server->context);
    if (r < 0)
        return r;
    if (sd_bus_is_bus_client(bus) <= 0)
        return 0; /* a direct connection: nobody else can leave */
    return sd_bus_add_match(bus, &server->departures,
                            "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                            "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''",
                            on_departure, &server->context);
}

static int make_parts(Server *server, sd_event *event) {
    BusContext *context = &server->context;
    context->peers = peers_new();
    context->signals = signals_new();
    if (!context->peers || !context->signals)
        return -ENOMEM;
    int r = replies_new(context, event, &context->replies);
    if (r < 0 || !event)
        return r;
    return sd_event_add_io(event, &server->pool_source, pool_fd(context->pool), EPOLLIN, on_pool, context);
}

int server_new(const ServerOptions *options, Server **ret) {
    CLEANUP(server_freep) Server *server = calloc(1, sizeof *server);
    if (!server)
        return -ENOMEM;
    server->context.bus = sd_bus_ref(options->bus);
    server->context.service = options->service;
    server->context.pool = options->pool;
    server->context.backend = options->backend;
    int r = make_parts(server, options->event);
    if (r < 0)
        return r;
    r = watch_bus(server, options->bus);
    if (r < 0)
        return r;
    r = attach_objects(server, options->bus);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(server);
    return 0;
}

Server *server_free(Server *server) {
    if (!server)
        return NULL;
    server->context.stopping = true;
    requests_drop_all(&server->context);
    backup_drop(&server->context);
    sd_bus_slot_unref(server->login);
    sd_bus_slot_unref(server->profile);
    sd_bus_slot_unref(server->manager);
    sd_bus_slot_unref(server->departures);
    sd_bus_slot_unref(server->filter);
    sd_event_source_disable_unref(server->pool_source);
    (void) replies_free(server->context.replies);
    (void) signals_free(server->context.signals);
    (void) peers_free(server->context.peers);
    sd_bus_unref(server->context.bus);
    free(server);
    return NULL;
}

int server_changed(Server *server) {
    return replies_schedule(&server->context);
}

int server_stop(Server *server) {
    server->context.stopping = true;
    requests_drop_all(&server->context);
    server->pool_source = sd_event_source_disable_unref(server->pool_source);
    return replies_commit(&server->context);
}

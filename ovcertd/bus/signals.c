/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends PropertiesChanged and the Manager's signals, after each commit. Must never send one without a destination. */
#include "ovcertd/bus/signals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <systemd/sd-bus.h>

#include "common/protocol.h"
#include "ovcertd/bus/object.h"
#include "ovcertd/bus/peers.h"
#include "ovcertd/log.h"

typedef struct Announcement {
    const char *member;
    char *user;
} Announcement;

struct Signals {
    Announcement *items;
    size_t count;
};

static void clear(Signals *signals) {
    for (size_t i = 0; i < signals->count; i++)
        free(signals->items[i].user);
    free(signals->items);
    *signals = (Signals){0};
}

Signals *signals_new(void) {
    return calloc(1, sizeof(Signals));
}

Signals *signals_free(Signals *signals) {
    if (!signals)
        return NULL;
    clear(signals);
    free(signals);
    return NULL;
}

int signals_announce(BusContext *context, const char *member, const char *user) {
    Signals *signals = context->signals;
    Announcement *items = reallocarray(signals->items, signals->count + 1, sizeof *items);
    if (!items)
        return -ENOMEM;
    signals->items = items;
    char *copy = strdup(user);
    if (!copy)
        return -ENOMEM;
    signals->items[signals->count++] = (Announcement){.member = member, .user = copy};
    return 0;
}

/* For the two ways of saying something; data is theirs. */
typedef int (*MakeSignal)(sd_bus *bus, const void *data, sd_bus_message **ret);

static int make_announcement(sd_bus *bus, const void *data, sd_bus_message **ret) {
    const Announcement *announcement = data;
    int r = sd_bus_message_new_signal(bus, ret, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, announcement->member);
    return r < 0 ? r : sd_bus_message_append(*ret, "s", announcement->user);
}

static int make_invalidation(sd_bus *bus, const void *data, sd_bus_message **ret) {
    int r = sd_bus_message_new_signal(bus, ret, data, "org.freedesktop.DBus.Properties", "PropertiesChanged");
    if (r < 0)
        return r;
    return sd_bus_message_append(*ret, "sa{sv}as", OVCERT_PROFILE_INTERFACE, 0, 2, "State", "CertificateStatus");
}

static int send_to(BusContext *context, const char *name, MakeSignal make, const void *data) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
    int r = make(context->bus, data, &signal);
    if (r < 0)
        return r;
    return sd_bus_send_to(context->bus, signal, name, NULL);
}

/* To root's connections, and to those of `owner` unless that is STORE_UID_NONE. */
static void tell(BusContext *context, uid_t owner, MakeSignal make, const void *data) {
    for (size_t i = 0; i < peers_count(context->peers); i++) {
        uid_t uid;
        const char *name = peers_get(context->peers, i, &uid);
        if (uid != 0 && (owner == STORE_UID_NONE || uid != owner))
            continue;
        int r = send_to(context, name, make, data);
        if (r < 0)
            log_write(LOG_WARNING, LOG_EVENT_SIGNAL_LOST, "cannot send a signal: %s", strerror(-r));
    }
}

static void tell_changed(BusContext *context, const char *user, uid_t owner) {
    CLEANUP(free_pointer) char *path = NULL;
    int r = object_path_of(user, &path);
    if (r < 0)
        log_write(LOG_WARNING, LOG_EVENT_SIGNAL_LOST, "cannot send a signal: %s", strerror(-r));
    else
        tell(context, owner, make_invalidation, path);
}

void signals_flush(BusContext *context, bool committed) {
    for (;;) {
        uint32_t owner = STORE_UID_NONE;
        CLEANUP(free_pointer) char *user = service_take_changed(context->service, &owner);
        if (!user)
            break;
        if (committed)
            tell_changed(context, user, owner);
    }
    for (size_t i = 0; committed && i < context->signals->count; i++)
        tell(context, STORE_UID_NONE, make_announcement, &context->signals->items[i]);
    clear(context->signals);
}

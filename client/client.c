/* SPDX-License-Identifier: BSD-2-Clause */
/* The connection of a client and its calls. Used by the PAM module inside other programs, and by ovcertctl; must never
 * wait past a deadline, read the environment or raise a signal, not even with a bus that is stopped. */
#include "client/client.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/frame.h"
#include "common/protocol.h"
#include "common/text.h"
#include "config.h"

struct Client {
    sd_bus *bus;
    Bytes failure; /* a string with its NUL, or empty */
    bool interactive;
    int interrupt; /* borrowed; -1 for none */
};

static int append_line(Bytes *all, View line) {
    if (text_is_printable(line)) /* escaped by who sent it, if need be: never twice */
        return bytes_append(all, line);
    CLEANUP(free_pointer) char *escaped = text_escape(line);
    if (!escaped)
        return -ENOMEM;
    return bytes_append(all, (View){(const uint8_t *) escaped, strlen(escaped)});
}

static int append_lines(Bytes *all, const char *text) {
    for (;;) {
        size_t length = strcspn(text, "\n");
        int r = append_line(all, (View){(const uint8_t *) text, length});
        if (r < 0)
            return r;
        text += length;
        if (*text == '\0')
            return bytes_append_u8(all, '\0');
        r = bytes_append_u8(all, (uint8_t) *text++);
        if (r < 0)
            return r;
    }
}

static void set_failure(Client *client, const char *detail) {
    bytes_done(&client->failure);
    if (!detail || append_lines(&client->failure, detail) < 0)
        bytes_done(&client->failure); /* the outcome counts; its detail is a courtesy */
}

/* Everything that goes wrong with the connection means the same to our callers, but for what is our own. */
static int connection_outcome(Client *client, int error) {
    if (error == -ENOMEM || error == -EINTR)
        return error;
    set_failure(client, strerrordesc_np(-error));
    return OVCERT_ERROR_UNAVAILABLE;
}

int client_bad_reply(Client *client, int error) {
    if (error == -ENOMEM)
        return error;
    set_failure(client, "the reply is not of the promised form");
    return OVCERT_ERROR_UNAVAILABLE;
}

/* Waits for the bus, at most until the deadline; it may be back early. */
static int wait_for_bus(Client *client, uint64_t now, uint64_t deadline) {
    struct pollfd watched[] = {{.fd = sd_bus_get_fd(client->bus)}, {.fd = client->interrupt, .events = POLLIN}};
    if (watched[0].fd < 0)
        return watched[0].fd;
    int events = sd_bus_get_events(client->bus);
    if (events < 0)
        return events;
    uint64_t until;
    int r = sd_bus_get_timeout(client->bus, &until);
    if (r < 0)
        return r;
    if (until > deadline)
        until = deadline;
    uint64_t milliseconds = until <= now ? 0 : (until - now + 999u) / 1000u;
    watched[0].events = (short) events;
    r = poll(watched, 2, milliseconds > INT_MAX ? INT_MAX : (int) milliseconds);
    if (r < 0 && errno != EINTR)
        return -errno;
    return r > 0 && watched[1].revents != 0 ? -EINTR : 0;
}

/* One step of whatever the connection has to do. The deadline is looked at before each, so that a peer who keeps us
 * busy gains nothing. */
static int drive(Client *client, uint64_t deadline) {
    uint64_t now = frame_now();
    if (now >= deadline)
        return -ETIMEDOUT;
    int r = sd_bus_process(client->bus, NULL);
    if (r != 0)
        return r < 0 ? r : 0;
    return wait_for_bus(client, now, deadline);
}

/* The call time-out is set so that sd-bus does not look for SYSTEMD_BUS_TIMEOUT in the environment. */
static int start(sd_bus *bus, const char *address, uint64_t microseconds) {
    int r;
    if ((r = sd_bus_set_address(bus, address)) < 0 || (r = sd_bus_set_bus_client(bus, true)) < 0 ||
        (r = sd_bus_negotiate_fds(bus, false)) < 0 || (r = sd_bus_set_method_call_timeout(bus, microseconds)) < 0)
        return r;
    return sd_bus_start(bus);
}

static int connect_bus(Client *client, const char *address, uint64_t deadline) {
    uint64_t now = frame_now();
    if (now >= deadline)
        return -ETIMEDOUT;
    int r = start(client->bus, address, deadline - now);
    while (r >= 0) {
        r = sd_bus_is_ready(client->bus);
        if (r > 0)
            return 0;
        if (r == 0)
            r = drive(client, deadline);
    }
    return r;
}

int client_new(const char *address, uint64_t deadline, Client **ret) {
    CLEANUP(client_freep) Client *client = calloc(1, sizeof *client);
    if (!client)
        return -ENOMEM;
    client->interrupt = -1;
    int r = sd_bus_new(&client->bus);
    if (r < 0)
        return r;
    r = connect_bus(client, address ? address : OVCERT_BUS_ADDRESS, deadline);
    if (r < 0)
        return connection_outcome(client, r);
    *ret = TAKE_PTR(client);
    return 0;
}

Client *client_free(Client *client) {
    if (client) {
        (void) sd_bus_close_unref(client->bus); /* without a flush, which would wait for a bus that is stopped */
        bytes_done(&client->failure);
        free(client);
    }
    return NULL;
}

const char *client_failure(const Client *client) {
    return client->failure.size > 0 ? (const char *) client->failure.data : "";
}

void client_set_interactive(Client *client, bool interactive) {
    client->interactive = interactive;
}

void client_set_interrupt(Client *client, int fd) {
    client->interrupt = fd;
}

int client_message_to(Client *client, const char *destination, const char *path, const char *interface,
                      const char *member, sd_bus_message **ret) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r = sd_bus_message_new_method_call(client->bus, &message, destination, path, interface, member);
    if (r < 0)
        return r;
    r = sd_bus_message_set_allow_interactive_authorization(message, client->interactive);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(message);
    return 0;
}

int client_message(Client *client, const char *path, const char *interface, const char *member, sd_bus_message **ret) {
    return client_message_to(client, OVCERT_BUS_NAME, path, interface, member, ret);
}

int client_profile_message(Client *client, const char *user, const char *member, sd_bus_message **ret) {
    if (!text_is_user_name(user))
        return -EINVAL;
    CLEANUP(free_pointer) char *path = NULL;
    int r = sd_bus_path_encode(OVCERT_PROFILE_PREFIX, user, &path);
    if (r < 0)
        return r;
    return client_message(client, path, OVCERT_PROFILE_INTERFACE, member, ret);
}

int client_append_certificate(sd_bus_message *message, View certificate, const BytesList *chain) {
    int r = sd_bus_message_append_array(message, 'y', certificate.data, certificate.size);
    return r < 0 ? r : client_append_chain(message, chain);
}

int client_append_chain(sd_bus_message *message, const BytesList *chain) {
    int r = sd_bus_message_open_container(message, 'a', "ay");
    for (size_t i = 0; r >= 0 && chain && i < chain->count; i++)
        r = sd_bus_message_append_array(message, 'y', chain->items[i].data, chain->items[i].size);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

/* Errors that others than our daemon make: the bus, and sd-bus itself. Whatever else stands for a service that is not
 * there as it should be. */
static int foreign_error(Client *client, const sd_bus_error *error) {
    if (sd_bus_error_has_names(error, SD_BUS_ERROR_ACCESS_DENIED, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                               SD_BUS_ERROR_AUTH_FAILED))
        return OVCERT_ERROR_DENIED;
    if (!client_failure(client)[0])
        set_failure(client, error->name);
    return OVCERT_ERROR_UNAVAILABLE;
}

static int reply_outcome(Client *client, sd_bus_message *reply) {
    const sd_bus_error *error = sd_bus_message_get_error(reply);
    if (!error)
        return 0;
    set_failure(client, error->message);
    int outcome = (int) ovcert_error_from_name(error->name);
    return outcome != OVCERT_OK ? outcome : foreign_error(client, error);
}

static int on_reply(sd_bus_message *message, void *userdata, sd_bus_error *error) {
    (void) error; /* a place for an error of ours; there is none */
    sd_bus_message **reply = userdata;
    *reply = sd_bus_message_ref(message);
    return 0;
}

int client_call(Client *client, sd_bus_message *message, uint64_t deadline, sd_bus_message **ret_reply) {
    set_failure(client, NULL);
    uint64_t now = frame_now();
    if (now >= deadline)
        return connection_outcome(client, -ETIMEDOUT);
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    CLEANUP(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL; /* freed first: no late reply finds `reply` gone */
    int r = sd_bus_call_async(client->bus, &slot, message, on_reply, &reply, deadline - now);
    while (r >= 0 && !reply)
        r = drive(client, deadline);
    if (r < 0)
        return connection_outcome(client, r);
    r = reply_outcome(client, reply);
    if (r == 0 && ret_reply)
        *ret_reply = TAKE_PTR(reply);
    return r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Client: typed calls of org.ovcert1 for pam_ovcert and ovcertctl, each under a deadline that holds even when the bus
 * itself hangs: connect, Hello and every call are driven by sd_bus_process(3) and poll(2), never by sd_bus_call(3)
 * alone.
 *
 * int results: 0; OvcertError as a positive outcome, client_failure() saying more; a negative errno for faults
 * (-ENOMEM, -EINVAL for text that cannot be sent, -EINTR when interrupted). Bus or daemon absent, hung or answering
 * nonsense is OVCERT_ERROR_UNAVAILABLE. Reads no environment. Every deadline is on CLOCK_MONOTONIC, in microseconds. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-bus.h>

#include "common/bytes.h"
#include "common/macros.h"
#include "common/statement.h"

typedef struct Client Client;

/* address: a D-Bus address; NULL for the one fixed at build time. */
int client_new(const char *address, uint64_t deadline, Client **ret);
Client *client_free(Client *client);
DEFINE_CLEANUP(Client *, client_free)
/* Detail of the last outcome, "" when there is none: printable lines, escaped where needed, with '\n' between them. */
const char *client_failure(const Client *client);

/* Lets polkit ask the user during the calls from now on; off at first. */
void client_set_interactive(Client *client, bool interactive);
/* Calls return -EINTR as soon as this descriptor (a signalfd(2), borrowed) is readable; -1 for none. */
void client_set_interrupt(Client *client, int fd);

/* A message to this member of our service, to be filled and handed to client_call(). */
int client_message(Client *client, const char *path, const char *interface, const char *member, sd_bus_message **ret);
int client_call(Client *client, sd_bus_message *message, uint64_t deadline, sd_bus_message **ret_reply);
/* A message to another service: the bus itself, polkit. Errors that are not ours are OVCERT_ERROR_UNAVAILABLE or
 * OVCERT_ERROR_DENIED. */
int client_message_to(Client *client, const char *destination, const char *path, const char *interface,
                      const char *member, sd_bus_message **ret);
/* The same to the object of this user's profile. */
int client_profile_message(Client *client, const char *user, const char *member, sd_bus_message **ret);
/* Appends ay and aay; chain may be NULL. 0 or a negative errno. */
int client_append_certificate(sd_bus_message *message, View certificate, const BytesList *chain);
int client_append_chain(sd_bus_message *message, const BytesList *chain); /* the aay alone */
/* For who reads a reply himself: the outcome of a reply that could not be read as promised, or -ENOMEM. */
int client_bad_reply(Client *client, int error);

/* Login (module) */
typedef struct ClientContext {
    uint32_t uid; /* sent when we are root */
    const char *service;
    const char *tty;
} ClientContext;
typedef struct ClientChallenge {
    char *id;
    char *user;
    char *service;
    char *tty;
    Statement statement; /* all fields but the fingerprint; strings borrowed from this struct */
} ClientChallenge;
void client_challenge_done(ClientChallenge *challenge);
int client_login_hint(Client *client, const char *user, const ClientContext *context, uint64_t deadline,
                      uint8_t ret_fingerprint[32]);
int client_login_begin(Client *client, const char *user, const ClientContext *context, uint64_t deadline,
                       ClientChallenge *ret);
typedef struct ClientLogin {
    char *user;
    int64_t not_after; /* seconds since the epoch */
    int64_t days_left;
    bool expiring;
} ClientLogin;
void client_login_done(ClientLogin *login);
int client_login_finish(Client *client, const ClientChallenge *challenge, View certificate, const BytesList *chain,
                        const char *algorithm, View signature, uint64_t deadline, ClientLogin *ret);

/* Proof (tool, later the module's renewal) */
int client_begin_proof(Client *client, const char *user, View certificate, const BytesList *chain, const char *service,
                       const char *tty, uint64_t deadline, ClientChallenge *ret);
int client_prove(Client *client, const char *user, const ClientChallenge *challenge, const char *algorithm,
                 View signature, uint64_t deadline, char **ret_candidate);

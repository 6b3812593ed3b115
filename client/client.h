/* SPDX-License-Identifier: BSD-2-Clause */
/* Client: typed calls of org.ovcert1 for pam_ovcert and ovcertctl, each under a deadline that holds even when the bus
 * itself hangs: connect, Hello and every call are driven by sd_bus_process(3) and poll(2), never by sd_bus_call(3)
 * alone.
 *
 * int results: 0; OvcertError as a positive outcome, client_failure() saying more; a negative errno for faults. Bus or
 * daemon absent, hung or answering nonsense is OVCERT_ERROR_UNAVAILABLE. Reads no environment. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-bus.h>

#include "common/bytes.h"
#include "common/macros.h"
#include "common/statement.h"

typedef struct Client Client;

/* address: a D-Bus address; NULL for the one fixed at build time. deadline: CLOCK_MONOTONIC microseconds for
 * connecting. */
int client_new(const char *address, uint64_t deadline, Client **ret);
Client *client_free(Client *client);
DEFINE_CLEANUP(Client *, client_free)
const char *client_failure(const Client *client); /* detail of the last outcome, escaped for display; "" when none */

/* A message to this member of our service, to be filled and handed to client_call(). */
int client_message(Client *client, const char *path, const char *interface, const char *member, sd_bus_message **ret);
int client_call(Client *client, sd_bus_message *message, uint64_t deadline, sd_bus_message **ret_reply);

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

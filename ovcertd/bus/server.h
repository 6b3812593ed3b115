/* SPDX-License-Identifier: BSD-2-Clause */
/* Server: the daemon's side of the bus: its objects on one connection, in front of a Service. Decides nothing. */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "common/macros.h"
#include "ovcertd/core/pool.h"
#include "ovcertd/core/service.h"

typedef struct Server Server;

/* All borrowed, all outlive the server, but for the pool: pool_free() comes after server_stop() and before
 * server_free(), since its jobs end in the server. */
typedef struct ServerOptions {
    sd_bus *bus;
    sd_event *event; /* may be NULL in tests: no commit on its own, no pool */
    Service *service;
    Pool *pool;
    const char *backend; /* the property's value; static */
} ServerOptions;

int server_new(const ServerOptions *options, Server **ret);
Server *server_free(Server *server);
DEFINE_CLEANUP(Server *, server_free)

/* After a call of the service outside a request (service_tick()): commits soon. */
int server_changed(Server *server);
/* Drops what waits, commits and answers what is done. 0 or the commit's fault. */
int server_stop(Server *server);

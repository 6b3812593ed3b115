/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of bus/ share: borrowed parts of the daemon, and their own small state. Lives as long as the Server;
 * used by the state thread only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "ovcertd/bus/peers.h"
#include "ovcertd/core/pool.h"
#include "ovcertd/core/service.h"

typedef struct BackupKept BackupKept;
typedef struct Replies Replies;
typedef struct Request Request;
typedef struct Signals Signals;

typedef struct BusContext {
    sd_bus *bus;
    Service *service;
    Pool *pool;
    const char *backend;

    Peers *peers;
    Replies *replies;
    Signals *signals;
    BackupKept *backup; /* being read by a connection; NULL */
    Request *requests;  /* in flight: waiting for polkit or the pool */
    bool stopping;      /* what comes back now is dropped */
} BusContext;

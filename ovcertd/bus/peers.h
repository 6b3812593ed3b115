/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers: the connections that have called us, with the uid that the bus says they have (SECURITY 28). Unique names are
 * never given twice in a bus's life, so that an entry holds until the connection is gone. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include <systemd/sd-bus.h>

#include "common/macros.h"

typedef struct Peers Peers;

Peers *peers_new(void); /* NULL when out of memory */
Peers *peers_free(Peers *peers);
DEFINE_CLEANUP(Peers *, peers_free)

typedef enum PeersOutcome {
    PEERS_UNKNOWN = 1, /* the bus does not say who sent it (gone, or never on the bus): deny */
} PeersOutcome;

/* The uid of a message's sender. Asks the bus the first time, which is one round trip to the bus driver. 0,
 * PEERS_UNKNOWN, or -ENOMEM. */
int peers_uid(Peers *peers, sd_bus_message *message, uid_t *ret);
void peers_drop(Peers *peers, const char *name); /* the connection is gone */
size_t peers_count(const Peers *peers);
const char *peers_get(const Peers *peers, size_t index, uid_t *ret_uid); /* index < peers_count() */

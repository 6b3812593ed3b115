/* SPDX-License-Identifier: BSD-2-Clause */
/* The cache of who is who on the bus. Used by requests, property getters and signals. Must never believe anything but
 * the bus driver, and never fall back to our own or the bus's credentials. */
#include "ovcertd/bus/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct Peer {
    char *name;
    uid_t uid;
} Peer;

struct Peers {
    Peer *items;
    size_t count;
    size_t capacity;
};

Peers *peers_new(void) {
    return calloc(1, sizeof(Peers));
}

Peers *peers_free(Peers *peers) {
    if (!peers)
        return NULL;
    for (size_t i = 0; i < peers->count; i++)
        free(peers->items[i].name);
    free(peers->items);
    free(peers);
    return NULL;
}

static Peer *find(const Peers *peers, const char *name) {
    for (size_t i = 0; i < peers->count; i++)
        if (strcmp(peers->items[i].name, name) == 0)
            return &peers->items[i];
    return NULL;
}

static int add(Peers *peers, const char *name, uid_t uid) {
    if (peers->count == peers->capacity) {
        size_t capacity = peers->capacity ? 2 * peers->capacity : 16;
        Peer *items = reallocarray(peers->items, capacity, sizeof *items);
        if (!items)
            return -ENOMEM;
        peers->items = items;
        peers->capacity = capacity;
    }
    char *copy = strdup(name);
    if (!copy)
        return -ENOMEM;
    peers->items[peers->count++] = (Peer){.name = copy, .uid = uid};
    return 0;
}

static int ask_bus(sd_bus_message *message, uid_t *ret) {
    CLEANUP(sd_bus_creds_unrefp) sd_bus_creds *credentials = NULL;
    int r = sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID, &credentials);
    if (r < 0)
        return r == -ENOMEM ? r : PEERS_UNKNOWN;
    if (sd_bus_creds_get_euid(credentials, ret) < 0 || *ret == (uid_t) -1)
        return PEERS_UNKNOWN;
    return 0;
}

int peers_uid(Peers *peers, sd_bus_message *message, uid_t *ret) {
    /* Without a unique name sd-bus would answer with whoever is at the other end of our socket. */
    const char *sender = sd_bus_message_get_sender(message);
    if (!sender || sender[0] != ':')
        return PEERS_UNKNOWN;
    const Peer *peer = find(peers, sender);
    if (peer) {
        *ret = peer->uid;
        return 0;
    }
    uid_t uid = (uid_t) -1;
    int r = ask_bus(message, &uid);
    if (r != 0)
        return r;
    r = add(peers, sender, uid);
    if (r < 0)
        return r;
    *ret = uid;
    return 0;
}

void peers_drop(Peers *peers, const char *name) {
    Peer *peer = find(peers, name);
    if (!peer)
        return;
    free(peer->name);
    *peer = peers->items[--peers->count];
}

size_t peers_count(const Peers *peers) {
    return peers->count;
}

const char *peers_get(const Peers *peers, size_t index, uid_t *ret_uid) {
    *ret_uid = peers->items[index].uid;
    return peers->items[index].name;
}

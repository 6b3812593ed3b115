/* SPDX-License-Identifier: BSD-2-Clause */
/* The cache of who is who on the bus. Used by requests, property getters and signals. Must never believe anything but
 * the bus driver, and never fall back to our own or the bus's credentials. */
#include "ovcertd/bus/peers.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct Peer {
    char *name;
    uid_t uid;
} Peer;

struct Peers {
    Peer *items; /* in the order of their names: looked up at every message, changed once per connection */
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

/* The index of the first whose name is not before this one. */
static size_t lower_bound(const Peers *peers, const char *name) {
    size_t low = 0;
    size_t high = peers->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(peers->items[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static Peer *find(const Peers *peers, const char *name) {
    size_t index = lower_bound(peers, name);
    bool found = index < peers->count && strcmp(peers->items[index].name, name) == 0;
    return found ? &peers->items[index] : NULL;
}

static int make_room(Peers *peers) {
    if (peers->count < peers->capacity)
        return 0;
    size_t capacity = peers->capacity ? 2 * peers->capacity : 16;
    Peer *items = reallocarray(peers->items, capacity, sizeof *items);
    if (!items)
        return -ENOMEM;
    peers->items = items;
    peers->capacity = capacity;
    return 0;
}

static int add(Peers *peers, const char *name, uid_t uid) {
    int r = make_room(peers);
    if (r < 0)
        return r;
    char *copy = strdup(name);
    if (!copy)
        return -ENOMEM;
    size_t index = lower_bound(peers, name);
    memmove(&peers->items[index + 1], &peers->items[index], (peers->count - index) * sizeof *peers->items);
    peers->items[index] = (Peer){.name = copy, .uid = uid};
    peers->count++;
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
    peers->count--;
    size_t index = (size_t) (peer - peers->items);
    memmove(peer, peer + 1, (peers->count - index) * sizeof *peer);
}

size_t peers_count(const Peers *peers) {
    return peers->count;
}

const char *peers_get(const Peers *peers, size_t index, uid_t *ret_uid) {
    *ret_uid = peers->items[index].uid;
    return peers->items[index].name;
}

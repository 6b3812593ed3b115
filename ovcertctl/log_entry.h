/* SPDX-License-Identifier: BSD-2-Clause */
/* LogEntry: rows of the audit log, read page by page (Manager.ReadLog). Results as of client/. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ovcertctl/json.h"
#include "ovcertctl/tool.h"

/* Zero-initialise; log_entry_done(). */
typedef struct LogEntry {
    uint64_t seq;
    int64_t time;
    char *event;
    uint32_t actor;
    char *outcome;
    char *detail;
    char *user;         /* NULL: none, or erased */
    char *subject;      /* likewise */
    JsonObject *object; /* instead of the above, where JSON is asked for */
} LogEntry;

void log_entry_done(LogEntry *entry);

/* Takes the entry over on 0; a negative errno otherwise. */
typedef int (*LogSink)(LogEntry *entry, void *userdata);

/* The newest `limit` entries, oldest first; limit 0: all. Set the limit, the rest to zero; log_ring_done(). */
typedef struct LogRing {
    uint64_t limit;
    LogEntry *entries;
    size_t count;
    size_t first;
} LogRing;

void log_ring_done(LogRing *ring);
int log_ring_keep(LogEntry *entry, void *ring); /* a LogSink */
const LogEntry *log_ring_at(const LogRing *ring, size_t i);

/* Hands every entry with a number > *after to sink, of --user alone if given; *after becomes the last number looked at.
 */
int log_read(Tool *tool, uint64_t *after, LogSink sink, void *userdata);
/* Where to begin so that the newest `lines` entries come. A lower bound: with --user older ones come too. */
int log_start(Tool *tool, uint64_t lines, uint64_t *ret_after);
/* "demo", or the number of an account that is gone. Caller frees; NULL when out of memory. */
char *log_actor(uint32_t uid);

/* --verify and --follow. An ExitStatus, said. */
int log_verify(Tool *tool);
int log_follow(Tool *tool);

/* VerifyLog; zero-initialise, log_chain_done(). */
typedef struct LogChain {
    uint64_t checked; /* the last entry looked at */
    uint64_t head;
    char *problem; /* "" when there is none */
    Bytes hash;    /* of the head */
} LogChain;
void log_chain_done(LogChain *chain);
int log_chain_check(Tool *tool, uint64_t after, uint32_t limit, LogChain *chain);
/* The whole chain, slice by slice, to its end or its first problem. Likewise. */
int log_chain_walk(Tool *tool, LogChain *chain);

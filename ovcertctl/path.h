/* SPDX-License-Identifier: BSD-2-Clause */
/* Path: the certificates that a verdict is about, from the one that was judged up to the anchor, as far as found, each
 * with its usages, its policies and what was asked about its revocation. Read from what the daemon tells (dbus/), or
 * made of a verdict at hand. Zero-initialise; path_done(). Strings are escaped and never NULL. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-bus.h>

#include "trust/certificate.h"
#include "trust/verdict.h"

/* A list or an answer. */
typedef struct SourceInfo {
    char *kind;  /* revocation_kind_name() */
    char *state; /* revocation_state_name() */
    char *file;
    int64_t this_update;
    int64_t next_update;
} SourceInfo;

typedef struct PathStep {
    char *subject;
    int64_t not_after;
    char *key_usage; /* with commas; "" for none, and so on */
    char *extended_key_usage;
    char *policies;
    SourceInfo *sources;
    size_t n_sources;
} PathStep;

typedef struct Path {
    PathStep *items;
    size_t count;
} Path;

void path_done(Path *path);
/* An aa{sv} at the message's cursor. 0 or a negative errno, and what was read so far is the caller's to free. */
int path_read(sd_bus_message *message, void *path);
/* leaf: the certificate that was judged, borrowed; NULL: it is none, and the path is empty. Likewise. */
int path_fill(Certificate *leaf, const Verdict *verdict, Path *ret);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Session: the dialogue of common/credential.h over one socket, with a process to itself. It signs once at most, and
 * what it signs is a statement that it has built from the fields of the request. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ovcert-credential/backend.h"

typedef struct SessionOptions {
    Backend *const *backends; /* borrowed */
    size_t n_backends;
    int refusal;                /* CredentialOutcome that answers every request; 0: serve */
    const char *refusal_detail; /* may be NULL */
} SessionOptions;

/* Sends READY and serves until the signature is made, the passphrase was wrong, a request was not valid, the peer has
 * closed, or the deadline (CLOCK_MONOTONIC, microseconds) is past. 0 when it ended by the dialogue's own rules or by
 * the peer; -errno otherwise. */
int session_serve(int fd, uint64_t deadline, const SessionOptions *options);

/* In place of serving: the one word FAILED, where READY would stand. */
int session_refuse(int fd, uint64_t deadline, int outcome, const char *detail);

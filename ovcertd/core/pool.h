/* SPDX-License-Identifier: BSD-2-Clause */
/* Pool: a few threads that compute pure functions for the state thread, with a queue per uid served in turn, so that
 * nobody can stall somebody else (SECURITY 40). Everything but run() happens in the state thread. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "common/macros.h"

#define POOL_THREADS 2u
#define POOL_QUEUE_PER_UID 16u
#define POOL_QUEUE_ALL 512u

typedef struct Pool Pool;

typedef struct PoolJob {
    void (*run)(void *data);  /* in a pool thread; touches data only */
    void (*done)(void *data); /* in the state thread, from pool_dispatch() or pool_free(); owns data from then on */
    void *data;
} PoolJob;

int pool_new(Pool **ret);
/* Waits for running jobs, drops queued ones after calling their done() (run() then was not called: jobs must start out
 * as failed). */
Pool *pool_free(Pool *pool);
DEFINE_CLEANUP(Pool *, pool_free)
/* 0, -ENOMEM, or OVCERT_ERROR_LIMIT_EXCEEDED; data stays the caller's unless 0. */
int pool_submit(Pool *pool, uid_t uid, const PoolJob *job);
int pool_fd(const Pool *pool); /* readable (eventfd(2)) when pool_dispatch() has work */
void pool_dispatch(Pool *pool);

/* SPDX-License-Identifier: BSD-2-Clause */
/* StoreCheck: a look at the whole database file, through a connection of its own that only reads, so that it runs in
 * any thread while the store goes on working. */
#pragma once

#include <stdint.h>

#include "common/macros.h"
#include "ovcertd/store/store.h"

typedef struct StoreCheck StoreCheck;

/* deadline: CLOCK_MONOTONIC, microseconds; what is not done by then is left. The rest needs no store. 0 or -ENOMEM. */
int store_check_new(const Store *store, uint64_t deadline, StoreCheck **ret);
void store_check_run(StoreCheck *check); /* any thread */
/* 0: it is whole. STORE_CORRUPT with *ret_problem (the check's) saying what is wrong; -ETIMEDOUT at the deadline;
 * another negative errno when it could not be read; -ECANCELED before it has run. */
int store_check_result(const StoreCheck *check, const char **ret_problem);
StoreCheck *store_check_free(StoreCheck *check); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(StoreCheck *, store_check_free)

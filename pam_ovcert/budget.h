/* SPDX-License-Identifier: BSD-2-Clause */
/* Budget: how long the bus may keep a login waiting in all, over several stretches with prompts in between that do not
 * count (SECURITY 19). Times are microseconds on CLOCK_MONOTONIC, given by the caller. */
#pragma once

#include <stdint.h>

#define BUDGET_BUS_MICROSECONDS (5u * UINT64_C(1000000))

typedef struct Budget {
    uint64_t left;
    uint64_t started;
} Budget;

/* The deadline of a stretch that begins now. */
static inline uint64_t budget_start(Budget *budget, uint64_t now) {
    budget->started = now;
    return now + budget->left;
}

static inline void budget_stop(Budget *budget, uint64_t now) {
    uint64_t spent = now - budget->started;
    budget->left = spent < budget->left ? budget->left - spent : 0;
}

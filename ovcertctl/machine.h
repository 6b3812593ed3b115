/* SPDX-License-Identifier: BSD-2-Clause */
/* Machine: which one the checks of "doctor" look at: the one they run on, or, in tests, a folder that stands for its
 * root. */
#pragma once

#include <sys/types.h>

typedef struct Machine {
    const char *root;    /* put before every path; "" for the machine itself */
    uid_t administrator; /* who owns what only root may change: 0 */
    const char *daemon;  /* the users of the daemon and of the helper */
    const char *credential;
} Machine;

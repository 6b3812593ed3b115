/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings: what "doctor" has looked at, each with how it is and, where something is to be done, what. Checks append;
 * whoever asked prints. Whatever comes from outside is escaped by who appends it. */
#pragma once

#include <stddef.h>

#include "common/macros.h"
#include "ovcertctl/output.h"

typedef enum FindingState {
    FINDING_OK,
    FINDING_UNKNOWN, /* could not be looked at: not allowed, or the daemon is not there to be asked */
    FINDING_WARNING, /* works, but not for long, or not as somebody may believe */
    FINDING_ERROR,   /* does not work, or is not safe */
} FindingState;

typedef struct Finding {
    FindingState state;
    const char *check; /* a stable word for scripts: "bus", "pam", ... */
    char *text;
    const char *advice; /* translated; NULL where there is nothing to do */
} Finding;

/* Zero-initialise; findings_done(). */
typedef struct Findings {
    Finding *items;
    size_t count;
    int fault; /* -ENOMEM once something could not be kept: the list is then not whole */
} Findings;

void findings_done(Findings *findings);
/* check and advice are static or as good as. */
void findings_add(Findings *findings, FindingState state, const char *check, const char *advice, const char *format,
                  ...) __attribute__((format(printf, 5, 6)));
/* The worst there is. */
FindingState findings_worst(const Findings *findings);
/* One line each and, below it, what to do; or a JSON array. 0 or -ENOMEM. */
int findings_print(const Output *output, const Findings *findings);

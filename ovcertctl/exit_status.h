/* SPDX-License-Identifier: BSD-2-Clause */
/* What ovcertctl ends with; scripts rely on these. Functions of the tool that talk to the user return 0 or one of
 * these, the reason having been said. */
#pragma once

typedef enum ExitStatus {
    EXIT_DONE = 0,
    EXIT_FAILED = 1, /* failed, or a negative verdict */
    EXIT_USAGE = 2,
    EXIT_NOT_FOUND = 3, /* no such profile, file, account or open operation, or no certificate */
    EXIT_DENIED = 4,
    EXIT_UNAVAILABLE = 5, /* the daemon or the bus */
    EXIT_INTERRUPTED = 130,
} ExitStatus;

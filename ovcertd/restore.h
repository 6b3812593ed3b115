/* SPDX-License-Identifier: BSD-2-Clause */
/* The restore mode of ovcertd: no service, no bus. Runs as the daemon's user, in its place. */
#pragma once

#include <stdbool.h>

/* Restores the backup on standard input. 0, EXIT_FAILURE or an OVCERT_RESTORE_ of common/protocol.h; all that is to say
 * has been logged. */
int restore_run(const char *config_file, bool force);

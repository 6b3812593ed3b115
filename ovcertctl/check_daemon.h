/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the bus, polkit and the daemon, for "doctor": whether they are there, and what the daemon says of its database,
 * its log and the clock. Asks nobody for a password: who may not know is told so. */
#pragma once

#include "ovcertctl/check_trust.h"
#include "ovcertctl/findings.h"
#include "ovcertctl/machine.h"
#include "ovcertctl/tool.h"

/* counts: what the daemon should have loaded. 0, or EXIT_INTERRUPTED, said. */
int check_daemon(Tool *tool, const Machine *machine, const TrustCounts *counts, Findings *findings);

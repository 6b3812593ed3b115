/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks through the machine's PAM stacks for lines of pam_ovcert.so that lock somebody out, let somebody in, or do less
 * than they seem to. What libpam would answer is computed (pam_stack.h) with the module's codes and those of the lines
 * around it. */
#pragma once

#include "ovcertctl/findings.h"
#include "ovcertctl/machine.h"

void check_pam(const Machine *machine, Findings *findings);

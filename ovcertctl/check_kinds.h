/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at the kinds of certificate, for "doctor", with the daemon's own reader of them. */
#pragma once

#include "ovcertctl/findings.h"
#include "ovcertctl/machine.h"

void check_kinds(const Machine *machine, Findings *findings);

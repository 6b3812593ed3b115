/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at what is installed, for "doctor": the system users, the settings, and to whom files and folders belong. */
#pragma once

#include "common/configuration.h"
#include "ovcertctl/findings.h"
#include "ovcertctl/machine.h"

/* Fills *ret with the settings, or, where they cannot be read, with those of a machine without any. 0 or -ENOMEM. */
int check_configuration(const Machine *machine, Findings *findings, Config *ret);
void check_accounts(const Machine *machine, Findings *findings);
void check_files(const Machine *machine, const Config *config, Findings *findings);
void check_disk(const Machine *machine, const Config *config, Findings *findings);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of certificate that ovcertd would use on this machine, for "verify" and "doctor". */
#pragma once

#include "trust/kinds.h"

/* root: put before the folders, "" for the machine itself. As kinds_load(). */
int installed_kinds_load(const char *root, Kinds **ret, char **ret_problem);

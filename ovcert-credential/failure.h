/* SPDX-License-Identifier: BSD-2-Clause */
/* How the helper's functions say why: they return 0, a negative errno (a fault), or a positive CredentialOutcome
 * (common/credential.h), and put what was found into *ret_detail, escaped for display, for the outcome alone. */
#pragma once

#include "common/credential.h"

/* Sets *ret_detail (replacing and freeing what is there; NULL when out of memory, since a detail is an extra) and
 * returns the outcome, so that it can stand behind "return". */
int failure_set(char **ret_detail, CredentialOutcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

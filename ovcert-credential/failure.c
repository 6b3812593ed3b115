/* SPDX-License-Identifier: BSD-2-Clause */
/* Words a failure. Called by every module of the helper; must never be given a secret. */
#include "ovcert-credential/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/macros.h"
#include "common/text.h"

int failure_set(char **ret_detail, CredentialOutcome outcome, const char *format, ...) {
    char *CLEANUP(free_pointer) raw = NULL;
    va_list arguments;

    free(*ret_detail);
    *ret_detail = NULL;
    va_start(arguments, format);
    if (vasprintf(&raw, format, arguments) >= 0)
        *ret_detail = text_escape_string(raw);
    else
        raw = NULL; /* vasprintf(3) leaves it undefined */
    va_end(arguments);
    return (int) outcome;
}

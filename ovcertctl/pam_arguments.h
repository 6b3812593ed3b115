/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands behind pam_ovcert.so on a line of a PAM stack, read by the module's own parser. */
#pragma once

#include <stdbool.h>

#include "ovcertctl/pam_stack.h"

/* Strings are the line's; NULL where there is none. */
typedef struct PamArguments {
    const char *refused; /* the argument for which the module refuses to work at all */
    const char *renew;
    const char *require;
    bool use_first_pass;
    bool password_renew;
} PamArguments;

PamArguments pam_arguments_of(const StackLine *line);
/* Is the service in a list of them? list may be NULL. */
bool pam_arguments_name(const char *list, const char *service);

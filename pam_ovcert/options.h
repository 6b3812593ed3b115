/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of pam_ovcert.so, as they stand behind it in /etc/pam.d (pam.d(5)). This is the one place that lists them:
 *
 *   debug           more lines in the journal, none of them secret
 *   silent          no messages to the user, as with PAM_SILENT; prompts stay
 *   nodelay         a wrong passphrase asks for no delay (pam_fail_delay(3))
 *   use_first_pass  the passphrase is the password that a module above has asked for (PAM_AUTHTOK); never prompts for
 *                   one. Without it PAM_AUTHTOK is never looked at (SECURITY 22)
 *
 * Anything else is reported in the journal, and auth and account refuse with PAM_SERVICE_ERR: a misspelt rule must not
 * pass for a kept one. password, session and setcred read no options. */
#pragma once

#include <stdbool.h>

typedef struct Options {
    bool debug;
    bool silent;
    bool no_delay;
    bool use_first_pass;
} Options;

/* 0; -EINVAL with the unknown option in *ret_unknown, borrowed from argv. */
int options_parse(int argc, const char *const *argv, Options *ret, const char **ret_unknown);

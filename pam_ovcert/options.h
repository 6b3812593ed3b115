/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of pam_ovcert.so, as they stand behind it in /etc/pam.d (pam.d(5)). This is the one place that lists them:
 *
 *   debug               more lines in the journal, none of them secret
 *   silent              no messages to the user, as with PAM_SILENT; prompts stay
 *   nodelay             auth: a wrong passphrase or PIN asks for no delay (pam_fail_delay(3))
 *   use_first_pass      auth: the passphrase or PIN is the password that a module above has asked for (PAM_AUTHTOK);
 *                       never prompts for one. Without it PAM_AUTHTOK is never looked at (SECURITY 22)
 *   wait=SECONDS        auth: without any credential that might fit, asks for a card and waits so long (1 to 300)
 *   card-user           auth: an empty user name stands for the user of the card that is there (root's services alone)
 *   renew=SERVICES      account: these PAM services offer the renewal of an expired certificate that auth has seen
 *                       proven (renewal.h)
 *   require=SERVICES    account: these PAM services let nobody in who has a certificate and has neither proven it while
 *                       valid nor renewed it in this transaction, whatever let him pass auth; root is exempt. There is
 *                       no word for all of them: who names sshd names its public-key sessions too, and who names cron
 *                       its jobs
 *   exempt-group=GROUP  account: members of this group are exempt from require=
 *   password=renew      account: after an expired certificate, PAM_NEW_AUTHTOK_REQD in place of the conversation;
 *                       password: the conversation, held there. For hand-written stacks, without renew= and require=
 *
 * SERVICES are names separated by commas. Anything else is reported in the journal, and auth, account and password
 * refuse with PAM_SERVICE_ERR: a misspelt rule must not pass for a kept one. session and setcred read none. */
#pragma once

#include <stdbool.h>

#define OPTIONS_WAIT_SECONDS_MAX 300u

/* Strings are borrowed from argv; NULL where there is none. */
typedef struct Options {
    bool debug;
    bool silent;
    bool no_delay;
    bool use_first_pass;
    bool card_user;
    bool password_renew;
    unsigned wait_seconds;
    const char *renew;
    const char *require;
    const char *exempt_group;
} Options;

/* 0; -EINVAL with the option that is unknown, said twice, without a proper value or against another one in *ret_bad,
 * borrowed from argv. */
int module_options_parse(int argc, const char *const *argv, Options *ret, const char **ret_bad);
/* Is the service among these? list may be NULL. */
bool options_list_has(const char *list, const char *service);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Prompts: the conversation with the user (pam_conv(3)). Answers are wiped once read. Codes are PAM's: PAM_SUCCESS;
 * PAM_CONV_ERR when the user cancelled or the host has no conversation, PAM_ABORT and PAM_BUF_ERR as the host says. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <security/pam_modules.h>

#include "common/secret.h"

typedef struct Prompts {
    pam_handle_t *pam;
    bool silent; /* no messages; prompts stay */
} Prompts;

/* silent: the module's option; flags: of the entry point. */
Prompts prompts_of(pam_handle_t *pam, int flags, bool silent);

/* Messages: advice is advice, so a host that cannot show it changes nothing. */
__attribute__((format(printf, 2, 3))) void prompts_info(const Prompts *prompts, const char *format, ...);
__attribute__((format(printf, 2, 3))) void prompts_error(const Prompts *prompts, const char *format, ...);

/* Asks without echo. An answer too long for a Secret is PAM_AUTH_ERR: no passphrase is that long. */
__attribute__((format(printf, 3, 4))) int prompts_secret(const Prompts *prompts, Secret **ret, const char *format, ...);
/* Asks a question of yes or no; whatever is not yes is no. */
__attribute__((format(printf, 3, 4))) int prompts_yes(const Prompts *prompts, bool *ret, const char *format, ...);
/* Asks for a number from 1 to max; 0 stands for an empty answer. Anything else: PAM_AUTHINFO_UNAVAIL. */
__attribute__((format(printf, 4, 5))) int prompts_number(const Prompts *prompts, size_t max, size_t *ret,
                                                         const char *format, ...);

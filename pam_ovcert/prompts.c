/* SPDX-License-Identifier: BSD-2-Clause */
/* Talks to the user through the host's conversation. Called by login.c and account.c; must never leave an answer in
 * memory, log one, or set PAM_AUTHTOK. */
#include "pam_ovcert/prompts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <security/pam_ext.h>

#include "common/i18n.h"
#include "common/macros.h"

static void answer_wipe(char **answer) {
    secret_wipe_string(*answer);
    free(*answer);
}

Prompts prompts_of(pam_handle_t *pam, int flags, bool silent) {
    return (Prompts){.pam = pam, .silent = silent || ((unsigned) flags & PAM_SILENT) != 0};
}

__attribute__((format(printf, 3, 0))) static void tell(const Prompts *prompts, int style, const char *format,
                                                       va_list arguments) {
    char *CLEANUP(answer_wipe) answer = NULL; /* some hosts answer even messages */
    if (!prompts->silent)
        (void) pam_vprompt(prompts->pam, style, &answer, format, arguments); /* see the header */
}

void prompts_info(const Prompts *prompts, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    tell(prompts, PAM_TEXT_INFO, format, arguments);
    va_end(arguments);
}

void prompts_error(const Prompts *prompts, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    tell(prompts, PAM_ERROR_MSG, format, arguments);
    va_end(arguments);
}

/* PAM_SUCCESS with an answer, never without one. */
__attribute__((format(printf, 4, 0))) static int ask(const Prompts *prompts, int style, char **ret, const char *format,
                                                     va_list arguments) {
    switch (pam_vprompt(prompts->pam, style, ret, format, arguments)) {
    case PAM_SUCCESS:
        return *ret ? PAM_SUCCESS : PAM_CONV_ERR;
    case PAM_BUF_ERR:
        return PAM_BUF_ERR;
    case PAM_ABORT:
        return PAM_ABORT;
    default:
        return PAM_CONV_ERR;
    }
}

int prompts_secret(const Prompts *prompts, Secret **ret, const char *format, ...) {
    char *CLEANUP(answer_wipe) answer = NULL;
    va_list arguments;
    va_start(arguments, format);
    int code = ask(prompts, PAM_PROMPT_ECHO_OFF, &answer, format, arguments);
    va_end(arguments);
    if (code != PAM_SUCCESS)
        return code;
    int r = secret_new(answer, strlen(answer), ret);
    if (r < 0)
        return r == -EMSGSIZE ? PAM_AUTH_ERR : PAM_BUF_ERR;
    return PAM_SUCCESS;
}

static int parse_number(const char *text, size_t max, size_t *ret) {
    size_t number = 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return PAM_AUTHINFO_UNAVAIL;
        number = 10 * number + (size_t) (*text - '0');
        if (number == 0 || number > max)
            return PAM_AUTHINFO_UNAVAIL;
    }
    *ret = number;
    return PAM_SUCCESS;
}

int prompts_number(const Prompts *prompts, size_t max, size_t *ret, const char *format, ...) {
    char *CLEANUP(answer_wipe) answer = NULL; /* wiped too: who errs types his password here */
    va_list arguments;
    va_start(arguments, format);
    int code = ask(prompts, PAM_PROMPT_ECHO_ON, &answer, format, arguments);
    va_end(arguments);
    return code == PAM_SUCCESS ? parse_number(answer, max, ret) : code;
}

/* No rpmatch(3): it keeps state that threads share, and follows the host's locale instead of our texts'. */
static bool is_yes(const char *answer) {
    const char *const words[] = {"y", "yes", _("y"), _("yes")};
    for (size_t i = 0; i < ELEMENTSOF(words); i++)
        if (strcasecmp(answer, words[i]) == 0)
            return true;
    return false;
}

int prompts_yes(const Prompts *prompts, bool *ret, const char *format, ...) {
    char *CLEANUP(answer_wipe) answer = NULL; /* wiped too, as above */
    va_list arguments;
    va_start(arguments, format);
    int code = ask(prompts, PAM_PROMPT_ECHO_ON, &answer, format, arguments);
    va_end(arguments);
    if (code == PAM_SUCCESS)
        *ret = is_yes(answer);
    return code;
}

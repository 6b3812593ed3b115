/* SPDX-License-Identifier: BSD-2-Clause */
/* Tries a sign-in, for "setup". Its service has the module alone, so that no password helps. Must never open a session
 * or set credentials: nobody is signed in. */
#include "ovcertctl/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <security/pam_appl.h>

#include "common/i18n.h"
#include "common/text.h"
#include "config.h"

#define SERVICE "ovcert-setup"
#define STACK_TEXT                                                                                                     \
    "auth required " OVCERT_PAM_MODULE_DIR                                                                             \
    "/pam_ovcert.so nodelay\n"                                                                                         \
    "account [success=ok ignore=ignore default=die] " OVCERT_PAM_MODULE_DIR                                            \
    "/pam_ovcert.so\n"                                                                                                 \
    "account required pam_permit.so\n"

typedef struct Trial {
    Tool *tool;
    Ask *ask;
    char folder[sizeof "/run/ovcert-setup-XXXXXX"];
    bool made;
    int fault; /* negative errno of a question that was not answered */
} Trial;

static void trial_done(Trial *trial) {
    CLEANUP(free_pointer) char *file = NULL;
    if (!trial->made)
        return;
    if (asprintf(&file, "%s/" SERVICE, trial->folder) < 0)
        file = NULL; /* unspecified after a failure */
    if (file)
        (void) unlink(file); /* in memory, and of no use to anybody */
    (void) rmdir(trial->folder);
}

static int write_stack(const char *folder) {
    CLEANUP(free_pointer) char *path = NULL;
    if (asprintf(&path, "%s/" SERVICE, folder) < 0) {
        path = NULL; /* unspecified after a failure */
        return -ENOMEM;
    }
    FILE *file = fopen(path, "wxe");
    if (!file)
        return -errno;
    bool good = fputs(STACK_TEXT, file) >= 0;
    return fclose(file) == 0 && good ? 0 : -EIO;
}

static int make_service(Trial *trial) {
    (void) strcpy(trial->folder, "/run/ovcert-setup-XXXXXX"); /* its size is this one's */
    trial->made = mkdtemp(trial->folder) != NULL;             /* 0700 */
    int r = trial->made ? write_stack(trial->folder) : -errno;
    return r < 0 ? tool_fault(r) : 0;
}

/* --- the conversation (pam_conv(3)) --- */

static int answer_secret(Trial *trial, const char *prompt, char **ret) {
    CLEANUP(secret_freep) Secret *secret = NULL;
    int r = ask_secret(trial->ask, prompt, &secret);
    if (r < 0)
        return r;
    View typed = secret_view(secret);
    *ret = strndup((const char *) typed.data, typed.size); /* the module wipes and frees it */
    return *ret ? 0 : -ENOMEM;
}

static int answer(Trial *trial, const struct pam_message *message, char **ret) {
    switch (message->msg_style) {
    case PAM_PROMPT_ECHO_OFF:
        return answer_secret(trial, message->msg, ret);
    case PAM_PROMPT_ECHO_ON:
        return ask_text(trial->ask, message->msg, ret);
    case PAM_ERROR_MSG:
        output_complain(NULL, "%s", message->msg);
        return 0;
    case PAM_TEXT_INFO:
        output_say(&trial->tool->output, "%s", message->msg);
        return 0;
    default:
        return -EPROTO;
    }
}

static void forget(struct pam_response *responses, int count) {
    for (int i = 0; i < count; i++)
        if (responses[i].resp) {
            secret_wipe(responses[i].resp, strlen(responses[i].resp));
            free(responses[i].resp);
        }
    free(responses);
}

static int converse(int count, const struct pam_message **messages, struct pam_response **ret, void *data) {
    Trial *trial = data;
    if (count <= 0 || count > PAM_MAX_NUM_MSG)
        return PAM_CONV_ERR;
    struct pam_response *responses = calloc((size_t) count, sizeof *responses);
    int r = responses ? 0 : -ENOMEM;
    for (int i = 0; r == 0 && i < count; i++)
        r = answer(trial, messages[i], &responses[i].resp);
    if (r == 0) {
        *ret = responses;
        return PAM_SUCCESS;
    }
    if (responses)
        forget(responses, count);
    trial->fault = r;
    return r == -ENOMEM ? PAM_BUF_ERR : PAM_CONV_ERR;
}

/* --- the sign-in --- */

static int explain(const Trial *trial, pam_handle_t *handle, int code) {
    if (trial->fault < 0)
        return tool_fault(trial->fault);
    const char *advice = code == PAM_AUTHINFO_UNAVAIL
                             ? _("Put the .p12 file into the user's ~/.ovcert, or insert the card; \"ovcertctl "
                                 "doctor\" looks at the rest.")
                             : _("Look at \"ovcertctl log\" and into the journal, and run \"ovcertctl doctor\".");
    output_complain(advice, _("The sign-in did not succeed: %s."), pam_strerror(handle, code));
    return EXIT_FAILED;
}

static int sign_in(Trial *trial, const char *user) {
    const struct pam_conv conversation = {converse, trial};
    pam_handle_t *handle = NULL;
    int code = pam_start_confdir(SERVICE, user, &conversation, trial->folder, &handle);
    if (code == PAM_SUCCESS)
        code = pam_authenticate(handle, 0);
    if (code == PAM_SUCCESS)
        code = pam_acct_mgmt(handle, 0);
    int r = code == PAM_SUCCESS ? 0 : explain(trial, handle, code);
    if (handle)
        (void) pam_end(handle, code); /* nothing is open */
    return r;
}

int trial_sign_in(Tool *tool, const char *user) {
    CLEANUP(trial_done) Trial trial = {.tool = tool};
    int r = tool_terminal(tool, _("The passphrase or PIN"), &trial.ask);
    if (r == 0)
        r = make_service(&trial);
    if (r == 0)
        r = sign_in(&trial, user);
    if (r == 0)
        output_say(&tool->output, _("%s was let in with the certificate."), user);
    return r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Unlocks a credential through the helper, asking for its passphrase or PIN. Must never try one wrong secret twice, nor
 * use up a token's last try without the person's word (SECURITY 22). */
#include "ovcertctl/credential.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/frame.h"
#include "common/i18n.h"

#define ATTEMPTS 3
#define SECOND UINT64_C(1000000)
#define UNLOCK_TIME (30 * SECOND)
#define READER_TIME (120 * SECOND) /* a person types on the reader */

typedef struct Attempts {
    Secret *tried[ATTEMPTS];
    size_t count;
} Attempts;

static void attempts_done(Attempts *attempts) {
    for (size_t i = 0; i < attempts->count; i++)
        attempts->tried[i] = secret_free(attempts->tried[i]);
}

/* Compares what one person has typed twice; the time it takes tells nobody anything new. */
static bool was_tried(const Attempts *attempts, const Secret *secret) {
    for (size_t i = 0; i < attempts->count; i++)
        if (view_equal(secret_view(attempts->tried[i]), secret_view(secret)))
            return true;
    return false;
}

static int ask_secret_of(Tool *tool, const HelperSource *source, const char *label, Secret **ret) {
    Ask *ask = NULL;
    CLEANUP(free_pointer) char *prompt = NULL;
    bool token = credential_is_token(source);
    int r = tool_terminal(tool, token ? _("The PIN") : _("The passphrase"), &ask);
    if (r != 0)
        return r;
    if (asprintf(&prompt, token ? _("PIN of %s: ") : _("Passphrase of %s: "), label) < 0) {
        prompt = NULL; /* unspecified after a failure */
        return tool_fault(-ENOMEM);
    }
    r = ask_secret(ask, prompt, ret);
    return r < 0 ? tool_fault(r) : 0;
}

static bool is_wrong_secret(int r) {
    return r == CREDENTIAL_OUTCOME_WRONG_SECRET || r == CREDENTIAL_OUTCOME_WRONG_PIN;
}

/* One try with one helper, since a wrong secret ends it. 0, with *ret_wrong when it is wrong, or an ExitStatus, said.
 */
static int try_unlock(const HelperSource *source, const HelperUnlock *how, Credential *ret, bool *ret_wrong) {
    uint64_t time = how->secret ? UNLOCK_TIME : READER_TIME;
    int r = credential_start(source, &ret->helper);
    if (r != 0)
        return r;
    r = helper_unlock(ret->helper, source, how, frame_now() + time, &ret->certificates, &ret->n_certificates);
    *ret_wrong = how->secret && is_wrong_secret(r);
    if (*ret_wrong) {
        output_complain(NULL, "%s", _(credential_outcome_text(r)));
        ret->helper = helper_free(ret->helper);
        return 0;
    }
    return r == 0 ? 0 : credential_failed(ret->helper, r);
}

static int give_up(bool token) {
    output_complain(token ? _("Start again when you have the right PIN.")
                          : _("Start again when you have the right passphrase."),
                    token ? _("The token stays locked.") : _("The file stays locked."));
    return EXIT_FAILED;
}

static int unlock_typed(Tool *tool, const HelperSource *source, const char *label, bool final_try, Credential *ret) {
    CLEANUP(attempts_done) Attempts attempts = {0};
    for (int prompt = 0; prompt < ATTEMPTS; prompt++) {
        Secret *secret = NULL;
        int r = ask_secret_of(tool, source, label, &secret);
        if (r != 0)
            return r;
        if (was_tried(&attempts, secret)) {
            (void) secret_free(secret); /* returns NULL */
            output_complain(NULL, credential_is_token(source)
                                      ? _("That is the same PIN again; it was not tried again.")
                                      : _("That is the same passphrase again; it was not tried again."));
            continue;
        }
        attempts.tried[attempts.count++] = secret;
        bool wrong = false;
        r = try_unlock(source, &(HelperUnlock){.secret = secret, .final_try = final_try}, ret, &wrong);
        if (r != 0 || !wrong || final_try)
            return wrong ? give_up(true) : r;
    }
    return give_up(credential_is_token(source));
}

static int unlock_on_reader(Tool *tool, const HelperSource *source, const char *label, bool final_try,
                            Credential *ret) {
    bool wrong = false; /* stays so: without a secret of ours every outcome is said */
    output_say(&tool->output, _("Enter the PIN of %s on the reader."), label);
    return try_unlock(source, &(HelperUnlock){.final_try = final_try}, ret, &wrong);
}

/* --yes does not answer this: a locked token costs its holder a visit to the issuer. */
static int ask_final_try(Tool *tool, const char *label) {
    Ask *ask = NULL;
    CLEANUP(free_pointer) char *question = NULL;
    int r = tool_terminal(tool, _("The answer to whether the token's last try may be used"), &ask);
    if (r != 0)
        return r;
    if (asprintf(&question, _("One more wrong PIN locks %s. Use its last try?"), label) < 0) {
        question = NULL; /* unspecified after a failure */
        return tool_fault(-ENOMEM);
    }
    r = ask_yes(ask, question);
    return r < 0 ? tool_fault(r) : r == 1 ? 0 : give_up(true);
}

int credential_unlock(Tool *tool, const HelperSource *source, Credential *ret) {
    CLEANUP(free_pointer) char *label = credential_label(source);
    bool final_try = source->flags & CREDENTIAL_SOURCE_FINAL_TRY;
    if (!label)
        return tool_fault(-ENOMEM);
    int r = final_try ? ask_final_try(tool, label) : 0;
    if (r != 0)
        return r;
    if (!final_try && source->flags & CREDENTIAL_SOURCE_COUNT_LOW)
        output_say(&tool->output, _("A wrong PIN has been tried on %s before; too many lock it."), label);
    r = source->flags & CREDENTIAL_SOURCE_PROTECTED_PATH ? unlock_on_reader(tool, source, label, final_try, ret)
                                                         : unlock_typed(tool, source, label, final_try, ret);
    if (r == 0)
        ret->label = TAKE_PTR(label);
    return r;
}

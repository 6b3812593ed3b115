/* SPDX-License-Identifier: BSD-2-Clause */
/* Chooses and unlocks a credential, for proof.c. Must never try one wrong passphrase twice (SECURITY 22), nor show a
 * file's name unescaped. */
#include "ovcertctl/credential.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/i18n.h"
#include "common/text.h"

#define ATTEMPTS 3
#define SECOND UINT64_C(1000000)
#define HELPER_SECONDS 600u /* a password may have to be typed between unlocking and signing */
#define HELPER_TIME (30 * SECOND)

void credential_done(Credential *credential) {
    free(credential->label);
    (void) helper_certificates_free(credential->certificates, credential->n_certificates); /* returns NULL */
    (void) helper_free(credential->helper);                                                /* likewise */
    *credential = (Credential){0};
}

static int helper_failed(const Helper *helper, int r) {
    if (r < 0) {
        output_complain(_("Try again; if it stays, an administrator has to look at the installation."),
                        _("The credential helper did not do its work: %s."), strerrordesc_np(-r));
        return EXIT_FAILED;
    }
    output_complain(NULL, "%s", _(credential_outcome_text(r)));
    output_complain_more(helper ? helper_detail(helper) : NULL, _("Use another file (--credential=FILE)."));
    return r == CREDENTIAL_OUTCOME_NOT_FOUND ? EXIT_NOT_FOUND : EXIT_FAILED;
}

static int start(Helper **ret) {
    const HelperOptions options = {.seconds = HELPER_SECONDS};
    int r = helper_start(&options, frame_now() + HELPER_TIME, ret);
    return r == 0 ? 0 : helper_failed(NULL, r);
}

static char *printable(const char *text) {
    bool is = text_is_printable((View){(const uint8_t *) text, strlen(text)});
    return is ? strdup(text) : text_escape_string(text);
}

/* --- choosing --- */

typedef struct Sources {
    HelperSource *items;
    size_t count;
    size_t *usable; /* indices of those without a problem */
    size_t n_usable;
} Sources;

static void sources_done(Sources *sources) {
    (void) helper_sources_free(sources->items, sources->count); /* returns NULL */
    free(sources->usable);
}

static int find_sources(Sources *ret) {
    CLEANUP(helper_freep) Helper *helper = NULL;
    int r = start(&helper);
    if (r != 0)
        return r;
    r = helper_list(helper, frame_now() + HELPER_TIME, &ret->items, &ret->count);
    if (r != 0)
        return helper_failed(helper, r);
    ret->usable = calloc(ret->count + 1, sizeof *ret->usable);
    if (!ret->usable)
        return tool_fault(-ENOMEM);
    for (size_t i = 0; i < ret->count; i++)
        if (ret->items[i].problem[0] == '\0')
            ret->usable[ret->n_usable++] = i;
    return 0;
}

static int show_sources(const Tool *tool, const Sources *sources) {
    size_t number = 0;
    for (size_t i = 0; i < sources->count; i++) {
        const HelperSource *source = &sources->items[i];
        CLEANUP(free_pointer) char *label = printable(source->label);
        if (!label)
            return -ENOMEM;
        if (source->problem[0] == '\0')
            output_say(&tool->output, "  %zu) %s", ++number, label);
        else
            output_say(&tool->output, "   - %s: %s", label,
                       _(credential_outcome_text(credential_outcome_from_name(source->problem))));
    }
    return 0;
}

static int no_source(const Sources *sources) {
    output_complain(_("Put the .p12 file that the issuer gave you into ~/.ovcert, or name it with --credential=FILE."),
                    sources->count == 0 ? _("No credential was found.") : _("None of the credentials can be used."));
    return EXIT_NOT_FOUND;
}

static int choose_number(Tool *tool, size_t max, size_t *ret) {
    Ask *ask = NULL;
    CLEANUP(free_pointer) char *prompt = NULL;
    int r = tool_terminal(tool, _("The choice of a file (--credential=FILE)"), &ask);
    if (r != 0)
        return r;
    if (asprintf(&prompt, _("Number of the file (1-%zu): "), max) < 0) {
        prompt = NULL; /* unspecified after a failure */
        return tool_fault(-ENOMEM);
    }
    r = ask_number(ask, prompt, max, ret);
    return r < 0 ? tool_fault(r) : 0;
}

static int copy_source(const HelperSource *from, HelperSource *ret) {
    ret->kind = strdup(from->kind);
    ret->id = strdup(from->id);
    ret->label = printable(from->label);
    return ret->kind && ret->id && ret->label ? 0 : tool_fault(-ENOMEM);
}

static int choose_source(Tool *tool, HelperSource *ret) {
    CLEANUP(sources_done) Sources sources = {0};
    size_t number = 1;
    int r = find_sources(&sources);
    if (r != 0)
        return r;
    if (sources.count > 0)
        output_say(&tool->output, "%s", _("Credentials:"));
    r = show_sources(tool, &sources);
    if (r < 0)
        return tool_fault(r);
    if (sources.n_usable == 0)
        return no_source(&sources);
    if (sources.n_usable > 1 && (r = choose_number(tool, sources.n_usable, &number)) != 0)
        return r;
    return copy_source(&sources.items[sources.usable[number - 1]], ret);
}

/* The helper knows files by their absolute names. */
static char *absolute(const char *path) {
    if (path[0] == '/')
        return strdup(path);
    CLEANUP(free_pointer) char *folder = getcwd(NULL, 0);
    char *whole = NULL;
    return !folder || asprintf(&whole, "%s/%s", folder, path) < 0 ? NULL : whole;
}

static int named_source(const char *path, HelperSource *ret) {
    ret->kind = strdup(CREDENTIAL_KIND_PKCS12);
    ret->id = absolute(path);
    ret->label = printable(path);
    return ret->kind && ret->id && ret->label ? 0 : tool_fault(-ENOMEM);
}

static void source_done(HelperSource *source) {
    free(source->kind);
    free(source->id);
    free(source->label);
}

/* --- unlocking --- */

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

static int ask_passphrase(Tool *tool, const char *label, Secret **ret) {
    Ask *ask = NULL;
    CLEANUP(free_pointer) char *prompt = NULL;
    int r = tool_terminal(tool, _("The passphrase"), &ask);
    if (r != 0)
        return r;
    if (asprintf(&prompt, _("Passphrase of %s: "), label) < 0) {
        prompt = NULL; /* unspecified after a failure */
        return tool_fault(-ENOMEM);
    }
    r = ask_secret(ask, prompt, ret);
    return r < 0 ? tool_fault(r) : 0;
}

/* One try with one helper, since a wrong passphrase ends it. 0, with *ret_wrong when the passphrase is wrong, or an
 * ExitStatus, said. */
static int try_unlock(const HelperSource *source, const Secret *secret, Credential *ret, bool *ret_wrong) {
    int r = start(&ret->helper);
    if (r != 0)
        return r;
    r = helper_unlock(ret->helper, source, &(HelperUnlock){.secret = secret}, frame_now() + HELPER_TIME,
                      &ret->certificates, &ret->n_certificates);
    *ret_wrong = r == CREDENTIAL_OUTCOME_WRONG_SECRET;
    if (*ret_wrong) {
        output_complain(NULL, "%s", _(credential_outcome_text(r)));
        ret->helper = helper_free(ret->helper);
        return 0;
    }
    return r == 0 ? 0 : helper_failed(ret->helper, r);
}

static int give_up(void) {
    output_complain(_("Start again when you have the right passphrase."), _("The file stays locked."));
    return EXIT_FAILED;
}

static int unlock(Tool *tool, const HelperSource *source, Credential *ret) {
    CLEANUP(attempts_done) Attempts attempts = {0};
    for (int prompt = 0; prompt < ATTEMPTS; prompt++) {
        Secret *secret = NULL;
        int r = ask_passphrase(tool, source->label, &secret);
        if (r != 0)
            return r;
        if (was_tried(&attempts, secret)) {
            (void) secret_free(secret); /* returns NULL */
            output_complain(NULL, _("That is the same passphrase again; it was not tried again."));
            continue;
        }
        attempts.tried[attempts.count++] = secret;
        bool wrong = false;
        r = try_unlock(source, secret, ret, &wrong);
        if (r != 0 || !wrong)
            return r;
    }
    return give_up();
}

int credential_open(Tool *tool, Credential *ret) {
    CLEANUP(source_done) HelperSource source = {0};
    const char *named = tool->options->values[OPTION_CREDENTIAL];
    int r = named ? named_source(named, &source) : choose_source(tool, &source);
    if (r != 0)
        return r;
    r = unlock(tool, &source, ret);
    if (r == 0)
        ret->label = TAKE_PTR(source.label);
    return r;
}

int credential_sign(Credential *credential, const Statement *statement, char **ret_algorithm, Bytes *ret_signature) {
    int r = helper_sign(credential->helper, statement, frame_now() + HELPER_TIME, ret_algorithm, ret_signature);
    return r == 0 ? 0 : helper_failed(credential->helper, r);
}

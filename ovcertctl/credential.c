/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds and chooses a credential, for proof.c and credentials.c; unlock.c unlocks it. Must never show a file's or
 * token's name unescaped, nor ask for the PIN of a token whose certificates show that it does not fit. */
#include "ovcertctl/credential.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/i18n.h"
#include "common/text.h"
#include "ovcertctl/file.h"
#include "ovcertctl/fit.h"

#define SECOND UINT64_C(1000000)
#define HELPER_SECONDS 600u /* a password may have to be typed between unlocking and signing */
#define HELPER_TIME (30 * SECOND)
#define TOKEN_SCHEME "pkcs11:" /* RFC 7512 */

void credential_done(Credential *credential) {
    free(credential->label);
    (void) helper_certificates_free(credential->certificates, credential->n_certificates); /* returns NULL */
    (void) helper_free(credential->helper);                                                /* likewise */
    *credential = (Credential){0};
}

void credential_sources_done(CredentialSources *sources) {
    (void) helper_sources_free(sources->items, sources->count); /* returns NULL */
    *sources = (CredentialSources){0};
}

int credential_failed(const Helper *helper, int r) {
    if (r < 0) {
        output_complain(_("Try again; if it stays, an administrator has to look at the installation."),
                        _("The credential helper did not do its work: %s."), strerrordesc_np(-r));
        return EXIT_FAILED;
    }
    output_complain(NULL, "%s", _(credential_outcome_text(r)));
    output_complain_more(
        helper ? helper_detail(helper) : NULL,
        r == CREDENTIAL_OUTCOME_PIN_FINAL_TRY
            ? _("Start again to use the last try; you will be asked before.")
            : _("Use another one (--credential=FILE); \"ovcertctl credentials\" lists what there is."));
    return r == CREDENTIAL_OUTCOME_NOT_FOUND ? EXIT_NOT_FOUND : EXIT_FAILED;
}

/* Tokens are driven by a system user of the helper's when we are root; for others they are in every run. */
static int start(bool tokens, Helper **ret) {
    const HelperOptions options = {.seconds = HELPER_SECONDS, .tokens = tokens && geteuid() == 0};
    int r = helper_start(&options, frame_now() + HELPER_TIME, ret);
    return r == 0 ? 0 : credential_failed(NULL, r);
}

int credential_start(const HelperSource *source, Helper **ret) {
    return start(source && credential_is_token(source), ret);
}

bool credential_is_token(const HelperSource *source) {
    return strcmp(source->kind, CREDENTIAL_KIND_PKCS11) == 0;
}

static char *printable(const char *text) {
    bool is = text_is_printable((View){(const uint8_t *) text, strlen(text)});
    return is ? strdup(text) : text_escape_string(text);
}

char *credential_label(const HelperSource *source) {
    return printable(source->label);
}

const char *credential_problem(const HelperSource *source) {
    if (source->problem[0] == '\0')
        return NULL;
    const char *text = credential_outcome_text(credential_outcome_from_name(source->problem));
    return text ? _(text) : _("It cannot be used.");
}

/* --- finding --- */

/* Appends; takes the items over. */
static int append(CredentialSources *sources, HelperSource *items, size_t count) {
    HelperSource *grown = reallocarray(sources->items, sources->count + count + 1, sizeof *grown);
    if (!grown) {
        (void) helper_sources_free(items, count); /* returns NULL */
        return tool_fault(-ENOMEM);
    }
    if (count > 0)
        memcpy(grown + sources->count, items, count * sizeof *items);
    sources->items = grown;
    sources->count += count;
    free(items);
    return 0;
}

static int list(bool tokens, CredentialSources *sources) {
    CLEANUP(helper_freep) Helper *helper = NULL;
    HelperSource *items = NULL;
    size_t count = 0;
    int r = start(tokens, &helper);
    if (r != 0)
        return r;
    r = helper_list(helper, frame_now() + HELPER_TIME, &items, &count);
    return r == 0 ? append(sources, items, count) : credential_failed(helper, r);
}

static int find_all(CredentialSources *ret) {
    int r = list(false, ret);
    if (r == 0 && geteuid() == 0)
        (void) list(true, ret); /* what is wrong with the tokens was said; the files are there all the same */
    return r;
}

/* The helper knows files by their absolute names. */
static char *absolute(const char *path) {
    if (path[0] == '/')
        return strdup(path);
    CLEANUP(free_pointer) char *folder = getcwd(NULL, 0);
    char *whole = NULL;
    return !folder || asprintf(&whole, "%s/%s", folder, path) < 0 ? NULL : whole;
}

/* What can be seen from outside, so that nobody types a passphrase for nothing. The helper looks again at what it
 * opens, and its word is the one that counts. */
static const char *outside(const char *path) {
    struct stat status;
    int outcome = CREDENTIAL_OUTCOME_OK;
    if (lstat(path, &status) < 0)
        outcome = errno == ENOENT || errno == ENOTDIR ? CREDENTIAL_OUTCOME_NOT_FOUND : CREDENTIAL_OUTCOME_UNREADABLE;
    else if (!S_ISREG(status.st_mode))
        outcome = CREDENTIAL_OUTCOME_NOT_REGULAR;
    else if (status.st_uid != geteuid())
        outcome = CREDENTIAL_OUTCOME_NOT_OWNER;
    else if (status.st_size > FILE_SIZE_MAX)
        outcome = CREDENTIAL_OUTCOME_TOO_LARGE;
    return outcome == CREDENTIAL_OUTCOME_OK ? "" : credential_outcome_name(outcome);
}

static int named_file(const char *path, CredentialSources *ret) {
    HelperSource *source = ret->items = calloc(1, sizeof *ret->items);
    if (!source)
        return tool_fault(-ENOMEM);
    ret->count = 1;
    *source = (HelperSource){
        .kind = strdup(CREDENTIAL_KIND_PKCS12),
        .id = absolute(path),
        .label = strdup(path),
        .flags = CREDENTIAL_SOURCE_HIDDEN,
        .problem = strdup(outside(path)),
        .detail = strdup(""),
    };
    bool whole = source->kind && source->id && source->label && source->problem && source->detail;
    return whole ? 0 : tool_fault(-ENOMEM);
}

/* By its URI, as "credentials" shows it. */
static int named_token(const char *uri, CredentialSources *ret) {
    CLEANUP(credential_sources_done) CredentialSources all = {0};
    int r = list(true, &all);
    for (size_t i = 0; r == 0 && i < all.count; i++) {
        if (strcmp(all.items[i].id, uri) != 0)
            continue;
        if (!(ret->items = calloc(1, sizeof *ret->items)))
            return tool_fault(-ENOMEM);
        ret->items[0] = all.items[i];
        ret->count = 1;
        all.items[i] = all.items[--all.count];
        return 0;
    }
    if (r != 0)
        return r;
    output_complain(_("Insert it, and see its URI with \"ovcertctl credentials\"."), _("There is no such token."));
    return EXIT_NOT_FOUND;
}

int credential_find(Tool *tool, CredentialSources *ret) {
    const char *named = tool->options->values[OPTION_CREDENTIAL];
    if (!named)
        return find_all(ret);
    bool token = strncmp(named, TOKEN_SCHEME, strlen(TOKEN_SCHEME)) == 0;
    int r = token ? named_token(named, ret) : named_file(named, ret);
    if (r != 0 || ret->items[0].problem[0] == '\0')
        return r;
    return credential_failed(NULL, credential_outcome_from_name(ret->items[0].problem));
}

/* --- choosing --- */

/* Why it is no choice; NULL when it is one. A token that shows all it has is looked at before its PIN is asked for. */
static const char *unfit(const Tool *tool, const ProfileInfo *profile, const HelperSource *source) {
    const char *problem = credential_problem(source), *last = _("there is no personal certificate on it");
    if (problem || source->flags & CREDENTIAL_SOURCE_HIDDEN || !credential_is_token(source))
        return problem;
    for (size_t i = 0; i < source->n_certificates; i++) {
        CLEANUP(certificate_info_done) CertificateInfo info = {0};
        int r = fit_read(&source->certificates[i], &info);
        last = r != 0 ? _("it is not a valid certificate") : fit_problem(tool, profile, &info);
        if (!last)
            return NULL;
    }
    return last;
}

static int show_sources(const Tool *tool, const ProfileInfo *profile, const CredentialSources *sources) {
    size_t number = 0;
    for (size_t i = 0; i < sources->count; i++) {
        const HelperSource *source = &sources->items[i];
        const char *problem = unfit(tool, profile, source);
        CLEANUP(free_pointer) char *label = credential_label(source);
        if (!label)
            return -ENOMEM;
        if (problem)
            output_say(&tool->output, "   - %s: %s", label, problem);
        else
            output_say(&tool->output, "  %zu) %s", ++number, label);
    }
    return 0;
}

static int no_source(const CredentialSources *sources) {
    output_complain(_("Put the .p12 file that the issuer gave you into ~/.ovcert, or name it with --credential=FILE."),
                    sources->count == 0 ? _("No credential was found.") : _("None of the credentials can be used."));
    return EXIT_NOT_FOUND;
}

static int choose_number(Tool *tool, size_t max, size_t *ret) {
    Ask *ask = NULL;
    CLEANUP(free_pointer) char *prompt = NULL;
    int r = tool_terminal(tool, _("The choice of a credential (--credential=FILE)"), &ask);
    if (r != 0)
        return r;
    if (asprintf(&prompt, _("Number of the credential (1-%zu): "), max) < 0) {
        prompt = NULL; /* unspecified after a failure */
        return tool_fault(-ENOMEM);
    }
    r = ask_number(ask, prompt, max, ret);
    return r < 0 ? tool_fault(r) : 0;
}

/* The number-th of those that are a choice; NULL when there are fewer. */
static const HelperSource *choice(const Tool *tool, const ProfileInfo *profile, const CredentialSources *sources,
                                  size_t number) {
    for (size_t i = 0; i < sources->count; i++)
        if (!unfit(tool, profile, &sources->items[i]) && --number == 0)
            return &sources->items[i];
    return NULL;
}

static int choose(Tool *tool, const ProfileInfo *profile, const CredentialSources *sources, const HelperSource **ret) {
    size_t count = 0, number = 1;
    if (sources->count > 0)
        output_say(&tool->output, "%s", _("Credentials:"));
    int r = show_sources(tool, profile, sources);
    if (r < 0)
        return tool_fault(r);
    while (choice(tool, profile, sources, count + 1))
        count++;
    if (count == 0)
        return no_source(sources);
    if (count > 1 && (r = choose_number(tool, count, &number)) != 0)
        return r;
    *ret = choice(tool, profile, sources, number);
    return *ret ? 0 : no_source(sources);
}

int credential_open(Tool *tool, const ProfileInfo *profile, Credential *ret) {
    CLEANUP(credential_sources_done) CredentialSources sources = {0};
    const HelperSource *source = NULL;
    int r = credential_find(tool, &sources);
    if (r != 0)
        return r;
    if (options_has(tool->options, OPTION_CREDENTIAL))
        return credential_unlock(tool, sources.items, ret);
    r = choose(tool, profile, &sources, &source);
    return r != 0 ? r : credential_unlock(tool, source, ret);
}

int credential_sign(Credential *credential, const Statement *statement, char **ret_algorithm, Bytes *ret_signature) {
    int r = helper_sign(credential->helper, statement, frame_now() + HELPER_TIME, ret_algorithm, ret_signature);
    return r == 0 ? 0 : credential_failed(credential->helper, r);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the helper for auth and account. Must never open a credential itself, nor have a file opened as anybody but the
 * person whose it is. */
#include "pam_ovcert/sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/i18n.h"
#include "common/text.h"
#include "pam_ovcert/interrupt.h"

static uint64_t after_seconds(unsigned seconds) {
    return frame_now() + seconds * UINT64_C(1000000);
}

static bool is_root(void) {
    return geteuid() == 0;
}

static HelperOptions options_of(const Transaction *transaction, bool tokens, unsigned seconds) {
    const Person *person = &transaction->person;
    return (HelperOptions){
        .path = transaction->places->helper_path,
        .seconds = seconds,
        .tokens = tokens,
        .as_user = is_root() && !tokens,
        .uid = person->uid,
        .gid = person->gid,
        .user = person->name,
        .home = person->home,
    };
}

static int start(const Transaction *transaction, bool tokens, unsigned seconds, Helper **ret) {
    const HelperOptions options = options_of(transaction, tokens, seconds);
    return helper_start(&options, after_seconds(seconds), ret);
}

/* The helper goes before its words are read, so they are kept. */
static int keep_detail(const Helper *helper, int outcome, char **ret_detail) {
    if (outcome > 0)
        *ret_detail = strdup(helper_detail(helper)); /* NULL: no detail, the outcome counts */
    return outcome;
}

void sources_done(Sources *sources) {
    (void) helper_sources_free(sources->own, sources->n_own);       /* returns NULL */
    (void) helper_sources_free(sources->tokens, sources->n_tokens); /* likewise */
    free(sources->all);
    *sources = (Sources){0};
}

static int join(Sources *sources) {
    sources->all = calloc(sources->n_own + sources->n_tokens + 1, sizeof *sources->all); /* never of size 0 */
    if (!sources->all)
        return -ENOMEM;
    for (size_t i = 0; i < sources->n_tokens; i++)
        sources->all[sources->count++] = &sources->tokens[i];
    for (size_t i = 0; i < sources->n_own; i++)
        sources->all[sources->count++] = &sources->own[i];
    return 0;
}

void listing_start(const Transaction *transaction, Listing *ret) {
    const HelperOptions own = options_of(transaction, false, SOURCES_RUN_SECONDS);
    const HelperOptions tokens = options_of(transaction, true, SOURCES_RUN_SECONDS);
    *ret = (Listing){.deadline = after_seconds(SOURCES_LIST_SECONDS), .end = after_seconds(SOURCES_RUN_SECONDS)};
    ret->own_fault = helper_start_list(&own, &ret->own);
    if (is_root())
        ret->tokens_fault = helper_start_list(&tokens, &ret->tokens);
}

void listing_done(Listing *listing) {
    listing->own = helper_free(listing->own);
    listing->tokens = helper_free(listing->tokens);
}

static bool is_tokens_run(const HelperSource *source) {
    return is_root() && source_is_token(source);
}

void listing_keep(Listing *listing, const HelperSource *source) {
    if (is_tokens_run(source))
        listing->own = helper_free(listing->own);
    else
        listing->tokens = helper_free(listing->tokens);
}

/* A run that was not wanted lists nothing. */
static int collect(Helper *helper, int fault, uint64_t deadline, HelperSource **ret, size_t *ret_count,
                   char **ret_detail) {
    if (!helper)
        return fault;
    return keep_detail(helper, helper_finish_list(helper, deadline, ret, ret_count), ret_detail);
}

int sources_list(const Transaction *transaction, Listing *listing, Sources *ret, char **ret_detail) {
    Sources CLEANUP(sources_done) sources = {0};
    char *CLEANUP(free_pointer) detail = NULL;
    int r = collect(listing->own, listing->own_fault, listing->deadline, &sources.own, &sources.n_own, ret_detail);
    if (r != 0)
        return r;
    r = collect(listing->tokens, listing->tokens_fault, listing->deadline, &sources.tokens, &sources.n_tokens, &detail);
    if (r != 0)
        transaction_journal_helper(transaction, "listing tokens", r, detail);
    r = join(&sources);
    if (r < 0)
        return r;
    *ret = sources;
    sources = (Sources){0};
    return 0;
}

/* wait_seconds: 0 for what is there now. */
static int list_tokens(const Transaction *transaction, unsigned wait_seconds, int interrupt_fd, Sources *sources,
                       char **ret_detail) {
    Helper *CLEANUP(helper_freep) helper = NULL;
    unsigned seconds = wait_seconds + SOURCES_LIST_SECONDS;
    int r = start(transaction, true, seconds, &helper);
    if (r != 0)
        return r;
    uint64_t deadline = after_seconds(seconds);
    r = wait_seconds > 0
            ? helper_wait(helper, wait_seconds, interrupt_fd, deadline, &sources->tokens, &sources->n_tokens)
            : helper_list(helper, deadline, &sources->tokens, &sources->n_tokens);
    return keep_detail(helper, r, ret_detail);
}

/* Whoever reads that a card is waited for may press Ctrl-C at once. */
static int wait_for_tokens(const Transaction *transaction, unsigned seconds, Sources *sources, char **ret_detail) {
    const Prompts loud = {.pam = transaction->pam}; /* without it nobody knows what is waited for */
    Interrupt interrupt;
    interrupt_begin(&interrupt);
    prompts_info(&loud, _("Insert your card."));
    int r = list_tokens(transaction, seconds, interrupt.fd, sources, ret_detail);
    interrupt_end(&interrupt);
    return r;
}

int sources_list_tokens(const Transaction *transaction, unsigned seconds, Sources *ret, char **ret_detail) {
    Sources CLEANUP(sources_done) sources = {0};
    int r = seconds > 0 ? wait_for_tokens(transaction, seconds, &sources, ret_detail)
                        : list_tokens(transaction, 0, -1, &sources, ret_detail);
    if (r == 0)
        r = join(&sources);
    if (r != 0)
        return r;
    *ret = sources;
    sources = (Sources){0};
    return 0;
}

bool source_is_token(const HelperSource *source) {
    return strcmp(source->kind, CREDENTIAL_KIND_PKCS11) == 0;
}

bool source_is_usable(const HelperSource *source) {
    return source->problem[0] == '\0' &&
           !(source->flags & (CREDENTIAL_SOURCE_LOCKED | CREDENTIAL_SOURCE_FINAL_TRY)); /* SECURITY 22 */
}

bool source_hides(const HelperSource *source) {
    return (source->flags & CREDENTIAL_SOURCE_HIDDEN) != 0;
}

bool source_shows(const HelperSource *source, const uint8_t fingerprint[STATEMENT_FINGERPRINT_SIZE]) {
    return helper_find_certificate(source->certificates, source->n_certificates, fingerprint) != NULL;
}

const char *source_label(const HelperSource *source, char **ret_escaped) {
    if (!text_is_printable((View){(const uint8_t *) source->label, strlen(source->label)}))
        *ret_escaped = text_escape_string(source->label);
    return *ret_escaped ? *ret_escaped : source->label;
}

void open_source_done(OpenSource *open) {
    (void) helper_certificates_free(open->certificates, open->count); /* returns NULL */
    (void) helper_free(open->helper);                                 /* likewise */
    *open = (OpenSource){0};
}

/* The run that has listed the source, or else a new one. One that would end before the signature is not used. */
static int take_run(const Transaction *transaction, Listing *listing, const HelperSource *source, unsigned seconds,
                    Helper **ret) {
    Helper **run = is_tokens_run(source) ? &listing->tokens : &listing->own;
    if (*run && after_seconds(seconds) <= listing->end) {
        *ret = TAKE_PTR(*run);
        return 0;
    }
    *run = helper_free(*run);
    return start(transaction, is_tokens_run(source), seconds, ret);
}

int source_open(const Transaction *transaction, Listing *listing, const HelperSource *source, const Secret *secret,
                const uint8_t *wanted, unsigned seconds, OpenSource *ret, char **ret_detail) {
    OpenSource CLEANUP(open_source_done) open = {0};
    int r = take_run(transaction, listing, source, seconds, &open.helper);
    if (r != 0)
        return r;
    const HelperUnlock how = {.secret = secret, .wanted = wanted};
    r = helper_unlock(open.helper, source, &how, after_seconds(seconds), &open.certificates, &open.count);
    if (r != 0)
        return keep_detail(open.helper, r, ret_detail);
    *ret = open;
    open = (OpenSource){0};
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds tokens. Called by the PKCS#11 backend; must never log in. */
#include "ovcert-credential/token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <p11-kit/uri.h>

#include "common/macros.h"
#include "common/text.h"
#include "ovcert-credential/cryptoki.h"
#include "ovcert-credential/failure.h"

DEFINE_CLEANUP(P11KitUri *, p11_kit_uri_free)

void token_done(Token *token) {
    free(token->uri);
    *token = (Token){0};
}

int token_slots(const Module *module, TokenSlots *ret, char **ret_detail) {
    CK_ULONG all = 0;
    /* Asking for the number alone makes a module look for new readers. */
    CK_RV rv = module->functions->C_GetSlotList(CK_TRUE, NULL, &all);

    ret->count = TOKEN_SLOTS_MAX;
    if (rv == CKR_OK)
        rv = module->functions->C_GetSlotList(CK_TRUE, ret->items, &ret->count);
    if (rv == CKR_OK && ret->count <= TOKEN_SLOTS_MAX)
        return 0;
    ret->count = 0;
    return rv == CKR_OK ? 0 : cryptoki_failure(rv, "C_GetSlotList", ret_detail);
}

static char *make_uri(const CK_TOKEN_INFO *info) {
    P11KitUri *CLEANUP(p11_kit_uri_freep) uri = p11_kit_uri_new();
    char *text = NULL;

    if (!uri)
        return NULL;
    *p11_kit_uri_get_token_info(uri) = *info;
    return p11_kit_uri_format(uri, P11_KIT_URI_FOR_TOKEN, &text) == P11_KIT_URI_OK ? text : NULL;
}

int token_refresh(Token *token, char **ret_detail) {
    CK_RV rv = token->module->functions->C_GetTokenInfo(token->slot, &token->info);

    return rv == CKR_OK ? 0 : cryptoki_failure(rv, "C_GetTokenInfo", ret_detail);
}

int token_read(const Module *module, CK_SLOT_ID slot, Token *ret, char **ret_detail) {
    Token token = {.module = module, .slot = slot};
    int r = token_refresh(&token, ret_detail);
    if (r != 0)
        return r;
    if (!(token.info.flags & CKF_TOKEN_INITIALIZED))
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_TOKEN_REMOVED, "a token without contents");
    token.uri = make_uri(&token.info);
    if (!token.uri)
        return -ENOMEM;
    *ret = token;
    return 0;
}

typedef struct Search {
    const char *text;
    P11KitUri *uri;
    Token exact;
    Token fitting;
    size_t n_fitting;
} Search;

/* Takes the token. */
static void consider(Search *search, Token *token) {
    if (!search->exact.uri && strcmp(token->uri, search->text) == 0) {
        search->exact = *token;
        return;
    }
    if (p11_kit_uri_match_token_info(search->uri, &token->info) && search->n_fitting++ == 0)
        search->fitting = *token;
    else
        token_done(token);
}

static int search_module(Search *search, const Module *module) {
    char *CLEANUP(free_pointer) detail = NULL;
    TokenSlots slots = {0};
    int r = token_slots(module, &slots, &detail);

    for (CK_ULONG i = 0; r >= 0 && i < slots.count; i++) {
        Token token = {0};
        r = token_read(module, slots.items[i], &token, &detail);
        if (r == 0)
            consider(search, &token);
    }
    return r < 0 ? r : 0; /* the token of a slot with a problem is not the one */
}

static int conclude(Search *search, Token *ret, char **ret_detail) {
    Token *found = search->exact.uri ? &search->exact : &search->fitting;

    if (!search->exact.uri && search->n_fitting > 1)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_NOT_FOUND, "%s fits %zu tokens", search->text,
                           search->n_fitting);
    if (!found->uri)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_TOKEN_REMOVED, "%s", search->text);
    *ret = *found;
    *found = (Token){0};
    return 0;
}

int token_find(const Modules *modules, const char *uri, Token *ret, char **ret_detail) {
    P11KitUri *CLEANUP(p11_kit_uri_freep) parsed = p11_kit_uri_new();
    Search search = {.text = uri, .uri = parsed};
    int r = 0;

    if (!parsed)
        return -ENOMEM;
    if (p11_kit_uri_parse(uri, P11_KIT_URI_FOR_TOKEN, parsed) != P11_KIT_URI_OK || p11_kit_uri_any_unrecognized(parsed))
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_NOT_FOUND, "not the URI of a token: %s", uri);
    for (size_t i = 0; r == 0 && i < modules->count; i++)
        if (modules->items[i].functions)
            r = search_module(&search, &modules->items[i]);
    if (r == 0)
        r = conclude(&search, ret, ret_detail);
    token_done(&search.exact);
    token_done(&search.fitting);
    return r;
}

/* PKCS#11 pads with spaces. */
static View unpadded(const CK_UTF8CHAR *field, size_t size) {
    while (size > 0 && (field[size - 1] == ' ' || field[size - 1] == '\0'))
        size--;
    return (View){field, size};
}

char *token_label(const Token *token) {
    View label = unpadded(token->info.label, sizeof token->info.label);
    View model = unpadded(token->info.model, sizeof token->info.model);

    return text_escape(label.size > 0 ? label : model);
}

uint8_t token_flags(const Token *token) {
    static const struct {
        CK_FLAGS theirs;
        CredentialSourceFlag ours;
    } flags[] = {
        {CKF_PROTECTED_AUTHENTICATION_PATH, CREDENTIAL_SOURCE_PROTECTED_PATH},
        {CKF_USER_PIN_COUNT_LOW, CREDENTIAL_SOURCE_COUNT_LOW},
        {CKF_USER_PIN_FINAL_TRY, CREDENTIAL_SOURCE_FINAL_TRY},
        {CKF_USER_PIN_LOCKED, CREDENTIAL_SOURCE_LOCKED},
    };
    unsigned all = token->module->caches ? CREDENTIAL_SOURCE_CACHE_HINT : 0;

    for (size_t i = 0; i < ELEMENTSOF(flags); i++)
        if (token->info.flags & flags[i].theirs)
            all |= flags[i].ours;
    return (uint8_t) all;
}

int token_problem(const Token *token, char **ret_detail) {
    CK_FLAGS flags = token->info.flags;

    if (!(flags & CKF_LOGIN_REQUIRED))
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_NOT_SUPPORTED, "the token asks for no PIN");
    if (flags & CKF_USER_PIN_LOCKED)
        return (int) CREDENTIAL_OUTCOME_PIN_LOCKED;
    if (!(flags & CKF_USER_PIN_INITIALIZED) || (flags & CKF_USER_PIN_TO_BE_CHANGED))
        return (int) CREDENTIAL_OUTCOME_PIN_CHANGE;
    return 0;
}

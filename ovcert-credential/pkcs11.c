/* SPDX-License-Identifier: BSD-2-Clause */
/* The PKCS#11 backend: which tokens there are and what they show, the one login, and the signature. Called by the
 * session through the vtable; must never give a PIN to a token twice for one request, to one that shows other
 * certificates than the wanted one, or to one at its last try unless the request says so (SECURITY 22). */
#include "ovcert-credential/pkcs11.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/credential.h"
#include "common/macros.h"
#include "common/text.h"
#include "ovcert-credential/failure.h"
#include "ovcert-credential/modules.h"
#include "ovcert-credential/token.h"
#include "ovcert-credential/token_certificates.h"
#include "ovcert-credential/token_keys.h"
#include "ovcert-credential/token_sign.h"

/* What is unlocked. */
typedef struct OpenToken {
    Token token;
    CryptokiSession session;
    TokenKeys keys;
    Secret *pin; /* kept for keys that want it for the signature again; NULL: not, or it is typed on the reader */
    IdentityList identities;
    TokenKeySet fitting[CHAIN_CERTIFICATES_MAX]; /* one for each identity */
} OpenToken;

typedef struct Pkcs11Backend {
    Backend backend;
    const Settings *settings;
    bool loaded;
    Modules modules;
    TokenSlots *slots; /* of each module, as they were when somebody looked last */
    bool unsettled;    /* a token had no answer yet, as while a card is being read for the first time */
    OpenToken open;
} Pkcs11Backend;

static Pkcs11Backend *from_backend(Backend *backend) {
    return (Pkcs11Backend *) backend; /* its first member */
}

static void open_token_done(OpenToken *open) {
    open->pin = secret_free(open->pin);
    identity_list_done(&open->identities);
    token_keys_done(&open->keys);
    cryptoki_close(&open->session);
    token_done(&open->token);
    *open = (OpenToken){0};
}

static void pkcs11_backend_free(Backend *backend) {
    Pkcs11Backend *self = from_backend(backend);

    open_token_done(&self->open);
    modules_done(&self->modules);
    free(self->slots);
    free(self);
}

static int load(Pkcs11Backend *self) {
    int r;

    if (self->loaded)
        return 0;
    r = modules_load(self->settings, &self->modules);
    if (r < 0)
        return r;
    self->slots = calloc(self->modules.count + 1, sizeof *self->slots);
    if (!self->slots)
        return -ENOMEM;
    self->loaded = true;
    return 0;
}

/* --- listing --- */

static int offer_personal(TokenCertificates *certificates, IdentityList *list) {
    int r = 0;

    for (size_t i = 0; r == 0 && i < certificates->count; i++) {
        bool added;
        if (certificates->items[i].personal)
            r = token_certificates_offer(certificates, i, list, &added);
    }
    return r;
}

static int read_shown(const Token *token, TokenCertificates *ret, char **ret_detail) {
    CryptokiSession CLEANUP(cryptoki_close) session = {0};
    int r = cryptoki_open(token->module->functions, token->slot, &session, ret_detail);

    return r != 0 ? r : token_certificates_read(&session, ret, ret_detail);
}

static int describe(const Token *token, Source *ret) {
    TokenCertificates CLEANUP(token_certificates_done) certificates = {0};
    int r;

    ret->id = strdup(token->uri);
    ret->label = token_label(token);
    ret->flags = token_flags(token);
    if (!ret->id || !ret->label)
        return -ENOMEM;
    ret->problem = token_problem(token, &ret->detail);
    r = read_shown(token, &certificates, &ret->detail);
    if (r != 0) {
        ret->problem = r;
        return r < 0 ? r : 0;
    }
    r = offer_personal(&certificates, &ret->certificates);
    if (ret->certificates.count == 0)
        ret->flags |= CREDENTIAL_SOURCE_HIDDEN;
    return r;
}

static bool is_listed(const SourceList *list, const char *id) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].id, id) == 0)
            return true;
    return false;
}

/* A card that nobody understands, in the words of its reader. */
static int describe_slot(const Module *module, CK_SLOT_ID slot, int problem, char **detail, Source *ret) {
    CK_SLOT_INFO info = {0};
    size_t size = sizeof info.slotDescription;

    if (module->functions->C_GetSlotInfo(slot, &info) != CKR_OK)
        size = 0;
    while (size > 0 && info.slotDescription[size - 1] == ' ')
        size--;
    ret->label = text_escape((View){info.slotDescription, size});
    ret->problem = problem;
    ret->detail = TAKE_PTR(*detail);
    return asprintf(&ret->id, "pkcs11:slot-id=%lu", slot) < 0 || !ret->label ? -ENOMEM : 0;
}

static int list_slot(Pkcs11Backend *self, const Module *module, CK_SLOT_ID slot, SourceList *list) {
    Source CLEANUP(source_done) source = {0};
    Token CLEANUP(token_done) token = {0};
    char *CLEANUP(free_pointer) detail = NULL;
    int r = token_read(module, slot, &token, &detail);

    if (r == (int) CREDENTIAL_OUTCOME_TOKEN_REMOVED || (r == 0 && is_listed(list, token.uri)))
        return 0;
    if (r == 0)
        r = describe(&token, &source);
    else if (r > 0)
        r = describe_slot(module, slot, r, &detail, &source);
    if (r < 0)
        return r;
    self->unsettled = self->unsettled || source.problem == (int) CREDENTIAL_OUTCOME_TOKEN_FAULT ||
                      source.problem == (int) CREDENTIAL_OUTCOME_TOKEN_REMOVED;
    return source_list_append(list, &source);
}

static int append_module_problem(const Module *module, int problem, const char *detail, SourceList *list) {
    Source CLEANUP(source_done) source = {
        .id = strdup(module->path),
        .label = text_escape_string(strrchr(module->path, '/') + 1),
        .problem = problem,
        .detail = strdup(detail ? detail : ""),
    };

    return source.id && source.label && source.detail ? source_list_append(list, &source) : -ENOMEM;
}

static int list_module(Pkcs11Backend *self, const Module *module, TokenSlots *slots, SourceList *list) {
    char *CLEANUP(free_pointer) detail = NULL;
    int r;

    if (!module->functions)
        return append_module_problem(module, CREDENTIAL_OUTCOME_MODULE, module->detail, list);
    r = token_slots(module, slots, &detail);
    if (r != 0)
        return r < 0 ? r : append_module_problem(module, r, detail, list);
    for (CK_ULONG i = 0; r == 0 && i < slots->count; i++)
        r = list_slot(self, module, slots->items[i], list);
    return r;
}

static int pkcs11_list(Backend *backend, SourceList *ret, char **ret_detail) {
    Pkcs11Backend *self = from_backend(backend);
    int r = load(self);

    (void) ret_detail; /* problems are told source by source */
    self->unsettled = false;
    for (size_t i = 0; r == 0 && i < self->modules.count; i++)
        r = list_module(self, &self->modules.items[i], &self->slots[i], ret);
    return r;
}

/* A token that was changed for another between two looks shows by the event alone, which not all modules have. */
static bool had_event(const Module *module) {
    CK_SLOT_ID slot;

    return module->functions->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL) == CKR_OK;
}

static bool has_changed(const Module *module, TokenSlots *before) {
    char *CLEANUP(free_pointer) detail = NULL;
    TokenSlots now = {0};
    bool event = had_event(module);
    bool changed = token_slots(module, &now, &detail) == 0 &&
                   (now.count != before->count || memcmp(now.items, before->items, sizeof now.items) != 0);

    *before = now;
    return event || changed;
}

static int pkcs11_changed(Backend *backend, bool *ret) {
    Pkcs11Backend *self = from_backend(backend);
    int r = load(self);

    *ret = self->unsettled;
    for (size_t i = 0; r == 0 && i < self->modules.count; i++)
        if (self->modules.items[i].functions && has_changed(&self->modules.items[i], &self->slots[i]))
            *ret = true;
    return r;
}

/* --- unlocking --- */

/* Everything that can be known before the PIN is given away. */
static int check_before_login(const Token *token, TokenCertificates *shown, const Unlock *unlock, char **ret_detail) {
    bool on_reader = token->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH;
    int r = token_problem(token, ret_detail);

    if (r != 0)
        return r;
    if (unlock->wanted.size != 0 && token_certificates_find(shown, unlock->wanted) < 0 &&
        token_certificates_any_personal(shown))
        return (int) CREDENTIAL_OUTCOME_NO_MATCH;
    if ((token->info.flags & CKF_USER_PIN_FINAL_TRY) && !unlock->final_try)
        return (int) CREDENTIAL_OUTCOME_PIN_FINAL_TRY;
    if (on_reader && secret_view(unlock->secret).size != 0)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_PROTOCOL, "the PIN is typed on the reader");
    return 0;
}

/* A PIN that cannot be right by its length uses up no try. */
static int check_length(const Token *token, const Secret *pin, char **ret_detail) {
    size_t size = secret_view(pin).size;
    CK_ULONG least = token->info.ulMinPinLen, most = token->info.ulMaxPinLen;

    if (size == 0)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_WRONG_PIN, "empty, so it was not tried");
    if (most != 0 && least <= most && (size < least || size > most))
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_WRONG_PIN,
                           "this token's have %lu to %lu characters, so it was not tried", least, most);
    return 0;
}

/* How it stands with the token after a wrong PIN. */
static int word_wrong_pin(Token *token, char **ret_detail) {
    char *CLEANUP(free_pointer) detail = NULL;

    if (token_refresh(token, &detail) != 0)
        return (int) CREDENTIAL_OUTCOME_WRONG_PIN;
    if (token->info.flags & CKF_USER_PIN_LOCKED)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_PIN_LOCKED, "that was the last try");
    if (token->info.flags & CKF_USER_PIN_FINAL_TRY)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_WRONG_PIN, "one try is left");
    return (int) CREDENTIAL_OUTCOME_WRONG_PIN;
}

static int log_in(OpenToken *open, const Unlock *unlock, char **ret_detail) {
    bool on_reader = open->token.info.flags & CKF_PROTECTED_AUTHENTICATION_PATH;
    int r = on_reader ? 0 : check_length(&open->token, unlock->secret, ret_detail);

    if (r != 0)
        return r;
    r = token_login(&open->session, CKU_USER, on_reader ? NULL : unlock->secret, ret_detail);
    return r == (int) CREDENTIAL_OUTCOME_WRONG_PIN ? word_wrong_pin(&open->token, ret_detail) : r;
}

/* An identity for the certificate, if it may have a key. */
static int pair_one(TokenCertificates *certificates, size_t index, OpenToken *open) {
    TokenCertificate *certificate = &certificates->items[index];
    X509 *x509 = token_certificate_x509(certificate);
    TokenKeySet fitting = x509 ? token_keys_fitting(&open->keys, x509, bytes_view(&certificate->id)) : 0;
    bool added = false;
    int r = fitting == 0 ? 0 : token_certificates_offer(certificates, index, &open->identities, &added);

    if (added)
        open->fitting[open->identities.count - 1] = fitting;
    return r;
}

/* The wanted one's keys: those of its id, which spares reading all the others, and all when these will not do. */
static int pair_wanted(TokenCertificates *certificates, size_t index, OpenToken *open, char **ret_detail) {
    View id = bytes_view(&certificates->items[index].id);
    int r = id.size == 0 ? 0 : token_keys_read(&open->session, id, &open->keys, ret_detail);
    if (r == 0)
        r = pair_one(certificates, index, open);
    if (r != 0 || open->identities.count > 0)
        return r;
    token_keys_done(&open->keys);
    r = token_keys_read(&open->session, (View){0}, &open->keys, ret_detail);
    return r != 0 ? r : pair_one(certificates, index, open);
}

static int pair_all(TokenCertificates *certificates, OpenToken *open, char **ret_detail) {
    int r = token_keys_read(&open->session, (View){0}, &open->keys, ret_detail);

    for (size_t i = 0; r == 0 && i < certificates->count; i++)
        r = pair_one(certificates, i, open);
    return r;
}

static int keep_pin(OpenToken *open, const Secret *secret) {
    View pin = secret_view(secret);

    if (!token_keys_any_always_authenticates(&open->keys) || pin.size == 0)
        return 0;
    return secret_new(pin.data, pin.size, &open->pin);
}

static int read_unlocked(OpenToken *open, View wanted, TokenCertificates *certificates, char **ret_detail) {
    int index, r = 0;

    /* A certificate that shows without the PIN has been read. */
    if (wanted.size == 0 || token_certificates_find(certificates, wanted) < 0)
        r = token_certificates_read(&open->session, certificates, ret_detail);
    if (r != 0)
        return r;
    index = wanted.size == 0 ? -1 : token_certificates_find(certificates, wanted);
    if (wanted.size != 0 && index < 0)
        return (int) CREDENTIAL_OUTCOME_NO_MATCH;
    r = index < 0 ? pair_all(certificates, open, ret_detail)
                  : pair_wanted(certificates, (size_t) index, open, ret_detail);
    if (r == 0 && open->identities.count == 0)
        r = failure_set(ret_detail, CREDENTIAL_OUTCOME_NO_KEY, "%zu keys, %zu certificates", open->keys.count,
                        certificates->count);
    return r;
}

static int open_token(const Modules *modules, const Unlock *unlock, OpenToken *open, char **ret_detail) {
    TokenCertificates CLEANUP(token_certificates_done) certificates = {0};
    int r;

    if ((r = token_find(modules, unlock->id, &open->token, ret_detail)) != 0 ||
        (r = cryptoki_open(open->token.module->functions, open->token.slot, &open->session, ret_detail)) != 0 ||
        (r = token_certificates_read(&open->session, &certificates, ret_detail)) != 0 ||
        (r = check_before_login(&open->token, &certificates, unlock, ret_detail)) != 0 ||
        (r = log_in(open, unlock, ret_detail)) != 0 ||
        (r = read_unlocked(open, unlock->wanted, &certificates, ret_detail)) != 0)
        return r;
    return keep_pin(open, unlock->secret);
}

static int pkcs11_unlock(Backend *backend, const Unlock *unlock, const IdentityList **ret, char **ret_detail) {
    Pkcs11Backend *self = from_backend(backend);
    int r = load(self);
    if (r < 0)
        return r;
    open_token_done(&self->open);
    r = open_token(&self->modules, unlock, &self->open, ret_detail);
    if (r != 0) {
        open_token_done(&self->open);
        return r;
    }
    *ret = &self->open.identities;
    return 0;
}

/* --- signing --- */

/* Tries the keys that may be the certificate's, and gives out what verifies with it alone. */
static int sign_and_verify(const OpenToken *open, size_t index, View statement, const char **ret_algorithm,
                           Bytes *ret_signature, char **ret_detail) {
    const Certificate *certificate = open->identities.items[index].certificate;
    int last = (int) CREDENTIAL_OUTCOME_NO_KEY;

    for (size_t i = 0; i < open->keys.count; i++) {
        int r;
        if (!(open->fitting[index] >> i & 1))
            continue;
        ret_signature->size = 0;
        r = token_sign(&open->session, &open->keys.items[i], certificate, open->pin, statement, ret_algorithm,
                       ret_signature, ret_detail);
        if (r == 0)
            r = signature_verify(certificate, *ret_algorithm, statement, bytes_view(ret_signature)) == 0
                    ? 0
                    : failure_set(ret_detail, CREDENTIAL_OUTCOME_NO_KEY, "no signature was the certificate's");
        if (r != (int) CREDENTIAL_OUTCOME_NO_KEY && r != (int) CREDENTIAL_OUTCOME_NOT_SUPPORTED)
            return r;
        last = r;
    }
    return last;
}

static int pkcs11_sign(Backend *backend, View fingerprint, View statement, const char **ret_algorithm,
                       Bytes *ret_signature, char **ret_detail) {
    const OpenToken *open = &from_backend(backend)->open;
    const Identity *identity = identity_list_find(&open->identities, fingerprint);

    if (!identity)
        return (int) CREDENTIAL_OUTCOME_NO_MATCH;
    return sign_and_verify(open, (size_t) (identity - open->identities.items), statement, ret_algorithm, ret_signature,
                           ret_detail);
}

int pkcs11_backend_new(const Settings *settings, Backend **ret) {
    Pkcs11Backend *self = calloc(1, sizeof *self);
    if (!self)
        return -ENOMEM;
    *self = (Pkcs11Backend){
        .backend =
            {
                .kind = CREDENTIAL_KIND_PKCS11,
                .list = pkcs11_list,
                .changed = pkcs11_changed,
                .unlock = pkcs11_unlock,
                .sign = pkcs11_sign,
                .free = pkcs11_backend_free,
            },
        .settings = settings,
    };
    *ret = &self->backend;
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The PKCS#12 backend: which files there are, which keys and certificates of an opened file belong together, and the
 * signature. Called by the session through the vtable; must never keep a passphrase, nor let a key out. */
#include "ovcert-credential/pkcs12.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/provider.h>

#include "common/macros.h"
#include "common/text.h"
#include "ovcert-credential/failure.h"
#include "ovcert-credential/file.h"
#include "ovcert-credential/pairing.h"
#include "ovcert-credential/paths.h"
#include "ovcert-credential/pkcs12_file.h"
#include "ovcert-credential/signing.h"

typedef struct Pkcs12Backend {
    Backend backend;
    const Settings *settings;
    const Account *account;
    OSSL_LIB_CTX *libctx; /* of its own: no configuration file and no environment has a say; NULL until UNLOCK */
    OSSL_PROVIDER *default_provider;
    IdentityList identities;
    EVP_PKEY **keys; /* one per identity */
} Pkcs12Backend;

static Pkcs12Backend *from_backend(Backend *backend) {
    return (Pkcs12Backend *) backend; /* its first member */
}

static void close_source(Pkcs12Backend *self) {
    for (size_t i = 0; i < self->identities.count; i++)
        EVP_PKEY_free(self->keys[i]);
    free(self->keys);
    self->keys = NULL;
    identity_list_done(&self->identities);
}

static void pkcs12_backend_free(Backend *backend) {
    Pkcs12Backend *self = from_backend(backend);

    close_source(self);
    /* Accepts NULL; nothing is left to do about a provider that does not unload. */
    (void) OSSL_PROVIDER_unload(self->default_provider);
    OSSL_LIB_CTX_free(self->libctx);
    free(self);
}

static int describe(const Pkcs12Backend *self, const char *path, Source *ret) {
    int fd = -1;

    ret->id = strdup(path);
    ret->label = text_escape_string(strrchr(path, '/') + 1);
    ret->flags = CREDENTIAL_SOURCE_HIDDEN;
    if (!ret->id || !ret->label)
        return -ENOMEM;
    ret->problem = file_open(path, self->account->uid, &fd, &ret->detail);
    if (fd >= 0)
        (void) close(fd); /* nothing was written */
    return ret->problem < 0 ? ret->problem : 0;
}

static int pkcs12_list(Backend *backend, SourceList *ret, char **ret_detail) {
    Pkcs12Backend *self = from_backend(backend);
    Paths CLEANUP(paths_done) paths = {0};
    int r = paths_find(self->settings, self->account, &paths);

    (void) ret_detail; /* problems are told source by source */
    for (size_t i = 0; r == 0 && i < paths.count; i++) {
        Source CLEANUP(source_done) source = {0};
        r = describe(self, paths.items[i], &source);
        if (r == 0)
            r = source_list_append(ret, &source);
    }
    return r;
}

static int check_path(const Pkcs12Backend *self, const char *path, char **ret_detail) {
    Paths CLEANUP(paths_done) paths = {0};
    int r;

    if (path[0] != '/')
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_NOT_FOUND, "not an absolute path");
    if (!self->account->confined)
        return 0;
    r = paths_find(self->settings, self->account, &paths);
    if (r == 0 && !paths_contain(&paths, path))
        r = failure_set(ret_detail, CREDENTIAL_OUTCOME_NOT_FOUND, "not among the configured files");
    return r;
}

static int read_source(const Pkcs12Backend *self, const char *path, Bytes *ret, char **ret_detail) {
    int fd = -1;
    int r = check_path(self, path, ret_detail);
    if (r != 0)
        return r;
    r = file_open(path, self->account->uid, &fd, ret_detail);
    if (r != 0)
        return r;
    r = file_read(fd, ret, ret_detail);
    (void) close(fd); /* only read from */
    return r;
}

/* Runs that only list do without. */
static int need_algorithms(Pkcs12Backend *self) {
    if (!self->libctx)
        self->libctx = OSSL_LIB_CTX_new();
    if (self->libctx && !self->default_provider)
        self->default_provider = OSSL_PROVIDER_load(self->libctx, "default");
    return self->default_provider ? 0 : -ENOMEM;
}

static int pkcs12_unlock(Backend *backend, const Unlock *unlock, const IdentityList **ret, char **ret_detail) {
    Pkcs12Backend *self = from_backend(backend);
    Bytes CLEANUP(bytes_done) der = {0};
    Pkcs12Contents CLEANUP(pkcs12_contents_done) contents = {0};
    int r;

    close_source(self);
    r = read_source(self, unlock->id, &der, ret_detail);
    if (r != 0)
        return r;
    r = need_algorithms(self);
    if (r < 0)
        return r;
    r = pkcs12_open(self->libctx, bytes_view(&der), unlock->secret, self->settings->max_iterations, &contents,
                    ret_detail);
    if (r != 0)
        return r;
    r = pairing_make(&contents, &self->identities, &self->keys);
    if (r < 0)
        return r;
    if (self->identities.count == 0 && contents.n_unknown_keys > 0)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_ALGORITHM, "type of the private key");
    if (self->identities.count == 0)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_NO_KEY, "%zu keys, %d certificates", contents.n_keys,
                           sk_X509_num(contents.certificates));
    *ret = &self->identities;
    return 0;
}

static int pkcs12_sign(Backend *backend, View fingerprint, View statement, const char **ret_algorithm,
                       Bytes *ret_signature, char **ret_detail) {
    Pkcs12Backend *self = from_backend(backend);

    const Identity *identity = identity_list_find(&self->identities, fingerprint);
    const CertificateFacts *facts;

    if (!identity)
        return (int) CREDENTIAL_OUTCOME_NO_MATCH;
    facts = certificate_facts(identity->certificate);
    *ret_algorithm = signature_algorithm(identity->certificate);
    if (!*ret_algorithm)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_ALGORITHM, "%s, %u bits", facts->key_type, facts->key_bits);
    return signing_sign(self->libctx, self->keys[identity - self->identities.items], *ret_algorithm, statement,
                        ret_signature);
}

int pkcs12_backend_new(const Settings *settings, const Account *account, Backend **ret) {
    Pkcs12Backend *self = calloc(1, sizeof *self);
    if (!self)
        return -ENOMEM;
    *self = (Pkcs12Backend){
        .backend =
            {
                .kind = CREDENTIAL_KIND_PKCS12,
                .list = pkcs12_list,
                .unlock = pkcs12_unlock,
                .sign = pkcs12_sign,
                .free = pkcs12_backend_free,
            },
        .settings = settings,
        .account = account,
    };
    *ret = &self->backend;
    return 0;
}

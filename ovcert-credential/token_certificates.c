/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a token's certificates. Called by the PKCS#11 backend before and after a login; must never judge one. */
#include "ovcert-credential/token_certificates.h"

#include <errno.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "common/macros.h"
#include "common/protocol.h"

#define ID_MAX 256u

void token_certificates_done(TokenCertificates *certificates) {
    for (size_t i = 0; i < certificates->count; i++) {
        bytes_done(&certificates->items[i].der);
        bytes_done(&certificates->items[i].id);
    }
    sk_X509_pop_free(certificates->stack, X509_free);
    *certificates = (TokenCertificates){0};
}

static bool was_read(const TokenCertificates *certificates, CK_OBJECT_HANDLE handle) {
    for (size_t i = 0; i < certificates->count; i++)
        if (certificates->items[i].handle == handle)
            return true;
    return false;
}

/* Some tokens put a file's unused rest behind the certificate. */
static X509 *parse(Bytes *der) {
    const unsigned char *position = der->data;
    X509 *x509 = der->size > 0 ? d2i_X509(NULL, &position, (long) der->size) : NULL;

    if (x509)
        der->size = (size_t) (position - der->data);
    ERR_clear_error();
    return x509;
}

/* Takes what *certificate owns. */
static int append(TokenCertificates *certificates, TokenCertificate *certificate, X509 *x509) {
    if (!certificates->stack)
        certificates->stack = sk_X509_new_null();
    if (!certificates->stack || sk_X509_push(certificates->stack, x509) <= 0) {
        X509_free(x509);
        return -ENOMEM;
    }
    certificate->x509 = x509;
    certificates->personal[certificates->count] = !(X509_get_extension_flags(x509) & EXFLAG_CA);
    certificates->items[certificates->count++] = *certificate;
    *certificate = (TokenCertificate){0};
    return 0;
}

static void certificate_done(TokenCertificate *certificate) {
    bytes_done(&certificate->der);
    bytes_done(&certificate->id);
}

static int read_one(const CryptokiSession *session, CK_OBJECT_HANDLE handle, TokenCertificates *certificates,
                    char **ret_detail) {
    TokenCertificate CLEANUP(certificate_done) certificate = {.handle = handle};
    X509 *x509;
    int r = cryptoki_attribute(session, handle, CKA_VALUE, OVCERT_CERTIFICATE_MAX, &certificate.der, ret_detail);
    if (r == 0)
        r = cryptoki_attribute(session, handle, CKA_ID, ID_MAX, &certificate.id, ret_detail);
    if (r != 0)
        return r;
    x509 = parse(&certificate.der);
    return x509 ? append(certificates, &certificate, x509) : 0;
}

int token_certificates_read(const CryptokiSession *session, TokenCertificates *certificates, char **ret_detail) {
    CryptokiObjects objects = {0};
    int r = cryptoki_find(session, CKO_CERTIFICATE, &objects, ret_detail);

    for (size_t i = 0; r == 0 && i < objects.count && certificates->count < CHAIN_CERTIFICATES_MAX; i++)
        if (!was_read(certificates, objects.items[i]))
            r = read_one(session, objects.items[i], certificates, ret_detail);
    return r;
}

bool token_certificates_any_personal(const TokenCertificates *certificates) {
    for (size_t i = 0; i < certificates->count; i++)
        if (certificates->personal[i])
            return true;
    return false;
}

bool token_certificates_contain(const TokenCertificates *certificates, View fingerprint) {
    uint8_t hash[SHA256_DIGEST_LENGTH];

    for (size_t i = 0; i < certificates->count; i++) {
        const Bytes *der = &certificates->items[i].der;
        if (SHA256(der->data, der->size, hash) && view_equal((View){hash, sizeof hash}, fingerprint))
            return true;
    }
    return false;
}

static bool is_listed(const IdentityList *list, View der) {
    for (size_t i = 0; i < list->count; i++)
        if (view_equal(certificate_der(list->items[i].certificate), der))
            return true;
    return false;
}

int token_certificates_offer(const TokenCertificates *certificates, size_t index, IdentityList *list, bool *ret_added) {
    Certificate *CLEANUP(certificate_freep) certificate = NULL;
    BytesList CLEANUP(bytes_list_done) chain = {0};
    View der = bytes_view(&certificates->items[index].der);
    Identity *grown;
    int r;

    *ret_added = false;
    if (is_listed(list, der))
        return 0;
    r = certificate_parse(der, &certificate);
    if (r != 0)
        return r < 0 ? r : 0;
    r = chain_make(certificates->stack, (int) index, certificates->personal, &chain);
    if (r < 0)
        return r;
    grown = reallocarray(list->items, list->count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    list->items = grown;
    grown[list->count++] = (Identity){.certificate = TAKE_PTR(certificate), .chain = chain};
    chain = (BytesList){0};
    *ret_added = true;
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a token's certificates. Called by the PKCS#11 backend before and after a login; must never judge one. */
#include "ovcert-credential/token_certificates.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "common/macros.h"
#include "common/protocol.h"

#define ID_MAX 256u

static void certificate_done(TokenCertificate *certificate) {
    bytes_done(&certificate->der);
    bytes_done(&certificate->id);
    X509_free(certificate->x509);
}

void token_certificates_done(TokenCertificates *certificates) {
    for (size_t i = 0; i < certificates->count; i++)
        certificate_done(&certificates->items[i]);
    *certificates = (TokenCertificates){0};
}

static bool was_read(const TokenCertificates *certificates, CK_OBJECT_HANDLE handle) {
    for (size_t i = 0; i < certificates->count; i++)
        if (certificates->items[i].handle == handle)
            return true;
    return false;
}

/* Some tokens put a file's unused rest behind the certificate: the size that the outer SEQUENCE names, 0 for what is no
 * SEQUENCE or not all there. */
static size_t whole_size(View der) {
    const unsigned char *position = der.data;
    long size = 0;
    int tag = 0, class = 0, kind;

    if (der.size == 0)
        return 0;
    kind = ASN1_get_object(&position, &size, &tag, &class, (long) der.size);
    ERR_clear_error();
    if (kind != V_ASN1_CONSTRUCTED || tag != V_ASN1_SEQUENCE || class != V_ASN1_UNIVERSAL)
        return 0;
    return (size_t) (position - der.data) + (size_t) size;
}

/* Whether basicConstraints says CA:TRUE (RFC 5280 4.2.1.9). DER has one way of saying it, so that the octets tell, and
 * nobody has to parse eight certificates to find out that none is an authority's. */
static bool says_authority(View der) {
    static const uint8_t extension[] = {0x06, 0x03, 0x55, 0x1d, 0x13}, yes[] = {0x01, 0x01, 0xff};
    const uint8_t *end = der.data + der.size, *c = memmem(der.data, der.size, extension, sizeof extension);

    if (!c)
        return false;
    c += sizeof extension;
    if (end - c >= 3 && memcmp(c, yes, sizeof yes) == 0) /* critical */
        c += sizeof yes;
    /* OCTET STRING { SEQUENCE { BOOLEAN TRUE ... */
    return end - c >= 7 && c[0] == 0x04 && c[2] == 0x30 && memcmp(c + 4, yes, sizeof yes) == 0;
}

static int read_one(const CryptokiSession *session, CK_OBJECT_HANDLE handle, TokenCertificates *certificates,
                    char **ret_detail) {
    TokenCertificate CLEANUP(certificate_done) certificate = {.handle = handle};
    int r = cryptoki_attribute(session, handle, CKA_VALUE, OVCERT_CERTIFICATE_MAX, &certificate.der, ret_detail);
    if (r == 0)
        r = cryptoki_attribute(session, handle, CKA_ID, ID_MAX, &certificate.id, ret_detail);
    if (r != 0)
        return r;
    certificate.der.size = whole_size(bytes_view(&certificate.der));
    if (certificate.der.size == 0)
        return 0;
    certificate.personal = !says_authority(bytes_view(&certificate.der));
    certificates->items[certificates->count++] = certificate;
    certificate = (TokenCertificate){0};
    return 0;
}

int token_certificates_read(const CryptokiSession *session, TokenCertificates *certificates, char **ret_detail) {
    CryptokiObjects objects = {0};
    int r = cryptoki_find(session, CKO_CERTIFICATE, (View){0}, &objects, ret_detail);

    for (size_t i = 0; r == 0 && i < objects.count && certificates->count < CHAIN_CERTIFICATES_MAX; i++)
        if (!was_read(certificates, objects.items[i]))
            r = read_one(session, objects.items[i], certificates, ret_detail);
    return r;
}

int token_certificates_find(const TokenCertificates *certificates, View fingerprint) {
    uint8_t hash[SHA256_DIGEST_LENGTH];

    for (size_t i = 0; i < certificates->count; i++) {
        const Bytes *der = &certificates->items[i].der;
        if (SHA256(der->data, der->size, hash) && view_equal((View){hash, sizeof hash}, fingerprint))
            return (int) i;
    }
    return -1;
}

X509 *token_certificate_x509(TokenCertificate *certificate) {
    const unsigned char *position = certificate->der.data;

    if (!certificate->x509)
        certificate->x509 = d2i_X509(NULL, &position, (long) certificate->der.size);
    ERR_clear_error();
    return certificate->x509;
}

bool token_certificates_any_personal(TokenCertificates *certificates) {
    for (size_t i = 0; i < certificates->count; i++)
        if (certificates->items[i].personal && token_certificate_x509(&certificates->items[i]))
            return true;
    return false;
}

/* The leaf first, then the authorities: other people's certificates are no part of a chain. */
static int collect(TokenCertificates *certificates, size_t leaf, STACK_OF(X509) * stack) {
    X509 *x509 = token_certificate_x509(&certificates->items[leaf]);

    if (!x509 || sk_X509_push(stack, x509) <= 0)
        return -ENOMEM; /* certificate_parse() has taken it */
    for (size_t i = 0; i < certificates->count; i++) {
        if (i == leaf || certificates->items[i].personal)
            continue;
        x509 = token_certificate_x509(&certificates->items[i]);
        if (x509 && sk_X509_push(stack, x509) <= 0)
            return -ENOMEM;
    }
    return 0;
}

static bool has_authority(const TokenCertificates *certificates) {
    for (size_t i = 0; i < certificates->count; i++)
        if (!certificates->items[i].personal)
            return true;
    return false;
}

static int make_chain(TokenCertificates *certificates, size_t leaf, BytesList *ret) {
    static const bool personal[CHAIN_CERTIFICATES_MAX] = {true};
    STACK_OF(X509) * stack;
    int r;

    if (!has_authority(certificates))
        return 0;
    stack = sk_X509_new_null();
    r = stack ? collect(certificates, leaf, stack) : -ENOMEM;
    if (r == 0)
        r = chain_make(stack, 0, personal, ret);
    sk_X509_free(stack);
    return r;
}

static bool is_listed(const IdentityList *list, View der) {
    for (size_t i = 0; i < list->count; i++)
        if (view_equal(certificate_der(list->items[i].certificate), der))
            return true;
    return false;
}

int token_certificates_offer(TokenCertificates *certificates, size_t index, IdentityList *list, bool *ret_added) {
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
    r = make_chain(certificates, index, &chain);
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

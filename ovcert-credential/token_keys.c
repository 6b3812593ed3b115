/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads keys and narrows down whose they are. Called by the PKCS#11 backend after a login; must never say that a key is
 * not a certificate's only because their ids differ. */
#include "ovcert-credential/token_keys.h"

#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "common/macros.h"

#define ID_MAX 256u
#define MODULUS_MAX 2048u /* octets */
#define POINT_MAX 256u

DEFINE_CLEANUP(BIGNUM *, BN_free)
DEFINE_CLEANUP(ASN1_OCTET_STRING *, ASN1_OCTET_STRING_free)

static void key_done(TokenKey *key) {
    bytes_done(&key->id);
    bytes_done(&key->modulus);
}

static void public_key_done(TokenPublicKey *key) {
    bytes_done(&key->id);
    bytes_done(&key->point);
}

void token_keys_done(TokenKeys *keys) {
    for (size_t i = 0; i < keys->count; i++)
        key_done(&keys->items[i]);
    for (size_t i = 0; i < keys->n_publics; i++)
        public_key_done(&keys->publics[i]);
    *keys = (TokenKeys){0};
}

static int read_key(const CryptokiSession *session, CK_OBJECT_HANDLE handle, TokenKeys *keys, char **ret_detail) {
    TokenKey CLEANUP(key_done) key = {.handle = handle, .type = CK_UNAVAILABLE_INFORMATION};
    bool signs = true; /* a token that does not say will say when it is to sign */
    int r;

    if ((r = cryptoki_number(session, handle, CKA_KEY_TYPE, &key.type, ret_detail)) != 0 ||
        (r = cryptoki_bool(session, handle, CKA_SIGN, &signs, ret_detail)) != 0 ||
        (r = cryptoki_bool(session, handle, CKA_ALWAYS_AUTHENTICATE, &key.always_authenticate, ret_detail)) != 0 ||
        (r = cryptoki_attribute(session, handle, CKA_ID, ID_MAX, &key.id, ret_detail)) != 0)
        return r;
    if (key.type == CKK_RSA)
        r = cryptoki_attribute(session, handle, CKA_MODULUS, MODULUS_MAX, &key.modulus, ret_detail);
    if (r != 0 || !signs)
        return r;
    keys->items[keys->count++] = key;
    key = (TokenKey){0};
    return 0;
}

static int read_public_key(const CryptokiSession *session, CK_OBJECT_HANDLE handle, TokenKeys *keys,
                           char **ret_detail) {
    TokenPublicKey CLEANUP(public_key_done) key = {0};
    int r = cryptoki_attribute(session, handle, CKA_EC_POINT, POINT_MAX, &key.point, ret_detail);
    if (r == 0 && key.point.size > 0)
        r = cryptoki_attribute(session, handle, CKA_ID, ID_MAX, &key.id, ret_detail);
    if (r != 0 || key.point.size == 0 || key.id.size == 0)
        return r;
    keys->publics[keys->n_publics++] = key;
    key = (TokenPublicKey){0};
    return 0;
}

int token_keys_read(const CryptokiSession *session, View id, TokenKeys *ret, char **ret_detail) {
    TokenKeys CLEANUP(token_keys_done) keys = {0};
    CryptokiObjects objects = {0}, publics = {0};
    bool all_rsa = true;
    int r = cryptoki_find(session, CKO_PRIVATE_KEY, id, &objects, ret_detail);

    for (size_t i = 0; r == 0 && i < objects.count; i++)
        r = read_key(session, objects.items[i], &keys, ret_detail);
    for (size_t i = 0; i < keys.count; i++)
        all_rsa = all_rsa && keys.items[i].type == CKK_RSA;
    if (r == 0 && !all_rsa && id.size == 0) /* they are for keys whose ids are not the certificates' */
        r = cryptoki_find(session, CKO_PUBLIC_KEY, (View){0}, &publics, ret_detail);
    for (size_t i = 0; r == 0 && i < publics.count; i++)
        r = read_public_key(session, publics.items[i], &keys, ret_detail);
    if (r != 0)
        return r;
    *ret = keys;
    keys = (TokenKeys){0};
    return 0;
}

static CK_KEY_TYPE type_of(EVP_PKEY *key) {
    if (EVP_PKEY_is_a(key, "RSA"))
        return CKK_RSA;
    if (EVP_PKEY_is_a(key, "EC"))
        return CKK_EC;
    return EVP_PKEY_is_a(key, "ED25519") ? CKK_EC_EDWARDS : CK_UNAVAILABLE_INFORMATION;
}

static bool is_modulus_of(const Bytes *modulus, EVP_PKEY *key) {
    BIGNUM *CLEANUP(BN_freep) theirs = NULL;
    BIGNUM *CLEANUP(BN_freep) ours = BN_bin2bn(modulus->data, (int) modulus->size, NULL);

    return ours && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &theirs) == 1 && BN_cmp(ours, theirs) == 0;
}

/* CKA_EC_POINT is a DER OCTET STRING with the point in it; some tokens give the point alone. */
static bool is_point_of(const Bytes *attribute, EVP_PKEY *key) {
    uint8_t point[POINT_MAX];
    size_t size = 0;
    const unsigned char *position = attribute->data;
    ASN1_OCTET_STRING *CLEANUP(ASN1_OCTET_STRING_freep) octets = NULL;
    const char *name = EVP_PKEY_is_a(key, "EC") ? OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY : OSSL_PKEY_PARAM_PUB_KEY;

    if (EVP_PKEY_get_octet_string_param(key, name, point, sizeof point, &size) != 1)
        return false;
    if (view_equal(bytes_view(attribute), (View){point, size}))
        return true;
    octets = d2i_ASN1_OCTET_STRING(NULL, &position, (long) attribute->size);
    return octets && position == attribute->data + attribute->size &&
           view_equal((View){ASN1_STRING_get0_data(octets), (size_t) ASN1_STRING_length(octets)}, (View){point, size});
}

static bool same_id(const Bytes *key, View id) {
    return key->size > 0 && view_equal(bytes_view(key), id);
}

/* A public key object of that id on the token is the certificate's. */
static bool public_key_says_so(const TokenKeys *keys, const TokenKey *key, EVP_PKEY *public_key) {
    for (size_t i = 0; i < keys->n_publics; i++)
        if (same_id(&keys->publics[i].id, bytes_view(&key->id)) && is_point_of(&keys->publics[i].point, public_key))
            return true;
    return false;
}

static bool may_be(const TokenKeys *keys, const TokenKey *key, EVP_PKEY *public_key, View id) {
    if (key->type != type_of(public_key))
        return false;
    if (key->modulus.size > 0)
        return is_modulus_of(&key->modulus, public_key);
    return same_id(&key->id, id) || public_key_says_so(keys, key, public_key);
}

TokenKeySet token_keys_fitting(const TokenKeys *keys, X509 *certificate, View id) {
    EVP_PKEY *public_key = X509_get0_pubkey(certificate);
    TokenKeySet set = 0;

    for (size_t i = 0; public_key && i < keys->count; i++)
        if (may_be(keys, &keys->items[i], public_key, id))
            set |= (TokenKeySet) 1 << i;
    ERR_clear_error(); /* octets that are no OCTET STRING leave entries */
    return set;
}

bool token_keys_any_always_authenticates(const TokenKeys *keys) {
    for (size_t i = 0; i < keys->count; i++)
        if (keys->items[i].always_authenticate)
            return true;
    return false;
}

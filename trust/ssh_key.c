/* SPDX-License-Identifier: BSD-2-Clause */
/* Called by ovcertctl for sshd. Must never write a key other than the one it was given: whoever holds it gets in. */
#include "trust/ssh_key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "trust/internal.h"

#define ED25519_SIZE 32u
#define POINT_MAX 133u /* uncompressed, P-521 */

static const struct {
    int nid;
    const char *type;
    const char *curve;
} curves[] = {
    {NID_X9_62_prime256v1, "ecdsa-sha2-nistp256", "nistp256"},
    {NID_secp384r1, "ecdsa-sha2-nistp384", "nistp384"},
    {NID_secp521r1, "ecdsa-sha2-nistp521", "nistp521"},
};

/* An mpint (RFC 4251 5): the number's octets, with a zero before a set first bit. */
static int append_mpint(Bytes *blob, const BIGNUM *number) {
    uint8_t raw[1024 + 1] = {0}; /* RSA-8192 */
    int size = BN_num_bytes(number);

    if (size < 1 || (size_t) size >= sizeof(raw))
        return SSH_KEY_UNSUPPORTED;
    (void) BN_bn2bin(number, raw + 1); /* as long as it said */
    size_t skip = (raw[1] & 0x80) != 0 ? 0 : 1;
    return bytes_append_sized(blob, (View){.data = raw + skip, .size = (size_t) size + 1 - skip});
}

static int append_parameter(Bytes *blob, EVP_PKEY *key, const char *name) {
    BIGNUM *number = NULL;

    if (!EVP_PKEY_get_bn_param(key, name, &number))
        return openssl_out_of_memory() ? -ENOMEM : SSH_KEY_UNSUPPORTED;
    int r = append_mpint(blob, number);
    BN_free(number);
    return r;
}

static int append_rsa(Bytes *blob, EVP_PKEY *key) {
    int r = append_parameter(blob, key, OSSL_PKEY_PARAM_RSA_E);
    return r != 0 ? r : append_parameter(blob, key, OSSL_PKEY_PARAM_RSA_N);
}

/* The point uncompressed, whatever form the certificate has it in. */
static int append_ecdsa(Bytes *blob, EVP_PKEY *key, const char *curve) {
    uint8_t point[POINT_MAX];
    size_t size = 0;

    if (!EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") ||
        !EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &size))
        return openssl_out_of_memory() ? -ENOMEM : SSH_KEY_UNSUPPORTED;
    int r = bytes_append_string(blob, curve);
    return r < 0 ? r : bytes_append_sized(blob, (View){.data = point, .size = size});
}

static int append_ed25519(Bytes *blob, EVP_PKEY *key) {
    uint8_t raw[ED25519_SIZE];
    size_t size = sizeof(raw);

    if (!EVP_PKEY_get_raw_public_key(key, raw, &size) || size != sizeof(raw))
        return openssl_out_of_memory() ? -ENOMEM : SSH_KEY_UNSUPPORTED;
    return bytes_append_sized(blob, (View){.data = raw, .size = size});
}

static int make_blob(EVP_PKEY *key, const char **ret_type, Bytes *blob) {
    if (EVP_PKEY_is_a(key, "RSA")) {
        int r = bytes_append_string(blob, *ret_type = "ssh-rsa");
        return r < 0 ? r : append_rsa(blob, key);
    }
    if (EVP_PKEY_is_a(key, "ED25519")) {
        int r = bytes_append_string(blob, *ret_type = "ssh-ed25519");
        return r < 0 ? r : append_ed25519(blob, key);
    }
    int nid = key_curve(key);
    for (size_t i = 0; i < ELEMENTSOF(curves); i++)
        if (curves[i].nid == nid) {
            int r = bytes_append_string(blob, *ret_type = curves[i].type);
            return r < 0 ? r : append_ecdsa(blob, key, curves[i].curve);
        }
    return SSH_KEY_UNSUPPORTED;
}

static int write_text(const char *type, const Bytes *blob, char **ret) {
    CLEANUP(free_pointer) char *base64 = malloc(4 * (blob->size / 3 + 1) + 1);

    if (!base64)
        return -ENOMEM;
    (void) EVP_EncodeBlock((unsigned char *) base64, blob->data, (int) blob->size); /* the length, known before */
    if (asprintf(ret, "%s %s", type, base64) >= 0)
        return 0;
    *ret = NULL;
    return -ENOMEM;
}

int ssh_key_text(View spki, char **ret) {
    CLEANUP(bytes_done) Bytes blob = {0};
    const unsigned char *position = spki.data;
    const char *type = NULL;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &position, (long) spki.size);

    if (!key)
        return openssl_out_of_memory() ? -ENOMEM : SSH_KEY_UNSUPPORTED;
    int r = position == spki.data + spki.size && !key_problem(key) ? make_blob(key, &type, &blob) : SSH_KEY_UNSUPPORTED;
    EVP_PKEY_free(key);
    return r != 0 ? r : write_text(type, &blob, ret);
}

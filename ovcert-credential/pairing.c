/* SPDX-License-Identifier: BSD-2-Clause */
/* Pairs keys with certificates. Called by the PKCS#12 backend; must never judge a certificate: that is the daemon's
 * part. */
#include "ovcert-credential/pairing.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/macros.h"
#include "ovcert-credential/chain.h"
#include "trust/openssl_fault.h"

/* The key of the certificate at index, NULL when there is none. */
static EVP_PKEY *key_of(const Pkcs12Contents *contents, int index) {
    const EVP_PKEY *public_key = X509_get0_pubkey(sk_X509_value(contents->certificates, index));

    for (size_t i = 0; public_key && i < contents->n_keys; i++)
        if (EVP_PKEY_eq(public_key, contents->keys[i]) == 1)
            return contents->keys[i];
    return NULL;
}

static int parse_again(X509 *certificate, Certificate **ret) {
    unsigned char *der = NULL;
    int size = i2d_X509(certificate, &der);
    int r;

    if (size < 0)
        return -ENOMEM;
    r = certificate_parse((View){der, (size_t) size}, ret);
    OPENSSL_free(der);
    return r;
}

static bool is_listed(const IdentityList *list, const Certificate *certificate) {
    for (size_t i = 0; i < list->count; i++)
        if (view_equal(certificate_der(list->items[i].certificate), certificate_der(certificate)))
            return true;
    return false;
}

/* Room for one identity per certificate has been made. */
static int add_identity(const Pkcs12Contents *contents, int index, const bool *has_key, EVP_PKEY *key,
                        IdentityList *list, EVP_PKEY **keys) {
    Certificate *CLEANUP(certificate_freep) certificate = NULL;
    BytesList CLEANUP(bytes_list_done) chain = {0};
    int r = parse_again(sk_X509_value(contents->certificates, index), &certificate);

    if (r != 0)
        return r < 0 ? r : 0; /* what is no acceptable certificate is not offered */
    if (is_listed(list, certificate))
        return 0;
    r = chain_make(contents->certificates, index, has_key, &chain);
    if (r < 0)
        return r;
    if (EVP_PKEY_up_ref(key) <= 0)
        return -ENOMEM;
    keys[list->count] = key;
    list->items[list->count++] = (Identity){.certificate = TAKE_PTR(certificate), .chain = chain};
    chain = (BytesList){0};
    return 0;
}

int pairing_make(const Pkcs12Contents *contents, IdentityList *ret, EVP_PKEY ***ret_keys) {
    bool has_key[CHAIN_CERTIFICATES_MAX] = {false};
    int n = sk_X509_num(contents->certificates);
    IdentityList list = {.items = calloc((size_t) n + 1, sizeof *list.items)};
    EVP_PKEY **keys = calloc((size_t) n + 1, sizeof(EVP_PKEY *));
    int r = list.items && keys ? 0 : -ENOMEM;

    for (int i = 0; i < n; i++)
        has_key[i] = key_of(contents, i) != NULL;
    for (int i = 0; r == 0 && i < n; i++)
        if (has_key[i])
            r = add_identity(contents, i, has_key, key_of(contents, i), &list, keys);
    if (openssl_out_of_memory() && r == 0) /* a key that could not be compared is nobody's */
        r = -ENOMEM;
    if (r == 0) {
        *ret = list;
        *ret_keys = keys;
        return 0;
    }
    for (size_t i = 0; i < list.count; i++)
        EVP_PKEY_free(keys[i]);
    free(keys);
    identity_list_done(&list);
    return r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Orders a chain. Called by both backends; must never judge a certificate: that is the daemon's part, and an issuer
 * found here is only an order of sending. */
#include "ovcert-credential/chain.h"

#include <errno.h>

#include <openssl/x509v3.h>

#include "common/protocol.h"

#define CHAIN_MAX (OVCERT_CHAIN_MAX - 1) /* without the leaf */

static int append_der(BytesList *list, X509 *certificate) {
    unsigned char *der = NULL;
    int size = i2d_X509(certificate, &der);
    int r = 0;

    if (size < 0)
        return -ENOMEM;
    if ((size_t) size <= OVCERT_CERTIFICATE_MAX)
        r = bytes_list_append(list, (View){der, (size_t) size});
    OPENSSL_free(der);
    return r;
}

/* The next certificate up from current that has not been used; -1: none. */
static int find_issuer(const STACK_OF(X509) * certificates, int current, const bool *used) {
    X509 *subject = sk_X509_value(certificates, current);

    if (X509_check_issued(subject, subject) == X509_V_OK)
        return -1;
    for (int i = 0; i < sk_X509_num(certificates); i++)
        if (!used[i] && X509_check_issued(sk_X509_value(certificates, i), subject) == X509_V_OK)
            return i;
    return -1;
}

int chain_make(const STACK_OF(X509) * certificates, int leaf, const bool *personal, BytesList *ret) {
    bool used[CHAIN_CERTIFICATES_MAX] = {false};
    int r = 0;

    used[leaf] = true;
    for (int i = find_issuer(certificates, leaf, used); r == 0 && i >= 0 && ret->count < CHAIN_MAX;
         i = find_issuer(certificates, i, used)) {
        used[i] = true;
        r = append_der(ret, sk_X509_value(certificates, i));
    }
    for (int i = 0; r == 0 && i < sk_X509_num(certificates) && ret->count < CHAIN_MAX; i++)
        if (!used[i] && !personal[i])
            r = append_der(ret, sk_X509_value(certificates, i));
    return r;
}

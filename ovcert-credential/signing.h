/* SPDX-License-Identifier: BSD-2-Clause */
/* One signature with a private key that OpenSSL holds. */
#pragma once

#include <openssl/evp.h>

#include "common/bytes.h"
#include "trust/signature.h"

/* algorithm: a name of trust/signature.h that fits the key. 0 with the signature appended; -EINVAL for an unknown
 * algorithm; -EIO when OpenSSL fails. */
int signing_sign(OSSL_LIB_CTX *libctx, EVP_PKEY *key, const char *algorithm, View data, Bytes *ret);

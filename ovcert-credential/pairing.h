/* SPDX-License-Identifier: BSD-2-Clause */
/* Which private key belongs to which certificate of an opened file, and which certificates are above which. */
#pragma once

#include <openssl/evp.h>

#include "ovcert-credential/backend.h"
#include "ovcert-credential/pkcs12_file.h"

/* One identity for each certificate whose public key is that of a private key, in the file's order; (*ret_keys)[i] is a
 * reference to the key of identity i, all the caller's. A certificate that certificate_parse() refuses is left out, and
 * so is one that is there twice. Zero identities are no error. 0 or -ENOMEM. */
int pairing_make(const Pkcs12Contents *contents, IdentityList *ret, EVP_PKEY ***ret_keys);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Which certificates that lie beside a certificate are above it. */
#pragma once

#include <stdbool.h>

#include <openssl/x509.h>

#include "common/bytes.h"

#define CHAIN_CERTIFICATES_MAX 64 /* that may lie together */

/* Appends the DER of the issuers of certificate leaf, in order, then that of the rest but for personal ones (an array
 * as long as the stack), since the rest may hold another way up, such as a cross-certificate. 0 or -ENOMEM. */
int chain_make(const STACK_OF(X509) * certificates, int leaf, const bool *personal, BytesList *ret);

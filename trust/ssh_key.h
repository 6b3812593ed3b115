/* SPDX-License-Identifier: BSD-2-Clause */
/* Public keys as OpenSSH writes them in authorized_keys(5): RSA (RFC 4253 6.6), ECDSA on P-256, P-384 and P-521 (RFC
 * 5656 3.1), Ed25519 (RFC 8709 4). */
#pragma once

#include "common/bytes.h"

#define SSH_KEY_UNSUPPORTED 1 /* OpenSSH has no such key, or we accept none */

/* "TYPE BASE64" of a SubjectPublicKeyInfo (DER), without comment and line end; caller frees. 0, SSH_KEY_UNSUPPORTED
 * (what is no key included), or -ENOMEM. */
int ssh_key_text(View spki, char **ret);

/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off: the dialogue below is a table. */
/* The words between a client and the helper ovcert-credential: one file that both sides compile, so that they cannot
 * drift apart.
 *
 * The client starts "ovcert-credential DEADLINE-SECONDS" with the socket as descriptor 3, stdin/stdout/stderr on
 * /dev/null, and, when it is root acting for a user, "ovcert-credential DEADLINE-SECONDS UID GID USER HOME", and the
 * helper becomes that user before it opens any file. Dialogue (client →, helper ←), one request at a time:
 *
 *   ← READY         u32 protocol version; sent once, after the process is undumpable and its privileges are dropped
 *   → LIST          (empty)
 *   ← SOURCES       u32 count, then each: string kind ("pkcs12"), string id (file path), string label,
 *                   u8 hidden (certificates show only once unlocked),
 *                   string problem ("" or why it cannot be used, an outcome name as below), string detail
 *   → UNLOCK        string kind, string id, sized secret
 *   ← CERTIFICATES  u32 count, then each: sized fingerprint (32: SHA-256 of the DER, for clients without cryptography),
 *                   sized DER, u32 chain count, each sized DER; all of them have a private key
 *   → SIGN          sized fingerprint (32), u8 purpose, sized nonce, string user, u32 uid, string service, string tty,
 *                   sized host id, sized boot id, sized replaced (0 or 32), u64 deadline
 *   ← SIGNED        string algorithm, sized signature; the helper then exits: it signs once
 *   ← FAILED        u32 CredentialOutcome, string detail (escaped, may be ""); answers any request. After UNLOCK with a
 *                   wrong passphrase the helper exits too: one try per prompt (SECURITY 22)
 */
/* clang-format on */
#pragma once

#include <stdint.h>

#define CREDENTIAL_PROTOCOL_VERSION 1u
#define CREDENTIAL_SOCKET_FD 3

typedef enum CredentialFrame {
    CREDENTIAL_READY = 1,
    CREDENTIAL_LIST,
    CREDENTIAL_SOURCES,
    CREDENTIAL_UNLOCK,
    CREDENTIAL_CERTIFICATES,
    CREDENTIAL_SIGN,
    CREDENTIAL_SIGNED,
    CREDENTIAL_FAILED,
} CredentialFrame;

/* X(symbol, name, text) */
#define CREDENTIAL_OUTCOMES(X)                                                                                         \
    X(INTERNAL, "internal", N_("The credential could not be used because of an internal fault."))                      \
    X(PROTOCOL, "protocol", N_("The request to the credential helper was not valid."))                                 \
    X(NOT_FOUND, "not-found", N_("There is no such file."))                                                            \
    X(NOT_REGULAR, "not-regular", N_("It is not a regular file (a symbolic link, a pipe, a device or a folder)."))     \
    X(NOT_OWNER, "not-owner", N_("The file belongs to somebody else."))                                                \
    X(UNREADABLE, "unreadable", N_("The file cannot be read."))                                                        \
    X(TOO_LARGE, "too-large", N_("The file is too large for a .p12 file (1 MiB at most)."))                            \
    X(MALFORMED, "malformed", N_("The file is not a valid .p12 (PKCS#12) file."))                                      \
    X(ITERATIONS, "iterations",                                                                                        \
      N_("The file asks for more key-derivation rounds than are accepted (1,000,000 in all)."))                        \
    X(ALGORITHM, "algorithm", N_("The file or key uses an algorithm that is not supported."))                          \
    X(WRONG_SECRET, "wrong-passphrase", N_("The passphrase is wrong."))                                                \
    X(NO_KEY, "no-key", N_("The file holds no private key with a matching certificate."))                              \
    X(NO_MATCH, "no-match", N_("The credential does not hold the certificate asked for."))                             \
    X(LOCKED, "locked", N_("Unlock a source first."))                                                                  \
    X(CONFIGURATION, "configuration", N_("The configuration file credential.conf is not valid or not safe."))

typedef enum CredentialOutcome {
    CREDENTIAL_OUTCOME_OK = 0,
#define X(symbol, name, text) CREDENTIAL_OUTCOME_##symbol,
    CREDENTIAL_OUTCOMES(X)
#undef X
} CredentialOutcome;

const char *credential_outcome_name(int outcome);   /* NULL when unknown */
const char *credential_outcome_text(int outcome);   /* untranslated msgid; NULL when unknown */
int credential_outcome_from_name(const char *name); /* the outcome, or -EINVAL */

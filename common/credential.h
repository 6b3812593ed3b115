/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off: the dialogue below is a table. */
/* The words between a client and the helper ovcert-credential: one file that both sides compile, so that they cannot
 * drift apart.
 *
 * The client starts it with the socket as descriptor 3 and stdin/stdout/stderr on /dev/null, in one of three ways:
 *
 *   ovcert-credential DEADLINE-SECONDS                     as the caller; .p12 files, and tokens but for root
 *   ovcert-credential DEADLINE-SECONDS tokens              tokens alone; started by root it becomes its system user
 *   ovcert-credential DEADLINE-SECONDS UID GID USER HOME   .p12 files alone; root alone may; it becomes that user
 *
 * Whom it works for it becomes before it opens anything. Dialogue (client →, helper ←), one request at a time:
 *
 *   ← READY         u32 protocol version; sent once, after the process is undumpable and its privileges are dropped.
 *                   FAILED in its place: it cannot start, and ends
 *   → LIST          (empty)
 *   ← SOURCES       u32 count, then each: string kind ("pkcs12", "pkcs11"), string id (file path; RFC 7512 URI of the
 *                   token, or path of the module that has a problem), string label, u8 flags (CredentialSourceFlag),
 *                   string problem ("" or why it cannot be used, an outcome name as below), string detail,
 *                   u32 certificate count, each as in CERTIFICATES: what shows without a secret (personal certificates
 *                   alone; issuers are in the chains), so that no PIN is asked for a token that does not fit. Whether
 *                   there is a private key only UNLOCK can tell
 *   → WAIT          u32 seconds
 *   ← SOURCES       as soon as a token is there that can be unlocked, or when the time is over; closing the socket ends
 *                   the waiting with the helper
 *   → UNLOCK        string kind, string id, sized secret (empty: it is typed on the reader, with PROTECTED_PATH),
 *                   sized wanted fingerprint (0 or 32), u8 flags (CredentialUnlockFlag). A wanted certificate that is
 *                   not there is NO_MATCH, and a token that shows others in its place gets no PIN at all
 *   ← CERTIFICATES  u32 count, then each: sized fingerprint (32: SHA-256 of the DER, for clients without cryptography),
 *                   sized DER, u32 chain count, each sized DER; all of them have a private key. Of a token, the
 *                   wanted one alone, if one was wanted
 *   → SIGN          sized fingerprint (32), u8 purpose, sized nonce, string user, u32 uid, string service, string tty,
 *                   sized host id, sized boot id, sized replaced (0 or 32), u64 deadline
 *   ← SIGNED        string algorithm, sized signature; the helper then exits: it signs once
 *   ← FAILED        u32 CredentialOutcome, string detail (escaped, may be ""); answers any request. After an UNLOCK
 * that has tried a secret in vain the helper exits too: one try per prompt (SECURITY 22)
 */
/* clang-format on */
#pragma once

#include <stdint.h>

#define CREDENTIAL_PROTOCOL_VERSION 2u
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
    CREDENTIAL_WAIT,
} CredentialFrame;

#define CREDENTIAL_KIND_PKCS12 "pkcs12"
#define CREDENTIAL_KIND_PKCS11 "pkcs11"

typedef enum CredentialSourceFlag {
    CREDENTIAL_SOURCE_HIDDEN = 1,         /* personal certificates show only once unlocked */
    CREDENTIAL_SOURCE_PROTECTED_PATH = 2, /* the PIN is typed on the reader, and UNLOCK's secret is empty */
    CREDENTIAL_SOURCE_COUNT_LOW = 4,      /* a wrong PIN has been tried since the last right one */
    CREDENTIAL_SOURCE_FINAL_TRY = 8,      /* one more wrong PIN locks it */
    CREDENTIAL_SOURCE_LOCKED = 16,        /* the PIN is locked; the problem says so too */
    /* The module is built on OpenSC, whose file cache may show a card's old certificates to other programs after a
     * renewal. The helper's own runs are without that cache. */
    CREDENTIAL_SOURCE_CACHE_HINT = 32,
} CredentialSourceFlag;
#define CREDENTIAL_SOURCE_FLAGS_ALL 63u

typedef enum CredentialUnlockFlag {
    /* The person knows that this is the token's last try, and goes on. Without it, such a token is PIN_FINAL_TRY. */
    CREDENTIAL_UNLOCK_FINAL_TRY = 1,
} CredentialUnlockFlag;
#define CREDENTIAL_UNLOCK_FLAGS_ALL 1u

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
    X(CONFIGURATION, "configuration", N_("The configuration file credential.conf is not valid or not safe."))          \
    X(WRONG_PIN, "wrong-pin", N_("The PIN is wrong."))                                                                 \
    X(PIN_LOCKED, "pin-locked", N_("The PIN is locked. The issuer of the token says how to unlock it."))               \
    X(PIN_FINAL_TRY, "pin-final-try", N_("One more wrong PIN would lock the token, so it was not tried."))             \
    X(PIN_CHANGE, "pin-change", N_("The PIN has to be set or changed first, with the tool of the token's issuer."))    \
    X(CANCELLED, "cancelled", N_("The PIN was not entered on the reader."))                                            \
    X(TOKEN_REMOVED, "token-removed", N_("The token is not there, or no longer."))                                     \
    X(TOKEN_FAULT, "token-fault", N_("The token or its driver did not do its work."))                                  \
    X(NOT_SUPPORTED, "not-supported", N_("The token offers no way of signing that can be used here."))                 \
    X(MODULE, "module", N_("The token's driver (PKCS#11 module) cannot be loaded."))                                   \
    X(NO_ACCOUNT, "no-account", N_("The system user that drives tokens is missing (systemd-sysusers makes it)."))

typedef enum CredentialOutcome {
    CREDENTIAL_OUTCOME_OK = 0,
#define X(symbol, name, text) CREDENTIAL_OUTCOME_##symbol,
    CREDENTIAL_OUTCOMES(X)
#undef X
} CredentialOutcome;

const char *credential_outcome_name(int outcome);   /* NULL when unknown */
const char *credential_outcome_text(int outcome);   /* untranslated msgid; NULL when unknown */
int credential_outcome_from_name(const char *name); /* the outcome, or -EINVAL */

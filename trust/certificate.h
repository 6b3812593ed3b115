/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificate: one parsed X.509 certificate (RFC 5280) and the facts that the rest of ovcert speaks of. Immutable once
 * made, so it may be read from several threads. Knows nothing of trust: facts are claims until trust_judge() has
 * accepted them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/macros.h"

#define CERTIFICATE_FINGERPRINT_SIZE 32u
#define CERTIFICATE_WORDS_MAX 64u /* policies, usages: what there is beyond is judged, but not told */

typedef struct Certificate Certificate;

/* Positive outcomes of certificate_parse(). */
typedef enum CertificateOutcome {
    CERTIFICATE_TOO_LARGE = 1, /* over OVCERT_CERTIFICATE_MAX */
    CERTIFICATE_MALFORMED,     /* not one complete DER certificate */
} CertificateOutcome;

/* Everything is owned by the Certificate. Strings are UTF-8 escaped for display (text_escape), never NULL, "" when
 * absent. */
typedef struct CertificateFacts {
    uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE]; /* SHA-256 of the DER */
    uint8_t spki_hash[CERTIFICATE_FINGERPRINT_SIZE];   /* SHA-256 of the SubjectPublicKeyInfo */
    const char *subject;                               /* RFC 4514 order */
    const char *issuer;
    const char *common_name;
    const char *serial; /* hexadecimal, lower case */
    const char *holder; /* normalised, see trust/holder.h; "" when the certificate names none */
    int64_t not_before; /* seconds since the epoch */
    int64_t not_after;
    const char *key_type; /* "rsa", "ecdsa", "ed25519", "other" */
    unsigned key_bits;
    /* Each NULL-terminated, and empty where there is no such extension or it cannot be read. */
    const char *const *policies;            /* dotted OIDs */
    const char *const *key_usages;          /* in the words of match rules (trust/match.h) */
    const char *const *extended_key_usages; /* likewise, or dotted OIDs; CERTIFICATE_WORDS_MAX at most */
} CertificateFacts;

/* 0 with a reference in *ret, a CertificateOutcome, or -ENOMEM. */
int certificate_parse(View der, Certificate **ret);
Certificate *certificate_ref(Certificate *certificate); /* thread-safe */
Certificate *
certificate_free(Certificate *certificate); /* drops one reference; thread-safe; accepts NULL, returns NULL */
DEFINE_CLEANUP(Certificate *, certificate_free)

const CertificateFacts *certificate_facts(const Certificate *certificate);
View certificate_der(const Certificate *certificate);
/* DER of the SubjectPublicKeyInfo. 0 or -ENOMEM. */
int certificate_spki(const Certificate *certificate, Bytes *ret);

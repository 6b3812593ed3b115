/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsed certificates, kept because parsing one costs more than everything else that a sign-in does with it. They are
 * facts about octets and nothing more: never a verdict, nor trust, so nothing here goes stale or needs to be dropped.
 * For certificates that the store gives, not for what callers send, who could push out what others use. Bounded, the
 * least recently used gives way; for one thread alone. What it hands out may be used in others and outlive it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/macros.h"
#include "trust/certificate.h"

#define CERTIFICATE_CACHE_LEAVES 128u  /* some 7 KiB each */
#define CERTIFICATE_CACHE_ISSUERS 16u  /* nearly everybody's certificate comes from one of a few */
#define CERTIFICATE_CACHE_OCTETS 8192u /* larger ones are parsed anew each time */

typedef struct CertificateCache CertificateCache;

CertificateCache *certificate_cache_new(void); /* NULL when out of memory */
CertificateCache *certificate_cache_free(CertificateCache *cache);
DEFINE_CLEANUP(CertificateCache *, certificate_cache_free)

/* The certificate of exactly these octets, parsed now if it is not kept: what is found by its fingerprint still has to
 * be the same octets. fingerprint: SHA-256 of der, as the store says; if that is not so, nothing is kept. 0 with a
 * reference in *ret, a CertificateOutcome, or -ENOMEM. */
int certificate_cache_leaf(CertificateCache *cache, const uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE], View der,
                           Certificate **ret);
/* The same for the certificates of issuers, which have places of their own. */
int certificate_cache_issuer(CertificateCache *cache, View der, Certificate **ret);

size_t certificate_cache_count(const CertificateCache *cache); /* of both kinds */

/* SPDX-License-Identifier: BSD-2-Clause */
/* Two rows of slots, searched from end to end: they are short. Used by judgement.c for the service in the state thread;
 * must never hand out a certificate for octets that are not its own. */
#include "ovcertd/core/certificate_cache.h"

#include <string.h>

typedef struct Slot {
    uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE]; /* here, so that a search reads nothing but the slots */
    Certificate *certificate;                          /* NULL: free */
    uint64_t used;                                     /* by the cache's count of uses */
} Slot;

struct CertificateCache {
    Slot leaves[CERTIFICATE_CACHE_LEAVES];
    Slot issuers[CERTIFICATE_CACHE_ISSUERS];
    uint64_t uses;
};

CertificateCache *certificate_cache_new(void) {
    return calloc(1, sizeof(CertificateCache));
}

static void drop_all(Slot *slots, size_t count) {
    for (size_t i = 0; i < count; i++)
        (void) certificate_free(slots[i].certificate); /* returns NULL */
}

CertificateCache *certificate_cache_free(CertificateCache *cache) {
    if (!cache)
        return NULL;
    drop_all(cache->leaves, ELEMENTSOF(cache->leaves));
    drop_all(cache->issuers, ELEMENTSOF(cache->issuers));
    free(cache);
    return NULL;
}

/* fingerprint NULL: by the octets alone. */
static Slot *find(Slot *slots, size_t count, const uint8_t *fingerprint, View der) {
    for (size_t i = 0; i < count; i++) {
        Slot *slot = &slots[i];
        if (!slot->certificate ||
            (fingerprint && memcmp(slot->fingerprint, fingerprint, sizeof slot->fingerprint) != 0))
            continue;
        if (view_equal(certificate_der(slot->certificate), der))
            return slot;
    }
    return NULL;
}

/* A free one has been used at 0. */
static Slot *least_used(Slot *slots, size_t count) {
    Slot *least = &slots[0];
    for (size_t i = 1; i < count; i++)
        if (slots[i].used < least->used)
            least = &slots[i];
    return least;
}

static bool is_kept(const uint8_t *fingerprint, const Certificate *certificate) {
    if (certificate_der(certificate).size > CERTIFICATE_CACHE_OCTETS)
        return false;
    return !fingerprint ||
           memcmp(certificate_facts(certificate)->fingerprint, fingerprint, CERTIFICATE_FINGERPRINT_SIZE) == 0;
}

static void keep(CertificateCache *cache, Slot *slot, Certificate *certificate) {
    (void) certificate_free(slot->certificate); /* returns NULL */
    slot->certificate = certificate_ref(certificate);
    memcpy(slot->fingerprint, certificate_facts(certificate)->fingerprint, sizeof slot->fingerprint);
    slot->used = ++cache->uses;
}

static int get(CertificateCache *cache, Slot *slots, size_t count, const uint8_t *fingerprint, View der,
               Certificate **ret) {
    Slot *slot = find(slots, count, fingerprint, der);
    if (slot) {
        slot->used = ++cache->uses;
        *ret = certificate_ref(slot->certificate);
        return 0;
    }
    int r = certificate_parse(der, ret);
    if (r == 0 && is_kept(fingerprint, *ret))
        keep(cache, least_used(slots, count), *ret);
    return r;
}

int certificate_cache_leaf(CertificateCache *cache, const uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE], View der,
                           Certificate **ret) {
    return get(cache, cache->leaves, ELEMENTSOF(cache->leaves), fingerprint, der, ret);
}

int certificate_cache_issuer(CertificateCache *cache, View der, Certificate **ret) {
    return get(cache, cache->issuers, ELEMENTSOF(cache->issuers), NULL, der, ret);
}

static size_t count_kept(const Slot *slots, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        kept += slots[i].certificate != NULL;
    return kept;
}

size_t certificate_cache_count(const CertificateCache *cache) {
    return count_kept(cache->leaves, ELEMENTSOF(cache->leaves)) +
           count_kept(cache->issuers, ELEMENTSOF(cache->issuers));
}

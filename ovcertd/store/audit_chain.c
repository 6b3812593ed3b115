/* SPDX-License-Identifier: BSD-2-Clause */
/* Hashes of the audit chain (SECURITY 37). Called by audit.c and audit_verify.c; must never change what it computes for
 * rows that exist: another encoding gets another label. */
#include "ovcertd/store/audit_chain.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static const char row_label[] = "ovcert audit row 1";       /* the NUL ends it */
static const char person_label[] = "ovcert audit person 1"; /* the NUL ends it */

static void hash_octets(crypto_generichash_state *state, const void *octets, size_t size) {
    int r = crypto_generichash_update(state, octets, size);

    assert(r == 0); /* only fails after the hash is finished */
    (void) r;
}

static void hash_number(crypto_generichash_state *state, uint64_t number, size_t size) {
    uint8_t octets[sizeof(number)];

    for (size_t i = 0; i < size; i++)
        octets[i] = (uint8_t) (number >> (8 * (size - 1 - i)));
    hash_octets(state, octets, size);
}

static void hash_sized(crypto_generichash_state *state, const void *octets, size_t size) {
    assert(size <= UINT32_MAX);
    hash_number(state, size, sizeof(uint32_t));
    hash_octets(state, octets, size);
}

static void hash_commitment(crypto_generichash_state *state, const AuditCommitment *commitment) {
    hash_sized(state, commitment->octets, commitment->present ? sizeof(commitment->octets) : 0);
}

static void hash_begin(crypto_generichash_state *state, const uint8_t *key, size_t key_size) {
    int r = crypto_generichash_init(state, key, key_size, AUDIT_HASH_SIZE);

    assert(r == 0); /* only fails for sizes out of range */
    (void) r;
}

static void hash_end(crypto_generichash_state *state, uint8_t ret[AUDIT_HASH_SIZE]) {
    int r = crypto_generichash_final(state, ret, AUDIT_HASH_SIZE);

    assert(r == 0); /* only fails when finished before */
    (void) r;
}

void audit_commit(AuditField field, const char *name, const uint8_t salt[AUDIT_SALT_SIZE], AuditCommitment *ret) {
    crypto_generichash_state state;

    *ret = (AuditCommitment){.present = name != NULL};
    if (!name)
        return;
    hash_begin(&state, salt, AUDIT_SALT_SIZE);
    hash_octets(&state, person_label, sizeof(person_label));
    hash_number(&state, field, sizeof(uint8_t));
    hash_octets(&state, name, strlen(name));
    hash_end(&state, ret->octets);
}

void audit_chain_hash(const uint8_t previous[AUDIT_HASH_SIZE], const AuditRow *row, const AuditCommitment *profile,
                      const AuditCommitment *subject, uint8_t ret[AUDIT_HASH_SIZE]) {
    crypto_generichash_state state;

    hash_begin(&state, NULL, 0);
    hash_octets(&state, row_label, sizeof(row_label));
    hash_octets(&state, previous, AUDIT_HASH_SIZE);
    hash_number(&state, row->seq, sizeof(uint64_t));
    hash_number(&state, (uint64_t) row->time, sizeof(uint64_t));
    hash_number(&state, row->actor, sizeof(uint32_t));
    hash_sized(&state, row->event, strlen(row->event));
    hash_sized(&state, row->outcome, strlen(row->outcome));
    hash_sized(&state, row->detail, strlen(row->detail));
    hash_commitment(&state, profile);
    hash_commitment(&state, subject);
    hash_end(&state, ret);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit chain's arithmetic: pure functions over one row.
 *
 * hash(row) = BLAKE2b-256 over: the label "ovcert audit row 1" and its NUL, the hash of the row before (32 zero octets
 * for the first), u64 seq, u64 time (two's complement), u32 actor, then event, outcome, detail, commitment of the
 * profile and commitment of the subject, each after a u32 length; an absent commitment has length 0. Integers are
 * big-endian.
 *
 * commitment = BLAKE2b-256 keyed with the 32 random octets of its salt, over the label "ovcert audit person 1" and its
 * NUL, u8 field and the name. Without the salt nobody can try names against it; the chain stays whole, since only the
 * commitment is part of it.
 *
 * Anybody who can write the database can make a new chain: what shows that, and a tail cut off, is a head kept
 * elsewhere (core journals it). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ovcertd/store/store.h"

#define AUDIT_HASH_SIZE 32u
#define AUDIT_SALT_SIZE 32u

typedef enum AuditField { AUDIT_FIELD_PROFILE = 1, AUDIT_FIELD_SUBJECT = 2 } AuditField;

typedef struct AuditCommitment {
    bool present;
    uint8_t octets[AUDIT_HASH_SIZE];
} AuditCommitment;

/* Without name (NULL) the commitment is absent. */
void audit_commit(AuditField field, const char *name, const uint8_t salt[AUDIT_SALT_SIZE], AuditCommitment *ret);

/* Uses seq, time, event, actor, outcome and detail of the row. */
void audit_chain_hash(const uint8_t previous[AUDIT_HASH_SIZE], const AuditRow *row, const AuditCommitment *profile,
                      const AuditCommitment *subject, uint8_t ret[AUDIT_HASH_SIZE]);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Challenges: live ones in memory, single-use, bound to connection and uid, bounded (SECURITY 3-6). No clock and no
 * randomness of its own. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/bytes.h"
#include "common/macros.h"
#include "common/statement.h"

#define CHALLENGE_SECONDS 30u
#define CHALLENGE_ID_SIZE 33u /* hexadecimal of 128 random bits, NUL */
#define CHALLENGE_MAX 256u
#define CHALLENGE_RESERVED 64u /* of these, for targets (name and uid) without a live one */
#define CHALLENGE_PER_UID 4u
#define CHALLENGE_PER_TARGET 8u /* root callers; the oldest gives way, and does when there is no more room */

typedef struct ChallengeTable ChallengeTable;

/* Everything that was known when the challenge was made; owned. */
typedef struct Challenge {
    char id[CHALLENGE_ID_SIZE];
    char *sender; /* unique bus name */
    uid_t sender_uid;
    StatementPurpose purpose;
    uint8_t nonce[STATEMENT_NONCE_SIZE];
    char *user;
    uint32_t uid; /* of the target */
    char *service;
    char *tty;
    bool has_replaced;
    uint8_t replaced[STATEMENT_FINGERPRINT_SIZE];
    uint64_t deadline; /* CLOCK_BOOTTIME, microseconds */
    Bytes certificate; /* ASSIGN: what BeginProof was told */
    BytesList chain;
} Challenge;

void challenge_done(Challenge *challenge);

ChallengeTable *challenge_table_new(void);
ChallengeTable *challenge_table_free(ChallengeTable *table);
DEFINE_CLEANUP(ChallengeTable *, challenge_table_free)

/* Takes over *challenge (emptied) on 0. OVCERT_ERROR_LIMIT_EXCEEDED when a limit of SECURITY 6 says no. A login
 * challenge of the same sender for the same purpose replaces the former (one per connection). now: CLOCK_BOOTTIME
 * microseconds; lapsed ones are dropped first. */
int challenge_table_add(ChallengeTable *table, Challenge *challenge, uint64_t now);
/* Would the table refuse it? Of the challenge, sender, sender_uid, user and uid are looked at. False when not certain:
 * a former one of the same sender may give way. */
bool challenge_table_is_full(ChallengeTable *table, const Challenge *challenge, uint64_t now);
/* Removes it in any case where id exists for this sender and purpose, then checks sender, uid and deadline: 0 with *ret
 * filled, or OVCERT_ERROR_CHALLENGE_INVALID. An id tried from another connection stays with its owner. */
int challenge_table_take(ChallengeTable *table, const char *id, const char *sender, uid_t uid, StatementPurpose purpose,
                         uint64_t now, Challenge *ret);
void challenge_table_drop_sender(ChallengeTable *table, const char *sender); /* the connection is gone */
size_t challenge_table_count(const ChallengeTable *table);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The live challenges, in one flat array: at most CHALLENGE_MAX, so a walk is cheap and its length tells nothing about
 * an id. Used by the service in the state thread; must never hand a challenge out twice. */
#include "ovcertd/core/challenge.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "common/error.h"

struct ChallengeTable {
    Challenge items[CHALLENGE_MAX]; /* in order of arrival */
    size_t count;
};

void challenge_done(Challenge *challenge) {
    free(challenge->sender);
    free(challenge->user);
    free(challenge->service);
    free(challenge->tty);
    bytes_done(&challenge->certificate);
    bytes_list_done(&challenge->chain);
    *challenge = (Challenge){0};
}

ChallengeTable *challenge_table_new(void) {
    return calloc(1, sizeof(ChallengeTable));
}

ChallengeTable *challenge_table_free(ChallengeTable *table) {
    for (size_t i = 0; table && i < table->count; i++)
        challenge_done(&table->items[i]);
    free(table);
    return NULL;
}

static Challenge table_pull(ChallengeTable *table, size_t index) {
    Challenge pulled = table->items[index];
    table->count--;
    memmove(&table->items[index], &table->items[index + 1], (table->count - index) * sizeof(Challenge));
    table->items[table->count] = (Challenge){0};
    return pulled;
}

static void table_drop(ChallengeTable *table, size_t index) {
    Challenge dropped = table_pull(table, index);
    challenge_done(&dropped);
}

static void table_drop_lapsed(ChallengeTable *table, uint64_t now) {
    for (size_t i = table->count; i > 0; i--)
        if (now >= table->items[i - 1].deadline)
            table_drop(table, i - 1);
}

/* One login challenge per connection: the former one gives way. */
static void table_drop_former(ChallengeTable *table, const Challenge *challenge) {
    for (size_t i = table->count; challenge->purpose == STATEMENT_LOGIN && i > 0; i--)
        if (table->items[i - 1].purpose == STATEMENT_LOGIN &&
            strcmp(table->items[i - 1].sender, challenge->sender) == 0)
            table_drop(table, i - 1);
}

typedef struct Census {
    size_t of_uid;         /* of the same caller */
    size_t of_target;      /* for the same target, whoever asked */
    size_t root_of_target; /* for the same target, asked by root */
    size_t oldest;         /* index of the oldest of these */
} Census;

/* By name and uid: who names somebody else in a challenge of his own takes none of that one's places. */
static bool same_target(const Challenge *a, const Challenge *b) {
    return a->uid == b->uid && strcmp(a->user, b->user) == 0;
}

static Census table_census(const ChallengeTable *table, const Challenge *challenge) {
    Census census = {0};
    for (size_t i = table->count; i > 0; i--) {
        const Challenge *item = &table->items[i - 1];
        bool same = same_target(item, challenge);
        census.of_uid += item->sender_uid == challenge->sender_uid;
        census.of_target += same;
        if (!same || item->sender_uid != 0)
            continue;
        census.root_of_target++;
        census.oldest = i - 1;
    }
    return census;
}

typedef enum Room {
    ROOM_NONE,
    ROOM_FREE,
    ROOM_OF_THE_OLDEST, /* that root has for this target */
} Room;

static Room table_room(const ChallengeTable *table, const Census *census, const Challenge *challenge) {
    if (challenge->sender_uid != 0 && census->of_uid >= CHALLENGE_PER_UID)
        return ROOM_NONE;
    size_t limit = census->of_target > 0 ? CHALLENGE_MAX - CHALLENGE_RESERVED : CHALLENGE_MAX;
    bool full = table->count >= limit;
    if (challenge->sender_uid == 0 && census->root_of_target >= (full ? 1 : CHALLENGE_PER_TARGET))
        return ROOM_OF_THE_OLDEST;
    return full ? ROOM_NONE : ROOM_FREE;
}

static bool has_former(const ChallengeTable *table, const char *sender) {
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->items[i].sender, sender) == 0)
            return true;
    return false;
}

bool challenge_table_is_full(ChallengeTable *table, const Challenge *challenge, uint64_t now) {
    table_drop_lapsed(table, now);
    if (has_former(table, challenge->sender))
        return false;
    Census census = table_census(table, challenge);
    return table_room(table, &census, challenge) == ROOM_NONE;
}

int challenge_table_add(ChallengeTable *table, Challenge *challenge, uint64_t now) {
    assert(strlen(challenge->id) == CHALLENGE_ID_SIZE - 1 && challenge->sender && challenge->user);
    table_drop_lapsed(table, now);
    table_drop_former(table, challenge);
    Census census = table_census(table, challenge);
    Room room = table_room(table, &census, challenge);
    if (room == ROOM_NONE)
        return OVCERT_ERROR_LIMIT_EXCEEDED;
    if (room == ROOM_OF_THE_OLDEST)
        table_drop(table, census.oldest);
    table->items[table->count++] = *challenge;
    *challenge = (Challenge){0};
    return 0;
}

static bool id_equal(const char *id, const char *other, size_t other_size) {
    return other_size == CHALLENGE_ID_SIZE - 1 && sodium_memcmp(id, other, CHALLENGE_ID_SIZE - 1) == 0;
}

int challenge_table_take(ChallengeTable *table, const char *id, const char *sender, uid_t uid, StatementPurpose purpose,
                         uint64_t now, Challenge *ret) {
    size_t size = strnlen(id, CHALLENGE_ID_SIZE), found = CHALLENGE_MAX;
    for (size_t i = 0; i < table->count; i++)
        if (id_equal(table->items[i].id, id, size))
            found = i;
    if (found == CHALLENGE_MAX || strcmp(table->items[found].sender, sender) != 0 ||
        table->items[found].purpose != purpose)
        return OVCERT_ERROR_CHALLENGE_INVALID;
    /* Taken before anything is checked (SECURITY 5): an attempt that fails from here on has used it up. */
    Challenge CLEANUP(challenge_done) taken = table_pull(table, found);
    if (taken.sender_uid != uid || now >= taken.deadline)
        return OVCERT_ERROR_CHALLENGE_INVALID;
    *ret = taken;
    taken = (Challenge){0};
    return 0;
}

void challenge_table_drop_sender(ChallengeTable *table, const char *sender) {
    for (size_t i = table->count; i > 0; i--)
        if (strcmp(table->items[i - 1].sender, sender) == 0)
            table_drop(table, i - 1);
}

size_t challenge_table_count(const ChallengeTable *table) {
    return table->count;
}

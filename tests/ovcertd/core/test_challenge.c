/* SPDX-License-Identifier: BSD-2-Clause */
#include "ovcertd/core/challenge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/error.h"

#define NOW UINT64_C(1000000)
#define LIFE (UINT64_C(1000000) * CHALLENGE_SECONDS)

static int setup(void **state) {
    return (*state = challenge_table_new()) ? 0 : -1;
}

static int teardown(void **state) {
    (void) challenge_table_free(*state);
    return 0;
}

/* A different id for every number. */
static const char *id_of(unsigned number, char buffer[CHALLENGE_ID_SIZE]) {
    (void) snprintf(buffer, CHALLENGE_ID_SIZE, "%032x", number);
    return buffer;
}

static int add(ChallengeTable *table, unsigned number, const char *sender, uid_t uid, const char *user, uint64_t now) {
    Challenge CLEANUP(challenge_done) challenge = {
        .sender = strdup(sender),
        .sender_uid = uid,
        .purpose = STATEMENT_LOGIN,
        .user = strdup(user),
        .service = strdup("su"),
        .tty = strdup(""),
        .deadline = now + LIFE,
    };
    (void) id_of(number, challenge.id);
    return challenge_table_add(table, &challenge, now);
}

/* From a connection of its own, as every su has one. */
static int add_own(ChallengeTable *table, unsigned number, uid_t uid, const char *user, uint64_t now) {
    char sender[32];
    (void) snprintf(sender, sizeof sender, ":1.%u", number);
    return add(table, number, sender, uid, user, now);
}

static int take(ChallengeTable *table, unsigned number, const char *sender, uid_t uid, uint64_t now) {
    Challenge CLEANUP(challenge_done) challenge = {0};
    char id[CHALLENGE_ID_SIZE];
    return challenge_table_take(table, id_of(number, id), sender, uid, STATEMENT_LOGIN, now, &challenge);
}

static int take_own(ChallengeTable *table, unsigned number, uid_t uid, uint64_t now) {
    char sender[32];
    (void) snprintf(sender, sizeof sender, ":1.%u", number);
    return take(table, number, sender, uid, now);
}

static void test_take_rejects_what_was_never_added(void **state) {
    Challenge CLEANUP(challenge_done) challenge = {0};
    static const char *const ids[] = {"", "x", "00000000000000000000000000000001", "000000000000000000000000000000010",
                                      "0000000000000000000000000000000"};
    for (size_t i = 0; i < ELEMENTSOF(ids); i++)
        assert_int_equal(challenge_table_take(*state, ids[i], ":1.1", 0, STATEMENT_LOGIN, NOW, &challenge),
                         OVCERT_ERROR_CHALLENGE_INVALID);
}

static void test_take_rejects_ids_that_only_begin_alike(void **state) {
    Challenge CLEANUP(challenge_done) challenge = {0};
    assert_int_equal(add(*state, 1, ":1.1", 0, "demo", NOW), 0);
    assert_int_equal(
        challenge_table_take(*state, "0000000000000000000000000000000", ":1.1", 0, STATEMENT_LOGIN, NOW, &challenge),
        OVCERT_ERROR_CHALLENGE_INVALID);
    assert_int_equal(
        challenge_table_take(*state, "000000000000000000000000000000010", ":1.1", 0, STATEMENT_LOGIN, NOW, &challenge),
        OVCERT_ERROR_CHALLENGE_INVALID);
    assert_int_equal(take(*state, 1, ":1.1", 0, NOW), 0);
}

static void test_s3_take_rejects_second_use(void **state) {
    assert_int_equal(add(*state, 1, ":1.1", 0, "demo", NOW), 0);
    assert_int_equal(take(*state, 1, ":1.1", 0, NOW), 0);
    assert_int_equal(take(*state, 1, ":1.1", 0, NOW), OVCERT_ERROR_CHALLENGE_INVALID);
}

static void test_s3_take_rejects_the_deadline_itself(void **state) {
    assert_int_equal(add(*state, 1, ":1.1", 0, "demo", NOW), 0);
    assert_int_equal(take(*state, 1, ":1.1", 0, NOW + LIFE), OVCERT_ERROR_CHALLENGE_INVALID);
    assert_int_equal(challenge_table_count(*state), 0); /* consumed all the same */
    assert_int_equal(add(*state, 2, ":1.1", 0, "demo", NOW), 0);
    assert_int_equal(take(*state, 2, ":1.1", 0, NOW + LIFE - 1), 0);
}

static void test_s4_another_connection_gets_nothing_and_takes_nothing(void **state) {
    assert_int_equal(add(*state, 1, ":1.1", 1000, "demo", NOW), 0);
    assert_int_equal(take(*state, 1, ":1.2", 1000, NOW), OVCERT_ERROR_CHALLENGE_INVALID);
    assert_int_equal(take(*state, 1, ":1.1", 1000, NOW), 0);
}

static void test_s4_another_uid_uses_it_up(void **state) {
    assert_int_equal(add(*state, 1, ":1.1", 1000, "demo", NOW), 0);
    assert_int_equal(take(*state, 1, ":1.1", 1001, NOW), OVCERT_ERROR_CHALLENGE_INVALID);
    assert_int_equal(take(*state, 1, ":1.1", 1000, NOW), OVCERT_ERROR_CHALLENGE_INVALID);
}

static void test_another_purpose_gets_nothing(void **state) {
    Challenge CLEANUP(challenge_done) challenge = {0};
    char id[CHALLENGE_ID_SIZE];
    assert_int_equal(add(*state, 1, ":1.1", 1000, "demo", NOW), 0);
    assert_int_equal(challenge_table_take(*state, id_of(1, id), ":1.1", 1000, STATEMENT_ASSIGN, NOW, &challenge),
                     OVCERT_ERROR_CHALLENGE_INVALID);
    assert_int_equal(take(*state, 1, ":1.1", 1000, NOW), 0);
}

static void test_one_login_challenge_per_connection(void **state) {
    assert_int_equal(add(*state, 1, ":1.1", 0, "demo", NOW), 0);
    assert_int_equal(add(*state, 2, ":1.1", 0, "demo", NOW), 0);
    assert_int_equal(challenge_table_count(*state), 1);
    assert_int_equal(take(*state, 1, ":1.1", 0, NOW), OVCERT_ERROR_CHALLENGE_INVALID);
    assert_int_equal(take(*state, 2, ":1.1", 0, NOW), 0);
}

static void test_s6_four_live_ones_per_uid(void **state) {
    for (unsigned i = 0; i < CHALLENGE_PER_UID; i++)
        assert_int_equal(add_own(*state, i, 1000, "demo", NOW), 0);
    assert_int_equal(add_own(*state, 4, 1000, "demo", NOW), OVCERT_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(add_own(*state, 5, 1001, "other", NOW), 0);
    assert_int_equal(take_own(*state, 0, 1000, NOW), 0);
    assert_int_equal(add_own(*state, 6, 1000, "demo", NOW), 0);
}

static void test_s6_lapsed_ones_do_not_count(void **state) {
    for (unsigned i = 0; i < CHALLENGE_PER_UID; i++)
        assert_int_equal(add_own(*state, i, 1000, "demo", NOW), 0);
    assert_int_equal(add_own(*state, 4, 1000, "demo", NOW + LIFE), 0);
    assert_int_equal(challenge_table_count(*state), 1);
}

static void test_s6_root_evicts_the_oldest_of_the_same_target(void **state) {
    assert_int_equal(add_own(*state, 100, 1000, "demo", NOW), 0); /* demo's own is not root's to evict */
    for (unsigned i = 0; i <= CHALLENGE_PER_TARGET; i++)
        assert_int_equal(add_own(*state, i, 0, "demo", NOW + i), 0);
    assert_int_equal(take_own(*state, 0, 0, NOW + 20), OVCERT_ERROR_CHALLENGE_INVALID);
    for (unsigned i = 1; i <= CHALLENGE_PER_TARGET; i++)
        assert_int_equal(take_own(*state, i, 0, NOW + 20), 0);
    assert_int_equal(take_own(*state, 100, 1000, NOW + 20), 0);
}

/* As many stopped su as there are places, for as many targets as it takes to fill the part that is not reserved. */
static unsigned flood(ChallengeTable *table, unsigned targets) {
    unsigned number = 1000;
    for (unsigned target = 0; target < targets; target++)
        for (unsigned i = 0; i < CHALLENGE_PER_TARGET; i++) {
            char user[32];
            (void) snprintf(user, sizeof user, "u%u", target);
            (void) add_own(table, number++, 0, user, NOW);
        }
    return number;
}

static void test_s6_a_flood_leaves_room_for_targets_without_one(void **state) {
    unsigned number = flood(*state, 24);
    assert_int_equal(challenge_table_count(*state), CHALLENGE_MAX - CHALLENGE_RESERVED);
    assert_int_equal(add_own(*state, number, 1000, "u0", NOW), OVCERT_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(add_own(*state, number, 1000, "demo", NOW), 0);
    assert_int_equal(add_own(*state, number + 1, 0, "other", NOW), 0);
    assert_int_equal(add_own(*state, number + 2, 0, "u0", NOW), 0); /* evicts its own oldest */
    assert_int_equal(take_own(*state, number, 1000, NOW), 0);
}

/* One stopped su for somebody, when there is no more room, must not lock that one out. */
static void test_s6_a_stopped_su_gives_way_to_the_next_when_there_is_no_room(void **state) {
    unsigned number = flood(*state, 24);
    assert_int_equal(add_own(*state, number, 0, "demo", NOW), 0);
    size_t before = challenge_table_count(*state);
    assert_int_equal(add_own(*state, number + 1, 0, "demo", NOW), 0);
    assert_int_equal(challenge_table_count(*state), before);
    assert_int_equal(take_own(*state, number, 0, NOW), OVCERT_ERROR_CHALLENGE_INVALID);
    assert_int_equal(take_own(*state, number + 1, 0, NOW), 0);
}

static int add_for(ChallengeTable *table, unsigned number, uid_t uid, const char *user, uint32_t target) {
    Challenge CLEANUP(challenge_done) challenge = {
        .sender = strdup(number % 2 ? ":2.1" : ":2.2"),
        .sender_uid = uid,
        .purpose = STATEMENT_LOGIN,
        .user = strdup(user),
        .uid = target,
        .service = strdup("su"),
        .tty = strdup(""),
        .deadline = NOW + LIFE,
    };
    (void) id_of(number, challenge.id);
    return challenge_table_add(table, &challenge, NOW);
}

static void test_s6_naming_somebody_takes_none_of_his_places(void **state) {
    unsigned number = flood(*state, 24);
    assert_int_equal(add_for(*state, number, 1001, "demo", 1001), 0);
    assert_int_equal(add_for(*state, number + 1, 1000, "demo", 1000), 0);
}

static void test_s6_256_in_all(void **state) {
    unsigned number = flood(*state, 24);
    for (unsigned i = 0; i < CHALLENGE_RESERVED; i++) {
        char user[32];
        (void) snprintf(user, sizeof user, "late%u", i);
        assert_int_equal(add_own(*state, number++, 0, user, NOW), 0);
    }
    assert_int_equal(challenge_table_count(*state), CHALLENGE_MAX);
    assert_int_equal(add_own(*state, number, 0, "demo", NOW), OVCERT_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(add_own(*state, number, 0, "demo", NOW + LIFE), 0);
}

static void test_a_connection_that_goes_takes_its_challenges_along(void **state) {
    assert_int_equal(add(*state, 1, ":1.1", 0, "demo", NOW), 0);
    assert_int_equal(add(*state, 2, ":1.2", 0, "demo", NOW), 0);
    challenge_table_drop_sender(*state, ":1.1");
    assert_int_equal(take(*state, 1, ":1.1", 0, NOW), OVCERT_ERROR_CHALLENGE_INVALID);
    assert_int_equal(take(*state, 2, ":1.2", 0, NOW), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_take_rejects_what_was_never_added, setup, teardown),
        cmocka_unit_test_setup_teardown(test_take_rejects_ids_that_only_begin_alike, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s3_take_rejects_second_use, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s3_take_rejects_the_deadline_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s4_another_connection_gets_nothing_and_takes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s4_another_uid_uses_it_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_purpose_gets_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_login_challenge_per_connection, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s6_four_live_ones_per_uid, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s6_lapsed_ones_do_not_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s6_root_evicts_the_oldest_of_the_same_target, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s6_a_flood_leaves_room_for_targets_without_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s6_a_stopped_su_gives_way_to_the_next_when_there_is_no_room, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_s6_naming_somebody_takes_none_of_his_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s6_256_in_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_connection_that_goes_takes_its_challenges_along, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

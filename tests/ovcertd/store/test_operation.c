/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of operations. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/ovcertd/store/fixture.h"

enum { UNLINK = 1, DELETE_PROFILE = 2 };
enum { REQUESTED = 1, CONFIRMED, DONE, CANCELLED, LAPSED };

static OperationRow request(int64_t profile, int kind) {
    return (OperationRow){
        .profile = profile,
        .kind = kind,
        .state = REQUESTED,
        .until_assign = true,
        .opener = 1000,
        .opened = FIXTURE_NOW,
        .deadline = FIXTURE_NOW + 900,
    };
}

static void test_one_operation_of_a_kind_is_open_for_each_profile(void **state) {
    Store *store = ((Fixture *) *state)->store;
    char id[STORE_ID_SIZE], another[STORE_ID_SIZE];

    fixture_begin(store);
    int64_t demo = fixture_profile(store, "demo", 1000);
    int64_t other = fixture_profile(store, "other", 1001);
    OperationRow unlink = request(demo, UNLINK), delete = request(demo, DELETE_PROFILE),
                 others = request(other, UNLINK);
    assert_int_equal(store_operation_create(store, &unlink, id), 0);
    assert_int_equal(store_operation_create(store, &unlink, another), STORE_EXISTS);
    assert_int_equal(store_operation_create(store, &delete, another), 0);
    assert_int_equal(store_operation_create(store, &others, another), 0);
    assert_int_equal(store_operation_set(store, id, CONFIRMED, FIXTURE_NOW + 900), 0);
    assert_int_equal(store_operation_create(store, &unlink, another), STORE_EXISTS);
    for (int closed = DONE; closed <= LAPSED; closed++) {
        assert_int_equal(store_operation_set(store, id, closed, 0), 0);
        assert_int_equal(store_operation_create(store, &unlink, id), 0);
    }
    fixture_commit(store);
}

static void test_a_closed_operation_cannot_be_opened_beside_an_open_one(void **state) {
    Store *store = ((Fixture *) *state)->store;
    char first[STORE_ID_SIZE], second[STORE_ID_SIZE];

    fixture_begin(store);
    OperationRow row = request(fixture_profile(store, "demo", 1000), UNLINK);
    assert_int_equal(store_operation_create(store, &row, first), 0);
    assert_int_equal(store_operation_set(store, first, CANCELLED, 0), 0);
    assert_int_equal(store_operation_create(store, &row, second), 0);
    assert_int_equal(store_operation_set(store, first, REQUESTED, 0), STORE_EXISTS);
    fixture_commit(store);
}

static void test_unknown_kinds_states_and_operations_are_refused(void **state) {
    Store *store = ((Fixture *) *state)->store;
    char id[STORE_ID_SIZE];
    OperationRow row;

    fixture_begin(store);
    OperationRow good = request(fixture_profile(store, "demo", 1000), UNLINK);
    OperationRow orphan = request(good.profile + 1, UNLINK), kind = request(good.profile, 3), state_zero = good;
    state_zero.state = 0;
    assert_int_equal(store_operation_create(store, &orphan, id), STORE_NOT_FOUND);
    assert_int_equal(store_operation_create(store, &kind, id), -EINVAL);
    assert_int_equal(store_operation_create(store, &state_zero, id), -EINVAL);
    assert_int_equal(store_operation_create(store, &good, id), 0);
    assert_int_equal(store_operation_set(store, id, 6, 0), -EINVAL);
    assert_int_equal(store_operation_set(store, "no id", DONE, 0), STORE_NOT_FOUND);
    assert_int_equal(store_operation_get(store, "no id", &row), STORE_NOT_FOUND);
    fixture_commit(store);
}

static void test_an_operation_survives_a_restart_whole(void **state) {
    Fixture *fixture = *state;
    char id[STORE_ID_SIZE];
    OperationRow row = {0};

    fixture_begin(fixture->store);
    OperationRow made = request(fixture_profile(fixture->store, "demo", 1000), DELETE_PROFILE);
    assert_int_equal(store_operation_create(fixture->store, &made, id), 0);
    assert_int_equal(store_operation_set(fixture->store, id, CONFIRMED, FIXTURE_NOW + 86400), 0);
    fixture_commit(fixture->store);
    fixture_reopen(fixture);
    assert_int_equal(store_operation_get(fixture->store, id, &row), 0);
    assert_string_equal(row.id, id);
    assert_int_equal(strlen(row.id), 32);
    assert_int_equal(row.profile, made.profile);
    assert_int_equal(row.kind, DELETE_PROFILE);
    assert_int_equal(row.state, CONFIRMED);
    assert_true(row.until_assign);
    assert_int_equal(row.opener, 1000);
    assert_int_equal(row.opened, FIXTURE_NOW);
    assert_int_equal(row.deadline, FIXTURE_NOW + 86400);
}

static void test_lists_hold_open_operations_only(void **state) {
    Store *store = ((Fixture *) *state)->store;
    char unlink_id[STORE_ID_SIZE], delete_id[STORE_ID_SIZE];
    OperationRow *rows = NULL;
    size_t count = 0;

    fixture_begin(store);
    int64_t demo = fixture_profile(store, "demo", 1000);
    OperationRow unlink = request(demo, UNLINK), delete = request(demo, DELETE_PROFILE);
    assert_int_equal(store_operation_create(store, &delete, delete_id), 0);
    assert_int_equal(store_operation_create(store, &unlink, unlink_id), 0);
    assert_int_equal(store_operation_list_open(store, demo, &rows, &count), 0);
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].id, unlink_id);
    rows = operation_rows_free(rows, count);
    assert_int_equal(store_operation_set(store, delete_id, CANCELLED, FIXTURE_NOW), 0);
    assert_int_equal(store_operation_list_open(store, demo, &rows, &count), 0);
    assert_int_equal(count, 1);
    rows = operation_rows_free(rows, count);
    assert_int_equal(store_operation_list_open(store, demo + 1, &rows, &count), 0);
    assert_int_equal(count, 0);
    fixture_commit(store);
}

static void test_due_operations_are_open_ones_whose_deadline_has_come(void **state) {
    Store *store = ((Fixture *) *state)->store;
    char id[STORE_ID_SIZE], late[STORE_ID_SIZE];
    OperationRow *rows = NULL;
    size_t count = 0;

    fixture_begin(store);
    int64_t demo = fixture_profile(store, "demo", 1000);
    OperationRow unlink = request(demo, UNLINK), delete = request(demo, DELETE_PROFILE);
    delete.deadline--;
    assert_int_equal(store_operation_create(store, &unlink, id), 0);
    assert_int_equal(store_operation_create(store, &delete, late), 0);
    assert_int_equal(store_operation_list_due(store, delete.deadline - 1, &rows, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(store_operation_list_due(store, unlink.deadline, &rows, &count), 0);
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].id, late);
    rows = operation_rows_free(rows, count);
    assert_int_equal(store_operation_set(store, late, LAPSED, delete.deadline), 0);
    assert_int_equal(store_operation_list_due(store, unlink.deadline, &rows, &count), 0);
    assert_int_equal(count, 1);
    operation_rows_free(rows, count);
    fixture_commit(store);
}

static void test_s31_ids_do_not_repeat(void **state) {
    Store *store = ((Fixture *) *state)->store;
    char ids[64][STORE_ID_SIZE];

    fixture_begin(store);
    OperationRow row = request(fixture_profile(store, "demo", 1000), UNLINK);
    row.state = DONE;
    for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
        assert_int_equal(store_operation_create(store, &row, ids[i]), 0);
        assert_int_equal(strspn(ids[i], "0123456789abcdef"), 128 / 4);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(ids[i], ids[j]);
    }
    fixture_commit(store);
}

#define OPERATION_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        OPERATION_TEST(test_one_operation_of_a_kind_is_open_for_each_profile),
        OPERATION_TEST(test_a_closed_operation_cannot_be_opened_beside_an_open_one),
        OPERATION_TEST(test_unknown_kinds_states_and_operations_are_refused),
        OPERATION_TEST(test_an_operation_survives_a_restart_whole),
        OPERATION_TEST(test_lists_hold_open_operations_only),
        OPERATION_TEST(test_due_operations_are_open_ones_whose_deadline_has_come),
        OPERATION_TEST(test_s31_ids_do_not_repeat),
    };
    return cmocka_run_group_tests_name("store: operation", tests, NULL, NULL);
}

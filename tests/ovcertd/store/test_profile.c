/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of profiles and settings. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/ovcertd/store/fixture.h"

static int create(Store *store, const char *name, ProfileKind kind, uint32_t uid) {
    CLEANUP(profile_row_done) ProfileRow row = {.kind = kind, .uid = uid, .created = FIXTURE_NOW};
    int64_t id = 0;

    row.name = strdup(name);
    assert_non_null(row.name);
    return store_profile_create(store, &row, &id);
}

static void test_a_name_is_unique(void **state) {
    Store *store = ((Fixture *) *state)->store;

    fixture_begin(store);
    assert_int_equal(create(store, "demo", PROFILE_UNIX, 1000), 0);
    assert_int_equal(create(store, "demo", PROFILE_UNIX, 1001), STORE_EXISTS);
    assert_int_equal(create(store, "demo", PROFILE_PORTAL, STORE_UID_NONE), STORE_EXISTS);
    assert_int_equal(create(store, "Demo", PROFILE_UNIX, 1002), 0); /* another name */
    fixture_commit(store);
}

static void test_s42_a_uid_is_unique_among_unix_profiles(void **state) {
    Store *store = ((Fixture *) *state)->store;

    fixture_begin(store);
    assert_int_equal(create(store, "demo", PROFILE_UNIX, 1000), 0);
    assert_int_equal(create(store, "other", PROFILE_UNIX, 1000), STORE_EXISTS);
    assert_int_equal(create(store, "portal-1", PROFILE_PORTAL, STORE_UID_NONE), 0);
    assert_int_equal(create(store, "portal-2", PROFILE_PORTAL, STORE_UID_NONE), 0);
    fixture_commit(store);
}

static void test_kind_and_uid_must_agree(void **state) {
    Store *store = ((Fixture *) *state)->store;

    fixture_begin(store);
    assert_int_equal(create(store, "demo", PROFILE_UNIX, STORE_UID_NONE), -EINVAL);
    assert_int_equal(create(store, "demo", PROFILE_PORTAL, 1000), -EINVAL);
    assert_int_equal(create(store, "demo", (ProfileKind) 3, STORE_UID_NONE), -EINVAL);
    assert_int_equal(create(store, "", PROFILE_UNIX, 1000), -EINVAL);
    fixture_commit(store);
}

static void test_unknown_profiles_are_not_found(void **state) {
    Store *store = ((Fixture *) *state)->store;
    ProfileRow row = {0};

    assert_int_equal(store_profile_by_name(store, "demo", &row), STORE_NOT_FOUND);
    assert_int_equal(store_profile_by_uid(store, 1000, &row), STORE_NOT_FOUND);
    assert_int_equal(store_profile_by_uid(store, STORE_UID_NONE, &row), STORE_NOT_FOUND);
    assert_int_equal(store_profile_by_id(store, 1, &row), STORE_NOT_FOUND);
    fixture_begin(store);
    assert_int_equal(store_profile_set_holder(store, 1, "x"), STORE_NOT_FOUND);
    assert_int_equal(store_profile_set_block(store, 1, true, "x"), STORE_NOT_FOUND);
    assert_int_equal(store_profile_set_last_login(store, 1, 1), STORE_NOT_FOUND);
    assert_int_equal(store_profile_delete(store, 1), STORE_NOT_FOUND);
    assert_int_equal(store_end(store, true), 0);
    assert_null(row.name);
}

static void test_s35_an_edited_row_is_not_trusted(void **state) {
    static const char *const edits[] = {
        "UPDATE profile SET blocked = 2",
        "UPDATE profile SET kind = 2",
        "UPDATE profile SET uid = -1",
        "UPDATE profile SET uid = 4294967295",
        "UPDATE profile SET holder = CAST(x'610062' AS TEXT)",
    };
    Fixture *fixture = *state;
    ProfileRow row = {0};

    fixture_begin(fixture->store);
    int64_t id = fixture_profile(fixture->store, "demo", 1000);
    fixture_commit(fixture->store);
    for (size_t i = 0; i < ELEMENTSOF(edits); i++) {
        char *sql = sqlite3_mprintf("PRAGMA ignore_check_constraints = ON; %s", edits[i]);
        fixture_sql(fixture, sql);
        sqlite3_free(sql);
        assert_int_equal(store_profile_by_id(fixture->store, id, &row), -EUCLEAN);
        fixture_sql(fixture, "UPDATE profile SET blocked = 0, kind = 1, uid = 1000, holder = ''");
    }
    assert_int_equal(store_profile_by_id(fixture->store, id, &row), 0);
    profile_row_done(&row);
}

static void test_every_field_comes_back(void **state) {
    CLEANUP(profile_row_done) ProfileRow row = {0};
    Fixture *fixture = *state;

    fixture_begin(fixture->store);
    int64_t id = fixture_profile(fixture->store, "demo", 4294967294u);
    assert_int_equal(store_profile_set_holder(fixture->store, id, "99999999R"), 0);
    assert_int_equal(store_profile_set_block(fixture->store, id, true, "card lost"), 0);
    assert_int_equal(store_profile_set_last_login(fixture->store, id, FIXTURE_NOW + 5), 0);
    fixture_commit(fixture->store);
    fixture_reopen(fixture);
    assert_int_equal(store_profile_by_uid(fixture->store, 4294967294u, &row), 0);
    assert_int_equal(row.id, id);
    assert_string_equal(row.name, "demo");
    assert_int_equal(row.kind, PROFILE_UNIX);
    assert_string_equal(row.holder, "99999999R");
    assert_true(row.blocked);
    assert_string_equal(row.block_reason, "card lost");
    assert_int_equal(row.created, FIXTURE_NOW);
    assert_int_equal(row.last_login, FIXTURE_NOW + 5);
}

static void test_a_portal_profile_has_no_uid(void **state) {
    CLEANUP(profile_row_done) ProfileRow row = {0};
    Store *store = ((Fixture *) *state)->store;

    fixture_begin(store);
    assert_int_equal(create(store, "demo", PROFILE_PORTAL, STORE_UID_NONE), 0);
    fixture_commit(store);
    assert_int_equal(store_profile_by_name(store, "demo", &row), 0);
    assert_int_equal(row.kind, PROFILE_PORTAL);
    assert_true(row.uid == STORE_UID_NONE);
}

/* In octet order. */
static const char *const odd_names[] = {
    "\x01", " a", "%", "'; DROP TABLE profile; --", "A", "_", "a", "a b", "aa", "root\n", "\xc3\xb1u", "\xff\xfe",
};

static void test_names_may_hold_any_octet(void **state) {
    Fixture *fixture = *state;

    fixture_begin(fixture->store);
    for (size_t i = 0; i < ELEMENTSOF(odd_names); i++)
        fixture_profile(fixture->store, odd_names[i], (uint32_t) i);
    fixture_commit(fixture->store);
    fixture_reopen(fixture);
    for (size_t i = 0; i < ELEMENTSOF(odd_names); i++) {
        CLEANUP(profile_row_done) ProfileRow row = {0};
        assert_int_equal(store_profile_by_name(fixture->store, odd_names[i], &row), 0);
        assert_string_equal(row.name, odd_names[i]);
        assert_int_equal(row.uid, i);
    }
}

static void test_the_list_goes_on_after_the_cursor_in_octet_order(void **state) {
    Fixture *fixture = *state;
    const char *after = "";
    size_t seen = 0;

    fixture_begin(fixture->store);
    for (size_t i = ELEMENTSOF(odd_names); i > 0; i--)
        fixture_profile(fixture->store, odd_names[i - 1], (uint32_t) i);
    fixture_commit(fixture->store);
    for (;;) {
        ProfileRow *rows = NULL;
        size_t count = 0;
        assert_int_equal(store_profile_list(fixture->store, after, 5, &rows, &count), 0);
        for (size_t i = 0; i < count; i++)
            assert_string_equal(rows[i].name, odd_names[seen++]);
        rows = profile_rows_free(rows, count);
        if (count < 5)
            break;
        after = odd_names[seen - 1];
    }
    assert_int_equal(seen, ELEMENTSOF(odd_names));
}

static void test_a_list_is_cut_at_1000_rows(void **state) {
    Fixture *fixture = *state;
    ProfileRow *rows = NULL;
    size_t count = 1;

    fixture_begin(fixture->store);
    for (uint32_t i = 0; i < 1001; i++) {
        char *name = sqlite3_mprintf("user-%04u", i);
        fixture_profile(fixture->store, name, i);
        sqlite3_free(name);
    }
    fixture_commit(fixture->store);
    assert_int_equal(store_profile_list(fixture->store, "", 0, &rows, &count), 0);
    assert_int_equal(count, 0);
    assert_null(rows);
    assert_int_equal(store_profile_list(fixture->store, NULL, UINT32_MAX, &rows, &count), 0);
    assert_int_equal(count, 1000);
    assert_string_equal(rows[999].name, "user-0999");
    profile_rows_free(rows, count);
}

static void test_a_deleted_profile_takes_everything_of_its_own_along(void **state) {
    static const char *const tables[] = {"profile", "association", "candidate", "operation", "certificate"};
    Fixture *fixture = *state;
    Store *store = fixture->store;
    OperationRow operation = {.kind = 1, .state = 1, .opened = 1, .deadline = 2};
    char id[STORE_ID_SIZE];
    int64_t association = 0;

    fixture_begin(store);
    int64_t demo = fixture_profile(store, "demo", 1000);
    int64_t old = fixture_certificate(store, "old", FIXTURE_SUBJECT);
    int64_t new = fixture_certificate(store, "new", FIXTURE_SUBJECT);
    assert_int_equal(store_association_create(store, demo, old, 1, 0, true, &association), 0);
    assert_int_equal(store_association_end(store, association, 2, 0, "renewed"), 0);
    assert_int_equal(store_association_create(store, demo, new, 3, 0, true, &association), 0);
    assert_int_equal(store_candidate_create(store, demo, old, 1, 2, 1000, id), 0);
    operation.profile = demo;
    assert_int_equal(store_operation_create(store, &operation, id), 0);
    assert_int_equal(store_profile_delete(store, demo), 0);
    fixture_commit(store);
    for (size_t i = 0; i < ELEMENTSOF(tables); i++) {
        char *sql = sqlite3_mprintf("SELECT count(*) FROM %s", tables[i]);
        assert_int_equal(fixture_number(fixture, sql), 0);
        sqlite3_free(sql);
    }
}

static void test_a_deleted_profile_leaves_what_others_have(void **state) {
    CLEANUP(association_row_done) AssociationRow row = {0};
    Store *store = ((Fixture *) *state)->store;
    int64_t association = 0;

    fixture_begin(store);
    int64_t demo = fixture_profile(store, "demo", 1000);
    int64_t other = fixture_profile(store, "other", 1001);
    int64_t shared = fixture_certificate(store, "shared", FIXTURE_SUBJECT);
    assert_int_equal(store_association_create(store, demo, shared, 1, 0, true, &association), 0);
    assert_int_equal(store_association_end(store, association, 2, 0, "moved"), 0);
    assert_int_equal(store_association_create(store, other, shared, 3, 0, true, &association), 0);
    assert_int_equal(store_profile_delete(store, demo), 0);
    fixture_commit(store);
    assert_int_equal(store_association_active(store, other, &row), 0);
    assert_int_equal(row.certificate.id, shared);
}

static void test_s42_a_deleted_profiles_id_is_never_used_again(void **state) {
    Fixture *fixture = *state;

    fixture_begin(fixture->store);
    int64_t first = fixture_profile(fixture->store, "demo", 1000);
    assert_int_equal(store_profile_delete(fixture->store, first), 0);
    fixture_commit(fixture->store);
    fixture_reopen(fixture);
    fixture_begin(fixture->store);
    assert_true(fixture_profile(fixture->store, "demo", 1000) > first);
    fixture_commit(fixture->store);
}

static void test_a_value_past_the_size_limit_is_refused(void **state) {
    static uint8_t large[1024 * 1024 + 1];
    Store *store = ((Fixture *) *state)->store;

    fixture_begin(store);
    assert_int_equal(store_setting_set(store, "clock-floor", (View){.data = large, .size = sizeof(large)}), -EMSGSIZE);
    fixture_profile(store, "demo", 1000); /* and the request goes on */
    fixture_commit(store);
}

static void test_settings_keep_the_last_value(void **state) {
    static const uint8_t octets[] = {0, 1, 0xff};
    CLEANUP(bytes_done) Bytes value = {0};
    CLEANUP(bytes_done) Bytes empty = {0};
    Fixture *fixture = *state;

    assert_int_equal(store_setting_get(fixture->store, "clock-floor", &value), STORE_NOT_FOUND);
    fixture_begin(fixture->store);
    assert_int_equal(store_setting_set(fixture->store, "store.scrub", (View){0}), -EINVAL);
    assert_int_equal(store_setting_set(fixture->store, "clock-floor", (View){0}), 0);
    assert_int_equal(store_setting_get(fixture->store, "clock-floor", &empty), 0);
    assert_int_equal(empty.size, 0);
    assert_int_equal(store_setting_set(fixture->store, "clock-floor", (View){.data = octets, .size = 3}), 0);
    fixture_commit(fixture->store);
    fixture_reopen(fixture);
    assert_int_equal(store_setting_get(fixture->store, "clock-floor", &value), 0);
    assert_int_equal(value.size, 3);
    assert_memory_equal(value.data, octets, 3);
}

#define PROFILE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        PROFILE_TEST(test_a_name_is_unique),
        PROFILE_TEST(test_s42_a_uid_is_unique_among_unix_profiles),
        PROFILE_TEST(test_kind_and_uid_must_agree),
        PROFILE_TEST(test_unknown_profiles_are_not_found),
        PROFILE_TEST(test_s35_an_edited_row_is_not_trusted),
        PROFILE_TEST(test_every_field_comes_back),
        PROFILE_TEST(test_a_portal_profile_has_no_uid),
        PROFILE_TEST(test_names_may_hold_any_octet),
        PROFILE_TEST(test_the_list_goes_on_after_the_cursor_in_octet_order),
        PROFILE_TEST(test_a_list_is_cut_at_1000_rows),
        PROFILE_TEST(test_a_deleted_profile_takes_everything_of_its_own_along),
        PROFILE_TEST(test_a_deleted_profile_leaves_what_others_have),
        PROFILE_TEST(test_s42_a_deleted_profiles_id_is_never_used_again),
        PROFILE_TEST(test_a_value_past_the_size_limit_is_refused),
        PROFILE_TEST(test_settings_keep_the_last_value),
    };
    return cmocka_run_group_tests_name("store: profile", tests, NULL, NULL);
}

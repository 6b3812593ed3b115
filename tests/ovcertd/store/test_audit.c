/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the audit chain: any edit shows, a person can be erased without a trace and without breaking it (SECURITY
 * 37). */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ovcertd/store/audit_chain.h"
#include "tests/ovcertd/store/fixture.h"

#define ROWS 5u

/* Five rows: a person in all, a subject in most, none in the last. */
static int setup_rows(void **state) {
    assert_int_equal(fixture_setup(state), 0);
    Store *store = ((Fixture *) *state)->store;

    fixture_begin(store);
    fixture_audit(store, "profile-created", "demo", NULL);
    fixture_audit(store, "assigned", "demo", FIXTURE_SUBJECT);
    fixture_audit(store, "login", "other", "CN=other");
    fixture_audit(store, "login-refused", "demo", FIXTURE_SUBJECT);
    fixture_audit(store, "started", NULL, NULL);
    fixture_commit(store);
    return 0;
}

/* The problem that verification tells of, NULL when all is well; caller frees. */
static char *verify(Store *store) {
    char *problem = NULL;
    uint64_t checked = 0;

    assert_int_equal(store_audit_verify(store, 0, 1000, &checked, &problem), 0);
    if (!problem)
        assert_int_equal(checked, ROWS);
    return problem;
}

static void assert_whole(const Fixture *fixture) {
    char *problem = verify(fixture->store);

    if (problem)
        fail_msg("%s", problem);
}

static void assert_broken(const Fixture *fixture, const char *what) {
    char *problem = verify(fixture->store);

    if (!problem)
        fail_msg("nothing found after: %s", what);
    free(problem);
}

/* Runs the edit without any of the schema's rules, looks, and puts everything back. */
static void assert_edit_shows(const Fixture *fixture, const char *edit) {
    static const char save[] =
        "PRAGMA ignore_check_constraints = ON;"
        "CREATE TABLE saved AS SELECT * FROM audit;"
        "CREATE TABLE saved_person AS SELECT * FROM audit_person;";

    char *sql = sqlite3_mprintf("%s%s", save, edit);
    fixture_sql(fixture, sql);
    sqlite3_free(sql);
    assert_broken(fixture, edit);
    fixture_sql(fixture,
                "DELETE FROM audit; INSERT INTO audit SELECT * FROM saved; DROP TABLE saved;"
                "DELETE FROM audit_person; INSERT INTO audit_person SELECT * FROM saved_person;"
                "DROP TABLE saved_person");
    assert_whole(fixture);
}

static void test_s37_an_edit_of_any_column_of_any_row_shows(void **state) {
    static const char *const edits[] = {
        "time = time + 1",
        "event = event || 'x'",
        "actor = actor + 1",
        "outcome = 'denied'",
        "detail = ''",
        "profile_commitment = randomblob(32)",
        "subject_commitment = randomblob(32)",
        "hash = randomblob(32)",
        "seq = seq + 1000",
        "event = outcome, outcome = event",
        "hash = x'00'",
        "detail = CAST(x'00' AS TEXT)",
        "actor = -1",
    };
    const Fixture *fixture = *state;

    for (unsigned row = 1; row <= ROWS; row++)
        for (size_t i = 0; i < ELEMENTSOF(edits); i++) {
            char *sql = sqlite3_mprintf("UPDATE audit SET %s WHERE seq = %u", edits[i], row);
            assert_edit_shows(fixture, sql);
            sqlite3_free(sql);
        }
}

static void test_s37_an_edit_of_a_person_shows(void **state) {
    static const char *const edits[] = {
        "name = name || 'x'",
        "name = CAST(x'00' AS TEXT)",
        "salt = randomblob(32)",
        "salt = x'00'",
    };
    const Fixture *fixture = *state;

    for (unsigned row = 1; row < ROWS; row++)
        for (unsigned field = 1; field <= (row == 1 ? 1u : 2u); field++) /* the first row has no subject */
            for (size_t i = 0; i < ELEMENTSOF(edits); i++) {
                char *sql =
                    sqlite3_mprintf("UPDATE audit_person SET %s WHERE seq = %u AND field = %u", edits[i], row, field);
                assert_edit_shows(fixture, sql);
                sqlite3_free(sql);
            }
    assert_edit_shows(fixture, "UPDATE audit_person SET field = 2 WHERE seq = 1");
}

static void test_s37_a_person_given_to_a_row_without_one_shows(void **state) {
    assert_edit_shows(*state, "INSERT INTO audit_person VALUES (5, 1, 'demo', randomblob(32))");
    assert_edit_shows(*state, "INSERT INTO audit_person VALUES (1, 2, 'CN=demo', randomblob(32))");
}

static void test_s37_removing_inserting_and_reordering_show(void **state) {
    const Fixture *fixture = *state;

    for (unsigned row = 1; row < ROWS; row++) {
        char *sql = sqlite3_mprintf("DELETE FROM audit WHERE seq = %u", row);
        assert_edit_shows(fixture, sql);
        sqlite3_free(sql);
        sql = sqlite3_mprintf("DELETE FROM audit WHERE seq = %u; UPDATE audit SET seq = seq - 1 WHERE seq > %u", row,
                              row);
        assert_edit_shows(fixture, sql);
        sqlite3_free(sql);
    }
    assert_edit_shows(fixture,
                      "UPDATE audit SET seq = 100 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3;"
                      "UPDATE audit SET seq = 3 WHERE seq = 100");
    assert_edit_shows(fixture,
                      "INSERT INTO audit SELECT 6, time, event, actor, outcome, detail, profile_commitment,"
                      " subject_commitment, hash FROM audit WHERE seq = 5");
}

static void test_s37_a_cut_tail_shows_against_a_kept_head(void **state) {
    const Fixture *fixture = *state;
    uint8_t journalled[32], hash[32];
    uint64_t journalled_seq = 0, seq = 0;

    assert_int_equal(store_audit_head(fixture->store, &journalled_seq, journalled), 0);
    assert_int_equal(journalled_seq, ROWS);
    fixture_sql(fixture, "DELETE FROM audit WHERE seq > 3");
    assert_int_equal(store_audit_head(fixture->store, &seq, hash), 0);
    assert_true(seq < journalled_seq);
    /* Written on past the head: the number fits again, the hash does not. */
    fixture_sql(fixture, "DELETE FROM audit_person WHERE seq > 3");
    fixture_begin(fixture->store);
    fixture_audit(fixture->store, "login", "demo", FIXTURE_SUBJECT);
    fixture_audit(fixture->store, "started", NULL, NULL);
    fixture_commit(fixture->store);
    assert_int_equal(store_audit_head(fixture->store, &seq, hash), 0);
    assert_int_equal(seq, journalled_seq);
    assert_memory_not_equal(hash, journalled, sizeof(hash));
}

static void test_verification_tells_which_row(void **state) {
    const Fixture *fixture = *state;
    char *problem = NULL;
    uint64_t checked = 0;

    fixture_sql(fixture, "UPDATE audit SET outcome = 'denied' WHERE seq = 3");
    assert_int_equal(store_audit_verify(fixture->store, 0, 1000, &checked, &problem), 0);
    assert_int_equal(checked, 2);
    assert_non_null(strstr(problem, "audit row 3"));
    free(problem);
}

static void test_verification_goes_on_from_where_it_stopped(void **state) {
    const Fixture *fixture = *state;
    char *problem = NULL;
    uint64_t checked = 0;

    assert_int_equal(store_audit_verify(fixture->store, 0, 2, &checked, &problem), 0);
    assert_int_equal(checked, 2);
    assert_int_equal(store_audit_verify(fixture->store, 2, 2, &checked, &problem), 0);
    assert_int_equal(checked, 4);
    assert_int_equal(store_audit_verify(fixture->store, 4, 2, &checked, &problem), 0);
    assert_int_equal(checked, 5);
    assert_int_equal(store_audit_verify(fixture->store, 5, 2, &checked, &problem), 0);
    assert_int_equal(checked, 5);
    assert_null(problem);
    assert_int_equal(store_audit_verify(fixture->store, 6, 2, &checked, &problem), 0);
    assert_non_null(problem); /* there is no row 6 to go on from */
    free(problem);
}

static void test_the_head_before_the_first_row_is_zero(void **state) {
    Store *store = ((Fixture *) *state)->store;
    const uint8_t zero[32] = {0};
    char *problem = NULL;
    uint8_t hash[32];
    uint64_t seq = 7;

    assert_int_equal(store_audit_head(store, &seq, hash), 0);
    assert_int_equal(seq, 0);
    assert_memory_equal(hash, zero, sizeof(hash));
    assert_int_equal(store_audit_verify(store, 0, 10, &seq, &problem), 0);
    assert_int_equal(seq, 0);
    assert_null(problem);
}

/* By hand from audit_chain.h's description: whoever checks the chain with another tool gets the same. */
static void test_the_hash_is_the_documented_one(void **state) {
    static const uint8_t tail[] =
        "\0\0\0\0\0\0\0\7"                 /* seq */
        "\xff\xff\xff\xff\xff\xff\xff\xff" /* time -1 */
        "\0\0\3\xe8"                       /* actor */
        "\0\0\0\5login\0\0\0\2ok\0\0\0\0"  /* event, outcome, detail */
        "\0\0\0\0\0\0\0 ";                 /* no profile; the subject's 32 octets follow */
    char event[] = "login", outcome[] = "ok", detail[] = "";
    const AuditRow row = {.seq = 7, .time = -1, .actor = 1000, .event = event, .outcome = outcome, .detail = detail};
    const AuditCommitment absent = {0}, subject = {.present = true, .octets = {9}};
    uint8_t previous[32] = {4}, expected[32], hash[32];
    uint8_t input[19 + 32 + sizeof(tail) - 1 + 32] = "ovcert audit row 1";

    (void) state;
    (void) memcpy(input + 19, previous, 32); /* each returns its first argument */
    (void) memcpy(input + 19 + 32, tail, sizeof(tail) - 1);
    (void) memcpy(input + 19 + 32 + sizeof(tail) - 1, subject.octets, 32);
    assert_int_equal(crypto_generichash(expected, 32, input, sizeof(input), NULL, 0), 0);
    audit_chain_hash(previous, &row, &absent, &subject, hash);
    assert_memory_equal(hash, expected, 32);
}

static void test_equal_entries_share_neither_commitment_nor_salt(void **state) {
    const Fixture *fixture = *state;

    assert_int_equal(fixture_number(fixture, "SELECT count(DISTINCT profile_commitment) FROM audit"), 4);
    assert_int_equal(fixture_number(fixture, "SELECT count(DISTINCT salt) FROM audit_person"), 7);
}

static void test_a_list_starts_after_the_cursor_and_may_be_one_profiles(void **state) {
    Store *store = ((Fixture *) *state)->store;
    AuditRow *rows = NULL;
    size_t count = 0;

    assert_int_equal(store_audit_list(store, NULL, 1, 2, &rows, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].seq, 2);
    assert_string_equal(rows[0].event, "assigned");
    assert_string_equal(rows[0].outcome, "ok");
    assert_string_equal(rows[0].detail, "service=login");
    assert_string_equal(rows[0].profile, "demo");
    assert_string_equal(rows[0].subject, FIXTURE_SUBJECT);
    assert_int_equal(rows[0].time, FIXTURE_NOW);
    rows = audit_rows_free(rows, count);
    assert_int_equal(store_audit_list(store, "demo", 1, 10, &rows, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(rows[1].seq, 4);
    rows = audit_rows_free(rows, count);
    assert_int_equal(store_audit_list(store, NULL, UINT64_MAX, 10, &rows, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(store_audit_list(store, "nobody", 0, 10, &rows, &count), 0);
    assert_int_equal(count, 0);
}

static void test_an_undone_request_leaves_no_audit_row(void **state) {
    const Fixture *fixture = *state;

    fixture_begin(fixture->store);
    fixture_audit(fixture->store, "login", "demo", NULL);
    assert_int_equal(store_end(fixture->store, false), 0);
    fixture_begin(fixture->store);
    assert_int_equal(store_end(fixture->store, true), 0);
    assert_whole(fixture);
}

static void test_s37_erasing_a_person_leaves_the_chain_whole(void **state) {
    Fixture *fixture = *state;
    AuditRow *rows = NULL;
    size_t count = 0;

    fixture_begin(fixture->store);
    assert_int_equal(store_audit_erase_person(fixture->store, "demo"), 0);
    fixture_commit(fixture->store);
    assert_whole(fixture);
    assert_int_equal(store_audit_list(fixture->store, NULL, 0, 10, &rows, &count), 0);
    assert_int_equal(count, ROWS);
    assert_null(rows[1].profile);
    assert_null(rows[1].subject);
    assert_string_equal(rows[1].event, "assigned");
    assert_string_equal(rows[2].profile, "other");
    audit_rows_free(rows, count);
    fixture_reopen(fixture);
    assert_whole(fixture);
}

static void test_erasing_a_person_can_be_undone_until_the_request_ends(void **state) {
    Fixture *fixture = *state;
    AuditRow *rows = NULL;
    size_t count = 0;

    fixture_begin(fixture->store);
    assert_int_equal(store_audit_erase_person(fixture->store, "demo"), 0);
    assert_int_equal(store_end(fixture->store, false), 0);
    assert_int_equal(store_commit(fixture->store), 0);
    assert_int_equal(store_audit_list(fixture->store, "demo", 0, 10, &rows, &count), 0);
    assert_int_equal(count, 3);
    audit_rows_free(rows, count);
}

#define PEOPLE 60u

/* Scattered, of many lengths, and none a part of another. */
static void person_texts(unsigned number, char name[64], char subject[128]) {
    static const char filling[] = "----------------------------------------------------------------";
    unsigned scattered = number * 2654435761u;

    (void) snprintf(name, 64, "person-%08x%.*s", scattered, (int) (scattered >> 27), filling);         /* fits */
    (void) snprintf(subject, 128, "CN=PRUEBAS %08x%.*s", scattered, (int) (scattered >> 26), filling); /* fits */
}

/* Enough rows, in no order, for pages to split: that leaves copies in unused space. */
static void add_people(Store *store, int64_t ids[PEOPLE]) {
    char name[64], subject[128];
    int64_t association = 0;

    for (unsigned i = 0; i < PEOPLE; i++) {
        fixture_begin(store);
        person_texts(i, name, subject);
        ids[i] = fixture_profile(store, name, i);
        assert_int_equal(store_profile_set_holder(store, ids[i], subject), 0);
        int64_t certificate = fixture_certificate(store, name, subject);
        assert_int_equal(store_association_create(store, ids[i], certificate, 1, 0, true, &association), 0);
        fixture_commit(store);
    }
    for (unsigned i = 0; i < 5000; i++) {
        if (i % 100 == 0)
            fixture_begin(store);
        person_texts((i * 2654435761u >> 16) % PEOPLE, name, subject);
        fixture_audit(store, "login", name, subject);
        if (i % 100 == 99)
            fixture_commit(store);
    }
}

static void test_s37_a_deleted_person_leaves_no_trace_in_any_file(void **state) {
    Fixture *fixture = *state;
    char name[64], subject[128], *problem = NULL;
    int64_t ids[PEOPLE];
    uint64_t checked = 0;

    add_people(fixture->store, ids);
    person_texts(0, name, subject);
    assert_true(fixture_files_contain(fixture, name));
    assert_true(fixture_files_contain(fixture, subject));
    for (unsigned i = 0; i < PEOPLE; i += 2) {
        fixture_begin(fixture->store);
        person_texts(i, name, subject);
        fixture_audit(fixture->store, "login-refused", "other", subject); /* tried under another name */
        fixture_audit(fixture->store, "profile-deleted", name, subject);
        assert_int_equal(store_profile_delete(fixture->store, ids[i]), 0);
        fixture_commit(fixture->store);
        assert_false(fixture_files_contain(fixture, name));
        assert_false(fixture_files_contain(fixture, subject));
    }
    person_texts(1, name, subject);
    assert_true(fixture_files_contain(fixture, name)); /* the others stay */
    assert_int_equal(store_audit_verify(fixture->store, 0, 1000, &checked, &problem), 0);
    assert_null(problem);
    assert_int_equal(checked, 1000);
}

static void test_s37_a_certificate_that_went_to_somebody_else_is_his_too(void **state) {
    Fixture *fixture = *state;
    Store *store = fixture->store;
    int64_t association = 0;
    AuditRow *rows = NULL;
    size_t count = 0;

    fixture_begin(store);
    int64_t former = fixture_profile(store, "former", 1000), present = fixture_profile(store, "present", 1001);
    int64_t certificate = fixture_certificate(store, "shared", FIXTURE_SUBJECT);
    assert_int_equal(store_association_create(store, former, certificate, FIXTURE_NOW, 0, true, &association), 0);
    assert_int_equal(store_association_end(store, association, FIXTURE_NOW, 0, "unlinked"), 0);
    assert_int_equal(store_association_create(store, present, certificate, FIXTURE_NOW, 0, true, &association), 0);
    fixture_audit(store, "assigned", "present", FIXTURE_SUBJECT);
    assert_int_equal(store_profile_delete(store, former), 0);
    fixture_commit(store);
    assert_int_equal(store_audit_list(store, "present", 0, 10, &rows, &count), 0);
    assert_int_equal(count, 1);
    assert_string_equal(rows[0].subject, FIXTURE_SUBJECT);
    (void) audit_rows_free(rows, count);
}

static void test_s37_an_erasure_that_a_reader_has_held_up_ends_at_the_next_opening(void **state) {
    Fixture *fixture = *state;
    sqlite3 *reader = fixture_raw(fixture);

    fixture_begin(fixture->store);
    int64_t id = fixture_profile(fixture->store, "person-to-erase", 1000);
    fixture_commit(fixture->store);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM profile", NULL, NULL, NULL), SQLITE_OK);
    fixture_begin(fixture->store);
    assert_int_equal(store_profile_delete(fixture->store, id), 0);
    fixture_commit(fixture->store);
    assert_true(fixture_files_contain(fixture, "person-to-erase"));
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM setting WHERE key = 'store.scrub'"), 1);
    fixture_reopen(fixture);
    assert_false(fixture_files_contain(fixture, "person-to-erase"));
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM setting WHERE key = 'store.scrub'"), 0);
}

static void test_s37_an_erasure_that_a_reader_has_held_up_is_finished_on_request(void **state) {
    Fixture *fixture = *state;
    sqlite3 *reader = fixture_raw(fixture);

    fixture_begin(fixture->store);
    int64_t id = fixture_profile(fixture->store, "person-to-erase", 1000);
    fixture_commit(fixture->store);
    assert_int_equal(store_finish_erasing(fixture->store), 0); /* there is nothing to finish */
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM profile", NULL, NULL, NULL), SQLITE_OK);
    fixture_begin(fixture->store);
    assert_int_equal(store_profile_delete(fixture->store, id), 0);
    fixture_commit(fixture->store);
    assert_int_equal(store_finish_erasing(fixture->store), -EBUSY);
    fixture_reopen(fixture); /* which does not fail for that */
    assert_int_equal(store_finish_erasing(fixture->store), -EBUSY);
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
    assert_int_equal(store_finish_erasing(fixture->store), 0);
    assert_false(fixture_files_contain(fixture, "person-to-erase"));
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM setting WHERE key = 'store.scrub'"), 0);
}

#define AUDIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup_rows, fixture_teardown)
#define EMPTY_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        AUDIT_TEST(test_s37_an_edit_of_any_column_of_any_row_shows),
        AUDIT_TEST(test_s37_an_edit_of_a_person_shows),
        AUDIT_TEST(test_s37_a_person_given_to_a_row_without_one_shows),
        AUDIT_TEST(test_s37_removing_inserting_and_reordering_show),
        AUDIT_TEST(test_s37_a_cut_tail_shows_against_a_kept_head),
        AUDIT_TEST(test_verification_tells_which_row),
        AUDIT_TEST(test_verification_goes_on_from_where_it_stopped),
        EMPTY_TEST(test_the_head_before_the_first_row_is_zero),
        EMPTY_TEST(test_the_hash_is_the_documented_one),
        AUDIT_TEST(test_equal_entries_share_neither_commitment_nor_salt),
        AUDIT_TEST(test_a_list_starts_after_the_cursor_and_may_be_one_profiles),
        AUDIT_TEST(test_an_undone_request_leaves_no_audit_row),
        AUDIT_TEST(test_s37_erasing_a_person_leaves_the_chain_whole),
        AUDIT_TEST(test_erasing_a_person_can_be_undone_until_the_request_ends),
        EMPTY_TEST(test_s37_a_deleted_person_leaves_no_trace_in_any_file),
        EMPTY_TEST(test_s37_a_certificate_that_went_to_somebody_else_is_his_too),
        EMPTY_TEST(test_s37_an_erasure_that_a_reader_has_held_up_ends_at_the_next_opening),
        EMPTY_TEST(test_s37_an_erasure_that_a_reader_has_held_up_is_finished_on_request),
    };
    return cmocka_run_group_tests_name("store: audit", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of certificates, associations, candidates and the bar. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/protocol.h"
#include "tests/ovcertd/store/fixture.h"

static void test_s15_a_fingerprint_that_is_not_the_certificates_is_refused(void **state) {
    CLEANUP(certificate_row_done) CertificateRow row = {0};
    Store *store = ((Fixture *) *state)->store;
    int64_t id = 0;

    assert_int_equal(bytes_copy((View){.data = (const uint8_t *) "new", .size = 3}, &row.der), 0);
    fixture_fingerprint("old", row.fingerprint);
    fixture_begin(store);
    assert_int_equal(store_certificate_put(store, &row, &id), -EINVAL);
    assert_int_equal(store_end(store, true), 0);
}

static void test_s14_a_chain_past_its_limits_is_refused(void **state) {
    static uint8_t large[OVCERT_CERTIFICATE_MAX + 1];
    CLEANUP(certificate_row_done) CertificateRow row = {0};
    Store *store = ((Fixture *) *state)->store;
    int64_t id = 0;

    assert_int_equal(bytes_copy((View){.data = (const uint8_t *) "new", .size = 3}, &row.der), 0);
    fixture_fingerprint("new", row.fingerprint);
    assert_int_equal(bytes_list_append(&row.chain, (View){.data = large, .size = sizeof(large)}), 0);
    fixture_begin(store);
    assert_int_equal(store_certificate_put(store, &row, &id), -EMSGSIZE);
    bytes_list_done(&row.chain);
    for (size_t i = 0; i <= OVCERT_CHAIN_MAX; i++)
        assert_int_equal(bytes_list_append(&row.chain, (View){.data = large, .size = 1}), 0);
    assert_int_equal(store_certificate_put(store, &row, &id), -EMSGSIZE);
    assert_int_equal(store_end(store, true), 0);
}

static void test_a_profile_has_one_active_certificate(void **state) {
    Store *store = ((Fixture *) *state)->store;
    int64_t id = 0;

    fixture_begin(store);
    int64_t demo = fixture_profile(store, "demo", 1000);
    int64_t old = fixture_certificate(store, "old", FIXTURE_SUBJECT);
    int64_t new = fixture_certificate(store, "new", FIXTURE_SUBJECT);
    assert_int_equal(store_association_create(store, demo, old, 1, 0, true, &id), 0);
    assert_int_equal(store_association_create(store, demo, new, 1, 0, true, &id), STORE_EXISTS);
    assert_int_equal(store_association_end(store, id, 2, 1000, "renewed"), 0);
    assert_int_equal(store_association_create(store, demo, new, 2, 0, true, &id), 0);
    fixture_commit(store);
}

static void test_a_certificate_has_one_active_profile(void **state) {
    Store *store = ((Fixture *) *state)->store;
    int64_t id = 0;

    fixture_begin(store);
    int64_t demo = fixture_profile(store, "demo", 1000);
    int64_t other = fixture_profile(store, "other", 1001);
    int64_t certificate = fixture_certificate(store, "new", FIXTURE_SUBJECT);
    assert_int_equal(store_association_create(store, demo, certificate, 1, 0, true, &id), 0);
    assert_int_equal(store_association_create(store, other, certificate, 1, 0, true, &id), STORE_EXISTS);
    assert_int_equal(store_association_end(store, id, 2, 0, "unlinked"), 0);
    assert_int_equal(store_association_create(store, other, certificate, 2, 0, true, &id), 0);
    fixture_commit(store);
}

static void test_an_association_needs_profile_and_certificate(void **state) {
    Store *store = ((Fixture *) *state)->store;
    int64_t id = 0;

    fixture_begin(store);
    int64_t demo = fixture_profile(store, "demo", 1000);
    int64_t certificate = fixture_certificate(store, "new", FIXTURE_SUBJECT);
    assert_int_equal(store_association_create(store, demo + 1, certificate, 1, 0, true, &id), STORE_NOT_FOUND);
    assert_int_equal(store_association_create(store, demo, certificate + 1, 1, 0, true, &id), STORE_NOT_FOUND);
    fixture_commit(store);
}

static void test_an_ended_association_is_history_and_ends_once(void **state) {
    CLEANUP(association_row_done) AssociationRow row = {0};
    Fixture *fixture = *state;
    Store *store = fixture->store;
    uint8_t fingerprint[32];
    int64_t id = 0;

    fixture_fingerprint("old", fingerprint);
    fixture_begin(store);
    int64_t demo = fixture_profile(store, "demo", 1000);
    assert_int_equal(store_association_active(store, demo, &row), STORE_NOT_FOUND);
    int64_t certificate = fixture_certificate(store, "old", FIXTURE_SUBJECT);
    assert_int_equal(store_association_create(store, demo, certificate, 1, 0, true, &id), 0);
    assert_int_equal(store_association_end(store, id, 2, 1000, "unlinked"), 0);
    assert_int_equal(store_association_end(store, id, 3, 1000, "again"), STORE_NOT_FOUND);
    assert_int_equal(store_association_active(store, demo, &row), STORE_NOT_FOUND);
    assert_int_equal(store_association_by_fingerprint(store, fingerprint, &row), STORE_NOT_FOUND);
    fixture_commit(store);
    assert_int_equal(fixture_number(fixture,
                                    "SELECT count(*) FROM association WHERE ended = 2 AND ended_by = 1000"
                                    " AND ended_why = 'unlinked'"),
                     1);
}

static void test_an_association_comes_back_with_certificate_and_chain(void **state) {
    CLEANUP(association_row_done) AssociationRow row = {0};
    Fixture *fixture = *state;
    Store *store = fixture->store;
    uint8_t fingerprint[32];
    int64_t id = 0;

    fixture_fingerprint("new", fingerprint);
    fixture_begin(store);
    int64_t demo = fixture_profile(store, "demo", 1000);
    int64_t certificate = fixture_certificate(store, "new", FIXTURE_SUBJECT);
    assert_int_equal(store_association_create(store, demo, certificate, 7, 4294967295u, false, &id), 0);
    fixture_commit(store);
    fixture_reopen(fixture);
    assert_int_equal(store_association_by_fingerprint(fixture->store, fingerprint, &row), 0);
    assert_int_equal(row.id, id);
    assert_int_equal(row.profile, demo);
    assert_int_equal(row.since, 7);
    assert_true(row.by_uid == 4294967295u);
    assert_false(row.proven);
    assert_int_equal(row.certificate.id, certificate);
    assert_int_equal(row.certificate.der.size, 3);
    assert_memory_equal(row.certificate.der.data, "new", 3);
    assert_memory_equal(row.certificate.fingerprint, fingerprint, 32);
    assert_int_equal(row.certificate.spki_hash[2], 3);
    assert_string_equal(row.certificate.subject, FIXTURE_SUBJECT);
    assert_string_equal(row.certificate.issuer, "CN=AC PRUEBAS");
    assert_string_equal(row.certificate.serial, "01ab");
    assert_string_equal(row.certificate.holder, "99999999R");
    assert_int_equal(row.certificate.not_before, FIXTURE_NOW - 1000);
    assert_int_equal(row.certificate.not_after, FIXTURE_NOW + 1000);
    assert_int_equal(row.certificate.chain.count, 2);
    assert_int_equal(row.certificate.chain.items[1].size, 5);
    assert_memory_equal(row.certificate.chain.items[0].data, "intermediate", 12);
}

static void test_s35_an_edited_certificate_is_not_trusted(void **state) {
    static const char *const edits[] = {
        "der = x'00'",
        "fingerprint = zeroblob(32)",
        "spki_hash = x'00'",
        "chain = x''",
        "chain = x'00000009'",
        "chain = x'0000000000'",
        "chain = x'00000001000000ff00'",
        "subject = CAST(x'00' AS TEXT)",
    };
    Fixture *fixture = *state;
    Store *store = fixture->store;
    AssociationRow row = {0};
    int64_t id = 0;

    fixture_begin(store);
    int64_t demo = fixture_profile(store, "demo", 1000);
    int64_t certificate = fixture_certificate(store, "new", FIXTURE_SUBJECT);
    assert_int_equal(store_association_create(store, demo, certificate, 7, 0, true, &id), 0);
    fixture_commit(store);
    for (size_t i = 0; i < ELEMENTSOF(edits); i++) {
        char *sql = sqlite3_mprintf(
            "PRAGMA ignore_check_constraints = ON;"
            "CREATE TABLE saved AS SELECT * FROM certificate; UPDATE certificate SET %s",
            edits[i]);
        fixture_sql(fixture, sql);
        sqlite3_free(sql);
        assert_int_equal(store_association_active(store, demo, &row), -EUCLEAN);
        fixture_sql(fixture,
                    "UPDATE certificate SET der = s.der, fingerprint = s.fingerprint, spki_hash = s.spki_hash,"
                    " chain = s.chain, subject = s.subject FROM saved AS s; DROP TABLE saved");
    }
    assert_int_equal(store_association_active(store, demo, &row), 0);
    association_row_done(&row);
}

static void test_a_certificate_put_again_keeps_its_id_and_takes_the_new_facts(void **state) {
    CLEANUP(association_row_done) AssociationRow row = {0};
    Store *store = ((Fixture *) *state)->store;
    int64_t id = 0;

    fixture_begin(store);
    int64_t demo = fixture_profile(store, "demo", 1000);
    int64_t certificate = fixture_certificate(store, "new", "CN=before");
    assert_int_equal(store_association_create(store, demo, certificate, 7, 0, true, &id), 0);
    assert_int_equal(fixture_certificate(store, "new", FIXTURE_SUBJECT), certificate);
    fixture_commit(store);
    assert_int_equal(store_association_active(store, demo, &row), 0);
    assert_string_equal(row.certificate.subject, FIXTURE_SUBJECT);
}

static void test_a_bar_outlives_its_certificate_and_keeps_its_first_reason(void **state) {
    Fixture *fixture = *state;
    Store *store = fixture->store;
    uint8_t fingerprint[32], another[32];

    fixture_fingerprint("old", fingerprint);
    fixture_fingerprint("new", another);
    assert_int_equal(store_certificate_is_barred(store, fingerprint), 0);
    fixture_begin(store);
    assert_int_equal(store_certificate_bar(store, fingerprint, 5, 0, "lost"), 0);
    assert_int_equal(store_certificate_bar(store, fingerprint, 6, 0, "lost again"), 0);
    fixture_commit(store);
    assert_int_equal(store_certificate_is_barred(store, fingerprint), STORE_EXISTS);
    assert_int_equal(store_certificate_is_barred(store, another), 0);
    assert_int_equal(fixture_number(fixture, "SELECT since FROM barred WHERE why = 'lost'"), 5);
}

static void test_a_bar_is_lifted_once_and_from_its_certificate_alone(void **state) {
    Fixture *fixture = *state;
    Store *store = fixture->store;
    uint8_t fingerprint[32], another[32];

    fixture_fingerprint("old", fingerprint);
    fixture_fingerprint("new", another);
    fixture_begin(store);
    assert_int_equal(store_certificate_unbar(store, fingerprint), STORE_NOT_FOUND);
    assert_int_equal(store_certificate_bar(store, fingerprint, 5, 0, "lost"), 0);
    assert_int_equal(store_certificate_bar(store, another, 5, 0, "lost"), 0);
    assert_int_equal(store_certificate_unbar(store, fingerprint), 0);
    assert_int_equal(store_certificate_unbar(store, fingerprint), STORE_NOT_FOUND);
    fixture_commit(store);
    assert_int_equal(store_certificate_is_barred(store, fingerprint), 0);
    assert_int_equal(store_certificate_is_barred(store, another), STORE_EXISTS);
}

static void test_a_candidate_replaces_the_earlier_one_of_its_certificate(void **state) {
    CLEANUP(candidate_row_done) CandidateRow row = {0};
    Store *store = ((Fixture *) *state)->store;
    char first[STORE_ID_SIZE], second[STORE_ID_SIZE], third[STORE_ID_SIZE];
    CandidateRow *rows = NULL;
    size_t count = 0;

    fixture_begin(store);
    int64_t demo = fixture_profile(store, "demo", 1000);
    int64_t old = fixture_certificate(store, "old", FIXTURE_SUBJECT);
    int64_t new = fixture_certificate(store, "new", FIXTURE_SUBJECT);
    assert_int_equal(store_candidate_create(store, demo, new, 10, 20, 1000, first), 0);
    assert_int_equal(store_candidate_create(store, demo, old, 11, 21, 1000, second), 0);
    assert_int_equal(store_candidate_create(store, demo, new, 11, 22, 1000, third), 0);
    fixture_commit(store);
    assert_int_equal(store_candidate_get(store, first, &row), STORE_NOT_FOUND);
    assert_int_equal(store_candidate_get(store, third, &row), 0);
    assert_string_equal(row.id, third);
    assert_int_equal(row.profile, demo);
    assert_int_equal(row.proven, 11);
    assert_int_equal(row.deadline, 22);
    assert_int_equal(row.by_uid, 1000);
    assert_memory_equal(row.certificate.der.data, "new", 3);
    assert_int_equal(store_candidate_list(store, demo, &rows, &count), 0);
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].id, third); /* newest first */
    assert_string_equal(rows[1].id, second);
    candidate_rows_free(rows, count);
}

static void test_a_candidate_is_deleted_once(void **state) {
    Store *store = ((Fixture *) *state)->store;
    char id[STORE_ID_SIZE];

    fixture_begin(store);
    int64_t demo = fixture_profile(store, "demo", 1000);
    int64_t certificate = fixture_certificate(store, "new", FIXTURE_SUBJECT);
    assert_int_equal(store_candidate_create(store, demo + 1, certificate, 1, 2, 1000, id), STORE_NOT_FOUND);
    assert_int_equal(store_candidate_create(store, demo, certificate, 1, 2, 1000, id), 0);
    assert_int_equal(store_candidate_delete(store, id), 0);
    assert_int_equal(store_candidate_delete(store, id), STORE_NOT_FOUND);
    assert_int_equal(store_candidate_delete(store, "no id"), STORE_NOT_FOUND);
    fixture_commit(store);
}

static void test_expired_candidates_go_with_certificates_that_nothing_names(void **state) {
    Fixture *fixture = *state;
    Store *store = fixture->store;
    char id[STORE_ID_SIZE];
    int64_t association = 0;
    uint64_t count = 0;

    fixture_begin(store);
    int64_t demo = fixture_profile(store, "demo", 1000);
    int64_t old = fixture_certificate(store, "old", FIXTURE_SUBJECT);
    int64_t new = fixture_certificate(store, "new", FIXTURE_SUBJECT);
    int64_t third = fixture_certificate(store, "third", FIXTURE_SUBJECT);
    assert_int_equal(store_association_create(store, demo, old, 1, 0, true, &association), 0);
    assert_int_equal(store_candidate_create(store, demo, old, 1, 20, 1000, id), 0);
    assert_int_equal(store_candidate_create(store, demo, new, 1, 20, 1000, id), 0);
    assert_int_equal(store_candidate_create(store, demo, third, 1, 21, 1000, id), 0);
    assert_int_equal(store_candidate_expire(store, 19, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(store_candidate_expire(store, 20, &count), 0);
    assert_int_equal(count, 2);
    fixture_commit(store);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM candidate"), 1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM certificate"), 2);
}

#define CERTIFICATE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CERTIFICATE_TEST(test_s15_a_fingerprint_that_is_not_the_certificates_is_refused),
        CERTIFICATE_TEST(test_s14_a_chain_past_its_limits_is_refused),
        CERTIFICATE_TEST(test_a_profile_has_one_active_certificate),
        CERTIFICATE_TEST(test_a_certificate_has_one_active_profile),
        CERTIFICATE_TEST(test_an_association_needs_profile_and_certificate),
        CERTIFICATE_TEST(test_an_ended_association_is_history_and_ends_once),
        CERTIFICATE_TEST(test_an_association_comes_back_with_certificate_and_chain),
        CERTIFICATE_TEST(test_s35_an_edited_certificate_is_not_trusted),
        CERTIFICATE_TEST(test_a_certificate_put_again_keeps_its_id_and_takes_the_new_facts),
        CERTIFICATE_TEST(test_a_bar_outlives_its_certificate_and_keeps_its_first_reason),
        CERTIFICATE_TEST(test_a_bar_is_lifted_once_and_from_its_certificate_alone),
        CERTIFICATE_TEST(test_a_candidate_replaces_the_earlier_one_of_its_certificate),
        CERTIFICATE_TEST(test_a_candidate_is_deleted_once),
        CERTIFICATE_TEST(test_expired_candidates_go_with_certificates_that_nothing_names),
    };
    return cmocka_run_group_tests_name("store: certificate", tests, NULL, NULL);
}

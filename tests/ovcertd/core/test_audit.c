/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "common/error.h"
#include "common/text.h"
#include "tests/ovcertd/core/world.h"

static void refuse(World *world, const Actor *actor, const char *user) {
    char operation[STORE_ID_SIZE];
    assert_int_equal(unlink_certificate(world, actor, user, false, operation), OVCERT_ERROR_NO_CERTIFICATE);
}

static void test_s33_a_flood_of_refusals_is_ten_rows_and_a_number(void **state) {
    World *world = *state;
    for (int i = 0; i < 100; i++)
        refuse(world, &world->demo, "demo");
    assert_int_equal(count_rows(world, "unlink-refused"), 10);
    assert_int_equal(count_rows(world, "refusals-suppressed"), 0);
    world_pass(world, 60);
    refuse(world, &world->demo, "demo");
    assert_int_equal(count_rows(world, "unlink-refused"), 11);
    assert_int_equal(count_rows(world, "refusals-suppressed"), 1);
}

static void test_s33_the_tick_writes_the_number_with_the_uid(void **state) {
    World *world = *state;
    for (int i = 0; i < 25; i++)
        refuse(world, &world->demo, "demo");
    assert_int_equal(service_tick(world->service, &world->now), 0);
    assert_int_equal(count_rows(world, "refusals-suppressed"), 0);
    world_pass(world, 60);
    assert_int_equal(service_tick(world->service, &world->now), 0);
    assert_last_row(world, "refusals-suppressed", "counted", "15");
    assert_int_equal(service_tick(world->service, &world->now), 0);
    assert_int_equal(count_rows(world, "refusals-suppressed"), 1);
}

static void test_s33_a_clean_stop_loses_no_number(void **state) {
    World *world = *state;
    for (int i = 0; i < 12; i++)
        refuse(world, &world->demo, "demo");
    world_restart(world);
    assert_last_row(world, "refusals-suppressed", "counted", "2");
}

static void test_s33_one_uids_flood_hides_nobody_elses_refusal(void **state) {
    World *world = *state;
    for (int i = 0; i < 20; i++)
        refuse(world, &world->demo, "demo");
    refuse(world, &world->other, "other");
    assert_last_row(world, "unlink-refused", "NoCertificate", NULL);
    assert_int_equal(count_rows(world, "unlink-refused"), 11);
}

static void test_s33_two_uids_in_turn_are_counted_each(void **state) {
    World *world = *state;
    for (int i = 0; i < 20; i++) {
        refuse(world, &world->demo, "demo");
        refuse(world, &world->other, "other");
    }
    assert_int_equal(count_rows(world, "unlink-refused"), 20);
}

/* All sign-ins come from root's connections: they count for whom they are about. */
static void test_s33_a_flood_of_su_for_one_user_hides_no_other_users_refusal(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    world_leaf(world, HOLDER, 0, &identity);
    for (int i = 0; i < 20; i++)
        assert_int_equal(login(world, &world->root_actor, "demo", DEMO_UID, &identity), OVCERT_ERROR_NO_CERTIFICATE);
    assert_int_equal(login(world, &world->root_actor, "other", OTHER_UID, &identity), OVCERT_ERROR_NO_CERTIFICATE);
    assert_int_equal(count_rows(world, "login-refused"), 11);
}

static void test_s33_more_uids_than_are_counted_lose_no_number(void **state) {
    World *world = *state;
    for (int i = 0; i < 11; i++)
        refuse(world, &world->demo, "demo");
    for (unsigned i = 0; i < 200; i++) {
        Actor stranger = {.uid = 10000 + i, .sender = ":3.1"};
        char operation[STORE_ID_SIZE];
        world->now.boottime++;
        assert_int_equal(unlink_certificate(world, &stranger, "demo", false, operation), OVCERT_ERROR_DENIED);
    }
    assert_int_equal(count_rows(world, "refusals-suppressed"), 1);
}

static void test_s33_a_subject_cannot_forge_a_line(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    PkiOptions options = {.common_name = "X\nAccepted for root", .serial_number = HOLDER};
    char candidate[STORE_ID_SIZE];
    pki_leaf(&world->issuer, &options, &identity);
    assert_int_equal(prove(world, &world->demo, "demo", &identity, candidate), OVCERT_ERROR_CERTIFICATE_REFUSED);
    AuditRow *rows = NULL;
    size_t count = 0;
    assert_int_equal(service_read_log(world->service, "demo", 0, 1000, &rows, &count), 0);
    assert_true(count > 0);
    const char *subject = rows[count - 1].subject;
    assert_non_null(subject);
    assert_true(text_is_printable((View){(const uint8_t *) subject, strlen(subject)}));
    (void) audit_rows_free(rows, count);
}

/* Signed by himself, and long enough that a page of such rows would not fit a message. */
static void test_s33_a_subject_of_any_length_does_not_fill_the_log(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    static char name[20001]; /* stands there twice: subject and issuer */
    memset(name, 1, sizeof name - 1);
    PkiOptions options = {.common_name = name, .serial_number = HOLDER};
    char candidate[STORE_ID_SIZE];
    pki_self_signed(&options, &identity);
    assert_int_equal(prove(world, &world->demo, "demo", &identity, candidate), OVCERT_ERROR_CERTIFICATE_REFUSED);
    AuditRow *rows = NULL;
    size_t count = 0;
    assert_int_equal(service_read_log(world->service, "demo", 0, 1000, &rows, &count), 0);
    assert_string_equal(rows[count - 1].event, "prove-refused");
    assert_null(rows[count - 1].subject);
    (void) audit_rows_free(rows, count);
}

static void test_an_unknown_name_is_not_recorded(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    world_leaf(world, HOLDER, 0, &identity);
    (void) login(world, &world->root_actor, "my-passphrase", 4711, &identity);
    AuditRow *rows = NULL;
    size_t count = 0;
    assert_int_equal(service_read_log(world->service, NULL, 0, 1000, &rows, &count), 0);
    assert_string_equal(rows[count - 1].event, "login-refused");
    assert_string_equal(rows[count - 1].profile, "");
    (void) audit_rows_free(rows, count);
}

/* Details are never erased, so they hold no name and no number of a person. */
static void test_details_hold_no_personal_data(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0}, foreign = {0}, expired = {0};
    char candidate[STORE_ID_SIZE], operation[STORE_ID_SIZE];
    world_leaf(world, HOLDER, 0, &identity);
    world_leaf(world, OTHER_HOLDER, 0, &foreign);
    world_leaf(world, HOLDER, PKI_NOW - DAY, &expired);
    (void) assign_unproven(world, &world->root_actor, "demo", &identity, false);
    (void) prove(world, &world->demo, "demo", &foreign, candidate);
    (void) prove(world, &world->demo, "demo", &expired, candidate);
    (void) login_demo(world, &identity);
    (void) unlink_certificate(world, &world->demo, "demo", false, operation);
    (void) confirm(world, &world->demo, "demo", operation);
    AuditRow *rows = NULL;
    size_t count = 0;
    assert_int_equal(service_read_log(world->service, NULL, 0, 1000, &rows, &count), 0);
    for (size_t i = 0; i < count; i++) {
        assert_null(rows[i].detail ? strstr(rows[i].detail, "demo") : NULL);
        assert_null(rows[i].detail ? strstr(rows[i].detail, "99999999") : NULL);
        assert_null(rows[i].detail ? strstr(rows[i].detail, "EIDAS") : NULL);
    }
    (void) audit_rows_free(rows, count);
}

static void test_s36_without_a_commit_neither_change_nor_row_remains(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    world_leaf(world, HOLDER, 0, &identity);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &identity, false), 0);
    assert_true(service_needs_commit(world->service));
    world_crash(world);
    assert_assigned(world, "demo", NULL);
    assert_int_equal(count_rows(world, "assigned"), 0);
}

static void test_s36_with_a_commit_both_remain(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    world_leaf(world, HOLDER, 0, &identity);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &identity, false), 0);
    assert_int_equal(service_commit(world->service), 0);
    assert_false(service_needs_commit(world->service));
    world_crash(world);
    assert_assigned(world, "demo", &identity);
    assert_int_equal(count_rows(world, "assigned"), 1);
}

static void test_s36_a_refusal_keeps_its_row_and_undoes_its_changes(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    char owners[STORE_ID_SIZE];
    world_leaf(world, HOLDER, 0, &identity);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &identity, false), 0);
    assert_int_equal(unlink_certificate(world, &world->demo, "demo", false, owners), 0);
    Actor own_administrator = {.uid = DEMO_UID, .sender = ":1.10", .administrator = true};
    OperationOpened opened;
    /* The owner with an administrator's right: the bar is made first, then the open operation refuses. */
    assert_int_equal(
        service_unlink(world->service, &own_administrator, "demo", false, true, &world->now, &opened, NULL),
        OVCERT_ERROR_OPERATION_PENDING);
    assert_int_equal(count_rows(world, "certificate-barred"), 0);
    assert_last_row(world, "unlink-refused", "OperationPending", NULL);
    assert_int_equal(login_demo(world, &identity), 0);
}

/* As if the log could not be written, and everything else could. */
static void break_the_log(World *world) {
    char *CLEANUP(free_pointer) path = NULL;
    sqlite3 *db = NULL;
    assert_int_equal(service_commit(world->service), 0);
    assert_true(asprintf(&path, "%s/ovcert.db", world->folder) > 0);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DROP TABLE audit_person", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_s36_a_change_whose_row_cannot_be_written_is_undone(void **state) {
    World *world = *state;
    ProfileDescription CLEANUP(profile_description_done) description = {0};
    break_the_log(world);
    assert_true(service_block(world->service, &world->administrator, "demo", true, "", &world->now, NULL) < 0);
    assert_int_equal(service_describe(world->service, "demo", &world->now, &description), 0);
    assert_false(description.profile.blocked);
}

static void test_s37_the_tick_finishes_an_erasure_and_says_when_it_cannot(void **state) {
    World *world = *state;
    char *CLEANUP(free_pointer) path = NULL;
    sqlite3 *reader = NULL;
    OperationOpened opened = {0};
    assert_int_equal(service_commit(world->service), 0);
    assert_true(asprintf(&path, "%s/ovcert.db", world->folder) > 0);
    assert_int_equal(sqlite3_open(path, &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM profile", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(service_delete(world->service, &world->root_actor, "demo", &world->now, &opened, NULL), 0);
    assert_int_equal(confirm(world, &world->root_actor, "demo", opened.id), 0);
    assert_int_equal(service_commit(world->service), 0);
    assert_int_equal(service_tick(world->service, &world->now), -EBUSY);
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
    assert_int_equal(service_commit(world->service), 0);
    assert_int_equal(service_tick(world->service, &world->now), 0);
}

static void test_the_chain_of_all_this_is_whole(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    char *CLEANUP(free_pointer) problem = NULL;
    uint64_t checked = 0, head = 0;
    uint8_t hash[32];
    world_leaf(world, HOLDER, 0, &identity);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &identity, false), 0);
    assert_int_equal(login_demo(world, &identity), 0);
    refuse(world, &world->other, "other");
    assert_int_equal(service_commit(world->service), 0);
    assert_int_equal(service_log_head(world->service, &head, hash), 0);
    assert_int_equal(service_verify_log(world->service, 0, 1000, &checked, &problem), 0);
    assert_null(problem);
    assert_int_equal(checked, head);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_s33_a_flood_of_refusals_is_ten_rows_and_a_number),
        IN_WORLD(test_s33_the_tick_writes_the_number_with_the_uid),
        IN_WORLD(test_s33_a_clean_stop_loses_no_number),
        IN_WORLD(test_s33_one_uids_flood_hides_nobody_elses_refusal),
        IN_WORLD(test_s33_two_uids_in_turn_are_counted_each),
        IN_WORLD(test_s33_a_flood_of_su_for_one_user_hides_no_other_users_refusal),
        IN_WORLD(test_s33_more_uids_than_are_counted_lose_no_number),
        IN_WORLD(test_s33_a_subject_cannot_forge_a_line),
        IN_WORLD(test_s33_a_subject_of_any_length_does_not_fill_the_log),
        IN_WORLD(test_an_unknown_name_is_not_recorded),
        IN_WORLD(test_details_hold_no_personal_data),
        IN_WORLD(test_s36_without_a_commit_neither_change_nor_row_remains),
        IN_WORLD(test_s36_with_a_commit_both_remain),
        IN_WORLD(test_s36_a_refusal_keeps_its_row_and_undoes_its_changes),
        IN_WORLD(test_s36_a_change_whose_row_cannot_be_written_is_undone),
        IN_WORLD(test_s37_the_tick_finishes_an_erasure_and_says_when_it_cannot),
        IN_WORLD(test_the_chain_of_all_this_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/error.h"
#include "tests/ovcertd/core/world.h"

/* A world in which demo has a certificate. */
typedef struct Fixture {
    World *world;
    PkiIdentity identity;
    char operation[STORE_ID_SIZE];
} Fixture;

static void fixture_init(Fixture *fixture, void **state) {
    *fixture = (Fixture){.world = *state};
    world_leaf(fixture->world, HOLDER, 0, &fixture->identity);
    assert_int_equal(assign_unproven(fixture->world, &fixture->world->root_actor, "demo", &fixture->identity, false),
                     0);
}

static void fixture_done(Fixture *fixture) {
    pki_identity_done(&fixture->identity);
}

static void test_unlink_without_certificate_is_refused(void **state) {
    World *world = *state;
    char operation[STORE_ID_SIZE];
    assert_int_equal(unlink_certificate(world, &world->demo, "demo", false, operation), OVCERT_ERROR_NO_CERTIFICATE);
    assert_last_row(world, "unlink-refused", "NoCertificate", NULL);
}

static void test_unlink_alone_changes_nothing(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state);
    assert_int_equal(unlink_certificate(f.world, &f.world->demo, "demo", false, f.operation), 0);
    assert_assigned(f.world, "demo", &f.identity);
    assert_int_equal(login_demo(f.world, &f.identity), 0);
}

static void test_second_unlink_answers_the_first_ones_id(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    char second[STORE_ID_SIZE];
    fixture_init(&f, state);
    assert_int_equal(unlink_certificate(f.world, &f.world->demo, "demo", true, f.operation), 0);
    assert_int_equal(unlink_certificate(f.world, &f.world->demo, "demo", false, second),
                     OVCERT_ERROR_OPERATION_PENDING);
    assert_string_equal(f.world->failure.detail, f.operation);
}

static void test_confirm_refuses_wrong_used_and_foreign_alike(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state);
    World *world = f.world;
    PkiIdentity CLEANUP(pki_identity_done) others = {0};
    char foreign[STORE_ID_SIZE], root_made[STORE_ID_SIZE];
    world_leaf(world, OTHER_HOLDER, 0, &others);
    assert_int_equal(assign_unproven(world, &world->root_actor, "other", &others, false), 0);
    assert_int_equal(unlink_certificate(world, &world->other, "other", false, foreign), 0);
    assert_int_equal(confirm(world, &world->demo, "demo", foreign), OVCERT_ERROR_OPERATION_INVALID);
    assert_int_equal(confirm(world, &world->administrator, "demo", foreign), OVCERT_ERROR_OPERATION_INVALID);
    assert_int_equal(confirm(world, &world->demo, "demo", ""), OVCERT_ERROR_OPERATION_INVALID);
    assert_int_equal(confirm(world, &world->demo, "demo", "ffffffffffffffffffffffffffffffff"),
                     OVCERT_ERROR_OPERATION_INVALID);
    assert_int_equal(unlink_certificate(world, &world->administrator, "demo", false, root_made), 0);
    assert_int_equal(confirm(world, &world->demo, "demo", root_made), OVCERT_ERROR_OPERATION_INVALID);
    assert_int_equal(cancel(world, &world->demo, "demo", root_made), OVCERT_ERROR_OPERATION_INVALID);
    assert_int_equal(cancel(world, &world->administrator, "demo", root_made), 0);
    assert_int_equal(unlink_certificate(world, &world->demo, "demo", false, f.operation), 0);
    assert_int_equal(confirm(world, &world->demo, "demo", f.operation), 0);
    assert_int_equal(confirm(world, &world->demo, "demo", f.operation), OVCERT_ERROR_OPERATION_INVALID);
    assert_assigned(world, "other", &others);
}

static void test_cancel_leaves_everything_as_it_was(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state);
    assert_int_equal(unlink_certificate(f.world, &f.world->demo, "demo", false, f.operation), 0);
    assert_int_equal(cancel(f.world, &f.world->demo, "demo", f.operation), 0);
    assert_int_equal(confirm(f.world, &f.world->demo, "demo", f.operation), OVCERT_ERROR_OPERATION_INVALID);
    assert_assigned(f.world, "demo", &f.identity);
    assert_int_equal(unlink_certificate(f.world, &f.world->demo, "demo", false, f.operation), 0);
}

static void test_confirm_of_a_lapsed_operation_changes_nothing(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state);
    assert_int_equal(unlink_certificate(f.world, &f.world->demo, "demo", false, f.operation), 0);
    world_pass(f.world, 15 * 60);
    assert_int_equal(confirm(f.world, &f.world->demo, "demo", f.operation), OVCERT_ERROR_OPERATION_LAPSED);
    assert_int_equal(count_rows(f.world, "operation-lapsed"), 1);
    assert_int_equal(confirm(f.world, &f.world->demo, "demo", f.operation), OVCERT_ERROR_OPERATION_LAPSED);
    assert_int_equal(confirm(f.world, &f.world->other, "other", f.operation), OVCERT_ERROR_OPERATION_INVALID);
    assert_assigned(f.world, "demo", &f.identity);
}

static void test_confirm_a_second_before_the_deadline_counts(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state);
    assert_int_equal(unlink_certificate(f.world, &f.world->demo, "demo", false, f.operation), 0);
    world_pass(f.world, 15 * 60 - 1);
    assert_int_equal(confirm(f.world, &f.world->demo, "demo", f.operation), 0);
    assert_assigned(f.world, "demo", NULL);
}

static void test_tick_lapses_a_swap_after_a_day(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state);
    assert_int_equal(unlink_certificate(f.world, &f.world->demo, "demo", true, f.operation), 0);
    assert_int_equal(confirm(f.world, &f.world->demo, "demo", f.operation), 0);
    world_pass(f.world, DAY - 1);
    assert_int_equal(service_tick(f.world->service, &f.world->now), 0);
    assert_int_equal(count_rows(f.world, "operation-lapsed"), 0);
    world_pass(f.world, 1);
    assert_int_equal(service_tick(f.world->service, &f.world->now), 0);
    assert_int_equal(count_rows(f.world, "operation-lapsed"), 1);
    assert_int_equal(unlink_certificate(f.world, &f.world->demo, "demo", true, f.operation), 0);
    assert_assigned(f.world, "demo", &f.identity);
}

static void test_s41_who_acts_for_the_owner_has_no_more_rights_and_the_log_names_the_service(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state);
    World *world = f.world;
    Actor login = {.uid = DEMO_UID, .sender = world->root_actor.sender, .through = "login"};
    Actor odd = {.uid = DEMO_UID, .sender = world->root_actor.sender, .through = "a b\n"};
    assert_int_equal(unlink_certificate(world, &world->root_actor, "demo", true, f.operation), 0);
    assert_int_equal(confirm(world, &login, "demo", f.operation), OVCERT_ERROR_OPERATION_INVALID);
    assert_last_row(world, "confirm-refused", "OperationInvalid", "through login");
    assert_int_equal(cancel(world, &world->root_actor, "demo", f.operation), 0);
    assert_int_equal(unlink_certificate(world, &odd, "demo", true, f.operation), 0);
    assert_last_row(world, "unlink-requested", "ok", "until-assign, through root");
    assert_int_equal(confirm(world, &world->demo, "demo", f.operation), 0); /* the owner goes on with it */
}

static void test_confirmed_swap_keeps_the_old_certificate(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state);
    assert_int_equal(unlink_certificate(f.world, &f.world->demo, "demo", true, f.operation), 0);
    assert_int_equal(confirm(f.world, &f.world->demo, "demo", f.operation), 0);
    assert_assigned(f.world, "demo", &f.identity);
    assert_int_equal(login_demo(f.world, &f.identity), 0);
    assert_int_equal(confirm(f.world, &f.world->demo, "demo", f.operation), OVCERT_ERROR_OPERATION_INVALID);
}

static void test_administrators_unlink_cancels_what_is_open(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    char owners[STORE_ID_SIZE];
    fixture_init(&f, state);
    assert_int_equal(unlink_certificate(f.world, &f.world->demo, "demo", true, owners), 0);
    assert_int_equal(unlink_certificate(f.world, &f.world->administrator, "demo", false, f.operation), 0);
    assert_int_equal(count_rows(f.world, "operation-cancelled"), 1);
    assert_int_equal(confirm(f.world, &f.world->demo, "demo", owners), OVCERT_ERROR_OPERATION_INVALID);
    assert_int_equal(confirm(f.world, &f.world->administrator, "demo", f.operation), 0);
    assert_assigned(f.world, "demo", NULL);
}

static void test_bar_is_for_administrators_and_lasts(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    OperationOpened opened;
    fixture_init(&f, state);
    World *world = f.world;
    assert_int_equal(service_unlink(world->service, &world->demo, "demo", false, true, &world->now, &opened, NULL),
                     OVCERT_ERROR_DENIED);
    assert_int_equal(login_demo(world, &f.identity), 0);
    assert_int_equal(
        service_unlink(world->service, &world->administrator, "demo", false, true, &world->now, &opened, NULL), 0);
    assert_int_equal(count_rows(world, "certificate-barred"), 1);
    assert_int_equal(login_demo(world, &f.identity), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_last_row(world, "login-refused", "CertificateRefused", "unavailable");
    assert_int_equal(confirm(world, &world->administrator, "demo", opened.id), 0);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &f.identity, false),
                     OVCERT_ERROR_CERTIFICATE_REFUSED);
}

static int unbar(World *world, const Actor *actor, const PkiIdentity *identity) {
    uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE];
    Certificate *CLEANUP(certificate_freep) certificate = NULL;
    assert_int_equal(certificate_parse(bytes_view(&identity->der), &certificate), 0);
    memcpy(fingerprint, certificate_facts(certificate)->fingerprint, sizeof fingerprint);
    service_failure_done(&world->failure);
    return service_unbar(world->service, actor, fingerprint, &world->now, &world->failure);
}

static void test_unbar_is_for_administrators_and_lets_the_certificate_count_again(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    OperationOpened opened;
    fixture_init(&f, state);
    World *world = f.world;
    assert_int_equal(unbar(world, &world->administrator, &f.identity), OVCERT_ERROR_NOT_FOUND);
    assert_int_equal(
        service_unlink(world->service, &world->administrator, "demo", false, true, &world->now, &opened, NULL), 0);
    assert_int_equal(unbar(world, &world->demo, &f.identity), OVCERT_ERROR_DENIED);
    assert_last_row(world, "unbar-refused", "Denied", NULL);
    assert_int_equal(login_demo(world, &f.identity), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_int_equal(cancel(world, &world->administrator, "demo", opened.id), 0);
    assert_int_equal(unbar(world, &world->administrator, &f.identity), 0);
    assert_int_equal(count_rows(world, "certificate-unbarred"), 1);
    assert_int_equal(login_demo(world, &f.identity), 0);
    assert_int_equal(unbar(world, &world->administrator, &f.identity), OVCERT_ERROR_NOT_FOUND);
}

static void test_the_log_names_a_barred_certificate_so_that_it_can_be_unbarred(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    OperationOpened opened;
    AuditRow *rows = NULL;
    size_t count = 0, found = 0;
    fixture_init(&f, state);
    World *world = f.world;
    assert_int_equal(
        service_unlink(world->service, &world->administrator, "demo", false, true, &world->now, &opened, NULL), 0);
    assert_int_equal(service_read_log(world->service, NULL, 0, 1000, &rows, &count), 0);
    for (size_t i = 0; i < count; i++)
        found += strcmp(rows[i].event, "certificate-barred") == 0 &&
                 strlen(rows[i].detail) == (size_t) 2 * CERTIFICATE_FINGERPRINT_SIZE;
    assert_int_equal(found, 1);
    (void) audit_rows_free(rows, count); /* returns NULL */
}

static void test_s17_confirm_refuses_when_the_candidate_was_revoked_meanwhile(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    PkiIdentity CLEANUP(pki_identity_done) fresh = {0}, better = {0};
    char candidate[STORE_ID_SIZE];
    fixture_init(&f, state);
    World *world = f.world;
    world_leaf(world, HOLDER, PKI_NOW + 700 * DAY, &fresh);
    world_leaf(world, HOLDER, PKI_NOW + 800 * DAY, &better);
    assert_int_equal(prove(world, &world->demo, "demo", &fresh, candidate), 0);
    assert_int_equal(unlink_certificate(world, &world->demo, "demo", true, f.operation), 0);
    world_revoke(world, &fresh);
    assert_int_equal(confirm(world, &world->demo, "demo", f.operation), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_non_null(strstr(world->failure.detail, "revoked"));
    assert_last_row(world, "confirm-refused", "CertificateRefused", "revoked");
    assert_int_equal(login_demo(world, &f.identity), 0);
    assert_int_equal(prove(world, &world->demo, "demo", &better, candidate), 0);
    assert_int_equal(confirm(world, &world->demo, "demo", f.operation), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_unlink_without_certificate_is_refused, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_unlink_alone_changes_nothing, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_second_unlink_answers_the_first_ones_id, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_confirm_refuses_wrong_used_and_foreign_alike, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_cancel_leaves_everything_as_it_was, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_confirm_of_a_lapsed_operation_changes_nothing, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_confirm_a_second_before_the_deadline_counts, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_tick_lapses_a_swap_after_a_day, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            test_s41_who_acts_for_the_owner_has_no_more_rights_and_the_log_names_the_service, world_setup,
            world_teardown),
        cmocka_unit_test_setup_teardown(test_confirmed_swap_keeps_the_old_certificate, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_administrators_unlink_cancels_what_is_open, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_bar_is_for_administrators_and_lasts, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_unbar_is_for_administrators_and_lets_the_certificate_count_again,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_the_log_names_a_barred_certificate_so_that_it_can_be_unbarred, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_s17_confirm_refuses_when_the_candidate_was_revoked_meanwhile, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

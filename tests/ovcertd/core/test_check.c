/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/error.h"
#include "tests/ovcertd/core/world.h"

static CheckResult check(World *world, const PkiIdentity *identity, const char *user) {
    CheckResult result = {0};
    Judgement *CLEANUP(judgement_freep) judgement = judged(world, identity);
    assert_int_equal(service_check(world->service, judgement, user, &world->now, &result), 0);
    return result;
}

static void test_check_lists_the_holder_among_all_reasons(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    world_leaf(world, OTHER_HOLDER, PKI_NOW - DAY, &identity);
    CheckResult CLEANUP(check_result_done) result = check(world, &identity, "demo");
    assert_true(verdict_has(&result.verdict, VERDICT_EXPIRED));
    assert_true(verdict_has(&result.verdict, VERDICT_HOLDER_MISMATCH));
    CheckResult CLEANUP(check_result_done) nobody = check(world, &identity, NULL);
    assert_true(verdict_is_only(&nobody.verdict, VERDICT_EXPIRED));
}

static void test_check_tells_that_the_profile_has_no_holder(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    world_leaf(world, HOLDER, 0, &identity);
    world_profile(world, "fresh", 1500, NULL);
    CheckResult CLEANUP(check_result_done) result = check(world, &identity, "fresh");
    assert_true(verdict_is_only(&result.verdict, VERDICT_HOLDER_UNKNOWN));
}

static void test_check_tells_that_the_certificate_names_no_holder(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    world_leaf(world, NULL, 0, &identity);
    CheckResult CLEANUP(check_result_done) result = check(world, &identity, "demo");
    assert_true(verdict_is_only(&result.verdict, VERDICT_HOLDER));
}

static void test_check_of_nonsense_is_a_verdict(void **state) {
    World *world = *state;
    Judgement *CLEANUP(judgement_freep) judgement = NULL;
    CheckResult CLEANUP(check_result_done) result = {0};
    assert_int_equal(judgement_new(world->service, (View){(const uint8_t *) "x", 1}, NULL, 0, &world->now, &judgement),
                     0);
    judgement_run(judgement);
    assert_int_equal(service_check(world->service, judgement, "demo", &world->now, &result), 0);
    assert_null(result.certificate);
    assert_true(verdict_has(&result.verdict, VERDICT_MALFORMED));
}

static void test_s14_check_of_a_large_certificate_is_a_verdict(void **state) {
    World *world = *state;
    static const uint8_t large[1 << 20] = {0x30};
    Judgement *CLEANUP(judgement_freep) judgement = NULL;
    CheckResult CLEANUP(check_result_done) result = {0};
    assert_int_equal(judgement_new(world->service, (View){large, sizeof large}, NULL, 0, &world->now, &judgement), 0);
    judgement_run(judgement);
    assert_int_equal(service_check(world->service, judgement, NULL, &world->now, &result), 0);
    assert_true(verdict_has(&result.verdict, VERDICT_TOO_LARGE));
}

static void test_check_refuses_a_judgement_that_did_not_run(void **state) {
    World *world = *state;
    Judgement *CLEANUP(judgement_freep) judgement = NULL;
    CheckResult CLEANUP(check_result_done) result = {0};
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    world_leaf(world, HOLDER, 0, &identity);
    assert_int_equal(judgement_new(world->service, bytes_view(&identity.der), NULL, 0, &world->now, &judgement), 0);
    assert_true(service_check(world->service, judgement, NULL, &world->now, &result) < 0);
}

static void test_check_for_a_missing_profile_finds_nothing(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    CheckResult CLEANUP(check_result_done) result = {0};
    world_leaf(world, HOLDER, 0, &identity);
    Judgement *CLEANUP(judgement_freep) judgement = judged(world, &identity);
    assert_int_equal(service_check(world->service, judgement, "missing", &world->now, &result), OVCERT_ERROR_NOT_FOUND);
}

static void test_check_does_not_tell_strangers_what_is_assigned(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    world_leaf(world, HOLDER, 0, &identity);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &identity, false), 0);
    CheckResult CLEANUP(check_result_done) stranger = check(world, &identity, "other");
    assert_true(verdict_is_only(&stranger.verdict, VERDICT_HOLDER_MISMATCH));
    CheckResult CLEANUP(check_result_done) nobody = check(world, &identity, NULL);
    assert_true(verdict_accepted(&nobody.verdict));
    world_profile(world, "twin", 1500, HOLDER);
    CheckResult CLEANUP(check_result_done) twin = check(world, &identity, "twin");
    assert_true(verdict_is_only(&twin.verdict, VERDICT_UNAVAILABLE));
    CheckResult CLEANUP(check_result_done) own = check(world, &identity, "demo");
    assert_true(verdict_accepted(&own.verdict));
}

static void test_check_without_a_holder_tells_nothing_of_others(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    world_leaf(world, HOLDER, 0, &identity);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &identity, false), 0);
    world_profile(world, "fresh", 1500, NULL);
    service_set_options(world->service, 30, true);
    CheckResult CLEANUP(check_result_done) result = check(world, &identity, "fresh");
    assert_true(verdict_accepted(&result.verdict));
}

static int find(World *world, const Actor *actor, const PkiIdentity *identity, char **ret_user) {
    CheckResult CLEANUP(check_result_done) result = {0};
    Judgement *CLEANUP(judgement_freep) judgement = judged(world, identity);
    service_failure_done(&world->failure);
    return service_find(world->service, actor, judgement, &world->now, ret_user, &result, &world->failure);
}

static void test_find_refuses_what_is_not_valid(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0}, nobodys = {0};
    char *CLEANUP(free_pointer) user = NULL;
    world_leaf(world, HOLDER, 0, &identity);
    world_leaf(world, HOLDER, 0, &nobodys);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &identity, false), 0);
    assert_int_equal(find(world, &world->other, &nobodys, &user), OVCERT_ERROR_NOT_FOUND);
    world_revoke(world, &identity);
    assert_int_equal(find(world, &world->other, &identity, &user), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_null(user);
}

static void test_find_refuses_a_blocked_profile(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    char *CLEANUP(free_pointer) user = NULL;
    world_leaf(world, HOLDER, 0, &identity);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &identity, false), 0);
    assert_int_equal(service_block(world->service, &world->administrator, "demo", true, "", &world->now, NULL), 0);
    assert_int_equal(find(world, &world->other, &identity, &user), OVCERT_ERROR_PROFILE_BLOCKED);
}

static void test_find_refuses_a_barred_certificate(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    char *CLEANUP(free_pointer) user = NULL;
    OperationOpened opened = {0};
    world_leaf(world, HOLDER, 0, &identity);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &identity, false), 0);
    assert_int_equal(
        service_unlink(world->service, &world->administrator, "demo", false, true, &world->now, &opened, NULL), 0);
    assert_int_equal(find(world, &world->other, &identity, &user), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_last_row(world, "find-refused", "CertificateRefused", "unavailable");
}

static void test_find_names_the_user_and_leaves_a_row(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    char *CLEANUP(free_pointer) user = NULL;
    world_leaf(world, HOLDER, 0, &identity);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &identity, false), 0);
    assert_int_equal(find(world, &world->other, &identity, &user), 0);
    assert_string_equal(user, "demo");
    assert_last_row(world, "certificate-found", "ok", NULL);
}

static int find_unvalidated(World *world, const Actor *actor, View der, char **ret_user) {
    CheckResult CLEANUP(check_result_done) result = {0};
    return service_find_unvalidated(world->service, actor, der, &world->now, ret_user, &result, NULL);
}

static void test_only_root_finds_without_validation(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    char *CLEANUP(free_pointer) user = NULL;
    world_leaf(world, HOLDER, 0, &identity);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &identity, false), 0);
    world_revoke(world, &identity);
    View der = bytes_view(&identity.der);
    assert_int_equal(find_unvalidated(world, &world->administrator, der, &user), OVCERT_ERROR_DENIED);
    assert_int_equal(find_unvalidated(world, &world->root_actor, (View){0}, &user), OVCERT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(find_unvalidated(world, &world->root_actor, der, &user), 0);
    assert_string_equal(user, "demo");
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_check_lists_the_holder_among_all_reasons),
        IN_WORLD(test_check_tells_that_the_profile_has_no_holder),
        IN_WORLD(test_check_tells_that_the_certificate_names_no_holder),
        IN_WORLD(test_check_of_nonsense_is_a_verdict),
        IN_WORLD(test_s14_check_of_a_large_certificate_is_a_verdict),
        IN_WORLD(test_check_refuses_a_judgement_that_did_not_run),
        IN_WORLD(test_check_for_a_missing_profile_finds_nothing),
        IN_WORLD(test_check_does_not_tell_strangers_what_is_assigned),
        IN_WORLD(test_check_without_a_holder_tells_nothing_of_others),
        IN_WORLD(test_find_refuses_what_is_not_valid),
        IN_WORLD(test_find_refuses_a_blocked_profile),
        IN_WORLD(test_find_refuses_a_barred_certificate),
        IN_WORLD(test_find_names_the_user_and_leaves_a_row),
        IN_WORLD(test_only_root_finds_without_validation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

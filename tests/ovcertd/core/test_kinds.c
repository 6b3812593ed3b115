/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds of certificate in the use cases: who can be assigned and who signs in, whose the certificate is then, and what
 * a changed kind does to a certificate that is assigned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/error.h"
#include "tests/ovcertd/core/world.h"
#include "tests/trust/folders.h"
#include "tests/trust/spanish.h"

typedef struct Stage {
    World *world;
    Folders *folders;
} Stage;

/* The shipped kinds, and what an administrator says (NULL: nothing); then a reload. */
static void load(Stage *stage, const char *text) {
    Kinds *kinds = NULL;
    if (text)
        folders_write(stage->folders, true, "60-local.conf", text);
    if (folders_load(stage->folders, &kinds) != 0)
        fail_msg("%s", stage->folders->problem);
    (void) kinds_unref(stage->world->kinds); /* returns NULL */
    stage->world->kinds = kinds;
    world_publish(stage->world);
}

static int stage_setup(void **state) {
    Stage *stage = calloc(1, sizeof *stage);
    assert_non_null(stage);
    assert_int_equal(world_setup((void **) &stage->world), 0);
    assert_int_equal(folders_setup((void **) &stage->folders), 0);
    folders_ship(stage->folders);
    load(stage, NULL);
    *state = stage;
    return 0;
}

static int stage_teardown(void **state) {
    Stage *stage = *state;
    assert_int_equal(world_teardown((void **) &stage->world), 0);
    assert_int_equal(folders_teardown((void **) &stage->folders), 0);
    free(stage);
    return 0;
}

static PkiIdentity leaf(const Stage *stage, const PkiOptions *options) {
    PkiIdentity identity = {0};
    pki_leaf(&stage->world->issuer, options, &identity);
    return identity;
}

static void test_s11_the_signature_certificate_of_a_dnie_is_never_assigned_even_by_root(void **state) {
    Stage *stage = *state;
    PkiIdentity CLEANUP(pki_identity_done) signature = leaf(stage, &spanish_dnie_signature);
    assert_int_equal(assign_unproven(stage->world, &stage->world->root_actor, "demo", &signature, false),
                     OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_last_row(stage->world, "assign-refused", "CertificateRefused", "kind key-usage");
    assert_assigned(stage->world, "demo", NULL);
}

static void test_s11_a_dnie_without_extended_key_usage_signs_in(void **state) {
    Stage *stage = *state;
    PkiIdentity CLEANUP(pki_identity_done) card = leaf(stage, &spanish_dnie_authentication);
    assert_int_equal(assign_unproven(stage->world, &stage->world->root_actor, "demo", &card, false), 0);
    assert_int_equal(login_demo(stage->world, &card), 0);
}

static void test_s41_a_representative_is_not_the_person(void **state) {
    Stage *stage = *state;
    World *world = stage->world;
    PkiIdentity CLEANUP(pki_identity_done) identity = leaf(stage, &spanish_representative);
    char candidate[STORE_ID_SIZE];
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &identity, false),
                     OVCERT_ERROR_CERTIFICATE_REFUSED);
    load(stage, "[fnmt-representative]\nlogin = yes\n");
    assert_int_equal(prove(world, &world->demo, "demo", &identity, candidate), OVCERT_ERROR_HOLDER_MISMATCH);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &identity, false),
                     OVCERT_ERROR_HOLDER_MISMATCH);
    world_profile(world, "company", 1002, "99999999R@Q2826004J");
    assert_int_equal(assign_unproven(world, &world->root_actor, "company", &identity, false), 0);
    assert_int_equal(login(world, &world->root_actor, "company", 1002, &identity), 0);
}

static void test_a_kind_that_is_switched_off_signs_nobody_in_any_more(void **state) {
    Stage *stage = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = leaf(stage, &spanish_citizen);
    assert_int_equal(assign_unproven(stage->world, &stage->world->root_actor, "demo", &identity, false), 0);
    assert_int_equal(login_demo(stage->world, &identity), 0);
    load(stage, "[fnmt-citizen]\nlogin = no\n");
    assert_int_equal(login_demo(stage->world, &identity), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_last_row(stage->world, "login-refused", "CertificateRefused", NULL);
    assert_non_null(strstr(stage->world->failure.detail, "60-local.conf:2"));
}

static void test_a_judgement_of_before_a_reload_counts_by_the_kinds_of_after(void **state) {
    Stage *stage = *state;
    World *world = stage->world;
    PkiIdentity CLEANUP(pki_identity_done) identity = leaf(stage, &spanish_citizen);
    AssignOptions options = {0};
    Judgement *CLEANUP(judgement_freep) judgement = judged(world, &identity);
    load(stage, "[fnmt-citizen]\nlogin = no\n");
    assert_int_equal(service_assign_unproven(world->service, &world->root_actor, "demo", judgement, &options,
                                             &world->now, &world->failure),
                     OVCERT_ERROR_CERTIFICATE_REFUSED);
}

#define CORPORATE                                                                                                      \
    "[staff]\npriority = 5\nmatch = <ISSUER>^CN=AC PRUEBAS USUARIOS,C=ES$<POLICY>1.2.3.4\nlogin = yes\n"               \
    "holder = ACME:{subject_dn_component.employeeNumber}\n"

static PkiIdentity employee(const Stage *stage, const char *number) {
    PkiAttribute attribute = {.type = "2.16.840.1.113730.3.1.3", .value = number};
    return leaf(stage, &(PkiOptions){.more = &attribute, .n_more = 1, .policies = "1.2.3.4"});
}

static void test_s41_continuity_follows_the_holder_that_the_kind_makes(void **state) {
    Stage *stage = *state;
    World *world = stage->world;
    PkiIdentity CLEANUP(pki_identity_done) first = employee(stage, "4711"), renewed = employee(stage, "4711");
    PkiIdentity CLEANUP(pki_identity_done) colleague = employee(stage, "4712");
    char candidate[STORE_ID_SIZE], operation[STORE_ID_SIZE];
    load(stage, CORPORATE);
    world_profile(world, "staff", 1003, "acme:4711");
    Actor owner = {.uid = 1003, .sender = ":1.13"};
    assert_int_equal(assign_unproven(world, &world->root_actor, "staff", &colleague, false),
                     OVCERT_ERROR_HOLDER_MISMATCH);
    assert_int_equal(assign_unproven(world, &world->root_actor, "staff", &first, false), 0);
    assert_int_equal(prove(world, &owner, "staff", &colleague, candidate), OVCERT_ERROR_HOLDER_MISMATCH);
    assert_int_equal(prove(world, &owner, "staff", &renewed, candidate), 0);
    assert_int_equal(unlink_certificate(world, &owner, "staff", true, operation), 0);
    assert_int_equal(confirm(world, &owner, "staff", operation), 0);
    assert_int_equal(assign(world, &owner, "staff", candidate), 0);
    assert_assigned(world, "staff", &renewed);
    assert_holder(world, "staff", "ACME:4711");
}

static void test_a_check_tells_the_kind_and_its_holder(void **state) {
    Stage *stage = *state;
    World *world = stage->world;
    CheckResult CLEANUP(check_result_done) result = {0};
    PkiIdentity CLEANUP(pki_identity_done) colleague = employee(stage, "4712");
    load(stage, CORPORATE);
    world_profile(world, "staff", 1003, "ACME:4711");
    Judgement *CLEANUP(judgement_freep) judgement = judged(world, &colleague);
    assert_int_equal(service_check(world->service, judgement, "staff", &world->now, &result), 0);
    assert_string_equal(kind_name(result.verdict.kind), "staff");
    assert_string_equal(result.verdict.holder, "ACME:4712");
    assert_true(verdict_is_only(&result.verdict, VERDICT_HOLDER_MISMATCH));
    assert_string_equal(result.verdict.items[0].detail, "ACME:4712");
    assert_string_equal(verdict_wanted(&result.verdict.items[0]), "ACME:4711");
}

static void test_a_candidate_tells_the_kind_that_counts_now(void **state) {
    Stage *stage = *state;
    World *world = stage->world;
    PkiIdentity CLEANUP(pki_identity_done) identity = leaf(stage, &spanish_citizen);
    ProfileDescription CLEANUP(profile_description_done) before = {0}, after = {0};
    char candidate[STORE_ID_SIZE];
    assert_int_equal(prove(world, &world->demo, "demo", &identity, candidate), 0);
    assert_int_equal(service_describe(world->service, "demo", &world->now, &before), 0);
    load(stage, "[mine]\npriority = 1\nmatch = <KU>digitalSignature\nlogin = no\n");
    assert_int_equal(before.n_candidates, 1);
    assert_string_equal(kind_name(before.candidate_kinds[0]), "fnmt-citizen");
    assert_int_equal(service_describe(world->service, "demo", &world->now, &after), 0);
    assert_string_equal(kind_name(after.candidate_kinds[0]), "mine");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, stage_setup, stage_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_s11_the_signature_certificate_of_a_dnie_is_never_assigned_even_by_root),
        TEST(test_s11_a_dnie_without_extended_key_usage_signs_in),
        TEST(test_s41_a_representative_is_not_the_person),
        TEST(test_a_kind_that_is_switched_off_signs_nobody_in_any_more),
        TEST(test_a_judgement_of_before_a_reload_counts_by_the_kinds_of_after),
        TEST(test_s41_continuity_follows_the_holder_that_the_kind_makes),
        TEST(test_a_check_tells_the_kind_and_its_holder),
        TEST(test_a_candidate_tells_the_kind_that_counts_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Judgements to sign in with, by kind: which certificate of each pair is accepted, and which never is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/trust/folders.h"
#include "tests/trust/scene.h"
#include "tests/trust/spanish.h"

typedef struct Stage {
    Scene *scene;
    Folders *folders;
} Stage;

static int stage_setup(void **state) {
    Stage *stage = calloc(1, sizeof(*stage));

    assert_non_null(stage);
    assert_int_equal(scene_setup((void **) &stage->scene), 0);
    assert_int_equal(folders_setup((void **) &stage->folders), 0);
    folders_ship(stage->folders);
    *state = stage;
    return 0;
}

static int stage_teardown(void **state) {
    Stage *stage = *state;

    (void) kinds_unref(stage->scene->options.kinds);
    assert_int_equal(scene_teardown((void **) &stage->scene), 0);
    assert_int_equal(folders_teardown((void **) &stage->folders), 0);
    free(stage);
    return 0;
}

/* The shipped kinds, and what an administrator says (NULL: nothing). */
static void load(Stage *stage, const char *text) {
    Kinds *kinds = NULL;

    if (text)
        folders_write(stage->folders, true, "60-local.conf", text);
    if (folders_load(stage->folders, &kinds) != 0)
        fail_msg("%s", stage->folders->problem);
    (void) kinds_unref(stage->scene->options.kinds);
    stage->scene->options.kinds = kinds;
    scene_load(stage->scene);
}

static void assert_leaf(Stage *stage, const PkiOptions *options, const char *reasons, const char *kind,
                        const char *holder) {
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(stage->scene, options);
    CLEANUP(verdict_done) Verdict verdict = {0};

    assert_string_equal(scene_judge(stage->scene, &leaf, NULL, 0, 0, &verdict).text, reasons);
    assert_string_equal(verdict.kind ? kind_name(verdict.kind) : "", kind);
    assert_string_equal(verdict.holder, holder);
}

static void test_s11_a_dnie_needs_no_extended_key_usage_and_its_signature_twin_never_signs_in(void **state) {
    load(*state, NULL);
    assert_leaf(*state, &spanish_dnie_authentication, "", "dnie-authentication", "ES:99999999R");
    assert_leaf(*state, &spanish_dnie_signature, "key-usage@0 kind@0", "dnie-signature", "ES:99999999R");
}

static void test_s11_the_signature_twin_is_refused_whatever_its_key_usage(void **state) {
    PkiOptions options = spanish_dnie_signature;

    load(*state, NULL);
    options.key_usage = "digitalSignature,nonRepudiation";
    options.extended_key_usage = "clientAuth";
    assert_leaf(*state, &options, "kind@0", "dnie-signature", "ES:99999999R");
}

static void test_s11_an_extended_key_usage_that_a_dnie_has_must_allow_signing_in(void **state) {
    PkiOptions options = spanish_dnie_authentication;

    load(*state, NULL);
    options.extended_key_usage = "emailProtection";
    assert_leaf(*state, &options, "extended-key-usage@0", "dnie-authentication", "ES:99999999R");
}

static void test_s11_no_other_kind_may_do_without(void **state) {
    const PkiOptions *const kinds[] = {&spanish_citizen, &spanish_employee_card, &spanish_employee_software};

    load(*state, NULL);
    for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
        PkiOptions options = *kinds[i];
        CLEANUP(pki_identity_done) PkiIdentity leaf = {0};

        options.extended_key_usage = "";
        leaf = scene_leaf(((Stage *) *state)->scene, &options);
        assert_string_equal(scene_reasons(((Stage *) *state)->scene, &leaf, 0).text, "extended-key-usage@0");
    }
    assert_leaf(*state, &(PkiOptions){.extended_key_usage = ""}, "extended-key-usage@0", "other", "");
}

static void test_the_kinds_that_sign_in_do(void **state) {
    load(*state, NULL);
    assert_leaf(*state, &spanish_citizen, "", "fnmt-citizen", "ES:99999999R");
    assert_leaf(*state, &spanish_citizen_bare, "", "fnmt-citizen", "ES:99999999R");
    assert_leaf(*state, &spanish_employee_card, "", "fnmt-public-employee-card", "ES:99999999R@ES:Q2826004J");
    assert_leaf(*state, &spanish_employee_software, "", "fnmt-public-employee-software", "ES:99999999R@ES:Q2826004J");
    assert_leaf(*state, NULL, "", "other", "");
}

static void test_a_representative_signs_in_only_where_an_administrator_says_so(void **state) {
    load(*state, NULL);
    assert_leaf(*state, &spanish_representative, "kind@0", "fnmt-representative", "ES:99999999R@ES:Q2826004J");
    load(*state, "[fnmt-representative]\nlogin = yes\n");
    assert_leaf(*state, &spanish_representative, "", "fnmt-representative", "ES:99999999R@ES:Q2826004J");
}

static void test_s41_a_kind_that_demands_a_holder_gets_it_or_refuses(void **state) {
    PkiOptions citizen = spanish_citizen, alone = spanish_representative;

    load(*state, "[fnmt-representative]\nlogin = yes\n");
    citizen.organization_identifier = SPANISH_ORGANISATION;
    assert_leaf(*state, &citizen, "holder@0", "fnmt-citizen", "");
    alone.organization_identifier = NULL;
    assert_leaf(*state, &alone, "holder@0", "fnmt-representative", "");
    citizen = spanish_citizen;
    citizen.serial_number = "IDCES-99999999A"; /* the wrong letter */
    assert_leaf(*state, &citizen, "holder@0", "fnmt-citizen", "");
}

static void test_what_is_of_no_kind_is_refused(void **state) {
    load(*state, "[other]\nmatch = <POLICY>1.2.3.4\n");
    assert_leaf(*state, NULL, "kind@0", "", "");
    assert_leaf(*state, &(PkiOptions){.policies = "1.2.3.4"}, "", "other", "");
}

static void test_s16_a_name_with_nul_is_of_no_kind_by_name(void **state) {
    PkiAttribute name = {.type = "CN", .value = "root\0.x", .size = 7};
    PkiOptions options = {.more = &name, .n_more = 1, .bare_subject = true};

    load(*state, "[root]\npriority = 0\nmatch = <SUBJECT>root\nlogin = yes\n");
    assert_leaf(*state, &options, "name@0", "other", "");
}

static void test_a_reason_says_what_was_found_and_what_was_wanted(void **state) {
    Stage *stage = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(stage->scene, &spanish_dnie_signature);
    CLEANUP(verdict_done) Verdict verdict = {0};

    load(stage, NULL);
    assert_string_equal(scene_judge(stage->scene, &leaf, NULL, 0, 0, &verdict).text, "key-usage@0 kind@0");
    assert_int_equal(verdict.items[0].reason, VERDICT_KIND);
    assert_non_null(strstr(verdict.items[0].detail, "dnie-signature: login = never ("));
    assert_non_null(strstr(verdict.items[0].detail, "/10-dnie.conf:"));
    assert_string_equal(verdict_wanted(&verdict.items[0]), "login = yes");
    assert_string_equal(verdict_wanted(&verdict.items[1]), "digitalSignature");
}

static void test_kinds_are_no_matter_where_nobody_signs_in(void **state) {
    Stage *stage = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(stage->scene, &spanish_dnie_signature);
    CLEANUP(verdict_done) Verdict verdict = {0};
    static const TrustRules any = {.purpose = TRUST_PURPOSE_ANY};
    View chain = bytes_view(&stage->scene->intermediate.der);
    TrustQuery query = {.leaf = bytes_view(&leaf.der), .chain = &chain, .n_chain = 1, .rules = &any, .now = PKI_NOW};

    load(stage, NULL);
    assert_int_equal(trust_judge(stage->scene->store, &query, &verdict), 0);
    assert_true(verdict_accepted(&verdict));
    assert_null(verdict.kind);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, stage_setup, stage_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_s11_a_dnie_needs_no_extended_key_usage_and_its_signature_twin_never_signs_in),
        TEST(test_s11_the_signature_twin_is_refused_whatever_its_key_usage),
        TEST(test_s11_an_extended_key_usage_that_a_dnie_has_must_allow_signing_in),
        TEST(test_s11_no_other_kind_may_do_without),
        TEST(test_the_kinds_that_sign_in_do),
        TEST(test_a_representative_signs_in_only_where_an_administrator_says_so),
        TEST(test_s41_a_kind_that_demands_a_holder_gets_it_or_refuses),
        TEST(test_what_is_of_no_kind_is_refused),
        TEST(test_s16_a_name_with_nul_is_of_no_kind_by_name),
        TEST(test_a_reason_says_what_was_found_and_what_was_wanted),
        TEST(test_kinds_are_no_matter_where_nobody_signs_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the rules that certificates of a chain must keep and OpenSSL lets pass: names that are none, constraints
 * that anybody may overlook, wildcards over excluded names, what RFC 5280 says that there must be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/trust/scene.h"

#define BELOW "critical,permitted;DNS:example.org"

typedef struct Row {
    const char *value, *wanted;
} Row;

/* A leaf under an intermediate of its own, whose list is there. */
static Reasons judge_under(Scene *scene, const PkiOptions *intermediate_options, const PkiOptions *leaf_options) {
    CLEANUP(pki_identity_done) PkiIdentity intermediate = {0}, leaf = {0};
    CLEANUP(verdict_done) Verdict verdict = {0};
    const PkiIdentity *chain[] = {&intermediate};

    pki_intermediate(&scene->root, intermediate_options, &intermediate);
    pki_leaf(&intermediate, leaf_options, &leaf);
    scene_write_crl(scene, "intermediate.crl", &intermediate, NULL);
    scene_load(scene);
    return scene_judge(scene, &leaf, chain, 1, 0, &verdict);
}

static void test_s13_names_that_are_none_are_refused(void **state) {
    static const Row rows[] = {
        {"DNS:example.org", ""},
        {"DNS:*.example.org", ""},
        {"DNS:1.example.org", ""},
        {"email:a.b@example.org", ""},
        {"email:a@b_c.example.org", ""},
        {"email:\"a@b\"@example.org", ""},
        {"IP:192.0.2.1,IP:2001:db8::1", ""},
        {"DNS:.example.org", "name@0"},
        {"DNS:example.org.", "name@0"},
        {"DNS:example..org", "name@0"},
        {"DNS:a_b.example.org", "name@0"},
        {"DNS:-a.example.org", "name@0"},
        {"DNS:a.*.example.org", "name@0"},
        {"DNS:*", "name@0"},
        {"DNS:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.org", "name@0"},
        {"email:a@b@example.org", "name@0"},
        {"email:@example.org", "name@0"},
        {"email:a@", "name@0"},
        {"email:a", "name@0"},
        {"email:a b@example.org", "name@0"},
    };
    Scene *scene = *state;

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        CLEANUP(pki_identity_done)
        PkiIdentity leaf = scene_leaf(scene, &(PkiOptions){.alternative_name = rows[i].value});

        assert_string_equal(scene_reasons(scene, &leaf, 0).text, rows[i].wanted);
    }
}

static void test_s13_an_address_of_another_size_is_refused(void **state) {
    const PkiExtension names[] = {{.oid = "2.5.29.17", .der = "30058703c00002"}};
    Scene *scene = *state;
    CLEANUP(pki_identity_done)
    PkiIdentity leaf = scene_leaf(scene, &(PkiOptions){.extensions = names, .n_extensions = 1});

    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "name@0");
}

static void test_s8_constraints_that_are_none_are_refused(void **state) {
    static const Row rows[] = {
        {"critical,excluded;DNS:example.org", ""},
        {"critical,excluded;email:example.org", ""},
        {"critical,excluded;email:.example.org", ""},
        {"critical,excluded;email:a@example.org", ""},
        {"critical,excluded;IP:192.0.2.0/255.255.255.0", ""},
        {"excluded;DNS:example.org", "name-constraints@1"}, /* not critical */
        {"critical,excluded;DNS:.example.org", "name-constraints@1"},
        {"critical,excluded;DNS:*.example.org", "name-constraints@1"},
        {"critical,excluded;email:a@b@example.org", "name-constraints@1"},
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++)
        assert_string_equal(judge_under(*state, &(PkiOptions){.name_constraints = rows[i].value}, NULL).text,
                            rows[i].wanted);
}

static void test_s8_a_wildcard_over_an_excluded_name_is_refused(void **state) {
    static const Row rows[] = {
        {"DNS:*.example.org", "name-constraints@0"},
        {"DNS:*.EXAMPLE.org", "name-constraints@0"},
        {"DNS:a.example.org", "name-constraints@0"},
        {"DNS:*.b.example.org", ""},
        {"DNS:b.example.org", ""},
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++)
        assert_string_equal(judge_under(*state,
                                        &(PkiOptions){.name_constraints = "critical,excluded;DNS:a.example.org"},
                                        &(PkiOptions){.alternative_name = rows[i].value})
                                .text,
                            rows[i].wanted);
}

/* None is excluded, and to find that out would take a million comparisons. */
static void test_s14_more_names_and_constraints_than_are_compared_are_refused(void **state) {
    enum { COUNT = 1100 };
    CLEANUP(bytes_done) Bytes names = {0};
    CLEANUP(bytes_done) Bytes constraints = {0};

    for (unsigned i = 0; i < COUNT; i++) {
        char piece[64];

        (void) snprintf(piece, sizeof piece, "%sDNS:*.%u.n", i > 0 ? "," : "", i); /* fits */
        assert_int_equal(bytes_append(&names, (View){(const uint8_t *) piece, strlen(piece)}), 0);
        (void) snprintf(piece, sizeof piece, "%s;DNS:c.%u", i > 0 ? ",excluded" : "critical,excluded",
                        i); /* as above */
        assert_int_equal(bytes_append(&constraints, (View){(const uint8_t *) piece, strlen(piece)}), 0);
    }
    assert_int_equal(bytes_append_u8(&names, 0), 0);
    assert_int_equal(bytes_append_u8(&constraints, 0), 0);
    assert_non_null(strstr(judge_under(*state, &(PkiOptions){.name_constraints = (const char *) constraints.data},
                                       &(PkiOptions){.alternative_name = (const char *) names.data})
                               .text,
                           "name-constraints@0"));
}

/* requireExplicitPolicy 3: it does not take effect in this chain. */
static void test_s8_policy_constraints_are_critical_or_beside_policies(void **state) {
    const PkiExtension loose[] = {{.oid = "2.5.29.36", .der = "3003800103"}};
    const PkiExtension firm[] = {{.oid = "2.5.29.36", .critical = true, .der = "3003800103"}};
    const PkiExtension any[] = {{.oid = "2.5.29.54", .der = "020100"}};
    Scene *scene = *state;

    assert_string_equal(judge_under(scene, &(PkiOptions){.extensions = firm, .n_extensions = 1}, NULL).text, "");
    assert_string_equal(judge_under(scene, &(PkiOptions){.extensions = loose, .n_extensions = 1}, NULL).text,
                        "policy@1");
    assert_string_equal(
        judge_under(scene, &(PkiOptions){.extensions = loose, .n_extensions = 1, .policies = "1.2.3.4"}, NULL).text,
        "");
    assert_string_equal(judge_under(scene, &(PkiOptions){.extensions = any, .n_extensions = 1}, NULL).text, "policy@1");
}

static void test_s8_what_identifies_keys_must_be_there(void **state) {
    const PkiOptions bare = {.without_key_identifiers = true};

    assert_string_equal(judge_under(*state, NULL, &bare).text, "extension@0");
    assert_string_equal(judge_under(*state, &(PkiOptions){.basic_constraints = "CA:TRUE"}, NULL).text, "extension@1");
}

static void test_s13_an_empty_extended_key_usage_of_an_issuer_is_refused(void **state) {
    const PkiExtension none[] = {{.oid = "2.5.29.37", .der = "3000"}};

    assert_string_equal(judge_under(*state, &(PkiOptions){.extensions = none, .n_extensions = 1}, NULL).text,
                        "extended-key-usage@1");
}

static void test_an_authority_without_key_usage_may_sign(void **state) {
    assert_string_equal(judge_under(*state, &(PkiOptions){.key_usage = ""}, NULL).text, "");
}

static void test_s13_constraints_of_one_who_is_no_authority_are_refused_for_any_purpose(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, &(PkiOptions){.name_constraints = BELOW});
    CLEANUP(verdict_done) Verdict verdict = {0};
    const TrustRules rules = {.purpose = TRUST_PURPOSE_ANY};
    View chain = bytes_view(&scene->intermediate.der);
    TrustQuery query = {.leaf = bytes_view(&leaf.der), .chain = &chain, .n_chain = 1, .rules = &rules, .now = PKI_NOW};

    scene_load(scene);
    assert_int_equal(trust_judge(scene->store, &query, &verdict), 0);
    assert_string_equal(reasons_of(&verdict).text, "name-constraints@0");
}

#define SCENE_TEST(function) cmocka_unit_test_setup_teardown(function, scene_setup, scene_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_s13_names_that_are_none_are_refused),
        SCENE_TEST(test_s13_an_address_of_another_size_is_refused),
        SCENE_TEST(test_s8_constraints_that_are_none_are_refused),
        SCENE_TEST(test_s8_a_wildcard_over_an_excluded_name_is_refused),
        SCENE_TEST(test_s14_more_names_and_constraints_than_are_compared_are_refused),
        SCENE_TEST(test_s8_policy_constraints_are_critical_or_beside_policies),
        SCENE_TEST(test_s8_what_identifies_keys_must_be_there),
        SCENE_TEST(test_s13_an_empty_extended_key_usage_of_an_issuer_is_refused),
        SCENE_TEST(test_an_authority_without_key_usage_may_sign),
        SCENE_TEST(test_s13_constraints_of_one_who_is_no_authority_are_refused_for_any_purpose),
    };

    return cmocka_run_group_tests_name("trust/rules", tests, NULL, NULL);
}

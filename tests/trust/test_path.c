/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the search for chains: every issuer is tried until one chain holds, the order of what is sent does not
 * matter, the work has limits; and of the rules that a caller may give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/trust/scene.h"

#define SENT_MAX 101u

static Reasons judge_by(Scene *scene, const PkiIdentity *leaf, const PkiIdentity *const *chain, size_t count,
                        const TrustRules *rules) {
    CLEANUP(verdict_done) Verdict verdict = {0};
    View views[SENT_MAX];
    TrustQuery query = {
        .leaf = bytes_view(&leaf->der), .chain = views, .n_chain = count, .rules = rules, .now = PKI_NOW};

    for (size_t i = 0; i < count; i++)
        views[i] = bytes_view(&chain[i]->der);
    if (!scene->store)
        scene_load(scene);
    assert_int_equal(trust_judge(scene->store, &query, &verdict), 0);
    return reasons_of(&verdict);
}

/* The leaf with both, in either order. */
static void assert_either_order(Scene *scene, const PkiIdentity *leaf, const PkiIdentity *a, const PkiIdentity *b,
                                const char *wanted) {
    const PkiIdentity *chain[] = {a, b}, *turned[] = {b, a};

    scene_load(scene);
    assert_string_equal(judge_by(scene, leaf, chain, 2, NULL).text, wanted);
    assert_string_equal(judge_by(scene, leaf, turned, 2, NULL).text, wanted);
}

static void test_s8_an_expired_twin_is_passed_over(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity twin = {0}, leaf = scene_leaf(scene, NULL);

    pki_intermediate(&scene->root, &(PkiOptions){.key = scene->intermediate.key, .not_after = PKI_NOW - PKI_DAY},
                     &twin);
    assert_either_order(scene, &leaf, &twin, &scene->intermediate, "");
}

static void test_s8_a_namesake_with_another_key_is_passed_over(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity namesake = {0}, leaf = scene_leaf(scene, NULL);

    pki_intermediate(&scene->root, NULL, &namesake);
    assert_either_order(scene, &leaf, &namesake, &scene->intermediate, "");
}

static void test_s8_a_cross_certificate_of_a_stranger_is_passed_over(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity stranger = {0}, cross = {0}, leaf = scene_leaf(scene, NULL);

    pki_root(&(PkiOptions){.common_name = "AC OTRA"}, &stranger);
    pki_intermediate(&stranger, &(PkiOptions){.key = scene->intermediate.key}, &cross);
    assert_either_order(scene, &leaf, &cross, &scene->intermediate, "");
}

static void test_s8_a_way_round_a_constraint_or_a_revocation_is_found(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity narrow = {0}, revoked = {0};
    CLEANUP(pki_identity_done)
    PkiIdentity leaf = scene_leaf(scene, &(PkiOptions){.alternative_name = "email:a@example.org"});
    const PkiIdentity *listed[] = {&revoked};
    const PkiOptions narrow_options = {.key = scene->intermediate.key,
                                       .name_constraints = "critical,excluded;email:example.org"};

    pki_intermediate(&scene->root, &narrow_options, &narrow);
    assert_either_order(scene, &leaf, &narrow, &scene->intermediate, "");
    pki_intermediate(&scene->root, &(PkiOptions){.key = scene->intermediate.key}, &revoked);
    scene_write_crl(scene, "root.crl", &scene->root, &(PkiCrlOptions){.revoked = listed, .n_revoked = 1});
    assert_either_order(scene, &leaf, &revoked, &scene->intermediate, "");
    assert_either_order(scene, &leaf, &revoked, &revoked, "revoked@1");
}

static void test_the_reasons_are_those_of_the_best_chain(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity expired = {0}, worse = {0}, leaf = scene_leaf(scene, NULL);

    pki_intermediate(&scene->root, &(PkiOptions){.key = scene->intermediate.key, .not_after = PKI_NOW - 1}, &expired);
    pki_intermediate(&scene->root,
                     &(PkiOptions){.key = scene->intermediate.key, .not_after = PKI_NOW - 1, .digest = "SHA1"}, &worse);
    assert_either_order(scene, &leaf, &worse, &expired, "expired@1");
}

static void test_s12_a_leaf_that_is_sent_along_is_not_its_own_issuer(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity self = {0};

    pki_self_signed(NULL, &self);
    assert_either_order(scene, &self, &self, &scene->intermediate, "untrusted@0");
}

/* ── limits (SECURITY 14, 40) ── */

static double work_of(Scene *scene, const PkiIdentity *leaf, const PkiIdentity *const *chain, size_t count,
                      Reasons *ret) {
    clock_t begin = clock(); /* processor time */

    *ret = judge_by(scene, leaf, chain, count, NULL);
    return (double) (clock() - begin) / CLOCKS_PER_SEC;
}

static void test_s14_the_right_one_of_a_hundred_namesakes_is_found_in_time(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    PkiIdentity namesakes[SENT_MAX - 1] = {{0}};
    const PkiIdentity *sent[SENT_MAX];
    Reasons reasons;

    for (size_t i = 0; i < SENT_MAX - 1; i++) {
        pki_intermediate(&scene->root, NULL, &namesakes[i]);
        sent[i] = &namesakes[i];
    }
    sent[SENT_MAX - 1] = &scene->intermediate;
    scene_load(scene);
    assert_true(work_of(scene, &leaf, sent, SENT_MAX, &reasons) < 1);
    assert_string_equal(reasons.text, "");
    for (size_t i = 0; i < SENT_MAX - 1; i++)
        pki_identity_done(&namesakes[i]);
}

/* Seven authorities that have all certified each other, and no anchor: more ways than anybody can go. */
static void test_s40_a_web_of_cross_certificates_ends_in_time(void **state) {
    enum { AUTHORITIES = 7, EDGES = AUTHORITIES * (AUTHORITIES - 1) };
    Scene *scene = *state;
    PkiIdentity authorities[AUTHORITIES] = {{0}}, edges[EDGES] = {{0}}, leaf = {0};
    const PkiIdentity *sent[EDGES];
    size_t count = 0;
    Reasons reasons;

    for (int i = 0; i < AUTHORITIES; i++) {
        char name[32];

        (void) snprintf(name, sizeof(name), "AC %d", i); /* fits */
        pki_root(&(PkiOptions){.common_name = name}, &authorities[i]);
    }
    for (int i = 0; i < AUTHORITIES; i++)
        for (int j = 0; j < AUTHORITIES; j++) {
            char name[32];

            if (i == j)
                continue;
            (void) snprintf(name, sizeof(name), "AC %d", j); /* fits */
            pki_intermediate(&authorities[i], &(PkiOptions){.common_name = name, .key = authorities[j].key},
                             &edges[count]);
            sent[count] = &edges[count];
            count++;
        }
    pki_leaf(&authorities[0], NULL, &leaf);
    assert_true(work_of(scene, &leaf, sent, count, &reasons) < 1);
    assert_non_null(strstr(reasons.text, "untrusted@0"));
    assert_non_null(strstr(reasons.text, "work-limit@0"));
    for (size_t i = 0; i < count; i++)
        pki_identity_done(&edges[i]);
    for (int i = 0; i < AUTHORITIES; i++)
        pki_identity_done(&authorities[i]);
    pki_identity_done(&leaf);
}

/* ── rules of the caller's ── */

static void test_a_purpose_replaces_what_signing_in_needs(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done)
    PkiIdentity server = scene_leaf(scene, &(PkiOptions){.extended_key_usage = "serverAuth", .key_usage = ""});
    const PkiIdentity *chain[] = {&scene->intermediate};
    TrustRules rules = {.purpose = TRUST_PURPOSE_ANY};

    assert_string_equal(judge_by(scene, &server, chain, 1, NULL).text, "key-usage@0 extended-key-usage@0");
    assert_string_equal(judge_by(scene, &server, chain, 1, &rules).text, "");
    rules = (TrustRules){.purpose = TRUST_PURPOSE_USAGE, .usage = "1.3.6.1.5.5.7.3.1"};
    assert_string_equal(judge_by(scene, &server, chain, 1, &rules).text, "");
    rules.usage = "1.3.6.1.5.5.7.3.2";
    assert_string_equal(judge_by(scene, &server, chain, 1, &rules).text, "extended-key-usage@0");
}

static void test_revocation_is_asked_as_far_as_the_rules_say(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    const PkiIdentity *chain[] = {&scene->intermediate}, *listed[] = {&scene->intermediate};
    TrustRules rules = {.revocation = TRUST_REVOCATION_LEAF};

    pki_remove(scene->crls, "root.crl");
    assert_string_equal(judge_by(scene, &leaf, chain, 1, NULL).text, "revocation-missing@1");
    assert_string_equal(judge_by(scene, &leaf, chain, 1, &rules).text, "");
    scene_write_crl(scene, "root.crl", &scene->root, &(PkiCrlOptions){.revoked = listed, .n_revoked = 1});
    scene_load(scene);
    assert_string_equal(judge_by(scene, &leaf, chain, 1, &rules).text, "revoked@1");
    rules.revocation = TRUST_REVOCATION_NONE;
    assert_string_equal(judge_by(scene, &leaf, chain, 1, &rules).text, "");
}

static void test_policies_that_the_caller_wants_are_required(void **state) {
    static const char *const citizen[] = {"1.3.6.1.4.1.5734.3.10.1"}, *const other[] = {"1.2.3.4"};
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity intermediate = {0}, leaf = {0};
    const PkiIdentity *chain[] = {&intermediate};
    TrustRules rules = {.policies = citizen, .n_policies = 1, .explicit_policy = true};

    pki_intermediate(&scene->root, &(PkiOptions){.key = scene->intermediate.key, .policies = "2.5.29.32.0"},
                     &intermediate);
    pki_leaf(&intermediate, &(PkiOptions){.policies = citizen[0]}, &leaf);
    assert_string_equal(judge_by(scene, &leaf, chain, 1, &rules).text, "");
    rules.inhibit_any_policy = true;
    assert_string_equal(judge_by(scene, &leaf, chain, 1, &rules).text, "policy@0");
    rules = (TrustRules){.policies = other, .n_policies = 1, .explicit_policy = true};
    assert_string_equal(judge_by(scene, &leaf, chain, 1, &rules).text, "policy@0");
}

static void test_a_maximal_depth_counts_intermediates(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    const PkiIdentity *chain[] = {&scene->intermediate};
    TrustRules rules = {.limit_depth = true, .max_depth = 1};

    assert_string_equal(judge_by(scene, &leaf, chain, 1, &rules).text, "");
    rules.max_depth = 0;
    assert_string_equal(judge_by(scene, &leaf, chain, 1, &rules).text, "chain-too-long@0");
}

static void test_oids_are_told_from_other_words(void **state) {
    (void) state;
    assert_true(trust_is_oid("1.3.6.1.5.5.7.3.2"));
    assert_false(trust_is_oid("") || trust_is_oid("clientAuth") || trust_is_oid("1") || trust_is_oid("9.9.9") ||
                 trust_is_oid("1.2.") || trust_is_oid("1..2"));
}

#define SCENE_TEST(function) cmocka_unit_test_setup_teardown(function, scene_setup, scene_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_s8_an_expired_twin_is_passed_over),
        SCENE_TEST(test_s8_a_namesake_with_another_key_is_passed_over),
        SCENE_TEST(test_s8_a_cross_certificate_of_a_stranger_is_passed_over),
        SCENE_TEST(test_s8_a_way_round_a_constraint_or_a_revocation_is_found),
        SCENE_TEST(test_the_reasons_are_those_of_the_best_chain),
        SCENE_TEST(test_s12_a_leaf_that_is_sent_along_is_not_its_own_issuer),
        SCENE_TEST(test_s14_the_right_one_of_a_hundred_namesakes_is_found_in_time),
        SCENE_TEST(test_s40_a_web_of_cross_certificates_ends_in_time),
        SCENE_TEST(test_a_purpose_replaces_what_signing_in_needs),
        SCENE_TEST(test_revocation_is_asked_as_far_as_the_rules_say),
        SCENE_TEST(test_policies_that_the_caller_wants_are_required),
        SCENE_TEST(test_a_maximal_depth_counts_intermediates),
        cmocka_unit_test(test_oids_are_told_from_other_words),
    };

    return cmocka_run_group_tests_name("trust/path", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of revocation beyond the issuer's one list: lists that another key signs, parts of lists, deltas, lists of a
 * third party, OCSP answers. Whatever may not speak is not heard; whatever is missing refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "tests/trust/scene.h"

#define SIGNER_USAGE "critical,cRLSign"

/* ── lists that another key signs ── */

static void assert_chain(Scene *scene, const PkiIdentity *leaf, const PkiIdentity *const *chain, size_t count,
                         const char *wanted) {
    CLEANUP(verdict_done) Verdict verdict = {0};

    scene_load(scene);
    assert_string_equal(scene_judge(scene, leaf, chain, count, 0, &verdict).text, wanted);
}

static void lay_signer(const Scene *scene, const PkiIdentity *signer) {
    CLEANUP(bytes_done) Bytes pem = {0};

    pki_pem("CERTIFICATE", bytes_view(&signer->der), &pem);
    pki_write(scene->crls, "signer.pem", bytes_view(&pem));
}

/* Sent along with the leaf, laid beside the lists, and both. */
static void assert_signed(Scene *scene, const PkiIdentity *leaf, const PkiIdentity *signer, const char *wanted) {
    const PkiIdentity *chain[] = {&scene->intermediate, signer};

    assert_chain(scene, leaf, chain, 2, wanted);
    lay_signer(scene, signer);
    assert_chain(scene, leaf, chain, 1, wanted);
    assert_chain(scene, leaf, chain, 2, wanted);
    assert_int_equal(scene->problems.count, 0);
    pki_remove(scene->crls, "signer.pem");
}

/* A certificate of the intermediate's name, for a key that signs its lists. */
static void make_signer(Scene *scene, const PkiOptions *options, const PkiCrlOptions *list, PkiIdentity *ret) {
    pki_intermediate(&scene->root, options, ret);
    scene_write_crl(scene, "intermediate.crl", ret, list);
}

static void test_s9_a_list_that_another_key_of_the_issuers_signs_serves(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), signer = {0};
    const PkiIdentity *revoked[] = {&leaf};

    make_signer(scene, &(PkiOptions){.key_usage = SIGNER_USAGE, .basic_constraints = "critical,CA:FALSE"}, NULL,
                &signer);
    assert_signed(scene, &leaf, &signer, "");
    assert_signed(scene, &leaf, &scene->intermediate, "revocation-missing@0"); /* the signer is nowhere */
    scene_write_crl(scene, "intermediate.crl", &signer, &(PkiCrlOptions){.revoked = revoked, .n_revoked = 1});
    assert_signed(scene, &leaf, &signer, "revoked@0");
}

static void test_s9_a_signer_that_may_not_or_has_ended_or_is_revoked_signs_nothing(void **state) {
    static const PkiOptions unfit[] = {
        {.key_usage = "critical,keyCertSign"},
        {.key_usage = SIGNER_USAGE, .basic_constraints = "critical,CA:FALSE", .not_after = PKI_NOW - 1},
        {.key_usage = SIGNER_USAGE, .basic_constraints = "critical,CA:FALSE", .digest = "SHA1"},
        {.key_usage = SIGNER_USAGE, .basic_constraints = "critical,CA:FALSE", .common_name = "AC OTRA"},
    };
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), revoked = {0};
    const PkiIdentity *listed[] = {&revoked};

    for (size_t i = 0; i < ELEMENTSOF(unfit); i++) {
        CLEANUP(pki_identity_done) PkiIdentity signer = {0};

        make_signer(scene, &unfit[i], NULL, &signer);
        assert_signed(scene, &leaf, &signer, "revocation-missing@0");
    }
    make_signer(scene, &(PkiOptions){.key_usage = SIGNER_USAGE, .basic_constraints = "critical,CA:FALSE"}, NULL,
                &revoked);
    scene_write_crl(scene, "root.crl", &scene->root, &(PkiCrlOptions){.revoked = listed, .n_revoked = 1});
    assert_signed(scene, &leaf, &revoked, "revocation-missing@0");
}

static void test_s9_a_signer_under_another_anchor_signs_nothing(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), other = {0}, signer = {0};

    pki_root(&(PkiOptions){.common_name = "AC OTRA"}, &other);
    pki_write(scene->anchors, "other.der", bytes_view(&other.der));
    scene_write_crl(scene, "other.crl", &other, NULL);
    pki_intermediate(&other, &(PkiOptions){.key_usage = SIGNER_USAGE, .basic_constraints = "critical,CA:FALSE"},
                     &signer);
    scene_write_crl(scene, "intermediate.crl", &signer, NULL);
    assert_signed(scene, &leaf, &signer, "revocation-missing@0");
}

static void test_s9_a_signer_that_the_issuer_itself_has_made_serves(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), signer = {0};

    pki_intermediate(&scene->intermediate,
                     &(PkiOptions){.key_usage = SIGNER_USAGE, .basic_constraints = "critical,CA:FALSE"}, &signer);
    pki_remove(scene->crls, "intermediate.crl");
    scene_write_crl(scene, "by-another.crl", &signer, NULL);
    assert_signed(scene, &leaf, &signer, "");
    assert_signed(scene, &leaf, &scene->intermediate, "revocation-missing@0");
}

static void test_s12_what_lies_beside_the_lists_is_no_anchor_and_no_issuer(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), stranger = {0}, others = {0};
    const PkiIdentity *above[] = {&stranger};

    pki_root(&(PkiOptions){.common_name = "AC OTRA"}, &stranger);
    pki_leaf(&stranger, NULL, &others);
    scene_write_crl(scene, "stranger.crl", &stranger, NULL);
    lay_signer(scene, &stranger);
    assert_chain(scene, &others, above, 1, "untrusted@0 untrusted@1");
    lay_signer(scene, &scene->intermediate);
    assert_chain(scene, &leaf, above, 1, "untrusted@0"); /* without the intermediate */
}

/* A list from the future shows a wrong clock once it is proven, not when somebody sends a key that fits (SECURITY 39).
 */
static void test_s39_a_signer_that_is_not_proven_moves_no_clock(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), signer = {0};
    const PkiIdentity *chain[] = {&scene->intermediate, &signer};
    CLEANUP(verdict_done) Verdict verdict = {0};

    pki_root(&(PkiOptions){.common_name = "AC PRUEBAS USUARIOS"}, &signer);
    scene_write_crl(scene, "future.crl", &signer, &(PkiCrlOptions){.this_update = PKI_NOW + PKI_DAY});
    assert_string_equal(scene_judge(scene, &leaf, chain, 2, 0, &verdict).text, "");
    lay_signer(scene, &signer);
    assert_chain(scene, &leaf, chain, 1, "");
    assert_true(trust_store_clock_floor(scene->store) < PKI_NOW);
}

/* ── parts ── */

static void test_s9_lists_for_some_reasons_serve_together(void **state) {
    /* onlySomeReasons: keyCompromise to affiliationChanged; superseded to aACompromise */
    const PkiExtension some[] = {{.oid = "2.5.29.28", .critical = true, .der = "300483020470"}};
    const PkiExtension others[] = {{.oid = "2.5.29.28", .critical = true, .der = "30058303070f80"}};
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.extensions = some, .n_extensions = 1});
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revocation-missing@0");
    scene_write_crl(scene, "others.crl", &scene->intermediate,
                    &(PkiCrlOptions){.extensions = others, .n_extensions = 1});
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "");
}

static void test_s9_a_list_without_a_number_only_revokes(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    const PkiIdentity *revoked[] = {&leaf};

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate, &(PkiCrlOptions){.number = ""});
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revocation-missing@0");
    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.number = "", .revoked = revoked, .n_revoked = 1});
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revoked@0");
}

/* ── deltas ── */

static void write_delta(Scene *scene, const PkiIdentity *leaf, const char *base, int64_t next_update) {
    const PkiExtension delta[] = {{.oid = "2.5.29.27", .critical = true, .der = base}};
    const PkiIdentity *listed[] = {leaf};

    scene_write_crl(scene, "delta.crl", &scene->intermediate,
                    &(PkiCrlOptions){.number = "07",
                                     .next_update = next_update,
                                     .revoked = listed,
                                     .n_revoked = 1,
                                     .reason = CRL_REASON_REMOVE_FROM_CRL,
                                     .extensions = delta,
                                     .n_extensions = 1});
    scene_load(scene);
}

static void write_held(Scene *scene, const PkiIdentity *leaf, int reason) {
    const PkiIdentity *listed[] = {leaf};

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.number = "05", .revoked = listed, .n_revoked = 1, .reason = reason});
    scene_load(scene);
}

static void test_s9_a_delta_lifts_a_hold_of_the_list_that_it_updates_alone(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    write_held(scene, &leaf, CRL_REASON_CERTIFICATE_HOLD);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revoked@0");
    write_delta(scene, &leaf, "020105", 0);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "");
    write_delta(scene, &leaf, "020106", 0); /* of a later list */
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revoked@0");
    write_delta(scene, &leaf, "020105", PKI_NOW - 1); /* has ended */
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revoked@0");
}

static void test_s9_a_delta_lifts_nothing_but_a_hold(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    write_held(scene, &leaf, CRL_REASON_KEY_COMPROMISE);
    write_delta(scene, &leaf, "020105", 0);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revoked@0");
}

/* ── lists of a third party ── */

/* cRLDistributionPoints with a cRLIssuer alone, in hexadecimal. Caller frees. */
static char *point_of(const PkiIdentity *issuer) {
    CRL_DIST_POINTS *points = sk_DIST_POINT_new_null();
    DIST_POINT *point = DIST_POINT_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    unsigned char *der = NULL;
    char *hex;
    int size;

    assert_true(points && point && name);
    GENERAL_NAME_set0_value(name, GEN_DIRNAME, X509_NAME_dup(X509_get_subject_name(issuer->certificate)));
    point->CRLissuer = sk_GENERAL_NAME_new_null();
    assert_true(sk_GENERAL_NAME_push(point->CRLissuer, name) > 0 && sk_DIST_POINT_push(points, point) > 0);
    size = i2d_CRL_DIST_POINTS(points, &der);
    assert_true(size > 0);
    hex = hex_encode((View){der, (size_t) size});
    OPENSSL_free(der);
    CRL_DIST_POINTS_free(points);
    return hex;
}

static void test_s9_a_third_party_lists_for_those_who_name_it(void **state) {
    const PkiExtension indirect[] = {{.oid = "2.5.29.28", .critical = true, .der = "30038401ff"}};
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity party = {0}, leaf = {0}, plain = scene_leaf(scene, NULL);
    CLEANUP(free_pointer) char *point = NULL;

    pki_intermediate(&scene->root, &(PkiOptions){.common_name = "LISTAS", .key_usage = SIGNER_USAGE}, &party);
    point = point_of(&party);
    const PkiExtension points[] = {{.oid = "2.5.29.31", .der = point}};
    pki_leaf(&scene->intermediate, &(PkiOptions){.extensions = points, .n_extensions = 1}, &leaf);
    pki_remove(scene->crls, "intermediate.crl");
    scene_write_crl(scene, "party.crl", &party, NULL); /* it does not say that it is indirect */
    assert_signed(scene, &leaf, &party, "revocation-missing@0");
    scene_write_crl(scene, "party.crl", &party, &(PkiCrlOptions){.extensions = indirect, .n_extensions = 1});
    assert_signed(scene, &leaf, &party, "");
    assert_signed(scene, &plain, &party, "revocation-missing@0");
}

/* ── OCSP ── */

/* The leaf's verdict by the root's list and these answers. */
static void judge_by_answers(Scene *scene, const PkiIdentity *leaf, const Bytes *answers, size_t count,
                             const TrustRules *rules, Verdict *ret) {
    CLEANUP(bytes_done) Bytes list = {0};
    CLEANUP(trust_store_unrefp) TrustStore *store = NULL;
    TrustFile anchor = {"root", bytes_view(&scene->root.der)}, lists[1], ocsps[2];
    TrustFiles files = {
        .anchors = &anchor, .n_anchors = 1, .crls = lists, .n_crls = 1, .ocsps = ocsps, .n_ocsps = count};
    View chain = bytes_view(&scene->intermediate.der);
    TrustQuery query = {.leaf = bytes_view(&leaf->der), .chain = &chain, .n_chain = 1, .rules = rules, .now = PKI_NOW};

    pki_crl(&scene->root, NULL, &list);
    lists[0] = (TrustFile){"root.crl", bytes_view(&list)};
    for (size_t i = 0; i < count; i++)
        ocsps[i] = (TrustFile){"answer", bytes_view(&answers[i])};
    assert_int_equal(trust_store_make(&(TrustOptions){0}, &files, PKI_NOW, &store, NULL), 0);
    assert_int_equal(trust_judge(store, &query, ret), 0);
}

static Reasons judge_answers(Scene *scene, const PkiIdentity *leaf, const Bytes *answers, size_t count,
                             const TrustRules *rules) {
    CLEANUP(verdict_done) Verdict verdict = {0};

    judge_by_answers(scene, leaf, answers, count, rules, &verdict);
    return reasons_of(&verdict);
}

static void assert_answer(Scene *scene, const PkiIdentity *leaf, const PkiOcspOptions *options, const char *wanted) {
    CLEANUP(bytes_done) Bytes answer = {0};

    pki_ocsp(leaf, &scene->intermediate, options, &answer);
    assert_string_equal(judge_answers(scene, leaf, &answer, 1, NULL).text, wanted);
}

static void test_s9_an_answer_of_the_issuers_serves(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    assert_string_equal(judge_answers(scene, &leaf, NULL, 0, NULL).text, "revocation-missing@0");
    assert_answer(scene, &leaf, NULL, "");
    assert_answer(scene, &leaf, &(PkiOcspOptions){.status = V_OCSP_CERTSTATUS_REVOKED}, "revoked@0");
    assert_answer(scene, &leaf, &(PkiOcspOptions){.status = V_OCSP_CERTSTATUS_UNKNOWN}, "revocation-missing@0");
}

static void test_s9_an_answer_without_an_end_is_good_for_a_day(void **state) {
    const PkiOcspOptions options[] = {
        {.this_update = PKI_NOW - PKI_DAY},
        {.this_update = PKI_NOW - PKI_DAY - 1},
        {.this_update = PKI_NOW + 1},
        {.this_update = PKI_NOW - 3 * PKI_DAY, .next_update = PKI_NOW},
        {.this_update = PKI_NOW - 3 * PKI_DAY, .next_update = PKI_NOW - 1},
        {.this_update = PKI_NOW - 3 * PKI_DAY, .status = V_OCSP_CERTSTATUS_REVOKED}, /* never lapses */
    };
    static const char *const wanted[] = {"", "revocation-stale@0", "revocation-not-yet-valid@0",
                                         "", "revocation-stale@0", "revoked@0"};
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    for (size_t i = 0; i < ELEMENTSOF(options); i++)
        assert_answer(scene, &leaf, &options[i], wanted[i]);
}

static void test_s9_an_answer_about_another_certificate_says_nothing(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), other = scene_leaf(scene, NULL);
    Bytes answers[2] = {{0}};

    pki_ocsp(&other, &scene->intermediate, NULL, &answers[0]);
    pki_ocsp(&leaf, &scene->root, NULL, &answers[1]); /* the root says nothing of the intermediate's */
    assert_string_equal(judge_answers(scene, &leaf, answers, 2, NULL).text, "revocation-missing@0");
    for (size_t i = 0; i < ELEMENTSOF(answers); i++)
        bytes_done(&answers[i]);
}

#define NO_CHECK                                                                                                       \
    { .oid = "1.3.6.1.5.5.7.48.1.5", .der = "0500" }

static void test_s9_a_responder_is_one_that_the_issuer_has_made_one(void **state) {
    static const PkiExtension no_check[] = {NO_CHECK};
    static const PkiOptions responders[] = {
        {.extended_key_usage = "OCSPSigning", .extensions = no_check, .n_extensions = 1},
        {.extended_key_usage = "clientAuth", .extensions = no_check, .n_extensions = 1},
        {.extended_key_usage = "", .extensions = no_check, .n_extensions = 1},
        {.extended_key_usage = "OCSPSigning", .extensions = no_check, .n_extensions = 1, .not_after = PKI_NOW - 1},
        {.extended_key_usage = "OCSPSigning", .extensions = no_check, .n_extensions = 1, .digest = "SHA1"},
        {.extended_key_usage = "OCSPSigning"}, /* whose own status nobody knows */
    };
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), stranger = {0};

    for (size_t i = 0; i < ELEMENTSOF(responders); i++) {
        CLEANUP(pki_identity_done) PkiIdentity responder = scene_leaf(scene, &responders[i]);

        assert_answer(scene, &leaf, &(PkiOcspOptions){.signer = &responder}, i == 0 ? "" : "revocation-missing@0");
    }
    pki_leaf(&scene->root, &responders[0], &stranger); /* the root's responder is not the intermediate's */
    assert_answer(scene, &leaf, &(PkiOcspOptions){.signer = &stranger}, "revocation-missing@0");
}

static void test_s9_a_changed_answer_is_no_answer(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    CLEANUP(bytes_done) Bytes answer = {0};

    pki_ocsp(&leaf, &scene->intermediate, NULL, &answer);
    answer.data[answer.size - 1] ^= 1;
    assert_string_equal(judge_answers(scene, &leaf, &answer, 1, NULL).text, "revocation-missing@0");
}

static void test_an_answer_about_the_leaf_is_enough_where_the_rules_say_so(void **state) {
    const TrustRules rules = {.revocation = TRUST_REVOCATION_LEAF};
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    CLEANUP(bytes_done) Bytes answer = {0};

    pki_ocsp(&leaf, &scene->intermediate, NULL, &answer);
    assert_string_equal(judge_answers(scene, &leaf, NULL, 0, &rules).text, "revocation-missing@0");
    assert_string_equal(judge_answers(scene, &leaf, &answer, 1, &rules).text, "");
}

/* ── what is told of it ── */

static void assert_told(Scene *scene, const PkiIdentity *leaf, int64_t now, const char *wanted) {
    CLEANUP(verdict_done) Verdict verdict = {0};

    (void) scene_judge(scene, leaf, NULL, 0, now, &verdict);
    assert_string_equal(sources_of(&verdict).text, wanted);
}

static void test_each_certificate_tells_its_list_with_file_and_times(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    CLEANUP(verdict_done) Verdict verdict = {0};
    CLEANUP(free_pointer) char *path = NULL;

    (void) scene_judge(scene, &leaf, NULL, 0, 0, &verdict);
    assert_string_equal(sources_of(&verdict).text, "0 crl good intermediate.crl; 1 crl good root.crl");
    assert_true(asprintf(&path, "%s/intermediate.crl", scene->crls) > 0);
    assert_string_equal(verdict.sources[0].file, path);
    assert_int_equal(verdict.sources[0].this_update, PKI_NOW - PKI_DAY);
    assert_int_equal(verdict.sources[0].next_update, PKI_NOW + 7 * PKI_DAY);
}

static void test_a_list_that_does_not_serve_tells_why(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    const PkiIdentity *revoked[] = {&leaf};

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate, &(PkiCrlOptions){.number = ""});
    assert_told(scene, &leaf, PKI_NOW + 8 * PKI_DAY, "0 crl partial intermediate.crl; 1 crl stale root.crl");
    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.revoked = revoked, .n_revoked = 1, .number = ""});
    scene_load(scene);
    assert_told(scene, &leaf, PKI_NOW - 2 * PKI_DAY, "0 crl revoked intermediate.crl; 1 crl not-yet-valid root.crl");
}

static void test_a_list_and_its_delta_are_both_told(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), other = scene_leaf(scene, NULL);

    write_held(scene, &leaf, CRL_REASON_CERTIFICATE_HOLD);
    write_delta(scene, &leaf, "020105", 0);
    assert_told(scene, &leaf, 0, "0 delta-crl lifted delta.crl; 0 crl on-hold intermediate.crl; 1 crl good root.crl");
    assert_told(scene, &other, 0, "0 delta-crl good delta.crl; 0 crl good intermediate.crl; 1 crl good root.crl");
}

static void test_a_list_that_nobody_has_proven_or_of_other_certificates_is_not_told(void **state) {
    const PkiExtension authorities[] = {{.oid = "2.5.29.28", .critical = true, .der = "30038201ff"}};
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    scene_write_crl(scene, "forged.crl", &scene->intermediate, &(PkiCrlOptions){.key = leaf.key});
    scene_write_crl(scene, "authorities.crl", &scene->intermediate,
                    &(PkiCrlOptions){.extensions = authorities, .n_extensions = 1});
    assert_told(scene, &leaf, 0, "0 crl good intermediate.crl; 1 crl good root.crl");
}

static void test_without_an_anchor_no_list_is_asked(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    pki_remove(scene->anchors, "root.pem");
    assert_told(scene, &leaf, 0, "");
}

static void test_s16_a_file_s_name_is_told_escaped(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    pki_remove(scene->crls, "intermediate.crl");
    scene_write_crl(scene, "a\n\x1b[31m.crl", &scene->intermediate, NULL);
    assert_told(scene, &leaf, 0, "0 crl good a\\x0a\\x1b[31m.crl; 1 crl good root.crl");
}

static void test_more_sources_than_are_told_change_no_verdict(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    CLEANUP(verdict_done) Verdict verdict = {0};
    const PkiIdentity *revoked[] = {&leaf};
    char name[32];

    for (unsigned i = 0; i <= VERDICT_SOURCES_MAX; i++) {
        (void) snprintf(name, sizeof(name), "%03u.crl", i); /* fits */
        scene_write_crl(scene, name, &scene->intermediate, NULL);
    }
    scene_write_crl(scene, "z.crl", &scene->intermediate, &(PkiCrlOptions){.revoked = revoked, .n_revoked = 1});
    assert_string_equal(scene_judge(scene, &leaf, NULL, 0, 0, &verdict).text, "revoked@0");
    assert_int_equal(verdict.n_sources, VERDICT_SOURCES_MAX);
}

static void test_an_answer_is_told_beside_the_lists(void **state) {
    static const int statuses[] = {V_OCSP_CERTSTATUS_GOOD, V_OCSP_CERTSTATUS_REVOKED, V_OCSP_CERTSTATUS_UNKNOWN};
    static const char *const wanted[] = {"0 ocsp good answer; 1 crl good root.crl",
                                         "0 ocsp revoked answer; 1 crl good root.crl",
                                         "0 ocsp unknown answer; 1 crl good root.crl"};
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    for (size_t i = 0; i < ELEMENTSOF(statuses); i++) {
        CLEANUP(bytes_done) Bytes answer = {0};
        CLEANUP(verdict_done) Verdict verdict = {0};

        pki_ocsp(&leaf, &scene->intermediate, &(PkiOcspOptions){.status = statuses[i]}, &answer);
        judge_by_answers(scene, &leaf, &answer, 1, NULL, &verdict);
        assert_string_equal(sources_of(&verdict).text, wanted[i]);
    }
}

#define SCENE_TEST(function) cmocka_unit_test_setup_teardown(function, scene_setup, scene_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_s9_a_list_that_another_key_of_the_issuers_signs_serves),
        SCENE_TEST(test_s9_a_signer_that_may_not_or_has_ended_or_is_revoked_signs_nothing),
        SCENE_TEST(test_s9_a_signer_under_another_anchor_signs_nothing),
        SCENE_TEST(test_s9_a_signer_that_the_issuer_itself_has_made_serves),
        SCENE_TEST(test_s12_what_lies_beside_the_lists_is_no_anchor_and_no_issuer),
        SCENE_TEST(test_s39_a_signer_that_is_not_proven_moves_no_clock),
        SCENE_TEST(test_s9_lists_for_some_reasons_serve_together),
        SCENE_TEST(test_s9_a_list_without_a_number_only_revokes),
        SCENE_TEST(test_s9_a_delta_lifts_a_hold_of_the_list_that_it_updates_alone),
        SCENE_TEST(test_s9_a_delta_lifts_nothing_but_a_hold),
        SCENE_TEST(test_s9_a_third_party_lists_for_those_who_name_it),
        SCENE_TEST(test_s9_an_answer_of_the_issuers_serves),
        SCENE_TEST(test_s9_an_answer_without_an_end_is_good_for_a_day),
        SCENE_TEST(test_s9_an_answer_about_another_certificate_says_nothing),
        SCENE_TEST(test_s9_a_responder_is_one_that_the_issuer_has_made_one),
        SCENE_TEST(test_s9_a_changed_answer_is_no_answer),
        SCENE_TEST(test_an_answer_about_the_leaf_is_enough_where_the_rules_say_so),
        SCENE_TEST(test_each_certificate_tells_its_list_with_file_and_times),
        SCENE_TEST(test_a_list_that_does_not_serve_tells_why),
        SCENE_TEST(test_a_list_and_its_delta_are_both_told),
        SCENE_TEST(test_a_list_that_nobody_has_proven_or_of_other_certificates_is_not_told),
        SCENE_TEST(test_without_an_anchor_no_list_is_asked),
        SCENE_TEST(test_s16_a_file_s_name_is_told_escaped),
        SCENE_TEST(test_more_sources_than_are_told_change_no_verdict),
        SCENE_TEST(test_an_answer_is_told_beside_the_lists),
    };

    return cmocka_run_group_tests_name("trust/revocation", tests, NULL, NULL);
}

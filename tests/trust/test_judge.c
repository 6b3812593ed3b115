/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of trust_judge(): each reason for refusing, all of them together, and what is accepted. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "common/protocol.h"
#include "tests/trust/scene.h"

/* One leaf with these options, judged now. */
static void assert_leaf(void **state, const PkiOptions *options, const char *wanted) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, options);

    assert_string_equal(scene_reasons(scene, &leaf, 0).text, wanted);
}

/* A leaf under an intermediate with these options, whose CRL is there. */
static void assert_intermediate(void **state, const PkiOptions *options, const char *wanted) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity intermediate = {0}, leaf = {0};
    CLEANUP(verdict_done) Verdict verdict = {0};
    const PkiIdentity *chain[] = {&intermediate};

    pki_intermediate(&scene->root, options, &intermediate);
    pki_leaf(&intermediate, NULL, &leaf);
    scene_write_crl(scene, "intermediate.crl", &intermediate, NULL);
    scene_load(scene);
    assert_string_equal(scene_judge(scene, &leaf, chain, 1, 0, &verdict).text, wanted);
}

static Reasons judge_octets(void **state, View leaf, View chain) {
    Scene *scene = *state;
    CLEANUP(verdict_done) Verdict verdict = {0};
    TrustQuery query = {.leaf = leaf, .chain = &chain, .n_chain = chain.size > 0 ? 1 : 0, .now = PKI_NOW};

    if (!scene->store)
        scene_load(scene);
    assert_int_equal(trust_judge(scene->store, &query, &verdict), 0);
    return reasons_of(&verdict);
}

/* ── what cannot be read ── */

static void test_what_is_no_certificate_is_malformed(void **state) {
    assert_string_equal(judge_octets(state, (View){0}, (View){0}).text, "malformed@0");
    assert_string_equal(judge_octets(state, (View){(const uint8_t *) "hello", 5}, (View){0}).text, "malformed@0");
}

static void test_s14_a_certificate_over_64_kib_is_refused(void **state) {
    CLEANUP(free_pointer) uint8_t *octets = calloc(1, OVCERT_CERTIFICATE_MAX + 1);

    assert_string_equal(judge_octets(state, (View){octets, OVCERT_CERTIFICATE_MAX + 1}, (View){0}).text, "too-large@0");
}

static void test_a_malformed_intermediate_is_no_help(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    View torn = {scene->intermediate.der.data, scene->intermediate.der.size - 1};

    assert_string_equal(judge_octets(state, bytes_view(&leaf.der), torn).text, "untrusted@0");
}

/* ── time (SECURITY 17) ── */

static void test_s17_a_certificate_ends_with_its_last_second(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done)
    PkiIdentity leaf = scene_leaf(scene, &(PkiOptions){.not_before = PKI_NOW - 10, .not_after = PKI_NOW + 10});

    assert_string_equal(scene_reasons(scene, &leaf, PKI_NOW + 11).text, "expired@0");
    assert_string_equal(scene_reasons(scene, &leaf, PKI_NOW + 10).text, "");
    assert_string_equal(scene_reasons(scene, &leaf, PKI_NOW - 10).text, "");
    assert_string_equal(scene_reasons(scene, &leaf, PKI_NOW - 11).text, "not-yet-valid@0");
}

static void test_an_expired_leaf_has_no_other_reason(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, &(PkiOptions){.not_after = PKI_NOW - PKI_DAY});
    CLEANUP(verdict_done) Verdict verdict = {0};

    assert_string_equal(scene_judge(scene, &leaf, NULL, 0, 0, &verdict).text, "expired@0");
    assert_true(verdict_is_only(&verdict, VERDICT_EXPIRED));
    assert_string_equal(verdict.items[0].detail, "ended 2025-12-31T00:00:00Z");
}

static void test_an_expired_certificate_gets_all_other_checks(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done)
    PkiIdentity leaf =
        scene_leaf(scene, &(PkiOptions){.not_after = PKI_NOW - PKI_DAY, .key_usage = "keyAgreement", .digest = "SHA1"});
    const PkiIdentity *revoked[] = {&leaf};

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.revoked = revoked, .n_revoked = 1});
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "expired@0 revoked@0 key-usage@0 weak-signature@0");
    pki_remove(scene->crls, "intermediate.crl");
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text,
                        "expired@0 revocation-missing@0 key-usage@0 weak-signature@0");
}

static void test_an_expired_issuer_is_a_reason_at_its_depth(void **state) {
    assert_intermediate(state, &(PkiOptions){.not_after = PKI_NOW - 1}, "expired@1");
}

/* ── the chain (SECURITY 12, 14) ── */

static void test_a_leaf_without_its_intermediate_is_untrusted(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    CLEANUP(verdict_done) Verdict verdict = {0};
    const PkiIdentity *none[] = {&leaf};

    assert_string_equal(scene_judge(scene, &leaf, none, 0, 0, &verdict).text, "untrusted@0");
}

static void test_a_root_that_the_client_sends_is_no_anchor(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity root = {0}, intermediate = {0}, leaf = {0};
    CLEANUP(verdict_done) Verdict verdict = {0};
    const PkiIdentity *chain[] = {&intermediate, &root};

    pki_root(NULL, &root); /* same name, other key */
    pki_intermediate(&root, NULL, &intermediate);
    pki_leaf(&intermediate, NULL, &leaf);
    (void) scene_judge(scene, &leaf, chain, 2, 0, &verdict);
    assert_false(verdict_accepted(&verdict));
    assert_true(verdict_has(&verdict, VERDICT_UNTRUSTED) || verdict_has(&verdict, VERDICT_BAD_SIGNATURE));
    assert_int_equal(verdict.revocation_checked, 0); /* nobody asked a stranger's list */
}

static void test_s12_a_self_signed_leaf_is_untrusted(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity self = {0};

    pki_self_signed(NULL, &self);
    assert_string_equal(scene_reasons(scene, &self, 0).text, "untrusted@0");
}

static void test_s12_a_leaf_put_among_the_anchors_is_still_untrusted(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity self = {0}, leaf = {0}, other_root = {0};
    CLEANUP(verdict_done) Verdict verdict = {0};
    const PkiIdentity *none[] = {&leaf};

    pki_self_signed(NULL, &self);
    pki_root(&(PkiOptions){.common_name = "AC OTRA"}, &other_root);
    pki_leaf(&other_root, NULL, &leaf);
    pki_write(scene->anchors, "self.der", bytes_view(&self.der));
    pki_write(scene->anchors, "leaf.der", bytes_view(&leaf.der));
    assert_string_equal(scene_reasons(scene, &self, 0).text, "untrusted@0");
    assert_string_equal(scene_judge(scene, &leaf, none, 0, 0, &verdict).text, "untrusted@0");
}

static void test_s12_an_anchor_is_nobodys_certificate(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity anchor = {0};

    /* All that a leaf needs, and an anchor, too. */
    pki_root(&(PkiOptions){.common_name = "AC OTRA",
                           .key_usage = "critical,digitalSignature,keyCertSign,cRLSign",
                           .extended_key_usage = "clientAuth"},
             &anchor);
    pki_write(scene->anchors, "other.der", bytes_view(&anchor.der));
    assert_string_equal(scene_reasons(scene, &anchor, 0).text, "untrusted@0 leaf-is-ca@0");
}

static void test_s12_an_intermediate_among_the_anchors_is_no_end_of_a_chain(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    CLEANUP(verdict_done) Verdict verdict = {0};
    const PkiIdentity *none[] = {&leaf};

    pki_remove(scene->anchors, "root.pem");
    pki_write(scene->anchors, "intermediate.der", bytes_view(&scene->intermediate.der));
    (void) scene_judge(scene, &leaf, none, 0, 0, &verdict);
    assert_true(verdict_has(&verdict, VERDICT_UNTRUSTED));
}

/* OpenSSL's own default files are what a caller's SSL_CERT_FILE and SSL_CERT_DIR say, else the system's. */
static void test_s12_the_system_s_store_is_never_consulted(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity web_root = {0}, leaf = {0};
    CLEANUP(bytes_done) Bytes pem = {0};
    CLEANUP(free_pointer) char *file = NULL;
    CLEANUP(verdict_done) Verdict verdict = {0};
    const PkiIdentity *none[] = {&leaf};

    pki_root(&(PkiOptions){.common_name = "AC DE LA WEB"}, &web_root);
    pki_leaf(&web_root, NULL, &leaf);
    pki_pem("CERTIFICATE", bytes_view(&web_root.der), &pem);
    pki_write(scene->crls, ".web.pem", bytes_view(&pem)); /* hidden: no list */
    scene_write_crl(scene, "web.crl", &web_root, NULL);
    assert_true(asprintf(&file, "%s/.web.pem", scene->crls) > 0);
    assert_int_equal(setenv("SSL_CERT_FILE", file, 1), 0);
    assert_int_equal(setenv("SSL_CERT_DIR", scene->crls, 1), 0);
    Reasons reasons = scene_judge(scene, &leaf, none, 0, 0, &verdict);
    (void) unsetenv("SSL_CERT_FILE"); /* the name is valid */
    (void) unsetenv("SSL_CERT_DIR");  /* as above */
    assert_string_equal(reasons.text, "untrusted@0");
}

static void test_a_broken_signature_is_told(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, &(PkiOptions){.break_signature = true});

    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "bad-signature@0");
}

static void test_s15_the_same_name_under_another_key_is_refused(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity impostor = {0}, leaf = {0};
    CLEANUP(verdict_done) Verdict verdict = {0};

    /* An authority of the intermediate's very name signs; the client sends the real intermediate along. */
    pki_root(&(PkiOptions){.common_name = "AC PRUEBAS USUARIOS"}, &impostor);
    pki_leaf(&impostor, NULL, &leaf);
    (void) scene_judge(scene, &leaf, NULL, 0, 0, &verdict);
    assert_false(verdict_accepted(&verdict));
    assert_true(verdict_has(&verdict, VERDICT_UNTRUSTED) || verdict_has(&verdict, VERDICT_BAD_SIGNATURE));
}

/* A chain of `length` certificates, leaf and anchor included; all CRLs are there. */
static Reasons judge_chain(Scene *scene, size_t length) {
    PkiIdentity links[16] = {{0}};
    const PkiIdentity *sent[16] = {0};
    CLEANUP(verdict_done) Verdict verdict = {0};
    size_t n = length - 2;
    const PkiIdentity *issuer = &scene->root;
    Reasons reasons;

    for (size_t i = 0; i < n; i++) {
        char name[32], file[32];

        (void) snprintf(name, sizeof(name), "AC PRUEBAS %zu", i); /* fits */
        (void) snprintf(file, sizeof(file), "%zu.crl", i);        /* fits */
        pki_intermediate(issuer, &(PkiOptions){.common_name = name}, &links[i]);
        scene_write_crl(scene, file, &links[i], NULL);
        issuer = &links[i];
        sent[i] = issuer;
    }
    pki_leaf(issuer, NULL, &links[n]);
    scene_load(scene);
    reasons = scene_judge(scene, &links[n], sent, n, 0, &verdict);
    for (size_t i = 0; i <= n; i++)
        pki_identity_done(&links[i]);
    return reasons;
}

static void test_s14_a_chain_of_nine_is_too_long(void **state) {
    assert_non_null(strstr(judge_chain(*state, 9).text, "chain-too-long@"));
}

static void test_s14_a_chain_that_needs_more_than_is_looked_at_says_so(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    CLEANUP(verdict_done) Verdict verdict = {0};
    View chain[TRUST_SENT_MAX + 1];
    TrustQuery query = {.leaf = bytes_view(&leaf.der), .chain = chain, .n_chain = TRUST_SENT_MAX + 1, .now = PKI_NOW};

    for (size_t i = 0; i < TRUST_SENT_MAX; i++)
        chain[i] = bytes_view(&leaf.der);
    chain[TRUST_SENT_MAX] = bytes_view(&scene->intermediate.der);
    scene_load(scene);
    assert_int_equal(trust_judge(scene->store, &query, &verdict), 0);
    assert_string_equal(reasons_of(&verdict).text, "untrusted@0 chain-too-long@0");
}

static void test_a_chain_of_eight_is_accepted(void **state) {
    assert_string_equal(judge_chain(*state, 8).text, "");
}

static void test_a_leaf_directly_under_the_anchor_is_accepted(void **state) {
    assert_string_equal(judge_chain(*state, 2).text, "");
}

static void test_the_path_length_of_an_issuer_counts(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity upper = {0}, lower = {0}, leaf = {0};
    CLEANUP(verdict_done) Verdict verdict = {0};
    const PkiIdentity *chain[] = {&upper, &lower};

    pki_intermediate(&scene->root, &(PkiOptions){.basic_constraints = "critical,CA:TRUE,pathlen:0"}, &upper);
    pki_intermediate(&upper, &(PkiOptions){.common_name = "AC INFERIOR"}, &lower);
    pki_leaf(&lower, NULL, &leaf);
    scene_write_crl(scene, "upper.crl", &upper, NULL);
    scene_write_crl(scene, "lower.crl", &lower, NULL);
    assert_string_equal(scene_judge(scene, &leaf, chain, 2, 0, &verdict).text, "invalid@2");
}

static void test_an_issuer_that_is_no_authority_is_refused(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity user = scene_leaf(scene, NULL), leaf = {0};
    CLEANUP(verdict_done) Verdict verdict = {0};
    const PkiIdentity *chain[] = {&user, &scene->intermediate};

    pki_leaf(&user, NULL, &leaf);
    (void) scene_judge(scene, &leaf, chain, 2, 0, &verdict);
    assert_false(verdict_accepted(&verdict));
    assert_true(verdict_has(&verdict, VERDICT_INVALID));
}

static void test_an_issuer_without_basic_constraints_is_no_authority(void **state) {
    assert_intermediate(state, &(PkiOptions){.basic_constraints = ""}, "extension@1 invalid@1");
}

static void test_the_verdict_brings_the_chain_up_to_the_anchor(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), unneeded = {0};
    CLEANUP(verdict_done) Verdict verdict = {0};
    const PkiIdentity *chain[] = {&unneeded, &scene->root, &scene->intermediate};

    pki_root(&(PkiOptions){.common_name = "AC OTRA"}, &unneeded);
    assert_string_equal(scene_judge(scene, &leaf, chain, 3, 0, &verdict).text, "");
    assert_int_equal(verdict.chain.count, 2);
    assert_true(view_equal(bytes_view(&verdict.chain.items[0]), bytes_view(&scene->intermediate.der)));
    assert_true(view_equal(bytes_view(&verdict.chain.items[1]), bytes_view(&scene->root.der)));
}

/* ── certificates that were parsed before ── */

static Certificate *parsed(const PkiIdentity *identity) {
    Certificate *certificate = NULL;

    assert_int_equal(certificate_parse(bytes_view(&identity->der), &certificate), 0);
    return certificate;
}

static Reasons judge_known(Scene *scene, View leaf, Certificate *const *known, size_t n_known) {
    CLEANUP(verdict_done) Verdict verdict = {0};
    View chain[] = {bytes_view(&scene->root.der), bytes_view(&scene->intermediate.der)};
    TrustQuery query = {.leaf = leaf, .chain = chain, .n_chain = 2, .known = known, .n_known = n_known, .now = PKI_NOW};

    assert_int_equal(trust_judge(scene->store, &query, &verdict), 0);
    assert_int_equal(verdict.chain.count, verdict_accepted(&verdict) ? 2 : verdict.chain.count);
    return reasons_of(&verdict);
}

static void test_s9_a_known_certificate_never_stands_for_another(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity good = scene_leaf(scene, NULL), bad = scene_leaf(scene, NULL);
    Certificate *known[] = {parsed(&good), parsed(&scene->intermediate)};
    const PkiIdentity *revoked[] = {&bad};

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.revoked = revoked, .n_revoked = 1});
    scene_load(scene);
    assert_string_equal(judge_known(scene, bytes_view(&bad.der), known, 2).text, "revoked@0");
    assert_string_equal(judge_known(scene, (View){good.der.data, good.der.size - 1}, known, 2).text, "malformed@0");
    good.der.data[good.der.size - 1] ^= 1; /* in the signature */
    assert_string_equal(judge_known(scene, bytes_view(&good.der), known, 2).text, "bad-signature@0");
    for (size_t i = 0; i < ELEMENTSOF(known); i++)
        (void) certificate_free(known[i]);
}

static void test_s9_a_known_certificate_is_judged_like_one_sent(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    Certificate *known[] = {parsed(&leaf), parsed(&scene->intermediate)};
    const PkiIdentity *revoked[] = {&leaf};

    scene_load(scene);
    assert_string_equal(judge_known(scene, bytes_view(&leaf.der), known, 2).text, "");
    assert_string_equal(judge_known(scene, bytes_view(&leaf.der), known, 1).text, "");
    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.revoked = revoked, .n_revoked = 1});
    scene_load(scene);
    assert_string_equal(judge_known(scene, bytes_view(&leaf.der), known, 2).text, "revoked@0");
    for (size_t i = 0; i < ELEMENTSOF(known); i++)
        (void) certificate_free(known[i]);
}

/* ── work (SECURITY 14, 40) ── */

static void test_s14_past_the_deadline_the_verdict_is_work_limit(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    CLEANUP(verdict_done) Verdict verdict = {0};
    View chain = bytes_view(&scene->intermediate.der);
    TrustQuery query = {.leaf = bytes_view(&leaf.der), .chain = &chain, .n_chain = 1, .now = PKI_NOW, .deadline = 1};

    scene_load(scene);
    assert_int_equal(trust_judge(scene->store, &query, &verdict), 0);
    assert_true(verdict_has(&verdict, VERDICT_WORK_LIMIT));
    query.deadline = UINT64_MAX;
    verdict_done(&verdict);
    assert_int_equal(trust_judge(scene->store, &query, &verdict), 0);
    assert_true(verdict_accepted(&verdict));
}

/* ── rules for each certificate (SECURITY 11, 13, 16) ── */

static void test_s11_digital_signature_is_required(void **state) {
    assert_leaf(state, &(PkiOptions){.key_usage = ""}, "key-usage@0");
    assert_leaf(state, &(PkiOptions){.key_usage = "critical,nonRepudiation"}, "key-usage@0");
    assert_leaf(state, &(PkiOptions){.key_usage = "critical,keyEncipherment"}, "key-usage@0");
    assert_leaf(state, &(PkiOptions){.key_usage = "digitalSignature,nonRepudiation,keyEncipherment"}, "");
}

static void test_s11_client_authentication_or_smart_card_logon_is_required(void **state) {
    assert_leaf(state, &(PkiOptions){.extended_key_usage = ""}, "extended-key-usage@0");
    assert_leaf(state, &(PkiOptions){.extended_key_usage = "serverAuth,emailProtection"}, "extended-key-usage@0");
    assert_leaf(state, &(PkiOptions){.extended_key_usage = "anyExtendedKeyUsage"}, "extended-key-usage@0");
    assert_leaf(state, &(PkiOptions){.extended_key_usage = "1.3.6.1.4.1.311.20.2.2"}, "");
    assert_leaf(state, &(PkiOptions){.extended_key_usage = "clientAuth,anyExtendedKeyUsage"}, "");
}

static void test_s11_an_issuer_for_other_purposes_is_refused(void **state) {
    assert_intermediate(state, &(PkiOptions){.extended_key_usage = "serverAuth"}, "extended-key-usage@1");
}

static void test_s13_an_empty_extended_key_usage_is_refused(void **state) {
    const PkiExtension empty[] = {{.oid = "2.5.29.37", .der = "3000"}};

    assert_leaf(state, &(PkiOptions){.extended_key_usage = "", .extensions = empty, .n_extensions = 1},
                "extended-key-usage@0");
}

static void test_s13_weak_keys_are_refused_anywhere(void **state) {
    assert_leaf(state, &(PkiOptions){.key_type = PKI_KEY_RSA1024}, "weak-key@0");
    assert_leaf(state, &(PkiOptions){.key_type = PKI_KEY_DSA1024}, "weak-key@0");
    assert_leaf(state, &(PkiOptions){.key_type = PKI_KEY_P192}, "weak-key@0");
    assert_leaf(state, &(PkiOptions){.key_type = PKI_KEY_SECP256K1}, "weak-key@0");
}

/* n of a good key with e = 1: every padded hash is its own signature. */
static EVP_PKEY *key_with_exponent_one(void) {
    EVP_PKEY *good = pki_key(PKI_KEY_RSA2048), *key = NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    BIGNUM *n = NULL;

    assert_true(EVP_PKEY_get_bn_param(good, OSSL_PKEY_PARAM_RSA_N, &n) && builder && ctx);
    assert_true(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) &&
                OSSL_PARAM_BLD_push_ulong(builder, OSSL_PKEY_PARAM_RSA_E, 1));
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    assert_true(parameters && EVP_PKEY_fromdata_init(ctx) > 0 &&
                EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, parameters) > 0);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(good);
    BN_free(n);
    return key;
}

static void test_s13_a_key_whose_signatures_prove_nothing_is_refused(void **state) {
    EVP_PKEY *key = key_with_exponent_one();
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(*state, &(PkiOptions){.key = key});

    EVP_PKEY_free(key);
    assert_string_equal(scene_reasons(*state, &leaf, 0).text, "weak-key@0");
}

static void test_s13_a_weak_key_of_an_issuer_is_refused(void **state) {
    Scene *scene = *state;

    scene->options.soft_revocation = true; /* a weak key proves no list */
    assert_intermediate(state, &(PkiOptions){.key_type = PKI_KEY_RSA1024}, "weak-key@1");
}

static void test_s13_broken_digests_are_refused(void **state) {
    assert_leaf(state, &(PkiOptions){.digest = "SHA1"}, "weak-signature@0");
    assert_leaf(state, &(PkiOptions){.digest = "SHA224"}, "weak-signature@0");
    assert_leaf(state, &(PkiOptions){.digest = "SHA512"}, "");
    assert_intermediate(state, &(PkiOptions){.digest = "SHA1"}, "weak-signature@1");
}

static void test_s13_md5_is_refused(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity rsa = {0}, leaf = {0};
    CLEANUP(verdict_done) Verdict verdict = {0};
    const PkiIdentity *none[] = {&leaf};

    pki_root(&(PkiOptions){.common_name = "AC RSA", .key_type = PKI_KEY_RSA2048}, &rsa);
    pki_leaf(&rsa, &(PkiOptions){.digest = "MD5"}, &leaf);
    pki_write(scene->anchors, "rsa.der", bytes_view(&rsa.der));
    scene_write_crl(scene, "rsa.crl", &rsa, NULL);
    assert_string_equal(scene_judge(scene, &leaf, none, 0, 0, &verdict).text, "weak-signature@0");
}

static void test_s13_the_signature_of_the_anchor_is_not_judged(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity old = {0}, leaf = {0};
    CLEANUP(verdict_done) Verdict verdict = {0};
    const PkiIdentity *none[] = {&leaf};

    pki_root(&(PkiOptions){.common_name = "AC ANTIGUA", .key_type = PKI_KEY_RSA2048, .digest = "SHA1"}, &old);
    pki_leaf(&old, NULL, &leaf);
    pki_write(scene->anchors, "old.der", bytes_view(&old.der));
    scene_write_crl(scene, "old.crl", &old, NULL);
    assert_string_equal(scene_judge(scene, &leaf, none, 0, 0, &verdict).text, "");
}

static void test_s13_other_versions_are_refused(void **state) {
    assert_leaf(state, &(PkiOptions){.version = 1}, "key-usage@0 extended-key-usage@0 version@0");
}

static void test_s13_odd_serial_numbers_are_refused(void **state) {
    assert_leaf(state, &(PkiOptions){.serial = "0"}, "serial@0");
    assert_leaf(state, &(PkiOptions){.serial = "-01"}, "serial@0");
    assert_leaf(state, &(PkiOptions){.serial = "8000000000000000000000000000000000000000"}, "serial@0");
    assert_leaf(state, &(PkiOptions){.serial = "010000000000000000000000000000000000000000"}, "serial@0");
    assert_leaf(state, &(PkiOptions){.serial = "7f00000000000000000000000000000000000000"}, "");
}

static void test_s13_an_authority_is_no_leaf(void **state) {
    assert_leaf(state, &(PkiOptions){.basic_constraints = "critical,CA:TRUE"}, "leaf-is-ca@0");
    assert_leaf(state, &(PkiOptions){.key_usage = "digitalSignature,keyCertSign"}, "leaf-is-ca@0 extension@0");
}

static void test_s13_name_constraints_in_a_leaf_are_refused(void **state) {
    assert_leaf(state, &(PkiOptions){.name_constraints = "permitted;email:example.org"}, "name-constraints@0");
}

static void test_a_violated_name_constraint_is_refused(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity intermediate = {0}, leaf = {0};
    CLEANUP(verdict_done) Verdict verdict = {0};
    const PkiIdentity *chain[] = {&intermediate};

    pki_intermediate(&scene->root, &(PkiOptions){.name_constraints = "critical,permitted;email:example.org"},
                     &intermediate);
    pki_leaf(&intermediate, &(PkiOptions){.alternative_name = "email:demo@example.com"}, &leaf);
    scene_write_crl(scene, "intermediate.crl", &intermediate, NULL);
    assert_string_equal(scene_judge(scene, &leaf, chain, 1, 0, &verdict).text, "name-constraints@0");
}

static void test_an_explicit_policy_that_is_required_and_missing_is_refused(void **state) {
    const PkiExtension require_explicit_policy[] = {{.oid = "2.5.29.36", .critical = true, .der = "3003800100"}};
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity intermediate = {0}, leaf = {0}, with_policy = {0};
    CLEANUP(verdict_done) Verdict verdict = {0};
    const PkiIdentity *chain[] = {&intermediate};

    pki_intermediate(
        &scene->root,
        &(PkiOptions){.policies = "1.3.6.1.4.1.5734.3.10.1", .extensions = require_explicit_policy, .n_extensions = 1},
        &intermediate);
    pki_leaf(&intermediate, NULL, &leaf);
    pki_leaf(&intermediate, &(PkiOptions){.policies = "1.3.6.1.4.1.5734.3.10.1"}, &with_policy);
    scene_write_crl(scene, "intermediate.crl", &intermediate, NULL);
    assert_string_equal(scene_judge(scene, &leaf, chain, 1, 0, &verdict).text, "policy@0");
    verdict_done(&verdict);
    assert_string_equal(scene_judge(scene, &with_policy, chain, 1, 0, &verdict).text, "");
}

static void assert_found(void **state, const PkiOptions *options, const char *found) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, options);
    CLEANUP(verdict_done) Verdict verdict = {0};

    (void) scene_judge(scene, &leaf, NULL, 0, 0, &verdict);
    assert_int_equal(verdict.n_items, 1);
    assert_string_equal(verdict.items[0].detail, found);
}

static void test_unknown_critical_and_repeated_extensions_are_refused(void **state) {
    const PkiExtension unknown[] = {{.oid = "1.2.3.4", .critical = true, .der = "0500"}};
    const PkiExtension twice[] = {{.oid = "1.2.3.4", .der = "0500"}, {.oid = "1.2.3.4", .der = "0500"}};

    assert_leaf(state, &(PkiOptions){.extensions = unknown, .n_extensions = 1}, "extension@0");
    assert_leaf(state, &(PkiOptions){.extensions = twice, .n_extensions = 2}, "extension@0");
    assert_leaf(state, &(PkiOptions){.extensions = twice, .n_extensions = 1}, "");
    assert_found(state, &(PkiOptions){.extensions = unknown, .n_extensions = 1},
                 "the critical extension 1.2.3.4 is unknown");
    assert_found(state, &(PkiOptions){.extensions = twice, .n_extensions = 2}, "the extension 1.2.3.4 appears twice");
}

/* OpenSSL then reads nothing of the other extensions, which adds reasons. */
static void test_an_extension_that_cannot_be_read_is_a_reason(void **state) {
    const PkiExtension broken[] = {{.oid = "2.5.29.17", .der = "ffff"}};
    Scene *scene = *state;
    CLEANUP(pki_identity_done)
    PkiIdentity leaf = scene_leaf(scene, &(PkiOptions){.extensions = broken, .n_extensions = 1});

    assert_non_null(strstr(scene_reasons(scene, &leaf, 0).text, "extension@0"));
}

static void test_s16_nul_in_cn_never_matches(void **state) {
    const PkiAttribute more[] = {{.type = "CN", .value = "root\0.x", .size = 7}};

    assert_leaf(state, &(PkiOptions){.more = more, .n_more = 1}, "name@0");
}

static void test_s16_control_and_bidirectional_characters_are_refused(void **state) {
    assert_leaf(state, &(PkiOptions){.common_name = "demo\nAccepted for root"}, "name@0");
    assert_leaf(state, &(PkiOptions){.common_name = "demo\x1b[2J"}, "name@0");
    assert_leaf(state,
                &(PkiOptions){.common_name = "demo\xe2\x80\xae"
                                             "toor"},
                "name@0");
    assert_leaf(state,
                &(PkiOptions){.common_name = "ro\xe2\x80\x8b"
                                             "ot"},
                "name@0");
    assert_leaf(state, &(PkiOptions){.common_name = "CERTIFICACIÓN DE ESPAÑA"}, "");
}

static void test_s16_alternative_names_count_as_names(void **state) {
    const PkiAttribute directory[] = {{.type = "1.3.6.1.4.1.5734.1.1", .value = "a\0b", .size = 3}};
    const PkiExtension email[] = {{.oid = "2.5.29.17", .der = "3005810361007a"}};

    assert_leaf(state, &(PkiOptions){.directory = directory, .n_directory = 1}, "name@0");
    assert_leaf(state, &(PkiOptions){.extensions = email, .n_extensions = 1}, "name@0");
    assert_leaf(state, &(PkiOptions){.alternative_name = "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:demo@example.org"}, "");
    assert_leaf(state, &(PkiOptions){.alternative_name = "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:a\tb"}, "name@0");
}

static void test_s16_a_name_of_an_issuer_counts(void **state) {
    assert_intermediate(state, &(PkiOptions){.common_name = "AC\nPRUEBAS"}, "name@1");
}

/* ── revocation (SECURITY 9, 17, 39) ── */

static void test_s9_missing_lists_refuse(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    pki_remove(scene->crls, "intermediate.crl");
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revocation-missing@0");
    pki_remove(scene->crls, "root.crl");
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revocation-missing@0 revocation-missing@1");
}

static void test_s9_stale_lists_refuse_after_max_stale(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate, &(PkiCrlOptions){.next_update = PKI_NOW - 100});
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revocation-stale@0");
    scene->options.max_stale = 99;
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revocation-stale@0");
    scene->options.max_stale = 100;
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "");
}

static void test_s9_a_list_without_an_end_serves_max_stale_from_its_beginning(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.this_update = PKI_NOW - 100, .next_update = -1});
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revocation-stale@0");
    scene->options.max_stale = 100;
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "");
}

static void test_s9_a_list_of_another_issuer_never_counts(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), other = {0}, namesake = {0};
    const PkiIdentity *revoked[] = {&leaf};

    pki_intermediate(&scene->root, &(PkiOptions){.common_name = "AC OTRA"}, &other);
    pki_intermediate(&scene->root, NULL, &namesake); /* the same name with another key */
    scene_write_crl(scene, "intermediate.crl", &other, &(PkiCrlOptions){.revoked = revoked, .n_revoked = 1});
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revocation-missing@0");
    scene_write_crl(scene, "intermediate.crl", &namesake, &(PkiCrlOptions){.revoked = revoked, .n_revoked = 1});
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revocation-missing@0");
    scene_write_crl(scene, "right.crl", &scene->intermediate, NULL);
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "");
}

/* A delta list that fails to say so critically: it names changes alone. */
static void test_s9_a_delta_list_only_revokes(void **state) {
    const PkiExtension delta[] = {{.oid = "2.5.29.27", .der = "020101"}};
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.extensions = delta, .n_extensions = 1});
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revocation-missing@0");
}

/* The list is known to be right already, for the other one of the two. */
static void test_s9_a_list_verified_for_one_key_says_nothing_of_its_namesakes(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), namesake = {0}, second = {0};
    const PkiIdentity *chain[] = {&namesake};
    CLEANUP(verdict_done) Verdict verdict = {0};

    pki_intermediate(&scene->root, NULL, &namesake);
    pki_leaf(&namesake, NULL, &second);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "");
    assert_string_equal(scene_judge(scene, &second, chain, 1, 0, &verdict).text, "revocation-missing@0");
}

static void test_s9_an_issuer_that_may_not_sign_lists_signs_none(void **state) {
    assert_intermediate(state, &(PkiOptions){.key_usage = "critical,keyCertSign"}, "revocation-missing@0");
}

static void test_s9_a_list_of_another_scope_says_nothing_of_the_leaf(void **state) {
    /* issuingDistributionPoint: onlyContainsCACerts; onlySomeReasons; onlyContainsAttributeCerts; a point that the
     * certificate does not name */
    static const char *const scopes[] = {"30038201ff", "3004830204f0", "30038501ff", "300ba009a0078605687474703a"};
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    for (size_t i = 0; i < ELEMENTSOF(scopes); i++) {
        const PkiExtension scope[] = {{.oid = "2.5.29.28", .critical = true, .der = scopes[i]}};

        scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                        &(PkiCrlOptions){.extensions = scope, .n_extensions = 1});
        scene_load(scene);
        assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revocation-missing@0");
    }
}

static void test_a_list_for_the_certificates_own_point_serves(void **state) {
    const PkiExtension scope[] = {{.oid = "2.5.29.28", .critical = true, .der = "300ba009a0078605687474703a"}};
    const PkiExtension point[] = {{.oid = "2.5.29.31", .der = "300d300ba009a0078605687474703a"}};
    Scene *scene = *state;
    CLEANUP(pki_identity_done)
    PkiIdentity leaf = scene_leaf(scene, &(PkiOptions){.extensions = point, .n_extensions = 1});

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.extensions = scope, .n_extensions = 1});
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "");
}

static void test_s9_a_list_with_an_unknown_critical_extension_only_revokes(void **state) {
    const PkiExtension unknown[] = {{.oid = "1.2.3.4", .critical = true, .der = "0500"}};
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    const PkiIdentity *revoked[] = {&leaf};

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.extensions = unknown, .n_extensions = 1});
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revocation-missing@0");
    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.extensions = unknown, .n_extensions = 1, .revoked = revoked, .n_revoked = 1});
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revoked@0");
}

static void test_s17_a_revoked_leaf_is_refused(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    const PkiIdentity *revoked[] = {&leaf};

    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "");
    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.revoked = revoked, .n_revoked = 1});
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revoked@0");
}

static void test_a_revoked_intermediate_is_refused(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    const PkiIdentity *revoked[] = {&scene->intermediate};

    scene_write_crl(scene, "root.crl", &scene->root, &(PkiCrlOptions){.revoked = revoked, .n_revoked = 1});
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revoked@1");
}

static void test_a_revocation_never_lapses(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    const PkiIdentity *revoked[] = {&leaf};
    const PkiCrlOptions old = {.revoked = revoked,
                               .n_revoked = 1,
                               .this_update = PKI_NOW - 300 * PKI_DAY,
                               .next_update = PKI_NOW - 290 * PKI_DAY};

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate, &old);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revoked@0"); /* and not only stale */
    scene_write_crl(scene, "newer.crl", &scene->intermediate, NULL);
    scene->options.soft_revocation = true;
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revoked@0");
}

static void test_soft_means_that_only_a_revocation_refuses(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    CLEANUP(verdict_done) Verdict verdict = {0};

    scene->options.soft_revocation = true;
    pki_remove(scene->crls, "root.crl");
    scene_write_crl(scene, "intermediate.crl", &scene->intermediate, &(PkiCrlOptions){.next_update = PKI_NOW - 100});
    assert_string_equal(scene_judge(scene, &leaf, NULL, 0, 0, &verdict).text, "");
    assert_int_equal(verdict.revocation_checked, 0);
}

static void test_s39_a_list_from_the_future_shows_a_wrong_clock(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.this_update = PKI_NOW + 1, .next_update = PKI_NOW + PKI_DAY});
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revocation-not-yet-valid@0 clock-wrong@0");
    assert_string_equal(scene_reasons(scene, &leaf, PKI_NOW + 1).text, "");
    scene_write_crl(scene, "now.crl", &scene->intermediate, NULL);
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "clock-wrong@0");
}

static void test_s39_a_clock_before_what_was_once_verified_refuses_even_when_soft(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    scene->options.clock_floor = PKI_NOW + 1;
    scene->options.soft_revocation = true;
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "clock-wrong@0");
    assert_string_equal(scene_reasons(scene, &leaf, PKI_NOW + 1).text, "");
}

static void test_s39_a_forged_list_from_the_future_moves_no_clock(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    EVP_PKEY *forger = pki_key(PKI_KEY_P256);

    scene_write_crl(
        scene, "forged.crl", &scene->intermediate,
        &(PkiCrlOptions){.key = forger, .this_update = PKI_NOW + PKI_DAY, .next_update = PKI_NOW + 2 * PKI_DAY});
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "");
    EVP_PKEY_free(forger);
}

static void test_the_verdict_tells_the_oldest_list_that_was_used(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    CLEANUP(verdict_done) Verdict verdict = {0};

    scene_write_crl(scene, "older.crl", &scene->intermediate, &(PkiCrlOptions){.this_update = PKI_NOW - 9 * PKI_DAY});
    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.this_update = PKI_NOW - 3 * PKI_DAY});
    assert_string_equal(scene_judge(scene, &leaf, NULL, 0, 0, &verdict).text, "");
    assert_int_equal(verdict.revocation_checked, PKI_NOW - 3 * PKI_DAY);
}

/* ── together ── */

static void test_all_reasons_are_listed_not_only_the_first(void **state) {
    const PkiExtension unknown[] = {{.oid = "1.2.3.4", .critical = true, .der = "0500"}};
    const PkiOptions options = {.key_type = PKI_KEY_RSA1024,
                                .common_name = "a\nb",
                                .not_after = PKI_NOW - 1,
                                .serial = "0",
                                .digest = "SHA1",
                                .basic_constraints = "CA:TRUE",
                                .key_usage = "keyAgreement",
                                .extended_key_usage = "serverAuth",
                                .name_constraints = "permitted;email:x.org",
                                .extensions = unknown,
                                .n_extensions = 1};

    assert_leaf(state, &options,
                "expired@0 key-usage@0 extended-key-usage@0 weak-key@0 weak-signature@0 serial@0 leaf-is-ca@0 "
                "name-constraints@0 extension@0 name@0");
}

static void test_a_certificate_without_a_holder_is_the_callers_business(void **state) {
    assert_leaf(state, NULL, "");
}

static void test_citizen_employee_and_representative_are_accepted(void **state) {
    const PkiOptions citizen = {.key_type = PKI_KEY_RSA2048,
                                .serial_number = "IDCES-99999999R",
                                .policies = "1.3.6.1.4.1.5734.3.10.1",
                                .key_usage = "critical,digitalSignature,nonRepudiation,keyEncipherment",
                                .extended_key_usage = "emailProtection,clientAuth,anyExtendedKeyUsage"};
    const PkiOptions representative = {.serial_number = "IDCES-99999999R",
                                       .organization_identifier = "VATES-Q2826004J",
                                       .policies = "1.3.6.1.4.1.5734.3.11.1"};

    assert_leaf(state, &citizen, "");
    assert_leaf(state, &representative, "");
}

typedef struct Crew {
    const TrustStore *store;
    TrustQuery query;
} Crew;

static void *judge_often(void *argument) {
    const Crew *crew = argument;

    for (int i = 0; i < 50; i++) {
        CLEANUP(verdict_done) Verdict verdict = {0};

        if (trust_judge(crew->store, &crew->query, &verdict) != 0 || !verdict_accepted(&verdict))
            return argument;
    }
    return NULL;
}

static void test_several_threads_judge_with_one_store(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    CLEANUP(certificate_freep) Certificate *known = parsed(&leaf);
    View chain = bytes_view(&scene->intermediate.der);
    Crew crew = {.query = {.leaf = bytes_view(&leaf.der),
                           .chain = &chain,
                           .n_chain = 1,
                           .known = &known,
                           .n_known = 1,
                           .now = PKI_NOW,
                           .deadline = UINT64_MAX}};
    pthread_t threads[4];

    scene_load(scene);
    crew.store = scene->store;
    for (size_t i = 0; i < ELEMENTSOF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, judge_often, &crew), 0);
    for (size_t i = 0; i < ELEMENTSOF(threads); i++) {
        void *failed = NULL;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

#define SCENE_TEST(function) cmocka_unit_test_setup_teardown(function, scene_setup, scene_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_what_is_no_certificate_is_malformed),
        SCENE_TEST(test_s14_a_certificate_over_64_kib_is_refused),
        SCENE_TEST(test_a_malformed_intermediate_is_no_help),
        SCENE_TEST(test_s17_a_certificate_ends_with_its_last_second),
        SCENE_TEST(test_an_expired_leaf_has_no_other_reason),
        SCENE_TEST(test_an_expired_certificate_gets_all_other_checks),
        SCENE_TEST(test_an_expired_issuer_is_a_reason_at_its_depth),
        SCENE_TEST(test_a_leaf_without_its_intermediate_is_untrusted),
        SCENE_TEST(test_a_root_that_the_client_sends_is_no_anchor),
        SCENE_TEST(test_s12_a_self_signed_leaf_is_untrusted),
        SCENE_TEST(test_s12_a_leaf_put_among_the_anchors_is_still_untrusted),
        SCENE_TEST(test_s12_an_anchor_is_nobodys_certificate),
        SCENE_TEST(test_s12_an_intermediate_among_the_anchors_is_no_end_of_a_chain),
        SCENE_TEST(test_s12_the_system_s_store_is_never_consulted),
        SCENE_TEST(test_a_broken_signature_is_told),
        SCENE_TEST(test_s15_the_same_name_under_another_key_is_refused),
        SCENE_TEST(test_s14_a_chain_of_nine_is_too_long),
        SCENE_TEST(test_s14_a_chain_that_needs_more_than_is_looked_at_says_so),
        SCENE_TEST(test_a_chain_of_eight_is_accepted),
        SCENE_TEST(test_a_leaf_directly_under_the_anchor_is_accepted),
        SCENE_TEST(test_the_path_length_of_an_issuer_counts),
        SCENE_TEST(test_an_issuer_that_is_no_authority_is_refused),
        SCENE_TEST(test_an_issuer_without_basic_constraints_is_no_authority),
        SCENE_TEST(test_the_verdict_brings_the_chain_up_to_the_anchor),
        SCENE_TEST(test_s9_a_known_certificate_never_stands_for_another),
        SCENE_TEST(test_s9_a_known_certificate_is_judged_like_one_sent),
        SCENE_TEST(test_s14_past_the_deadline_the_verdict_is_work_limit),
        SCENE_TEST(test_s11_digital_signature_is_required),
        SCENE_TEST(test_s11_client_authentication_or_smart_card_logon_is_required),
        SCENE_TEST(test_s11_an_issuer_for_other_purposes_is_refused),
        SCENE_TEST(test_s13_an_empty_extended_key_usage_is_refused),
        SCENE_TEST(test_s13_weak_keys_are_refused_anywhere),
        SCENE_TEST(test_s13_a_key_whose_signatures_prove_nothing_is_refused),
        SCENE_TEST(test_s13_a_weak_key_of_an_issuer_is_refused),
        SCENE_TEST(test_s13_broken_digests_are_refused),
        SCENE_TEST(test_s13_md5_is_refused),
        SCENE_TEST(test_s13_the_signature_of_the_anchor_is_not_judged),
        SCENE_TEST(test_s13_other_versions_are_refused),
        SCENE_TEST(test_s13_odd_serial_numbers_are_refused),
        SCENE_TEST(test_s13_an_authority_is_no_leaf),
        SCENE_TEST(test_s13_name_constraints_in_a_leaf_are_refused),
        SCENE_TEST(test_a_violated_name_constraint_is_refused),
        SCENE_TEST(test_an_explicit_policy_that_is_required_and_missing_is_refused),
        SCENE_TEST(test_unknown_critical_and_repeated_extensions_are_refused),
        SCENE_TEST(test_an_extension_that_cannot_be_read_is_a_reason),
        SCENE_TEST(test_s16_nul_in_cn_never_matches),
        SCENE_TEST(test_s16_control_and_bidirectional_characters_are_refused),
        SCENE_TEST(test_s16_alternative_names_count_as_names),
        SCENE_TEST(test_s16_a_name_of_an_issuer_counts),
        SCENE_TEST(test_s9_missing_lists_refuse),
        SCENE_TEST(test_s9_stale_lists_refuse_after_max_stale),
        SCENE_TEST(test_s9_a_list_without_an_end_serves_max_stale_from_its_beginning),
        SCENE_TEST(test_s9_a_list_of_another_issuer_never_counts),
        SCENE_TEST(test_s9_a_delta_list_only_revokes),
        SCENE_TEST(test_s9_a_list_verified_for_one_key_says_nothing_of_its_namesakes),
        SCENE_TEST(test_s9_an_issuer_that_may_not_sign_lists_signs_none),
        SCENE_TEST(test_s9_a_list_of_another_scope_says_nothing_of_the_leaf),
        SCENE_TEST(test_a_list_for_the_certificates_own_point_serves),
        SCENE_TEST(test_s9_a_list_with_an_unknown_critical_extension_only_revokes),
        SCENE_TEST(test_s17_a_revoked_leaf_is_refused),
        SCENE_TEST(test_a_revoked_intermediate_is_refused),
        SCENE_TEST(test_a_revocation_never_lapses),
        SCENE_TEST(test_soft_means_that_only_a_revocation_refuses),
        SCENE_TEST(test_s39_a_list_from_the_future_shows_a_wrong_clock),
        SCENE_TEST(test_s39_a_clock_before_what_was_once_verified_refuses_even_when_soft),
        SCENE_TEST(test_s39_a_forged_list_from_the_future_moves_no_clock),
        SCENE_TEST(test_the_verdict_tells_the_oldest_list_that_was_used),
        SCENE_TEST(test_all_reasons_are_listed_not_only_the_first),
        SCENE_TEST(test_a_certificate_without_a_holder_is_the_callers_business),
        SCENE_TEST(test_citizen_employee_and_representative_are_accepted),
        SCENE_TEST(test_several_threads_judge_with_one_store),
    };

    return cmocka_run_group_tests_name("trust/judge", tests, NULL, NULL);
}

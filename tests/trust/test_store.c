/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the loading of anchors and CRLs: what is faulty is named and never counts, and never makes data vanish
 * (SECURITY 10). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/trust/scene.h"

static const View garbage = {(const uint8_t *) "0\x82 garbage", 10};

static void write_anchor(Scene *scene, const char *name, const PkiIdentity *identity) {
    pki_write(scene->anchors, name, bytes_view(&identity->der));
}

static bool is_malformed(const Scene *scene, const char *part) {
    for (size_t i = 0; i < scene->problems.count; i++)
        if (strstr(scene->problems.items[i].line, part))
            return scene->problems.items[i].malformed;
    fail_msg("no %s", part);
    return false;
}

static void test_a_missing_anchors_folder_is_a_fault(void **state) {
    Scene *scene = *state;
    TrustStore *store = NULL;
    TrustOptions options = scene->options;

    options.anchors_dir = "/nonexistent";
    assert_int_equal(trust_store_load(&options, NULL, PKI_NOW, &store, NULL), -ENOENT);
    assert_null(store);
}

static void test_a_missing_crls_folder_is_an_empty_one(void **state) {
    Scene *scene = *state;

    scene->options.crls_dir = "/nonexistent";
    scene_load(scene);
    assert_int_equal(trust_store_crls(scene->store), 0);
    assert_int_equal(scene->problems.count, 0);
}

static void test_no_anchor_at_all_is_a_problem(void **state) {
    Scene *scene = *state;

    pki_remove(scene->anchors, "root.pem");
    scene_load(scene);
    assert_int_equal(trust_store_anchors(scene->store), 0);
    assert_true(scene_has_problem(scene, "holds no trust anchor"));
}

static void test_what_is_no_authority_of_its_own_is_no_anchor(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), self = {0};

    pki_self_signed(NULL, &self);
    write_anchor(scene, "a-leaf.der", &leaf);
    write_anchor(scene, "b-self.der", &self);
    write_anchor(scene, "c-intermediate.der", &scene->intermediate);
    pki_write(scene->anchors, "d-garbage", garbage);
    pki_write(scene->anchors, "e-empty", (View){0});
    pki_write(scene->anchors, "f-octets.der", (View){(const uint8_t *) "\x30\x81\x01", 4});
    scene_load(scene);
    assert_int_equal(trust_store_anchors(scene->store), 1);
    assert_int_equal(scene->problems.count, 6);
    assert_true(scene_has_problem(scene, "a-leaf.der: "));
    assert_true(scene_has_problem(scene, "b-self.der: "));
    assert_true(scene_has_problem(scene, "c-intermediate.der: "));
    assert_true(scene_has_problem(scene, "d-garbage: "));
    assert_false(is_malformed(scene, "a-leaf.der: "));
    assert_true(is_malformed(scene, "f-octets.der: certificate 1 "));
    assert_true(scene_has_problem(scene, "e-empty: "));
}

static void test_s13_an_anchor_with_a_weak_key_is_refused(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity weak = {0};

    pki_root(&(PkiOptions){.key_type = PKI_KEY_RSA1024}, &weak);
    write_anchor(scene, "weak.der", &weak);
    scene_load(scene);
    assert_int_equal(trust_store_anchors(scene->store), 1);
    assert_true(scene_has_problem(scene, "weak.der: "));
}

static void test_links_pipes_and_folders_are_not_read(void **state) {
    Scene *scene = *state;
    CLEANUP(free_pointer) char *link_path = NULL, *pipe_path = NULL, *folder_path = NULL, *target = NULL;

    assert_true(asprintf(&link_path, "%s/link.pem", scene->anchors) > 0);
    assert_true(asprintf(&target, "%s/root.pem", scene->anchors) > 0);
    assert_true(asprintf(&pipe_path, "%s/pipe.pem", scene->anchors) > 0);
    assert_true(asprintf(&folder_path, "%s/folder.pem", scene->anchors) > 0);
    assert_int_equal(symlink(target, link_path), 0);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    assert_int_equal(mkdir(folder_path, 0700), 0);
    scene_load(scene);
    assert_int_equal(rmdir(folder_path), 0);
    assert_int_equal(trust_store_anchors(scene->store), 1);
    assert_true(scene_has_problem(scene, "link.pem: not a regular file"));
    assert_true(scene_has_problem(scene, "pipe.pem: not a regular file"));
    assert_true(scene_has_problem(scene, "folder.pem: not a regular file"));
}

/* Too large by one octet; without that one it is read, and found to be no list. */
static void test_s14_a_list_over_32_mib_is_not_read(void **state) {
    Scene *scene = *state;
    CLEANUP(free_pointer) char *giant = NULL;

    assert_true(asprintf(&giant, "%s/giant.crl", scene->crls) > 0);
    pki_write(scene->crls, "giant.crl", garbage);
    assert_int_equal(truncate(giant, 32 * 1024 * 1024 + 1), 0);
    scene_load(scene);
    assert_true(scene_has_problem(scene, "giant.crl: too large"));
    assert_int_equal(truncate(giant, 32 * 1024 * 1024), 0);
    scene_load(scene);
    assert_true(scene_has_problem(scene, "giant.crl: "));
    assert_false(scene_has_problem(scene, "too large"));
}

static void test_hidden_files_are_left_out_without_a_word(void **state) {
    Scene *scene = *state;

    pki_write(scene->anchors, ".new", garbage);
    pki_write(scene->crls, ".new", garbage);
    scene_load(scene);
    assert_int_equal(scene->problems.count, 0);
}

static void test_odd_file_names_are_escaped(void **state) {
    Scene *scene = *state;

    pki_write(scene->crls, "x\nok: fine", garbage);
    scene_load(scene);
    assert_true(scene_has_problem(scene, "x\\x0aok: fine: "));
}

static void test_s10_a_faulty_crl_keeps_the_one_before(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);
    const PkiIdentity *revoked[] = {&leaf};

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.revoked = revoked, .n_revoked = 1});
    scene_load(scene);
    pki_write(scene->crls, "intermediate.crl", garbage);
    scene_load(scene);
    assert_int_equal(trust_store_crls(scene->store), 2);
    assert_true(is_malformed(scene, "intermediate.crl: not a valid CRL"));
    assert_true(scene_has_problem(scene, "stays in use"));
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revoked@0");
    scene_load(scene); /* and again, from what was kept */
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revoked@0");
}

/* A list of the intermediate's name that another key signs, and that key's certificate. */
static void write_list_and_signer(const Scene *scene, const PkiIdentity *signer) {
    CLEANUP(bytes_done) Bytes crl = {0}, file = {0};

    pki_crl(signer, NULL, &crl);
    pki_pem("X509 CRL", bytes_view(&crl), &file);
    pki_pem("CERTIFICATE", bytes_view(&signer->der), &file);
    pki_write(scene->crls, "intermediate.crl", bytes_view(&file));
}

static void test_s10_a_faulty_file_keeps_the_signer_that_it_held(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), signer = {0};

    pki_intermediate(&scene->root, &(PkiOptions){.key_usage = "critical,cRLSign"}, &signer);
    write_list_and_signer(scene, &signer);
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "");
    pki_write(scene->crls, "intermediate.crl", garbage);
    for (unsigned i = 0; i < 2; i++) { /* and again, from what was kept */
        scene_load(scene);
        assert_true(scene_has_problem(scene, "stays in use"));
        assert_string_equal(scene_reasons(scene, &leaf, 0).text, "");
    }
    scene_write_crl(scene, "intermediate.crl", &signer, NULL); /* whole again, and without it */
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revocation-missing@0");
}

/* The leaf's revocation was proven; now the file says something else. */
static PkiIdentity revoked_leaf(Scene *scene) {
    PkiIdentity leaf = scene_leaf(scene, NULL);
    const PkiIdentity *revoked[] = {&leaf};

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.revoked = revoked, .n_revoked = 1});
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "revoked@0");
    return leaf;
}

static void assert_stays_revoked(Scene *scene, const PkiIdentity *leaf) {
    for (unsigned i = 0; i < 2; i++) { /* and again, from what was kept */
        scene_load(scene);
        assert_true(scene_has_problem(scene, "intermediate.crl: no newer list of the key that signed the former one"));
        assert_string_equal(scene_reasons(scene, leaf, 0).text, "revoked@0");
    }
}

static void test_s10_a_forged_list_takes_no_revocation_back(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = revoked_leaf(scene);
    EVP_PKEY *key = pki_key(PKI_KEY_P256);

    scene->options.soft_revocation = true;
    scene_write_crl(scene, "intermediate.crl", &scene->intermediate, &(PkiCrlOptions){.key = key});
    EVP_PKEY_free(key);
    assert_stays_revoked(scene, &leaf);
}

static void test_s10_another_list_of_the_same_issuer_takes_no_revocation_back(void **state) {
    static const PkiExtension others[] = {
        {.oid = "2.5.29.28", .critical = true, .der = "30038201ff"}, /* of certificates of authorities alone */
        {.oid = "2.5.29.27", .critical = true, .der = "020101"},     /* a delta */
    };
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = revoked_leaf(scene);

    scene->options.soft_revocation = true;
    for (size_t i = 0; i < ELEMENTSOF(others); i++) {
        scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                        &(PkiCrlOptions){.extensions = &others[i], .n_extensions = 1});
        assert_stays_revoked(scene, &leaf);
    }
}

static void test_s10_a_list_of_another_issuer_takes_no_revocation_back(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = revoked_leaf(scene), other = {0};

    pki_root(&(PkiOptions){.common_name = "AC OTRA"}, &other);
    scene_write_crl(scene, "intermediate.crl", &other, NULL);
    assert_stays_revoked(scene, &leaf);
}

static void test_s10_an_older_list_takes_no_revocation_back(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = revoked_leaf(scene);

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.this_update = PKI_NOW - 3 * PKI_DAY});
    assert_stays_revoked(scene, &leaf);
}

static void test_s10_a_newer_list_of_the_same_key_relieves_the_former(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = revoked_leaf(scene);

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate, NULL); /* taken off a hold, say */
    scene_load(scene);
    assert_int_equal(scene->problems.count, 0);
    assert_int_equal(trust_store_crls(scene->store), 2);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "");
}

static void test_s10_a_former_list_stays_with_its_signer(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), signer = {0}, other = {0};

    pki_intermediate(&scene->root, &(PkiOptions){.key_usage = "critical,cRLSign"}, &signer);
    write_list_and_signer(scene, &signer);
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "");
    pki_root(&(PkiOptions){.common_name = "AC OTRA"}, &other);
    scene_write_crl(scene, "intermediate.crl", &other, NULL);
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "");
}

static void test_a_former_list_goes_with_its_end(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), other = {0};
    int64_t ended = PKI_NOW - scene->options.max_stale - 1;

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.this_update = ended - PKI_DAY, .next_update = ended});
    scene_load(scene);
    assert_string_equal(scene_reasons(scene, &leaf, ended).text, "");
    pki_root(&(PkiOptions){.common_name = "AC OTRA"}, &other);
    scene_write_crl(scene, "intermediate.crl", &other, NULL);
    scene_load(scene);
    assert_int_equal(scene->problems.count, 0);
    assert_int_equal(trust_store_crls(scene->store), 2);
}

/* A list that was never proven is nobody's. */
static void test_a_list_that_nobody_asked_is_replaced_by_any(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity other = {0};

    scene_load(scene);
    pki_root(&(PkiOptions){.common_name = "AC OTRA"}, &other);
    scene_write_crl(scene, "intermediate.crl", &other, NULL);
    scene_load(scene);
    assert_int_equal(scene->problems.count, 0);
    assert_int_equal(trust_store_crls(scene->store), 2);
}

static void test_s10_a_file_that_has_the_signer_left_alone_keeps_the_list_that_it_held(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), signer = {0};
    CLEANUP(bytes_done) Bytes file = {0};

    pki_intermediate(&scene->root, &(PkiOptions){.key_usage = "critical,cRLSign"}, &signer);
    write_list_and_signer(scene, &signer);
    scene_load(scene);
    pki_pem("CERTIFICATE", bytes_view(&signer.der), &file); /* the list was cut off */
    pki_write(scene->crls, "intermediate.crl", bytes_view(&file));
    for (unsigned i = 0; i < 2; i++) {
        scene_load(scene);
        assert_true(scene_has_problem(scene, "holds no revocation list any more"));
        assert_true(scene_has_problem(scene, "stays in use"));
        assert_string_equal(scene_reasons(scene, &leaf, 0).text, "");
    }
}

static void test_s10_a_list_beside_what_is_no_certificate_counts_for_nothing(void **state) {
    Scene *scene = *state;
    CLEANUP(bytes_done) Bytes crl = {0}, file = {0};

    pki_crl(&scene->intermediate, NULL, &crl);
    pki_pem("X509 CRL", bytes_view(&crl), &file);
    pki_pem("CERTIFICATE", bytes_view(&crl), &file);
    pki_write(scene->crls, "intermediate.crl", bytes_view(&file));
    scene_load(scene);
    assert_int_equal(trust_store_crls(scene->store), 1);
    assert_true(scene_has_problem(scene, "intermediate.crl: holds what is no certificate"));
}

static void test_s10_a_torn_bundle_counts_for_nothing(void **state) {
    Scene *scene = *state;
    CLEANUP(bytes_done) Bytes crl = {0}, file = {0};

    pki_crl(&scene->intermediate, NULL, &crl);
    pki_pem("X509 CRL", bytes_view(&crl), &file);
    pki_pem("X509 CRL", bytes_view(&crl), &file);
    file.size -= 40;
    pki_write(scene->crls, "intermediate.crl", bytes_view(&file));
    scene_load(scene);
    assert_int_equal(trust_store_crls(scene->store), 1);
    assert_true(scene_has_problem(scene, "intermediate.crl: a PEM block is damaged"));
}

static void test_a_forged_crl_of_an_anchor_is_refused_at_once(void **state) {
    Scene *scene = *state;
    EVP_PKEY *forger = pki_key(PKI_KEY_P256);

    scene_load(scene);
    scene_write_crl(scene, "root.crl", &scene->root, &(PkiCrlOptions){.key = forger, .this_update = PKI_NOW - 5});
    scene_load(scene);
    assert_true(scene_has_problem(scene, "root.crl: its signature is not"));
    assert_false(is_malformed(scene, "root.crl: its signature is not"));
    assert_int_equal(trust_store_crls(scene->store), 2);
    assert_int_equal(trust_store_clock_floor(scene->store), PKI_NOW - PKI_DAY); /* of the one kept */
    EVP_PKEY_free(forger);
}

static void test_s13_a_crl_signed_with_sha1_is_refused(void **state) {
    Scene *scene = *state;

    scene_write_crl(scene, "root.crl", &scene->root, &(PkiCrlOptions){.digest = "SHA1"});
    scene_load(scene);
    assert_int_equal(trust_store_crls(scene->store), 1);
    assert_true(scene_has_problem(scene, "root.crl: signed with a broken"));
}

static void test_an_unreadable_crls_folder_keeps_all_lists(void **state) {
    Scene *scene = *state;
    CLEANUP(free_pointer) char *file = NULL;

    scene_load(scene);
    assert_true(asprintf(&file, "%s/root.pem", scene->anchors) > 0);
    scene->options.crls_dir = file; /* not a folder */
    scene_load(scene);
    assert_int_equal(trust_store_crls(scene->store), 2);
    assert_true(scene_has_problem(scene, "stay in use"));
}

static void test_a_removed_crl_is_gone(void **state) {
    Scene *scene = *state;

    scene_load(scene);
    pki_remove(scene->crls, "root.crl");
    scene_load(scene);
    assert_int_equal(trust_store_crls(scene->store), 1);
    assert_int_equal(scene->problems.count, 0);
}

static void test_stale_and_future_lists_are_reported(void **state) {
    Scene *scene = *state;

    scene_write_crl(scene, "root.crl", &scene->root, &(PkiCrlOptions){.next_update = PKI_NOW - 1});
    scene_write_crl(scene, "intermediate.crl", &scene->intermediate,
                    &(PkiCrlOptions){.this_update = PKI_NOW + 1, .next_update = PKI_NOW + 2});
    scene_load(scene);
    assert_true(scene_has_problem(scene, "root.crl: too old"));
    assert_true(scene_has_problem(scene, "intermediate.crl: lies in the future"));
    bool stale = false, future = false;
    for (size_t i = 0; i < scene->problems.count; i++) {
        stale |= scene->problems.items[i].kind == TRUST_PROBLEM_CRL_STALE;
        future |= scene->problems.items[i].kind == TRUST_PROBLEM_CRL_FUTURE;
    }
    assert_true(stale && future);
}

static void test_an_expired_anchor_is_reported(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity old = {0};

    pki_root(&(PkiOptions){.common_name = "AC ANTIGUA", .not_after = PKI_NOW - 1}, &old);
    write_anchor(scene, "old.der", &old);
    scene_load(scene);
    assert_true(scene_has_problem(scene, "old.der: CN=AC ANTIGUA,C=ES has expired"));
}

static void test_bundles_and_der_files_are_loaded_and_copies_count_once(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity other = {0};
    CLEANUP(bytes_done) Bytes pem = {0};

    pki_root(&(PkiOptions){.common_name = "AC OTRA"}, &other);
    pki_pem("CERTIFICATE", bytes_view(&scene->root.der), &pem);
    pki_pem("CERTIFICATE", bytes_view(&other.der), &pem);
    pki_write(scene->anchors, "bundle.pem", bytes_view(&pem));
    write_anchor(scene, "other.der", &other);
    scene_load(scene);
    assert_int_equal(trust_store_anchors(scene->store), 2);
    assert_int_equal(scene->problems.count, 0);
}

static void test_s39_the_floor_is_the_latest_verified_list(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    scene_write_crl(scene, "intermediate.crl", &scene->intermediate, &(PkiCrlOptions){.this_update = PKI_NOW - 5});
    scene_load(scene);
    assert_int_equal(trust_store_clock_floor(scene->store),
                     PKI_NOW - PKI_DAY); /* the root's: nobody vouched for the other */
    assert_string_equal(scene_reasons(scene, &leaf, 0).text, "");
    assert_int_equal(trust_store_clock_floor(scene->store), PKI_NOW - 5);
    scene->options.clock_floor = PKI_NOW - 1;
    scene_load(scene);
    assert_int_equal(trust_store_clock_floor(scene->store), PKI_NOW - 1);
}

static void test_a_reference_keeps_the_store(void **state) {
    Scene *scene = *state;
    TrustStore *mine;

    scene_load(scene);
    mine = trust_store_ref(scene->store);
    scene->store = trust_store_unref(scene->store);
    assert_null(scene->store);
    assert_int_equal(trust_store_anchors(mine), 1);
    assert_null(trust_store_unref(mine));
    assert_null(trust_store_unref(NULL));
}

#define SCENE_TEST(function) cmocka_unit_test_setup_teardown(function, scene_setup, scene_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_a_missing_anchors_folder_is_a_fault),
        SCENE_TEST(test_a_missing_crls_folder_is_an_empty_one),
        SCENE_TEST(test_no_anchor_at_all_is_a_problem),
        SCENE_TEST(test_what_is_no_authority_of_its_own_is_no_anchor),
        SCENE_TEST(test_s13_an_anchor_with_a_weak_key_is_refused),
        SCENE_TEST(test_links_pipes_and_folders_are_not_read),
        SCENE_TEST(test_s14_a_list_over_32_mib_is_not_read),
        SCENE_TEST(test_hidden_files_are_left_out_without_a_word),
        SCENE_TEST(test_odd_file_names_are_escaped),
        SCENE_TEST(test_s10_a_faulty_crl_keeps_the_one_before),
        SCENE_TEST(test_s10_a_faulty_file_keeps_the_signer_that_it_held),
        SCENE_TEST(test_s10_a_forged_list_takes_no_revocation_back),
        SCENE_TEST(test_s10_another_list_of_the_same_issuer_takes_no_revocation_back),
        SCENE_TEST(test_s10_a_list_of_another_issuer_takes_no_revocation_back),
        SCENE_TEST(test_s10_an_older_list_takes_no_revocation_back),
        SCENE_TEST(test_s10_a_newer_list_of_the_same_key_relieves_the_former),
        SCENE_TEST(test_s10_a_former_list_stays_with_its_signer),
        SCENE_TEST(test_a_former_list_goes_with_its_end),
        SCENE_TEST(test_a_list_that_nobody_asked_is_replaced_by_any),
        SCENE_TEST(test_s10_a_file_that_has_the_signer_left_alone_keeps_the_list_that_it_held),
        SCENE_TEST(test_s10_a_list_beside_what_is_no_certificate_counts_for_nothing),
        SCENE_TEST(test_s10_a_torn_bundle_counts_for_nothing),
        SCENE_TEST(test_a_forged_crl_of_an_anchor_is_refused_at_once),
        SCENE_TEST(test_s13_a_crl_signed_with_sha1_is_refused),
        SCENE_TEST(test_an_unreadable_crls_folder_keeps_all_lists),
        SCENE_TEST(test_a_removed_crl_is_gone),
        SCENE_TEST(test_stale_and_future_lists_are_reported),
        SCENE_TEST(test_an_expired_anchor_is_reported),
        SCENE_TEST(test_bundles_and_der_files_are_loaded_and_copies_count_once),
        SCENE_TEST(test_s39_the_floor_is_the_latest_verified_list),
        SCENE_TEST(test_a_reference_keeps_the_store),
    };

    return cmocka_run_group_tests_name("trust/store", tests, NULL, NULL);
}

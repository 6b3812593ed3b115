/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of client/helper against the real ovcert-credential and real .p12 files: both sides speak the same dialogue.
 * The first argument is that program. */
#include "client/helper.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/frame.h"
#include "tests/trust/pki.h"
#include "trust/certificate.h"
#include "trust/signature.h"

#define AMPLE UINT64_C(20000000)

typedef struct Fixture {
    const char *program;
    char *folder;
    char *path;
    PkiIdentity root;
    PkiIdentity leaf;
    Helper *helper;
} Fixture;

static int setup(void **state) {
    Fixture *fixture = *state;
    Bytes file = {0};
    fixture->folder = pki_folder();
    pki_root(NULL, &fixture->root);
    pki_leaf(&fixture->root, NULL, &fixture->leaf);
    const PkiIdentity *chain[] = {&fixture->root};
    pki_pkcs12(&fixture->leaf, chain, 1, &(PkiPkcs12Options){.passphrase = "right"}, &file);
    pki_write(fixture->folder, "new.p12", bytes_view(&file));
    bytes_done(&file);
    assert_true(asprintf(&fixture->path, "%s/new.p12", fixture->folder) > 0);
    const HelperOptions options = {.path = fixture->program, .seconds = 30};
    assert_int_equal(helper_start(&options, frame_now() + AMPLE, &fixture->helper), 0);
    return 0;
}

static int teardown(void **state) {
    Fixture *fixture = *state;
    fixture->helper = helper_free(fixture->helper);
    pki_identity_done(&fixture->leaf);
    pki_identity_done(&fixture->root);
    pki_folder_free(fixture->folder);
    free(fixture->path);
    return 0;
}

static int unlock(Fixture *fixture, char *path, const char *passphrase, HelperCertificate **ret, size_t *ret_count) {
    Secret *secret = NULL;
    char kind[] = "pkcs12";
    const HelperSource source = {.kind = kind, .id = path};
    assert_int_equal(secret_new(passphrase, strlen(passphrase), &secret), 0);
    const HelperUnlock how = {.secret = secret};
    int r = helper_unlock(fixture->helper, &source, &how, frame_now() + AMPLE, ret, ret_count);
    (void) secret_free(secret);
    return r;
}

static void test_missing_file_is_not_found(void **state) {
    HelperCertificate *certificates = NULL;
    size_t count = 0;
    char path[] = "/nonexistent/new.p12";
    assert_int_equal(unlock(*state, path, "right", &certificates, &count), CREDENTIAL_OUTCOME_NOT_FOUND);
}

static void test_s22_wrong_passphrase_is_told_and_ends_the_helper(void **state) {
    Fixture *fixture = *state;
    HelperCertificate *certificates = NULL;
    size_t count = 0;
    assert_int_equal(unlock(fixture, fixture->path, "wrong", &certificates, &count), CREDENTIAL_OUTCOME_WRONG_SECRET);
    assert_int_equal(unlock(fixture, fixture->path, "right", &certificates, &count), -EPIPE);
}

static void test_signature_before_unlocking_is_refused(void **state) {
    Fixture *fixture = *state;
    char *algorithm = NULL;
    Bytes signature = {0};
    const Statement statement = {.purpose = STATEMENT_ASSIGN, .user = "demo", .service = "", .tty = ""};
    assert_int_equal(helper_sign(fixture->helper, &statement, frame_now() + AMPLE, &algorithm, &signature),
                     CREDENTIAL_OUTCOME_LOCKED);
}

static void assert_signature(const Fixture *fixture, const Statement *statement, const char *algorithm,
                             const Bytes *signature) {
    Certificate *certificate = NULL;
    Bytes encoded = {0};
    assert_int_equal(certificate_parse(bytes_view(&fixture->leaf.der), &certificate), 0);
    assert_int_equal(statement_encode(statement, &encoded), 0);
    assert_int_equal(signature_verify(certificate, algorithm, bytes_view(&encoded), bytes_view(signature)), 0);
    bytes_done(&encoded);
    (void) certificate_free(certificate);
}

static void test_statement_is_signed_once_as_both_sides_build_it(void **state) {
    Fixture *fixture = *state;
    HelperCertificate *certificates = NULL;
    size_t count = 0;
    char *algorithm = NULL;
    Bytes signature = {0};
    assert_int_equal(unlock(fixture, fixture->path, "right", &certificates, &count), 0);
    assert_int_equal(count, 1);
    assert_true(view_equal(bytes_view(&certificates[0].der), bytes_view(&fixture->leaf.der)));
    assert_int_equal(certificates[0].chain.count, 1);
    Statement statement = {.purpose = STATEMENT_ASSIGN,
                           .nonce = {1},
                           .user = "demo",
                           .uid = 4711,
                           .service = "ovcertctl",
                           .tty = "pts/0",
                           .host_id = {2},
                           .boot_id = {3},
                           .has_replaced = true,
                           .replaced = {4},
                           .deadline = 5};
    memcpy(statement.fingerprint, certificates[0].fingerprint, sizeof statement.fingerprint);
    assert_int_equal(helper_sign(fixture->helper, &statement, frame_now() + AMPLE, &algorithm, &signature), 0);
    assert_signature(fixture, &statement, algorithm, &signature);
    free(algorithm);
    bytes_done(&signature);
    assert_int_equal(helper_sign(fixture->helper, &statement, frame_now() + AMPLE, &algorithm, &signature), -EPIPE);
    (void) helper_certificates_free(certificates, count);
}

static void test_sources_are_listed(void **state) {
    Fixture *fixture = *state;
    HelperSource *sources = NULL;
    size_t count = 0;
    assert_int_equal(helper_list(fixture->helper, frame_now() + AMPLE, &sources, &count), 0);
    (void) helper_sources_free(sources, count);
}

int main(int argc, char *argv[]) {
    if (argc != 2)
        return 2;
    Fixture fixture = {.program = argv[1]};
#define TEST(name)                                                                                                     \
    { #name, name, setup, teardown, &fixture }
    const struct CMUnitTest tests[] = {
        TEST(test_missing_file_is_not_found),
        TEST(test_s22_wrong_passphrase_is_told_and_ends_the_helper),
        TEST(test_signature_before_unlocking_is_refused),
        TEST(test_statement_is_signed_once_as_both_sides_build_it),
        TEST(test_sources_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

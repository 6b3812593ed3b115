/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of trust/signature: the key decides what it may be verified with (SECURITY 7). */
#include "trust/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "common/protocol.h"
#include "tests/trust/pki.h"

static const View message = {(const uint8_t *) "statement", 9};

/* A certificate and its key. */
typedef struct Signer {
    PkiIdentity identity;
    Certificate *certificate;
} Signer;

static Signer signer_new(PkiKey type) {
    Signer signer = {0};

    pki_self_signed(&(PkiOptions){.key_type = type, .digest = "SHA256"}, &signer.identity);
    assert_int_equal(certificate_parse(bytes_view(&signer.identity.der), &signer.certificate), 0);
    return signer;
}

static void signer_done(Signer *signer) {
    signer->certificate = certificate_free(signer->certificate);
    pki_identity_done(&signer->identity);
}

static void test_s7_weak_keys_sign_nothing(void **state) {
    static const PkiKey weak[] = {PKI_KEY_RSA1024, PKI_KEY_DSA1024, PKI_KEY_P192, PKI_KEY_SECP256K1};

    (void) state;
    for (size_t i = 0; i < ELEMENTSOF(weak); i++) {
        CLEANUP(signer_done) Signer signer = signer_new(weak[i]);
        CLEANUP(bytes_done) Bytes signature = {0};

        pki_sign(signer.identity.key, SIGNATURE_ECDSA_SHA256, message, &signature); /* SHA-256 with whatever key */
        assert_null(signature_algorithm(signer.certificate));
        assert_int_equal(signature_verify(signer.certificate, SIGNATURE_ECDSA_SHA256, message, bytes_view(&signature)),
                         SIGNATURE_WEAK_KEY);
        assert_int_equal(
            signature_verify(signer.certificate, SIGNATURE_RSA_PKCS1_SHA256, message, bytes_view(&signature)),
            SIGNATURE_WEAK_KEY);
    }
}

static void test_s7_unknown_algorithms_are_refused(void **state) {
    static const char *const unknown[] = {"", "none", "rsa-pkcs1-sha1", "ecdsa-sha1", "ECDSA-SHA256", "ecdsa-sha256 "};
    CLEANUP(signer_done) Signer signer = signer_new(PKI_KEY_P256);
    CLEANUP(bytes_done) Bytes signature = {0};

    (void) state;
    pki_sign(signer.identity.key, SIGNATURE_ECDSA_SHA256, message, &signature);
    for (size_t i = 0; i < ELEMENTSOF(unknown); i++)
        assert_int_equal(signature_verify(signer.certificate, unknown[i], message, bytes_view(&signature)),
                         SIGNATURE_WRONG_ALGORITHM);
}

static void test_s7_algorithms_of_other_keys_are_refused(void **state) {
    CLEANUP(signer_done) Signer p256 = signer_new(PKI_KEY_P256);
    CLEANUP(signer_done) Signer rsa = signer_new(PKI_KEY_RSA2048);
    CLEANUP(bytes_done) Bytes signature = {0};

    (void) state;
    pki_sign(p256.identity.key, SIGNATURE_ECDSA_SHA384, message, &signature);
    assert_int_equal(signature_verify(p256.certificate, SIGNATURE_ECDSA_SHA384, message, bytes_view(&signature)),
                     SIGNATURE_WRONG_ALGORITHM);
    assert_int_equal(signature_verify(rsa.certificate, SIGNATURE_ECDSA_SHA256, message, bytes_view(&signature)),
                     SIGNATURE_WRONG_ALGORITHM);
    assert_int_equal(signature_verify(p256.certificate, SIGNATURE_ED25519, message, bytes_view(&signature)),
                     SIGNATURE_WRONG_ALGORITHM);
}

static void test_s1_a_signature_of_another_key_is_bad(void **state) {
    CLEANUP(signer_done) Signer mine = signer_new(PKI_KEY_P256);
    CLEANUP(signer_done) Signer other = signer_new(PKI_KEY_P256);
    CLEANUP(bytes_done) Bytes signature = {0};

    (void) state;
    pki_sign(other.identity.key, SIGNATURE_ECDSA_SHA256, message, &signature);
    assert_int_equal(signature_verify(mine.certificate, SIGNATURE_ECDSA_SHA256, message, bytes_view(&signature)),
                     SIGNATURE_BAD);
}

static void test_empty_overlong_and_torn_signatures_are_bad(void **state) {
    CLEANUP(signer_done) Signer signer = signer_new(PKI_KEY_RSA2048);
    CLEANUP(bytes_done) Bytes signature = {0};
    static const uint8_t endless[OVCERT_SIGNATURE_MAX + 1];

    (void) state;
    pki_sign(signer.identity.key, SIGNATURE_RSA_PKCS1_SHA256, message, &signature);
    assert_int_equal(signature_verify(signer.certificate, SIGNATURE_RSA_PKCS1_SHA256, message, (View){0}),
                     SIGNATURE_BAD);
    assert_int_equal(
        signature_verify(signer.certificate, SIGNATURE_RSA_PKCS1_SHA256, message, (View){endless, sizeof(endless)}),
        SIGNATURE_BAD);
    signature.size--;
    assert_int_equal(signature_verify(signer.certificate, SIGNATURE_RSA_PKCS1_SHA256, message, bytes_view(&signature)),
                     SIGNATURE_BAD);
}

static void test_pss_and_pkcs1_are_not_taken_for_each_other(void **state) {
    CLEANUP(signer_done) Signer signer = signer_new(PKI_KEY_RSA2048);
    CLEANUP(bytes_done) Bytes signature = {0};

    (void) state;
    pki_sign(signer.identity.key, SIGNATURE_RSA_PSS_SHA256, message, &signature);
    assert_int_equal(signature_verify(signer.certificate, SIGNATURE_RSA_PKCS1_SHA256, message, bytes_view(&signature)),
                     SIGNATURE_BAD);
    assert_int_equal(signature_verify(signer.certificate, SIGNATURE_RSA_PSS_SHA256, message, bytes_view(&signature)),
                     0);
}

static void sign_pss(EVP_PKEY *key, int salt, Bytes *ret) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx = NULL;
    uint8_t signature[OVCERT_SIGNATURE_MAX];
    size_t size = sizeof(signature);

    assert_true(ctx && EVP_DigestSignInit_ex(ctx, &key_ctx, "SHA256", NULL, NULL, key, NULL) > 0 &&
                EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(key_ctx, salt) > 0 &&
                EVP_DigestSign(ctx, signature, &size, message.data, message.size) > 0);
    EVP_MD_CTX_free(ctx);
    assert_int_equal(bytes_append(ret, (View){signature, size}), 0);
}

static void test_s7_pss_has_a_salt_of_32_octets(void **state) {
    CLEANUP(signer_done) Signer signer = signer_new(PKI_KEY_RSA2048);
    CLEANUP(bytes_done) Bytes salted = {0}, unsalted = {0};

    (void) state;
    sign_pss(signer.identity.key, 0, &unsalted);
    assert_int_equal(signature_verify(signer.certificate, SIGNATURE_RSA_PSS_SHA256, message, bytes_view(&unsalted)),
                     SIGNATURE_BAD);
    sign_pss(signer.identity.key, 32, &salted);
    assert_int_equal(signature_verify(signer.certificate, SIGNATURE_RSA_PSS_SHA256, message, bytes_view(&salted)), 0);
}

static void assert_round_trip(PkiKey type, const char *algorithm) {
    CLEANUP(signer_done) Signer signer = signer_new(type);
    CLEANUP(bytes_done) Bytes signature = {0};

    assert_string_equal(signature_algorithm(signer.certificate), algorithm);
    pki_sign(signer.identity.key, algorithm, message, &signature);
    assert_int_equal(signature_verify(signer.certificate, algorithm, message, bytes_view(&signature)), 0);
    assert_int_equal(signature_verify(signer.certificate, algorithm, (View){(const uint8_t *) "Statement", 9},
                                      bytes_view(&signature)),
                     SIGNATURE_BAD);
    signature.data[signature.size - 1] ^= 1;
    assert_int_equal(signature_verify(signer.certificate, algorithm, message, bytes_view(&signature)), SIGNATURE_BAD);
}

static void test_each_key_verifies_its_own_algorithm_and_no_changed_octet(void **state) {
    (void) state;
    assert_round_trip(PKI_KEY_RSA2048, SIGNATURE_RSA_PKCS1_SHA256);
    assert_round_trip(PKI_KEY_P256, SIGNATURE_ECDSA_SHA256);
    assert_round_trip(PKI_KEY_P384, SIGNATURE_ECDSA_SHA384);
    assert_round_trip(PKI_KEY_P521, SIGNATURE_ECDSA_SHA512);
    assert_round_trip(PKI_KEY_ED25519, SIGNATURE_ED25519);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s7_weak_keys_sign_nothing),
        cmocka_unit_test(test_s7_unknown_algorithms_are_refused),
        cmocka_unit_test(test_s7_algorithms_of_other_keys_are_refused),
        cmocka_unit_test(test_s1_a_signature_of_another_key_is_bad),
        cmocka_unit_test(test_empty_overlong_and_torn_signatures_are_bad),
        cmocka_unit_test(test_pss_and_pkcs1_are_not_taken_for_each_other),
        cmocka_unit_test(test_s7_pss_has_a_salt_of_32_octets),
        cmocka_unit_test(test_each_key_verifies_its_own_algorithm_and_no_changed_octet),
    };

    return cmocka_run_group_tests_name("trust/signature", tests, NULL, NULL);
}

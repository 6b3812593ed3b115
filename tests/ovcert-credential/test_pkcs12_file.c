/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of ovcert-credential/pkcs12_file.h and iterations.h below it, on files made on the spot. */
#include "ovcert-credential/pkcs12_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/provider.h>

#include "common/credential.h"
#include "common/macros.h"
#include "tests/ovcert-credential/support.h"

#define TEN_MILLION 10000000u
#define MILLION 1000000u

/* Made once: an authority, a leaf, and the library context of the backend. */
typedef struct Fixture {
    OSSL_LIB_CTX *libctx;
    OSSL_PROVIDER *provider;
    PkiIdentity root;
    PkiIdentity leaf;
} Fixture;

static int set_up(void **state) {
    Fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    fixture->libctx = OSSL_LIB_CTX_new();
    fixture->provider = OSSL_PROVIDER_load(fixture->libctx, "default");
    assert_non_null(fixture->provider);
    pki_root(NULL, &fixture->root);
    pki_leaf(&fixture->root, NULL, &fixture->leaf);
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    Fixture *fixture = *state;

    pki_identity_done(&fixture->leaf);
    pki_identity_done(&fixture->root);
    (void) OSSL_PROVIDER_unload(fixture->provider); /* the context goes anyway */
    OSSL_LIB_CTX_free(fixture->libctx);
    free(fixture);
    return 0;
}

static int open_with(const Fixture *fixture, View der, View passphrase, uint64_t limit, Pkcs12Contents *ret) {
    Secret *CLEANUP(secret_freep) secret = NULL;
    char *CLEANUP(free_pointer) detail = NULL;

    assert_int_equal(secret_new(passphrase.data, passphrase.size, &secret), 0);
    return pkcs12_open(fixture->libctx, der, secret, limit, ret, &detail);
}

static View text(const char *string) {
    return (View){(const uint8_t *) string, strlen(string)};
}

/* Opens, forgets, and tells the outcome. */
static int outcome_of(const Fixture *fixture, const Bytes *der, const char *passphrase) {
    Pkcs12Contents CLEANUP(pkcs12_contents_done) contents = {0};

    return open_with(fixture, bytes_view(der), text(passphrase), MILLION, &contents);
}

static int outcome_of_pki(const Fixture *fixture, const PkiPkcs12Options *options) {
    const PkiIdentity *const chain[] = {&fixture->root};
    Bytes CLEANUP(bytes_done) der = {0};

    pki_pkcs12(&fixture->leaf, chain, 1, options, &der);
    return outcome_of(fixture, &der, PASSPHRASE);
}

static void expect_leaf(const Fixture *fixture, const Pkcs12Contents *contents, int certificates) {
    assert_int_equal(contents->n_keys, 1);
    assert_int_equal(EVP_PKEY_eq(contents->keys[0], fixture->leaf.key), 1);
    assert_int_equal(sk_X509_num(contents->certificates), certificates);
}

static void test_a_wrong_passphrase_is_told_from_a_broken_file(void **state) {
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) der = {0};

    pki_pkcs12(&fixture->leaf, NULL, 0, &(PkiPkcs12Options){.passphrase = PASSPHRASE, .iterations = 5}, &der);
    assert_int_equal(outcome_of(fixture, &der, "another"), CREDENTIAL_OUTCOME_WRONG_SECRET);
    assert_int_equal(outcome_of(fixture, &der, ""), CREDENTIAL_OUTCOME_WRONG_SECRET);
    assert_int_equal(outcome_of(fixture, &(Bytes){0}, PASSPHRASE), CREDENTIAL_OUTCOME_MALFORMED);
    assert_int_equal(bytes_append_u8(&der, 0), 0);
    assert_int_equal(outcome_of(fixture, &der, PASSPHRASE), CREDENTIAL_OUTCOME_MALFORMED);
}

static void test_a_file_cut_anywhere_is_malformed(void **state) {
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) der = {0};

    pki_pkcs12(&fixture->leaf, NULL, 0, &(PkiPkcs12Options){.passphrase = PASSPHRASE, .iterations = 5}, &der);
    for (size_t size = 0; size < der.size; size++) {
        Bytes cut = {.data = der.data, .size = size};
        assert_int_equal(outcome_of(fixture, &cut, PASSPHRASE), CREDENTIAL_OUTCOME_MALFORMED);
    }
}

/* Under a sanitizer this finds what a flipped octet can lead astray. The MAC covers what matters; what it does not,
 * such as the version number, changes nothing of what comes out. */
static void test_a_changed_octet_never_changes_the_contents(void **state) {
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) der = {0};

    pki_pkcs12(&fixture->leaf, NULL, 0, &(PkiPkcs12Options){.passphrase = PASSPHRASE, .iterations = 5}, &der);
    for (size_t i = 0; i < der.size; i++) {
        Pkcs12Contents CLEANUP(pkcs12_contents_done) contents = {0};
        der.data[i] ^= 0x41;
        if (open_with(fixture, bytes_view(&der), text(PASSPHRASE), 10000, &contents) == 0)
            expect_leaf(fixture, &contents, 1);
        der.data[i] ^= 0x41;
    }
}

static void test_a_passphrase_with_a_nul_is_wrong(void **state) {
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) der = {0};
    Pkcs12Contents CLEANUP(pkcs12_contents_done) contents = {0};
    static const uint8_t passphrase[] = PASSPHRASE; /* its NUL is part of it */

    pki_pkcs12(&fixture->leaf, NULL, 0, &(PkiPkcs12Options){.passphrase = PASSPHRASE, .iterations = 5}, &der);
    assert_int_equal(open_with(fixture, bytes_view(&der), (View){passphrase, sizeof passphrase}, MILLION, &contents),
                     CREDENTIAL_OUTCOME_WRONG_SECRET);
}

static void test_s20_ten_million_rounds_outside_are_refused(void **state) {
    PkiPkcs12Options mac = {.passphrase = PASSPHRASE, .iterations = 5, .claim_mac_iterations = TEN_MILLION};
    PkiPkcs12Options certificates = {
        .passphrase = PASSPHRASE, .iterations = 5, .claim_certificate_iterations = TEN_MILLION};
    PkiPkcs12Options key = {.passphrase = PASSPHRASE, .iterations = 5, .claim_key_iterations = TEN_MILLION};

    for (PkiPbe pbe = PKI_PBE_AES256; pbe <= PKI_PBE_RC2_3DES; pbe++) {
        mac.pbe = certificates.pbe = key.pbe = pbe;
        assert_int_equal(outcome_of_pki(*state, &mac), CREDENTIAL_OUTCOME_ITERATIONS);
        assert_int_equal(outcome_of_pki(*state, &certificates), CREDENTIAL_OUTCOME_ITERATIONS);
        assert_int_equal(outcome_of_pki(*state, &key), CREDENTIAL_OUTCOME_ITERATIONS);
    }
}

/* The key is in an encrypted part, and two bags deep: it shows only after the first derivation. */
static void test_s20_ten_million_rounds_inside_are_refused(void **state) {
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) der = {0};
    ContainerBags *key = NULL, *nested = NULL, *bags = NULL;
    ContainerSafes *safes = NULL;

    container_add_key(&key, fixture->leaf.key, TEN_MILLION);
    container_nest(&nested, key);
    container_nest(&bags, nested);
    container_add_certificate(&bags, fixture->leaf.certificate);
    container_add_safe(&safes, bags, true);
    container_finish(safes, EVP_sha256(), &der);
    assert_int_equal(outcome_of(fixture, &der, PASSPHRASE), CREDENTIAL_OUTCOME_ITERATIONS);
}

static void test_s20_ten_million_rounds_in_a_nested_bag_of_a_plain_part_are_refused(void **state) {
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) der = {0};
    ContainerBags *key = NULL, *bags = NULL;
    ContainerSafes *safes = NULL;

    container_add_key(&key, fixture->leaf.key, TEN_MILLION);
    container_nest(&bags, key);
    container_add_safe(&safes, bags, false);
    container_finish(safes, EVP_sha256(), &der);
    /* Even the MAC, which a wrong passphrase does not pass, is not computed. */
    assert_int_equal(outcome_of(fixture, &der, "another"), CREDENTIAL_OUTCOME_ITERATIONS);
}

static void test_s20_it_is_the_sum_that_is_bounded(void **state) {
    const Fixture *fixture = *state;
    Pkcs12Contents CLEANUP(pkcs12_contents_done) refused = {0};
    Pkcs12Contents CLEANUP(pkcs12_contents_done) opened = {0};
    Bytes CLEANUP(bytes_done) der = {0};

    /* MAC, certificates and key: 100 rounds each. */
    pki_pkcs12(&fixture->leaf, NULL, 0, &(PkiPkcs12Options){.passphrase = PASSPHRASE, .iterations = 100}, &der);
    assert_int_equal(open_with(fixture, bytes_view(&der), text(PASSPHRASE), 299, &refused),
                     CREDENTIAL_OUTCOME_ITERATIONS);
    assert_int_equal(open_with(fixture, bytes_view(&der), text(PASSPHRASE), 300, &opened), 0);
}

static void test_s20_bags_nested_without_end_are_refused(void **state) {
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) der = {0};
    ContainerBags *bags = NULL;
    ContainerSafes *safes = NULL;

    container_add_plain_key(&bags, fixture->leaf.key);
    for (int depth = 0; depth < 9; depth++) {
        ContainerBags *outer = NULL;
        container_nest(&outer, bags);
        bags = outer;
    }
    container_add_safe(&safes, bags, true);
    container_finish(safes, EVP_sha256(), &der);
    assert_int_equal(outcome_of(fixture, &der, PASSPHRASE), CREDENTIAL_OUTCOME_MALFORMED);
}

static void test_s20_scrypt_whose_cost_is_not_counted_in_rounds_is_refused(void **state) {
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) der = {0};
    ContainerBags *bags = NULL;
    ContainerSafes *safes = NULL;

    container_add_scrypt_key(&bags, fixture->leaf.key);
    container_add_safe(&safes, bags, false);
    container_finish(safes, EVP_sha256(), &der);
    assert_int_equal(outcome_of(fixture, &der, PASSPHRASE), CREDENTIAL_OUTCOME_ALGORITHM);
}

#define PBES2(kdf, iterations, prf, cipher)                                                                            \
    "[algorithm]\na=OID:PBES2\nb=SEQ:b\n[b]\na=SEQ:kdf\nb=SEQ:cipher\n"                                                \
    "[kdf]\na=OID:" kdf                                                                                                \
    "\nb=SEQ:parameters\n"                                                                                             \
    "[parameters]\na=FORMAT:HEX,OCT:0011223344556677\n" iterations prf                                                 \
    "[prf]\na=OID:hmacWithMD5\nb=NULL\n"                                                                               \
    "[cipher]\na=OID:" cipher "\nb=FORMAT:HEX,OCT:00112233445566778899aabbccddeeff\n"
#define PBES1(scheme, iterations)                                                                                      \
    "[algorithm]\na=OID:" scheme "\nb=SEQ:b\n[b]\na=FORMAT:HEX,OCT:0011223344556677\n" iterations

/* Whatever would be derived at a cost that is not known, or not as it was counted. */
static void test_s20_key_derivation_that_cannot_be_counted_is_refused(void **state) {
    static const struct {
        const char *algorithm;
        CredentialOutcome outcome;
    } rows[] = {
        {PBES2("PBKDF2", "b=INT:10000000\n", "", "AES-256-CBC"), CREDENTIAL_OUTCOME_ITERATIONS},
        {PBES2("PBKDF2", "b=INT:0x7fffffffffffffff\n", "", "AES-256-CBC"), CREDENTIAL_OUTCOME_ITERATIONS},
        {PBES2("PBKDF2", "b=INT:0x8000000000000000\n", "", "AES-256-CBC"), CREDENTIAL_OUTCOME_ITERATIONS},
        {PBES2("PBKDF2", "b=INT:0x10000000000000001\n", "", "AES-256-CBC"), CREDENTIAL_OUTCOME_ITERATIONS},
        {PBES2("PBKDF2", "b=INT:-0x10000000000000001\n", "", "AES-256-CBC"), CREDENTIAL_OUTCOME_ITERATIONS},
        {PBES2("PBKDF2", "b=INT:-1\n", "", "AES-256-CBC"), CREDENTIAL_OUTCOME_MALFORMED},
        {PBES2("PBKDF2", "b=INT:-10000000\n", "", "AES-256-CBC"), CREDENTIAL_OUTCOME_MALFORMED},
        {PBES2("PBKDF2", "b=INT:0\n", "", "AES-256-CBC"), CREDENTIAL_OUTCOME_MALFORMED},
        {PBES2("PBKDF2", "", "", "AES-256-CBC"), CREDENTIAL_OUTCOME_MALFORMED},
        {PBES2("PBKDF2", "b=INT:5\n", "c=SEQ:prf\n", "AES-256-CBC"), CREDENTIAL_OUTCOME_ALGORITHM},
        {PBES2("PBKDF2", "b=INT:5\n", "", "BF-CBC"), CREDENTIAL_OUTCOME_ALGORITHM},
        {PBES2("PBES2", "b=INT:5\n", "", "AES-256-CBC"), CREDENTIAL_OUTCOME_ALGORITHM},
        {"[algorithm]\na=OID:PBES2\nb=NULL\n", CREDENTIAL_OUTCOME_MALFORMED},
        {"[algorithm]\na=OID:PBES2\n", CREDENTIAL_OUTCOME_MALFORMED},
        {PBES1("PBE-SHA1-3DES", "b=INT:10000000\n"), CREDENTIAL_OUTCOME_ITERATIONS},
        {PBES1("PBE-SHA1-3DES", "b=INT:-1\n"), CREDENTIAL_OUTCOME_MALFORMED},
        {PBES1("PBE-MD5-DES", "b=INT:10000000\n"), CREDENTIAL_OUTCOME_ALGORITHM},
        {PBES1("PBE-SHA1-RC2-64", "b=INT:10000000\n"), CREDENTIAL_OUTCOME_ALGORITHM},
    };

    for (size_t i = 0; i < 2 * ELEMENTSOF(rows); i++) {
        const Fixture *fixture = *state;
        bool encrypted = i % 2 == 1; /* seen before the first derivation, or after it */
        Bytes CLEANUP(bytes_done) der = {0};
        ContainerBags *bags = NULL;
        ContainerSafes *safes = NULL;
        container_add_key_described(&bags, fixture->leaf.key, rows[i / 2].algorithm);
        container_add_safe(&safes, bags, encrypted);
        container_finish(safes, EVP_sha256(), &der);
        if (outcome_of(fixture, &der, PASSPHRASE) != (int) rows[i / 2].outcome)
            fail_msg("%s: %d", rows[i / 2].algorithm, outcome_of(fixture, &der, PASSPHRASE));
    }
}

/* MacData ends the file, and its last field is the count. */
static void test_s20_a_mac_whose_rounds_are_not_positive_is_refused(void **state) {
    static const uint8_t counts[] = {0x00, 0x80, 0xff};
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) der = {0};

    pki_pkcs12(&fixture->leaf, NULL, 0, &(PkiPkcs12Options){.passphrase = PASSPHRASE, .iterations = 5}, &der);
    assert_int_equal(der.data[der.size - 1], 5);
    for (size_t i = 0; i < ELEMENTSOF(counts); i++) {
        der.data[der.size - 1] = counts[i];
        assert_int_equal(outcome_of(fixture, &der, PASSPHRASE), CREDENTIAL_OUTCOME_MALFORMED);
    }
}

static void test_s20_the_second_try_of_an_empty_passphrase_is_counted_too(void **state) {
    const Fixture *fixture = *state;
    Pkcs12Contents CLEANUP(pkcs12_contents_done) contents = {0};
    Bytes CLEANUP(bytes_done) der = {0};

    /* MAC, certificates and key, 100 rounds each, and the MAC once more. */
    pki_pkcs12(&fixture->leaf, NULL, 0, &(PkiPkcs12Options){.passphrase = PASSPHRASE, .iterations = 100}, &der);
    assert_int_equal(open_with(fixture, bytes_view(&der), (View){0}, 399, &contents), CREDENTIAL_OUTCOME_ITERATIONS);
    assert_int_equal(open_with(fixture, bytes_view(&der), (View){0}, 400, &contents), CREDENTIAL_OUTCOME_WRONG_SECRET);
}

static void test_s20_more_bags_than_anybody_has_are_refused(void **state) {
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) der = {0};
    ContainerBags *bags = NULL;
    ContainerSafes *safes = NULL;

    for (unsigned i = 0; i < 257; i++)
        container_add_secret(&bags);
    container_add_safe(&safes, bags, true);
    container_finish(safes, EVP_sha256(), &der);
    assert_int_equal(outcome_of(fixture, &der, PASSPHRASE), CREDENTIAL_OUTCOME_MALFORMED);
}

static void test_s20_more_parts_than_anybody_has_are_refused(void **state) {
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) der = {0};
    ContainerSafes *safes = NULL;

    for (unsigned i = 0; i < 65; i++) {
        ContainerBags *bags = NULL;
        container_add_secret(&bags);
        container_add_safe(&safes, bags, false);
    }
    container_finish(safes, EVP_sha256(), &der);
    assert_int_equal(outcome_of(fixture, &der, PASSPHRASE), CREDENTIAL_OUTCOME_MALFORMED);
}

static void test_a_part_that_is_signed_is_refused(void **state) {
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) der = {0};
    ContainerSafes *safes = NULL;

    container_add_signed_safe(&safes);
    container_finish(safes, EVP_sha256(), &der);
    assert_int_equal(outcome_of(fixture, &der, PASSPHRASE), CREDENTIAL_OUTCOME_ALGORITHM);
}

static void test_too_many_certificates_are_refused(void **state) {
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) der = {0};
    ContainerBags *bags = NULL;
    ContainerSafes *safes = NULL;

    for (int i = 0; i <= PKCS12_CERTIFICATES_MAX; i++)
        container_add_certificate(&bags, fixture->leaf.certificate);
    container_add_safe(&safes, bags, false);
    container_finish(safes, EVP_sha256(), &der);
    assert_int_equal(outcome_of(fixture, &der, PASSPHRASE), CREDENTIAL_OUTCOME_MALFORMED);
}

static void test_a_file_without_a_mac_is_refused(void **state) {
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) der = {0};
    ContainerBags *bags = NULL;
    ContainerSafes *safes = NULL;

    container_add_key(&bags, fixture->leaf.key, 0);
    container_add_safe(&safes, bags, false);
    container_finish(safes, NULL, &der);
    assert_int_equal(outcome_of(fixture, &der, PASSPHRASE), CREDENTIAL_OUTCOME_MALFORMED);
}

static void test_a_mac_of_an_unknown_kind_is_refused(void **state) {
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) der = {0};
    ContainerBags *bags = NULL;
    ContainerSafes *safes = NULL;

    container_add_key(&bags, fixture->leaf.key, 0);
    container_add_safe(&safes, bags, false);
    container_finish(safes, EVP_md5(), &der);
    assert_int_equal(outcome_of(fixture, &der, PASSPHRASE), CREDENTIAL_OUTCOME_ALGORITHM);
}

static void test_old_encryption_is_refused_by_name_where_openssl_lacks_it(void **state) {
    const Fixture *fixture = *state;
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *provider = OSSL_PROVIDER_load(libctx, "default");
    assert_int_equal(OSSL_PROVIDER_set_default_search_path(libctx, "/nonexistent"), 1);
    Fixture without_legacy = {.libctx = libctx};
    Bytes CLEANUP(bytes_done) der = {0};

    pki_pkcs12(&fixture->leaf, NULL, 0, &(PkiPkcs12Options){.passphrase = PASSPHRASE, .pbe = PKI_PBE_RC2_3DES}, &der);
    assert_int_equal(outcome_of(&without_legacy, &der, PASSPHRASE), CREDENTIAL_OUTCOME_ALGORITHM);
    (void) OSSL_PROVIDER_unload(provider); /* the context goes anyway */
    OSSL_LIB_CTX_free(libctx);
}

/* Twice, since it goes in between. */
static void test_legacy_provider_is_there_for_the_files_that_need_it_alone(void **state) {
    const Fixture *fixture = *state;

    for (PkiPbe pbe = PKI_PBE_AES256; pbe <= PKI_PBE_RC2_3DES; pbe++)
        for (int i = 0; i < 2; i++) {
            Bytes CLEANUP(bytes_done) der = {0};
            pki_pkcs12(&fixture->leaf, NULL, 0, &(PkiPkcs12Options){.passphrase = PASSPHRASE, .pbe = pbe}, &der);
            assert_int_equal(outcome_of(fixture, &der, PASSPHRASE), 0);
            assert_false(OSSL_PROVIDER_available(fixture->libctx, "legacy"));
        }
}

static void test_too_many_keys_are_refused(void **state) {
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) der = {0};
    ContainerBags *bags = NULL;
    ContainerSafes *safes = NULL;

    for (unsigned i = 0; i <= PKCS12_KEYS_MAX; i++)
        container_add_plain_key(&bags, fixture->leaf.key);
    container_add_safe(&safes, bags, false);
    container_finish(safes, EVP_sha256(), &der);
    assert_int_equal(outcome_of(fixture, &der, PASSPHRASE), CREDENTIAL_OUTCOME_MALFORMED);
}

static void test_opens_new_and_old_encryption(void **state) {
    const Fixture *fixture = *state;
    const PkiIdentity *const chain[] = {&fixture->root};

    for (PkiPbe pbe = PKI_PBE_AES256; pbe <= PKI_PBE_RC2_3DES; pbe++) {
        Pkcs12Contents CLEANUP(pkcs12_contents_done) contents = {0};
        Bytes CLEANUP(bytes_done) der = {0};
        pki_pkcs12(&fixture->leaf, chain, 1, &(PkiPkcs12Options){.passphrase = PASSPHRASE, .pbe = pbe}, &der);
        assert_int_equal(open_with(fixture, bytes_view(&der), text(PASSPHRASE), MILLION, &contents), 0);
        expect_leaf(fixture, &contents, 2);
    }
}

static void test_opens_an_empty_passphrase_in_both_of_its_forms(void **state) {
    const Fixture *fixture = *state;
    static const char *const forms[] = {"", NULL};

    for (size_t i = 0; i < ELEMENTSOF(forms); i++) {
        Pkcs12Contents CLEANUP(pkcs12_contents_done) contents = {0};
        PKCS12 *p12 = PKCS12_create(forms[i], NULL, fixture->leaf.key, fixture->leaf.certificate, NULL,
                                    NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
                                    CONTAINER_ROUNDS, CONTAINER_ROUNDS, 0);
        unsigned char *der = NULL;
        int size = i2d_PKCS12(p12, &der);
        assert_true(size > 0);
        assert_int_equal(open_with(fixture, (View){der, (size_t) size}, (View){0}, MILLION, &contents), 0);
        expect_leaf(fixture, &contents, 1);
        OPENSSL_free(der);
        PKCS12_free(p12);
    }
}

static void test_opens_keys_in_nested_and_plain_bags(void **state) {
    const Fixture *fixture = *state;
    Pkcs12Contents CLEANUP(pkcs12_contents_done) contents = {0};
    Bytes CLEANUP(bytes_done) der = {0};
    ContainerBags *key = NULL, *bags = NULL;
    ContainerSafes *safes = NULL;

    container_add_key(&key, fixture->leaf.key, 0);
    container_nest(&bags, key);
    container_add_plain_key(&bags, fixture->root.key);
    container_add_certificate(&bags, fixture->leaf.certificate);
    container_add_safe(&safes, bags, true);
    container_finish(safes, EVP_sha256(), &der);
    assert_int_equal(open_with(fixture, bytes_view(&der), text(PASSPHRASE), MILLION, &contents), 0);
    assert_int_equal(contents.n_keys, 2);
    assert_int_equal(EVP_PKEY_eq(contents.keys[0], fixture->leaf.key), 1);
    assert_int_equal(EVP_PKEY_eq(contents.keys[1], fixture->root.key), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wrong_passphrase_is_told_from_a_broken_file),
        cmocka_unit_test(test_a_file_cut_anywhere_is_malformed),
        cmocka_unit_test(test_a_changed_octet_never_changes_the_contents),
        cmocka_unit_test(test_a_passphrase_with_a_nul_is_wrong),
        cmocka_unit_test(test_s20_ten_million_rounds_outside_are_refused),
        cmocka_unit_test(test_s20_ten_million_rounds_inside_are_refused),
        cmocka_unit_test(test_s20_ten_million_rounds_in_a_nested_bag_of_a_plain_part_are_refused),
        cmocka_unit_test(test_s20_it_is_the_sum_that_is_bounded),
        cmocka_unit_test(test_s20_bags_nested_without_end_are_refused),
        cmocka_unit_test(test_s20_scrypt_whose_cost_is_not_counted_in_rounds_is_refused),
        cmocka_unit_test(test_s20_key_derivation_that_cannot_be_counted_is_refused),
        cmocka_unit_test(test_s20_a_mac_whose_rounds_are_not_positive_is_refused),
        cmocka_unit_test(test_s20_the_second_try_of_an_empty_passphrase_is_counted_too),
        cmocka_unit_test(test_s20_more_bags_than_anybody_has_are_refused),
        cmocka_unit_test(test_s20_more_parts_than_anybody_has_are_refused),
        cmocka_unit_test(test_a_part_that_is_signed_is_refused),
        cmocka_unit_test(test_too_many_certificates_are_refused),
        cmocka_unit_test(test_a_file_without_a_mac_is_refused),
        cmocka_unit_test(test_a_mac_of_an_unknown_kind_is_refused),
        cmocka_unit_test(test_old_encryption_is_refused_by_name_where_openssl_lacks_it),
        cmocka_unit_test(test_legacy_provider_is_there_for_the_files_that_need_it_alone),
        cmocka_unit_test(test_too_many_keys_are_refused),
        cmocka_unit_test(test_opens_new_and_old_encryption),
        cmocka_unit_test(test_opens_an_empty_passphrase_in_both_of_its_forms),
        cmocka_unit_test(test_opens_keys_in_nested_and_plain_bags),
    };
    return cmocka_run_group_tests_name("credential: pkcs12_file", tests, set_up, tear_down);
}

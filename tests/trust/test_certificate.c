/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of trust/certificate and of the holder that a certificate names: what is not exactly one certificate is
 * refused, and no name deceives. */
#include "trust/certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>

#include "common/protocol.h"
#include "tests/trust/pki.h"

typedef struct Fixture {
    PkiIdentity root;
} Fixture;

static int setup(void **state) {
    Fixture *fixture = calloc(1, sizeof(*fixture));

    if (!fixture)
        return -1;
    pki_root(NULL, &fixture->root);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    Fixture *fixture = *state;

    pki_identity_done(&fixture->root);
    free(fixture);
    return 0;
}

/* A certificate with these options, parsed. */
static Certificate *leaf(void **state, const PkiOptions *options) {
    Fixture *fixture = *state;
    CLEANUP(pki_identity_done) PkiIdentity identity = {0};
    Certificate *certificate = NULL;

    pki_leaf(&fixture->root, options, &identity);
    assert_int_equal(certificate_parse(bytes_view(&identity.der), &certificate), 0);
    return certificate;
}

static void assert_holder(void **state, const PkiOptions *options, const char *wanted) {
    CLEANUP(certificate_freep) Certificate *certificate = leaf(state, options);

    assert_string_equal(certificate_facts(certificate)->holder, wanted);
}

static void test_a_certificate_lives_as_long_as_its_last_reference(void **state) {
    Certificate *certificate = leaf(state, &(PkiOptions){.common_name = "EIDAS CERTIFICADO PRUEBAS"});
    CLEANUP(certificate_freep) Certificate *other = certificate_ref(certificate);

    assert_ptr_equal(other, certificate);
    assert_null(certificate_free(certificate));
    assert_string_equal(certificate_facts(other)->common_name, "EIDAS CERTIFICADO PRUEBAS");
}

static void test_what_is_no_certificate_is_malformed(void **state) {
    static const uint8_t sequence[] = {0x30, 0x00};
    Certificate *certificate = NULL;

    (void) state;
    assert_int_equal(certificate_parse((View){0}, &certificate), CERTIFICATE_MALFORMED);
    assert_int_equal(certificate_parse((View){(const uint8_t *) "hello", 5}, &certificate), CERTIFICATE_MALFORMED);
    assert_int_equal(certificate_parse((View){sequence, sizeof(sequence)}, &certificate), CERTIFICATE_MALFORMED);
    assert_null(certificate);
}

static void test_every_truncation_is_malformed(void **state) {
    Fixture *fixture = *state;
    Certificate *certificate = NULL;

    for (size_t size = 0; size < fixture->root.der.size; size++)
        assert_int_equal(certificate_parse((View){fixture->root.der.data, size}, &certificate), CERTIFICATE_MALFORMED);
}

static void test_octets_after_the_certificate_are_refused(void **state) {
    Fixture *fixture = *state;
    CLEANUP(bytes_done) Bytes der = {0};
    Certificate *certificate = NULL;

    assert_int_equal(bytes_copy(bytes_view(&fixture->root.der), &der), 0);
    assert_int_equal(bytes_append_u8(&der, 0), 0);
    assert_int_equal(certificate_parse(bytes_view(&der), &certificate), CERTIFICATE_MALFORMED);
}

/* The outer length written in three octets instead of two: BER, but not DER, with another fingerprint. */
static void test_a_second_encoding_of_the_same_certificate_is_refused(void **state) {
    Fixture *fixture = *state;
    const Bytes *der = &fixture->root.der;
    CLEANUP(bytes_done) Bytes ber = {0};
    Certificate *certificate = NULL;

    assert_int_equal(der->data[1], 0x82);
    assert_int_equal(bytes_append(&ber, (View){(const uint8_t *) "\x30\x83\x00", 3}), 0);
    assert_int_equal(bytes_append(&ber, (View){der->data + 2, der->size - 2}), 0);
    assert_int_equal(certificate_parse(bytes_view(&ber), &certificate), CERTIFICATE_MALFORMED);
}

static void test_s14_more_than_64_kib_is_too_large(void **state) {
    CLEANUP(free_pointer) uint8_t *octets = calloc(1, OVCERT_CERTIFICATE_MAX + 1);
    Certificate *certificate = NULL;

    (void) state;
    assert_int_equal(certificate_parse((View){octets, OVCERT_CERTIFICATE_MAX + 1}, &certificate),
                     CERTIFICATE_TOO_LARGE);
    assert_int_equal(certificate_parse((View){octets, OVCERT_CERTIFICATE_MAX}, &certificate), CERTIFICATE_MALFORMED);
}

static void test_s16_odd_characters_in_names_are_escaped(void **state) {
    const PkiAttribute more[] = {
        {.type = "OU", .value = "a\0b", .size = 3},
        {.type = "OU",
         .value = "\xe2\x80\xae"
                  "txt\n"},
        {.type = "CN", .value = "root\0.x", .size = 7},
    };
    CLEANUP(certificate_freep)
    Certificate *certificate = leaf(state, &(PkiOptions){.more = more, .n_more = ELEMENTSOF(more)});
    const CertificateFacts *facts = certificate_facts(certificate);

    assert_string_equal(facts->common_name, "root\\x00.x");
    assert_string_equal(facts->subject,
                        "CN=root\\x00.x,OU=\\xe2\\x80\\xaetxt\\x0a,OU=a\\x00b,"
                        "CN=EIDAS CERTIFICADO PRUEBAS,C=ES");
}

/* OpenSSL does not even build the name. */
static void test_s16_ill_formed_utf8_in_a_name_is_malformed(void **state) {
    Fixture *fixture = *state;
    CLEANUP(pki_identity_done) PkiIdentity identity = {0};
    Certificate *certificate = NULL;
    uint8_t *name;

    pki_leaf(&fixture->root, &(PkiOptions){.common_name = "ZZZZ"}, &identity);
    name = memmem(identity.der.data, identity.der.size, "ZZZZ", 4);
    assert_non_null(name);
    name[1] = 0xff;
    assert_int_equal(certificate_parse(bytes_view(&identity.der), &certificate), CERTIFICATE_MALFORMED);
}

static void test_specials_in_names_cannot_pass_for_structure(void **state) {
    const PkiAttribute more[] = {{.type = "OU", .value = " #x,CN=root+O=\"\\\" "}};
    CLEANUP(certificate_freep) Certificate *certificate = leaf(state, &(PkiOptions){.more = more, .n_more = 1});

    assert_string_equal(certificate_facts(certificate)->subject,
                        "OU=\\ #x\\,CN\\=root\\+O\\=\\\"\\\\\\\"\\ ,CN=EIDAS CERTIFICADO PRUEBAS,C=ES");
}

static void test_names_in_old_string_types_become_utf8(void **state) {
    const PkiAttribute more[] = {
        {.type = "OU", .value = "\xd1", .string_type = V_ASN1_T61STRING},
        {.type = "OU", .value = "\0N\0\xd1", .size = 4, .string_type = V_ASN1_BMPSTRING},
        {.type = "1.3.6.1.4.1.5734.1.1", .value = "x"},
    };
    CLEANUP(certificate_freep)
    Certificate *certificate = leaf(state, &(PkiOptions){.bare_subject = true, .more = more, .n_more = 3});

    assert_string_equal(certificate_facts(certificate)->subject, "1.3.6.1.4.1.5734.1.1=x,OU=NÑ,OU=Ñ");
    assert_string_equal(certificate_facts(certificate)->common_name, "");
}

/* SEQUENCE { SEQUENCE { OBJECT IDENTIFIER of 600 octets } }: OpenSSL has no text for it, which is no want of memory. */
static void test_a_policy_too_long_to_be_one_is_malformed(void **state) {
    Fixture *fixture = *state;
    CLEANUP(bytes_done) Bytes hex = {0};
    CLEANUP(pki_identity_done) PkiIdentity identity = {0};
    Certificate *certificate = NULL;

    assert_int_equal(bytes_append(&hex, (View){(const uint8_t *) "308202603082025c06820258", 24}), 0);
    for (int i = 0; i < 600; i++)
        assert_int_equal(bytes_append(&hex, (View){(const uint8_t *) "2a", 2}), 0);
    assert_int_equal(bytes_append_u8(&hex, 0), 0);
    pki_leaf(&fixture->root,
             &(PkiOptions){.extensions = &(PkiExtension){.oid = "2.5.29.32", .der = (const char *) hex.data},
                           .n_extensions = 1},
             &identity);
    assert_int_equal(certificate_parse(bytes_view(&identity.der), &certificate), CERTIFICATE_MALFORMED);
    assert_null(certificate);
}

static void test_facts_are_what_the_certificate_says(void **state) {
    Fixture *fixture = *state;
    CLEANUP(pki_identity_done) PkiIdentity identity = {0};
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    const CertificateFacts *facts;
    uint8_t hash[CERTIFICATE_FINGERPRINT_SIZE];

    pki_leaf(&fixture->root,
             &(PkiOptions){.key_type = PKI_KEY_RSA2048,
                           .serial = "0a1B",
                           .serial_number = "IDCES-99999999R",
                           .not_before = PKI_NOW - 5,
                           .not_after = PKI_NOW + 7,
                           .policies = "1.3.6.1.4.1.5734.3.10.1,2.16.724.1.2.2.2.4"},
             &identity);
    assert_int_equal(certificate_parse(bytes_view(&identity.der), &certificate), 0);
    facts = certificate_facts(certificate);
    assert_true(EVP_Q_digest(NULL, "SHA256", NULL, identity.der.data, identity.der.size, hash, NULL));
    assert_memory_equal(facts->fingerprint, hash, sizeof(hash));
    assert_true(view_equal(certificate_der(certificate), bytes_view(&identity.der)));
    assert_string_equal(facts->subject, "serialNumber=IDCES-99999999R,CN=EIDAS CERTIFICADO PRUEBAS,C=ES");
    assert_string_equal(facts->issuer, "CN=AC PRUEBAS RAIZ,C=ES");
    assert_string_equal(facts->common_name, "EIDAS CERTIFICADO PRUEBAS");
    assert_string_equal(facts->serial, "0a1b");
    assert_string_equal(facts->holder, "ES:99999999R");
    assert_int_equal(facts->not_before, PKI_NOW - 5);
    assert_int_equal(facts->not_after, PKI_NOW + 7);
    assert_string_equal(facts->key_type, "rsa");
    assert_int_equal(facts->key_bits, 2048);
    assert_string_equal(facts->policies[0], "1.3.6.1.4.1.5734.3.10.1");
    assert_string_equal(facts->policies[1], "2.16.724.1.2.2.2.4");
    assert_null(facts->policies[2]);
    assert_string_equal(facts->key_usages[0], "digitalSignature");
    assert_null(facts->key_usages[1]);
    assert_string_equal(facts->extended_key_usages[0], "clientAuth");
    assert_string_equal(facts->extended_key_usages[1], "emailProtection");
    assert_null(facts->extended_key_usages[2]);
}

static void test_usages_are_told_in_the_words_of_match_rules_or_as_oids(void **state) {
    CLEANUP(pki_identity_done) PkiIdentity identity = {0}, bare = {0};
    CLEANUP(certificate_freep) Certificate *certificate = NULL, *without = NULL;
    const CertificateFacts *facts;

    (void) state;
    pki_self_signed(&(PkiOptions){.key_usage = "decipherOnly,keyAgreement,nonRepudiation",
                                  .extended_key_usage = "msSmartcardLogin,1.3.6.1.5.2.3.4,1.2.3.4"},
                    &identity);
    assert_int_equal(certificate_parse(bytes_view(&identity.der), &certificate), 0);
    facts = certificate_facts(certificate);
    assert_string_equal(facts->key_usages[0], "nonRepudiation");
    assert_string_equal(facts->key_usages[1], "keyAgreement");
    assert_string_equal(facts->key_usages[2], "decipherOnly");
    assert_null(facts->key_usages[3]);
    assert_string_equal(facts->extended_key_usages[0], "msScLogin");
    assert_string_equal(facts->extended_key_usages[1], "KPClientAuth");
    assert_string_equal(facts->extended_key_usages[2], "1.2.3.4");
    pki_self_signed(&(PkiOptions){.key_usage = "", .extended_key_usage = ""}, &bare);
    assert_int_equal(certificate_parse(bytes_view(&bare.der), &without), 0);
    assert_null(certificate_facts(without)->key_usages[0]);
    assert_null(certificate_facts(without)->extended_key_usages[0]);
}

static void test_the_hash_of_the_key_survives_renewal_and_the_fingerprint_does_not(void **state) {
    EVP_PKEY *key = pki_key(PKI_KEY_P256);
    CLEANUP(certificate_freep) Certificate *old = leaf(state, &(PkiOptions){.key = key});
    CLEANUP(certificate_freep) Certificate *new = leaf(state, &(PkiOptions){.key = key});

    assert_memory_equal(certificate_facts(old)->spki_hash, certificate_facts(new)->spki_hash, 32);
    assert_memory_not_equal(certificate_facts(old)->fingerprint, certificate_facts(new)->fingerprint, 32);
    EVP_PKEY_free(key);
}

static void test_key_types_have_their_names(void **state) {
    CLEANUP(certificate_freep) Certificate *ecdsa = leaf(state, &(PkiOptions){.key_type = PKI_KEY_P384});
    CLEANUP(certificate_freep) Certificate *edwards = leaf(state, &(PkiOptions){.key_type = PKI_KEY_ED25519});
    CLEANUP(certificate_freep) Certificate *dsa = leaf(state, &(PkiOptions){.key_type = PKI_KEY_DSA1024});

    assert_string_equal(certificate_facts(ecdsa)->key_type, "ecdsa");
    assert_int_equal(certificate_facts(ecdsa)->key_bits, 384);
    assert_string_equal(certificate_facts(edwards)->key_type, "ed25519");
    assert_string_equal(certificate_facts(dsa)->key_type, "other");
}

static void test_serial_numbers_that_are_not_positive_show(void **state) {
    CLEANUP(certificate_freep) Certificate *negative = leaf(state, &(PkiOptions){.serial = "-05"});
    CLEANUP(certificate_freep) Certificate *zero = leaf(state, &(PkiOptions){.serial = "0"});

    assert_string_equal(certificate_facts(negative)->serial, "-05");
    assert_string_equal(certificate_facts(zero)->serial, "00");
}

static void test_a_certificate_without_an_id_has_no_holder(void **state) {
    assert_holder(state, NULL, "");
    assert_holder(state, &(PkiOptions){.serial_number = "12345"}, "");
    assert_holder(state, &(PkiOptions){.serial_number = "IDCES-99999999T"}, "");
}

static void test_s16_an_id_with_a_nul_is_no_id(void **state) {
    const PkiAttribute more[] = {{.type = "serialNumber", .value = "IDCES-99999999R\0x", .size = 17}};

    assert_holder(state, &(PkiOptions){.more = more, .n_more = 1}, "");
}

static void test_two_different_persons_are_no_holder(void **state) {
    const PkiAttribute more[] = {{.type = "serialNumber", .value = "00000000T"}};
    const PkiAttribute directory[] = {{.type = "1.3.6.1.4.1.5734.1.4", .value = "00000000T"}};

    assert_holder(state, &(PkiOptions){.serial_number = "IDCES-99999999R", .more = more, .n_more = 1}, "");
    assert_holder(state, &(PkiOptions){.serial_number = "IDCES-99999999R", .directory = directory, .n_directory = 1},
                  "");
}

static void test_an_organisation_alone_is_no_holder(void **state) {
    assert_holder(state, &(PkiOptions){.organization_identifier = "VATES-Q2826004J"}, "");
    assert_holder(state, &(PkiOptions){.serial_number = "Q2826004J"}, "");
}

static void test_an_organisation_that_cannot_be_read_leaves_no_person(void **state) {
    const PkiOptions options = {.serial_number = "IDCES-99999999R", .organization_identifier = "VATES-Q2826004A"};

    assert_holder(state, &options, "");
}

static void test_a_representative_is_never_the_person_alone(void **state) {
    const PkiAttribute entity[] = {{.type = "1.3.6.1.4.1.5734.1.4", .value = "99999999R"},
                                   {.type = "1.3.6.1.4.1.5734.1.7", .value = "Q2826004J"}};
    const PkiOptions by_identifier = {.serial_number = "IDCES-99999999R", .organization_identifier = "VATES-Q2826004J"};
    const PkiOptions by_directory = {.serial_number = "IDCES-99999999R", .directory = entity, .n_directory = 2};
    const PkiOptions by_directory_alone = {.directory = entity, .n_directory = 2};
    const PkiOptions by_serial_number = {.serial_number = "Q2826004J", .directory = entity, .n_directory = 1};

    assert_holder(state, &by_identifier, "ES:99999999R@ES:Q2826004J");
    assert_holder(state, &by_directory, "ES:99999999R@ES:Q2826004J");
    assert_holder(state, &by_directory_alone, "ES:99999999R@ES:Q2826004J");
    assert_holder(state, &by_serial_number, "ES:99999999R@ES:Q2826004J");
}

static void test_a_public_employee_is_person_and_administration(void **state) {
    const PkiOptions options = {.serial_number = "IDCES-99999999R",
                                .organization_identifier = "VATES-Q2826004J",
                                .policies = "1.3.6.1.4.1.5734.3.3.4.4.2"};

    assert_holder(state, &options, "ES:99999999R@ES:Q2826004J");
}

static void test_the_forms_of_one_citizen_are_one_holder(void **state) {
    const PkiAttribute person[] = {{.type = "1.3.6.1.4.1.5734.1.4", .value = "99999999R"}};

    assert_holder(state, &(PkiOptions){.serial_number = "IDCES-99999999R"}, "ES:99999999R");
    assert_holder(state, &(PkiOptions){.serial_number = "99999999R"}, "ES:99999999R");
    assert_holder(state, &(PkiOptions){.directory = person, .n_directory = 1}, "ES:99999999R");
    assert_holder(state, &(PkiOptions){.serial_number = "IDCES-99999999R", .directory = person, .n_directory = 1},
                  "ES:99999999R");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_certificate_lives_as_long_as_its_last_reference),
        cmocka_unit_test(test_what_is_no_certificate_is_malformed),
        cmocka_unit_test(test_every_truncation_is_malformed),
        cmocka_unit_test(test_octets_after_the_certificate_are_refused),
        cmocka_unit_test(test_a_second_encoding_of_the_same_certificate_is_refused),
        cmocka_unit_test(test_s14_more_than_64_kib_is_too_large),
        cmocka_unit_test(test_s16_odd_characters_in_names_are_escaped),
        cmocka_unit_test(test_s16_ill_formed_utf8_in_a_name_is_malformed),
        cmocka_unit_test(test_specials_in_names_cannot_pass_for_structure),
        cmocka_unit_test(test_names_in_old_string_types_become_utf8),
        cmocka_unit_test(test_a_policy_too_long_to_be_one_is_malformed),
        cmocka_unit_test(test_facts_are_what_the_certificate_says),
        cmocka_unit_test(test_usages_are_told_in_the_words_of_match_rules_or_as_oids),
        cmocka_unit_test(test_the_hash_of_the_key_survives_renewal_and_the_fingerprint_does_not),
        cmocka_unit_test(test_key_types_have_their_names),
        cmocka_unit_test(test_serial_numbers_that_are_not_positive_show),
        cmocka_unit_test(test_a_certificate_without_an_id_has_no_holder),
        cmocka_unit_test(test_s16_an_id_with_a_nul_is_no_id),
        cmocka_unit_test(test_two_different_persons_are_no_holder),
        cmocka_unit_test(test_an_organisation_alone_is_no_holder),
        cmocka_unit_test(test_an_organisation_that_cannot_be_read_leaves_no_person),
        cmocka_unit_test(test_a_representative_is_never_the_person_alone),
        cmocka_unit_test(test_a_public_employee_is_person_and_administration),
        cmocka_unit_test(test_the_forms_of_one_citizen_are_one_holder),
    };

    return cmocka_run_group_tests_name("trust/certificate", tests, setup, teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of ovcert-credential/pkcs11.h on real tokens of SoftHSM2, through a shim where SoftHSM2 has no answer of the
 * kind. The path of the shim is the first argument. */
#include "ovcert-credential/pkcs11.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include "common/credential.h"
#include "common/macros.h"
#include "tests/ovcert-credential/softhsm.h"
#include "trust/signature.h"

#define WRONG_PIN "654321"

/* Made once; each test has a token store of its own. */
typedef struct People {
    const char *shim;
    PkiIdentity root;
    PkiIdentity intermediate;
    PkiIdentity rsa;
    PkiIdentity ec;
    PkiIdentity other; /* EC too */
} People;

typedef struct Fixture {
    const People *people;
    SoftHsm *hsm;
    char *log; /* of logins */
    char *module;
    Settings settings;
    Backend *backend;
    SourceList sources;
    const IdentityList *identities;
    char *detail;
} Fixture;

static int make_people(void **state) {
    People *people = *state;

    pki_root(NULL, &people->root);
    pki_intermediate(&people->root, NULL, &people->intermediate);
    pki_leaf(&people->intermediate, &(PkiOptions){.key_type = PKI_KEY_RSA2048}, &people->rsa);
    pki_leaf(&people->intermediate, NULL, &people->ec);
    pki_leaf(&people->intermediate, NULL, &people->other);
    return 0;
}

static int drop_people(void **state) {
    People *people = *state;

    pki_identity_done(&people->other);
    pki_identity_done(&people->ec);
    pki_identity_done(&people->rsa);
    pki_identity_done(&people->intermediate);
    pki_identity_done(&people->root);
    return 0;
}

static void use_module(Fixture *fixture, const char *module) {
    free(fixture->module);
    fixture->module = strdup(module);
    assert_non_null(fixture->module);
}

static void start(Fixture *fixture, const char *mechanisms) {
    softhsm_free(fixture->hsm);
    free(fixture->log);
    fixture->log = NULL;
    fixture->hsm = softhsm_new(mechanisms);
    assert_true(asprintf(&fixture->log, "%s/logins", fixture->hsm->folder) > 0);
    assert_int_equal(setenv("SHIM_LOG", fixture->log, 1), 0);
}

static int set_up(void **state) {
    Fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    fixture->people = *state;
    use_module(fixture, fixture->people->shim);
    start(fixture, NULL);
    fixture->settings = (Settings){.modules = &fixture->module, .n_modules = 1};
    assert_int_equal(pkcs11_backend_new(&fixture->settings, &fixture->backend), 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    Fixture *fixture = *state;
    void *people;

    source_list_done(&fixture->sources);
    (void) backend_free(fixture->backend); /* returns NULL */
    softhsm_free(fixture->hsm);
    free(fixture->module);
    free(fixture->log);
    free(fixture->detail);
    memcpy(&people, &fixture->people, sizeof people);
    *state = people;
    free(fixture);
    assert_int_equal(unsetenv("SHIM"), 0);
    assert_int_equal(unsetenv("SHIM_PIN"), 0);
    assert_int_equal(unsetenv("SHIM_PRESENT"), 0);
    return 0;
}

static void behave(const char *words) {
    assert_int_equal(setenv("SHIM", words, 1), 0);
}

static size_t count_logins(const Fixture *fixture) {
    struct stat status;

    return stat(fixture->log, &status) == 0 ? (size_t) status.st_size : 0;
}

static void put_one(Fixture *fixture, const char *label, const PkiIdentity *identity) {
    SoftToken token = softhsm_token(fixture->hsm, label);

    softtoken_put(&token, identity, &(SoftObject){.id = "1"});
    softtoken_done(&token);
}

static const Source *list(Fixture *fixture, size_t count) {
    source_list_done(&fixture->sources);
    assert_int_equal(fixture->backend->list(fixture->backend, &fixture->sources, &fixture->detail), 0);
    assert_int_equal(fixture->sources.count, count);
    return fixture->sources.items;
}

static int unlock_with(Fixture *fixture, const char *id, const char *pin, View wanted, bool final_try) {
    Secret *CLEANUP(secret_freep) secret = NULL;

    assert_int_equal(secret_new(pin, strlen(pin), &secret), 0);
    free(fixture->detail);
    fixture->detail = NULL;
    fixture->identities = NULL;
    return fixture->backend->unlock(fixture->backend,
                                    &(Unlock){.id = id, .secret = secret, .wanted = wanted, .final_try = final_try},
                                    &fixture->identities, &fixture->detail);
}

static int unlock(Fixture *fixture, const char *pin) {
    return unlock_with(fixture, "pkcs11:token=demo", pin, (View){0}, false);
}

typedef struct Fingerprint {
    uint8_t octets[SHA256_DIGEST_LENGTH];
} Fingerprint;

static Fingerprint fingerprint_of(const PkiIdentity *identity) {
    Fingerprint fingerprint;

    (void) SHA256(identity->der.data, identity->der.size, fingerprint.octets);
    return fingerprint;
}

static const View data = {(const uint8_t *) "a statement", 11};

static int sign(Fixture *fixture, const PkiIdentity *identity, const char **ret_algorithm, Bytes *ret) {
    Fingerprint fingerprint = fingerprint_of(identity);

    free(fixture->detail);
    fixture->detail = NULL;
    return fixture->backend->sign(fixture->backend, (View){fingerprint.octets, sizeof fingerprint.octets}, data,
                                  ret_algorithm, ret, &fixture->detail);
}

static void expect_signature(Fixture *fixture, const PkiIdentity *identity, const char *algorithm) {
    Certificate *CLEANUP(certificate_freep) certificate = NULL;
    Bytes CLEANUP(bytes_done) signature = {0};
    const char *used = NULL;
    int r = sign(fixture, identity, &used, &signature);

    if (r != 0)
        fail_msg("%s: %s", r > 0 ? credential_outcome_name(r) : "fault", fixture->detail ? fixture->detail : "");
    assert_string_equal(used, algorithm);
    assert_int_equal(certificate_parse(bytes_view(&identity->der), &certificate), 0);
    assert_int_equal(signature_verify(certificate, used, data, bytes_view(&signature)), 0);
}

static void expect_identity(const IdentityList *list, size_t index, const PkiIdentity *identity) {
    assert_true(index < list->count);
    assert_true(view_equal(certificate_der(list->items[index].certificate), bytes_view(&identity->der)));
}

/* --- modules --- */

static void test_a_module_that_is_not_there_is_a_source_with_that_problem(void **state) {
    Fixture *fixture = *state;
    const Source *source;

    use_module(fixture, "/nonexistent/module.so");
    source = list(fixture, 1);
    assert_string_equal(source->id, "/nonexistent/module.so");
    assert_string_equal(source->label, "module.so");
    assert_int_equal(source->problem, CREDENTIAL_OUTCOME_MODULE);
    assert_true(source->detail[0] != '\0');
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), CREDENTIAL_OUTCOME_TOKEN_REMOVED);
}

static void test_a_default_module_may_be_missing(void **state) {
    Fixture *fixture = *state;

    use_module(fixture, "/nonexistent/module.so");
    fixture->settings.modules_optional = true;
    (void) list(fixture, 0);
}

static void test_what_is_no_module_is_a_source_with_that_problem(void **state) {
    Fixture *fixture = *state;

    use_module(fixture, "/etc/passwd");
    assert_int_equal(list(fixture, 1)->problem, CREDENTIAL_OUTCOME_MODULE);
}

static void test_a_module_that_does_not_start_is_a_source_with_that_problem(void **state) {
    Fixture *fixture = *state;

    assert_int_equal(setenv("SOFTHSM2_CONF", "/nonexistent/softhsm2.conf", 1), 0);
    assert_int_equal(list(fixture, 1)->problem, CREDENTIAL_OUTCOME_MODULE);
    assert_non_null(strstr(fixture->sources.items[0].detail, "C_Initialize"));
}

/* --- listing --- */

static void test_without_a_token_nothing_is_listed(void **state) {
    (void) list(*state, 0); /* SoftHSM2's blank one is none */
}

static void test_a_token_is_listed_with_the_certificates_that_show(void **state) {
    Fixture *fixture = *state;
    SoftToken token = softhsm_token(fixture->hsm, "demo");
    const Source *source;

    softtoken_put_certificate(&token, bytes_view(&fixture->people->root.der), &(SoftObject){0});
    softtoken_put(&token, &fixture->people->rsa, &(SoftObject){.id = "1"});
    softtoken_put_certificate(&token, bytes_view(&fixture->people->intermediate.der), &(SoftObject){0});
    softtoken_done(&token);
    source = list(fixture, 1);
    assert_int_equal(strncmp(source->id, "pkcs11:", 7), 0);
    assert_non_null(strstr(source->id, "token=demo"));
    assert_non_null(strstr(source->id, "serial="));
    assert_string_equal(source->label, "demo");
    assert_int_equal(source->flags, 0);
    assert_int_equal(source->problem, 0);
    assert_int_equal(source->certificates.count, 1); /* authorities are in the chain */
    expect_identity(&source->certificates, 0, &fixture->people->rsa);
    assert_int_equal(source->certificates.items[0].chain.count, 2);
    assert_true(view_equal(bytes_view(&source->certificates.items[0].chain.items[0]),
                           bytes_view(&fixture->people->intermediate.der)));
    assert_int_equal(count_logins(fixture), 0);
}

static void test_s16_a_token_s_label_is_escaped(void **state) {
    Fixture *fixture = *state;

    put_one(fixture, "de\nmo\033[2J", &fixture->people->ec);
    assert_string_equal(list(fixture, 1)->label, "de\\x0amo\\x1b[2J");
    assert_null(strchr(fixture->sources.items[0].id, '\n'));
}

static void test_a_token_whose_certificates_need_the_pin_is_hidden(void **state) {
    Fixture *fixture = *state;
    SoftToken token = softhsm_token(fixture->hsm, "demo");
    const Source *source;

    softtoken_put(&token, &fixture->people->rsa, &(SoftObject){.id = "1", .hidden = true});
    softtoken_put_certificate(&token, bytes_view(&fixture->people->intermediate.der), &(SoftObject){0});
    softtoken_done(&token);
    source = list(fixture, 1);
    assert_int_equal(source->flags, CREDENTIAL_SOURCE_HIDDEN);
    assert_int_equal(source->certificates.count, 0);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    assert_int_equal(fixture->identities->count, 1);
    assert_int_equal(fixture->identities->items[0].chain.count, 1);
    expect_signature(fixture, &fixture->people->rsa, SIGNATURE_RSA_PKCS1_SHA256);
}

static void test_flags_of_the_token_are_told(void **state) {
    static const struct {
        const char *words;
        unsigned flags;
        int problem;
    } cases[] = {
        {"pinpad", CREDENTIAL_SOURCE_PROTECTED_PATH, 0},
        {"count-low", CREDENTIAL_SOURCE_COUNT_LOW, 0},
        {"count-low,final-try", CREDENTIAL_SOURCE_COUNT_LOW | CREDENTIAL_SOURCE_FINAL_TRY, 0},
        {"locked", CREDENTIAL_SOURCE_LOCKED, CREDENTIAL_OUTCOME_PIN_LOCKED},
        {"to-be-changed", 0, CREDENTIAL_OUTCOME_PIN_CHANGE},
        {"no-pin", 0, CREDENTIAL_OUTCOME_NOT_SUPPORTED},
    };
    Fixture *fixture = *state;

    put_one(fixture, "demo", &fixture->people->ec);
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        const Source *source;
        behave(cases[i].words);
        source = list(fixture, 1);
        assert_int_equal(source->flags, cases[i].flags);
        assert_int_equal(source->problem, cases[i].problem);
        assert_int_equal(source->certificates.count, 1);
    }
}

static void test_opensc_is_hinted_at(void **state) {
    Fixture *fixture = *state;

    put_one(fixture, "demo", &fixture->people->ec);
    behave("opensc");
    assert_int_equal(list(fixture, 1)->flags, CREDENTIAL_SOURCE_CACHE_HINT);
}

static void test_a_card_that_nobody_understands_is_listed_by_its_reader(void **state) {
    Fixture *fixture = *state;

    put_one(fixture, "demo", &fixture->people->ec);
    behave("unreadable");
    assert_int_equal(list(fixture, 2)->problem, CREDENTIAL_OUTCOME_TOKEN_FAULT); /* the blank one too */
    assert_non_null(strstr(fixture->sources.items[0].label, "SoftHSM"));
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), CREDENTIAL_OUTCOME_TOKEN_REMOVED);
}

static void test_octets_that_are_no_certificate_are_left_out(void **state) {
    Fixture *fixture = *state;
    SoftToken token = softhsm_token(fixture->hsm, "demo");

    softtoken_put_certificate(&token, (View){(const uint8_t *) "no certificate", 14}, &(SoftObject){.id = "1"});
    softtoken_put(&token, &fixture->people->ec, &(SoftObject){.id = "2"});
    softtoken_done(&token);
    assert_int_equal(list(fixture, 1)->certificates.count, 1);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    assert_int_equal(fixture->identities->count, 1);
}

/* --- the PIN --- */

static void test_s22_a_wrong_pin_is_tried_once(void **state) {
    Fixture *fixture = *state;

    put_one(fixture, "demo", &fixture->people->ec);
    assert_int_equal(unlock(fixture, WRONG_PIN), CREDENTIAL_OUTCOME_WRONG_PIN);
    assert_int_equal(count_logins(fixture), 1);
    assert_int_equal(list(fixture, 1)->flags, CREDENTIAL_SOURCE_COUNT_LOW);
}

static void test_s22_a_pin_of_impossible_length_is_not_tried(void **state) {
    Fixture *fixture = *state;

    put_one(fixture, "demo", &fixture->people->ec);
    assert_int_equal(unlock(fixture, ""), CREDENTIAL_OUTCOME_WRONG_PIN);
    assert_int_equal(unlock(fixture, "123"), CREDENTIAL_OUTCOME_WRONG_PIN);
    assert_non_null(strstr(fixture->detail, "4 to 255"));
    assert_int_equal(count_logins(fixture), 0);
}

static void test_s22_the_last_try_is_not_used_up_unasked(void **state) {
    Fixture *fixture = *state;

    put_one(fixture, "demo", &fixture->people->ec);
    behave("final-try");
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), CREDENTIAL_OUTCOME_PIN_FINAL_TRY);
    assert_int_equal(count_logins(fixture), 0);
    assert_int_equal(unlock_with(fixture, "pkcs11:token=demo", SOFTHSM_PIN, (View){0}, true), 0);
    assert_int_equal(count_logins(fixture), 1);
}

static void test_s22_a_locked_pin_is_told_and_not_tried(void **state) {
    Fixture *fixture = *state;

    put_one(fixture, "demo", &fixture->people->ec);
    behave("locked");
    assert_int_equal(unlock_with(fixture, "pkcs11:token=demo", SOFTHSM_PIN, (View){0}, true),
                     CREDENTIAL_OUTCOME_PIN_LOCKED);
    assert_int_equal(count_logins(fixture), 0);
}

static void test_s22_a_wrong_pin_that_locks_says_so(void **state) {
    Fixture *fixture = *state;

    put_one(fixture, "demo", &fixture->people->ec);
    behave("locks");
    assert_int_equal(unlock(fixture, WRONG_PIN), CREDENTIAL_OUTCOME_PIN_LOCKED);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), CREDENTIAL_OUTCOME_PIN_LOCKED);
    assert_int_equal(count_logins(fixture), 1);
}

static void test_a_pin_that_has_to_be_changed_is_not_tried(void **state) {
    Fixture *fixture = *state;

    put_one(fixture, "demo", &fixture->people->ec);
    behave("to-be-changed");
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), CREDENTIAL_OUTCOME_PIN_CHANGE);
    behave("no-pin");
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), CREDENTIAL_OUTCOME_NOT_SUPPORTED);
    assert_int_equal(count_logins(fixture), 0);
}

static void test_a_token_that_shows_other_certificates_gets_no_pin(void **state) {
    Fixture *fixture = *state;
    Fingerprint wanted = fingerprint_of(&fixture->people->rsa);

    put_one(fixture, "demo", &fixture->people->ec);
    assert_int_equal(unlock_with(fixture, "pkcs11:token=demo", SOFTHSM_PIN, (View){wanted.octets, 32}, true),
                     CREDENTIAL_OUTCOME_NO_MATCH);
    assert_int_equal(count_logins(fixture), 0);
    wanted = fingerprint_of(&fixture->people->ec);
    assert_int_equal(unlock_with(fixture, "pkcs11:token=demo", SOFTHSM_PIN, (View){wanted.octets, 32}, true), 0);
}

static void test_a_pin_pad_s_pin_is_typed_there(void **state) {
    Fixture *fixture = *state;

    put_one(fixture, "demo", &fixture->people->ec);
    behave("pinpad");
    assert_int_equal(setenv("SHIM_PIN", WRONG_PIN, 1), 0);
    assert_int_equal(unlock(fixture, ""), CREDENTIAL_OUTCOME_WRONG_PIN);
    assert_int_equal(count_logins(fixture), 1);
    assert_int_equal(setenv("SHIM_PIN", SOFTHSM_PIN, 1), 0);
    assert_int_equal(unlock(fixture, ""), 0);
    expect_signature(fixture, &fixture->people->ec, SIGNATURE_ECDSA_SHA256);
}

static void test_a_pin_pad_is_given_no_pin(void **state) {
    Fixture *fixture = *state;

    put_one(fixture, "demo", &fixture->people->ec);
    behave("pinpad");
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), CREDENTIAL_OUTCOME_PROTOCOL);
    assert_int_equal(count_logins(fixture), 0);
}

static void test_a_pin_pad_that_nobody_uses_is_cancelled(void **state) {
    Fixture *fixture = *state;

    put_one(fixture, "demo", &fixture->people->ec);
    behave("pinpad,cancels");
    assert_int_equal(unlock(fixture, ""), CREDENTIAL_OUTCOME_CANCELLED);
    assert_int_equal(count_logins(fixture), 1);
}

static void put_always_authenticate(Fixture *fixture) {
    SoftToken token = softhsm_token(fixture->hsm, "demo");

    softtoken_put(&token, &fixture->people->rsa, &(SoftObject){.id = "1", .always_authenticate = true});
    softtoken_done(&token);
}

static void test_a_key_that_wants_the_pin_each_time_gets_it_for_the_one_signature(void **state) {
    Fixture *fixture = *state;

    put_always_authenticate(fixture);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    assert_int_equal(count_logins(fixture), 1);
    expect_signature(fixture, &fixture->people->rsa, SIGNATURE_RSA_PKCS1_SHA256);
    assert_int_equal(count_logins(fixture), 2);
}

static void test_a_key_that_wants_the_pin_each_time_gets_it_from_the_pin_pad(void **state) {
    Fixture *fixture = *state;

    put_always_authenticate(fixture);
    behave("pinpad");
    assert_int_equal(setenv("SHIM_PIN", SOFTHSM_PIN, 1), 0);
    assert_int_equal(unlock(fixture, ""), 0);
    expect_signature(fixture, &fixture->people->rsa, SIGNATURE_RSA_PKCS1_SHA256);
    assert_int_equal(count_logins(fixture), 2);
}

/* --- which token, which key --- */

static void test_the_uri_says_which_of_two_tokens(void **state) {
    Fixture *fixture = *state;
    char *CLEANUP(free_pointer) id = NULL;
    size_t other;

    put_one(fixture, "demo", &fixture->people->ec);
    put_one(fixture, "other", &fixture->people->other);
    other = strcmp(list(fixture, 2)->label, "other") == 0 ? 0 : 1;
    id = strdup(fixture->sources.items[other].id);
    assert_int_equal(unlock_with(fixture, id, SOFTHSM_PIN, (View){0}, false), 0);
    assert_int_equal(fixture->identities->count, 1);
    expect_identity(fixture->identities, 0, &fixture->people->other);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    expect_identity(fixture->identities, 0, &fixture->people->ec);
    expect_signature(fixture, &fixture->people->ec, SIGNATURE_ECDSA_SHA256);
}

static void test_a_uri_that_names_no_one_token_gets_no_pin(void **state) {
    static const struct {
        const char *uri;
        CredentialOutcome outcome;
    } cases[] = {
        {"pkcs11:", CREDENTIAL_OUTCOME_NOT_FOUND}, /* fits both */
        {"pkcs11:manufacturer=SoftHSM%20project", CREDENTIAL_OUTCOME_NOT_FOUND},
        {"pkcs11:token=third", CREDENTIAL_OUTCOME_TOKEN_REMOVED},
        {"pkcs11:token=demo;serial=0", CREDENTIAL_OUTCOME_TOKEN_REMOVED},
        {"pkcs11:token=demo;x-unknown=1", CREDENTIAL_OUTCOME_NOT_FOUND},
        {"demo", CREDENTIAL_OUTCOME_NOT_FOUND},
        {"", CREDENTIAL_OUTCOME_NOT_FOUND},
        {"pkcs11:token=%", CREDENTIAL_OUTCOME_NOT_FOUND},
    };
    Fixture *fixture = *state;

    put_one(fixture, "demo", &fixture->people->ec);
    put_one(fixture, "other", &fixture->people->other);
    for (size_t i = 0; i < ELEMENTSOF(cases); i++)
        assert_int_equal(unlock_with(fixture, cases[i].uri, SOFTHSM_PIN, (View){0}, false), cases[i].outcome);
    assert_int_equal(count_logins(fixture), 0);
}

static void test_s01_a_token_with_the_certificate_alone_has_no_key(void **state) {
    Fixture *fixture = *state;
    SoftToken token = softhsm_token(fixture->hsm, "demo");
    const char *algorithm = NULL;
    Bytes CLEANUP(bytes_done) signature = {0};

    softtoken_put_certificate(&token, bytes_view(&fixture->people->rsa.der), &(SoftObject){.id = "1"});
    softtoken_done(&token);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), CREDENTIAL_OUTCOME_NO_KEY);
    assert_int_equal(sign(fixture, &fixture->people->rsa, &algorithm, &signature), CREDENTIAL_OUTCOME_NO_MATCH);
}

static void test_s01_another_key_under_the_certificate_s_id_has_no_signature(void **state) {
    Fixture *fixture = *state;
    SoftToken token = softhsm_token(fixture->hsm, "demo");
    const char *algorithm = NULL;
    Bytes CLEANUP(bytes_done) signature = {0};

    softtoken_put_key(&token, fixture->people->other.key, &(SoftObject){.id = "1"});
    softtoken_put_certificate(&token, bytes_view(&fixture->people->ec.der), &(SoftObject){.id = "1"});
    softtoken_put_certificate(&token, bytes_view(&fixture->people->rsa.der), &(SoftObject){.id = "1"});
    softtoken_done(&token);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0); /* nothing on the token tells them apart */
    assert_int_equal(fixture->identities->count, 1);   /* but the RSA certificate's is no EC key */
    assert_int_equal(sign(fixture, &fixture->people->ec, &algorithm, &signature), CREDENTIAL_OUTCOME_NO_KEY);
}

static void test_an_rsa_key_is_found_whatever_its_id(void **state) {
    Fixture *fixture = *state;
    SoftToken token = softhsm_token(fixture->hsm, "demo");

    softtoken_put_key(&token, fixture->people->rsa.key, &(SoftObject){.id = "7"});
    softtoken_put_certificate(&token, bytes_view(&fixture->people->rsa.der), &(SoftObject){0});
    softtoken_done(&token);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    expect_signature(fixture, &fixture->people->rsa, SIGNATURE_RSA_PKCS1_SHA256);
}

static void test_an_rsa_key_without_a_modulus_is_found_by_its_id(void **state) {
    Fixture *fixture = *state;

    put_one(fixture, "demo", &fixture->people->rsa);
    behave("no-modulus");
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    expect_signature(fixture, &fixture->people->rsa, SIGNATURE_RSA_PKCS1_SHA256);
}

static void test_an_ec_key_is_found_by_its_public_key_object(void **state) {
    Fixture *fixture = *state;
    SoftToken token = softhsm_token(fixture->hsm, "demo");

    softtoken_put_key(&token, fixture->people->other.key, &(SoftObject){.id = "8"});
    softtoken_put_public_key(&token, fixture->people->other.key, &(SoftObject){.id = "8"});
    softtoken_put_key(&token, fixture->people->ec.key, &(SoftObject){.id = "7"});
    softtoken_put_public_key(&token, fixture->people->ec.key, &(SoftObject){.id = "7"});
    softtoken_put_certificate(&token, bytes_view(&fixture->people->ec.der), &(SoftObject){.id = "1"});
    softtoken_done(&token);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    assert_int_equal(fixture->identities->count, 1);
    expect_signature(fixture, &fixture->people->ec, SIGNATURE_ECDSA_SHA256);
}

static void test_duplicate_ids_are_told_apart_by_the_signature(void **state) {
    Fixture *fixture = *state;
    SoftToken token = softhsm_token(fixture->hsm, "demo");

    softtoken_put(&token, &fixture->people->other, &(SoftObject){.id = "1"});
    softtoken_put(&token, &fixture->people->rsa, &(SoftObject){.id = "1"});
    softtoken_put(&token, &fixture->people->ec, &(SoftObject){.id = "1"});
    softtoken_done(&token);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    assert_int_equal(fixture->identities->count, 3);
    expect_signature(fixture, &fixture->people->ec, SIGNATURE_ECDSA_SHA256);
    expect_signature(fixture, &fixture->people->other, SIGNATURE_ECDSA_SHA256);
    expect_signature(fixture, &fixture->people->rsa, SIGNATURE_RSA_PKCS1_SHA256);
}

static void test_of_many_the_wanted_one_alone_is_unlocked(void **state) {
    Fixture *fixture = *state;
    Fingerprint wanted = fingerprint_of(&fixture->people->ec);
    SoftToken token = softhsm_token(fixture->hsm, "demo");

    softtoken_put_certificate(&token, bytes_view(&fixture->people->root.der), &(SoftObject){0});
    softtoken_put(&token, &fixture->people->rsa, &(SoftObject){.id = "1"});
    softtoken_put(&token, &fixture->people->ec, &(SoftObject){.id = "2"});
    softtoken_put(&token, &fixture->people->other, &(SoftObject){.id = "2"});
    softtoken_put_certificate(&token, bytes_view(&fixture->people->intermediate.der), &(SoftObject){0});
    softtoken_done(&token);
    assert_int_equal(unlock_with(fixture, "pkcs11:token=demo", SOFTHSM_PIN, (View){wanted.octets, 32}, false), 0);
    assert_int_equal(fixture->identities->count, 1);
    expect_identity(fixture->identities, 0, &fixture->people->ec);
    assert_int_equal(fixture->identities->items[0].chain.count, 2);
    expect_signature(fixture, &fixture->people->ec, SIGNATURE_ECDSA_SHA256);
}

static void test_the_wanted_one_s_key_may_have_another_id(void **state) {
    Fixture *fixture = *state;
    Fingerprint wanted = fingerprint_of(&fixture->people->rsa);
    SoftToken token = softhsm_token(fixture->hsm, "demo");

    softtoken_put_key(&token, fixture->people->other.key, &(SoftObject){.id = "1"});
    softtoken_put_key(&token, fixture->people->rsa.key, &(SoftObject){.id = "2"});
    softtoken_put_certificate(&token, bytes_view(&fixture->people->rsa.der), &(SoftObject){.id = "1"});
    softtoken_done(&token);
    assert_int_equal(unlock_with(fixture, "pkcs11:token=demo", SOFTHSM_PIN, (View){wanted.octets, 32}, false), 0);
    expect_signature(fixture, &fixture->people->rsa, SIGNATURE_RSA_PKCS1_SHA256);
}

static void test_a_hidden_certificate_may_be_the_wanted_one_or_not(void **state) {
    Fixture *fixture = *state;
    Fingerprint wanted = fingerprint_of(&fixture->people->rsa);
    Fingerprint other = fingerprint_of(&fixture->people->ec);
    SoftToken token = softhsm_token(fixture->hsm, "demo");
    const char *algorithm = NULL;
    Bytes CLEANUP(bytes_done) signature = {0};

    softtoken_put(&token, &fixture->people->rsa, &(SoftObject){.id = "1", .hidden = true});
    softtoken_done(&token);
    assert_int_equal(unlock_with(fixture, "pkcs11:token=demo", SOFTHSM_PIN, (View){other.octets, 32}, false),
                     CREDENTIAL_OUTCOME_NO_MATCH);
    assert_int_equal(sign(fixture, &fixture->people->rsa, &algorithm, &signature), CREDENTIAL_OUTCOME_NO_MATCH);
    assert_int_equal(unlock_with(fixture, "pkcs11:token=demo", SOFTHSM_PIN, (View){wanted.octets, 32}, false), 0);
    expect_signature(fixture, &fixture->people->rsa, SIGNATURE_RSA_PKCS1_SHA256);
}

static void test_what_lies_behind_a_certificate_does_not_count(void **state) {
    Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) padded = {0};
    SoftToken token = softhsm_token(fixture->hsm, "demo");

    assert_int_equal(bytes_append(&padded, bytes_view(&fixture->people->ec.der)), 0);
    assert_int_equal(bytes_append(&padded, (View){(const uint8_t *) "\0\0\xff\xff", 4}), 0);
    softtoken_put_key(&token, fixture->people->ec.key, &(SoftObject){.id = "1"});
    softtoken_put_certificate(&token, bytes_view(&padded), &(SoftObject){.id = "1"});
    softtoken_put_certificate(&token, (View){padded.data, 40}, &(SoftObject){.id = "2"}); /* torn */
    softtoken_done(&token);
    assert_int_equal(list(fixture, 1)->certificates.count, 1);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    expect_signature(fixture, &fixture->people->ec, SIGNATURE_ECDSA_SHA256);
}

static void test_a_certificate_that_is_there_twice_is_offered_once(void **state) {
    Fixture *fixture = *state;
    SoftToken token = softhsm_token(fixture->hsm, "demo");

    softtoken_put(&token, &fixture->people->rsa, &(SoftObject){.id = "1"});
    softtoken_put_certificate(&token, bytes_view(&fixture->people->rsa.der), &(SoftObject){.id = "2"});
    softtoken_done(&token);
    assert_int_equal(list(fixture, 1)->certificates.count, 1);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    assert_int_equal(fixture->identities->count, 1);
}

static void test_a_key_that_must_not_sign_is_no_key(void **state) {
    Fixture *fixture = *state;
    SoftToken token = softhsm_token(fixture->hsm, "demo");

    softtoken_put(&token, &fixture->people->rsa, &(SoftObject){.id = "1", .cannot_sign = true});
    softtoken_done(&token);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), CREDENTIAL_OUTCOME_NO_KEY);
}

static void test_one_of_eight_certificates_signs(void **state) {
    Fixture *fixture = *state;
    SoftToken token = softhsm_token(fixture->hsm, "demo");

    for (unsigned i = 0; i < 7; i++) {
        PkiIdentity CLEANUP(pki_identity_done) identity = {0};
        pki_leaf(&fixture->people->intermediate, NULL, &identity);
        softtoken_put(&token, &identity, &(SoftObject){.id = (char[]){(char) ('a' + i), '\0'}});
    }
    softtoken_put(&token, &fixture->people->rsa, &(SoftObject){.id = "1"});
    softtoken_done(&token);
    assert_int_equal(list(fixture, 1)->certificates.count, 8);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    assert_int_equal(fixture->identities->count, 8);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(fixture->identities->items[i].chain.count, 0); /* nobody else's certificate is sent along */
    expect_signature(fixture, &fixture->people->rsa, SIGNATURE_RSA_PKCS1_SHA256);
}

/* --- signing --- */

static void sign_with_mechanisms(Fixture *fixture, const char *mechanisms, const char *algorithm) {
    start(fixture, mechanisms);
    put_one(fixture, "demo", &fixture->people->rsa);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    expect_signature(fixture, &fixture->people->rsa, algorithm);
}

static void test_rsa_signs_with_the_token_s_hash(void **state) {
    sign_with_mechanisms(*state, "CKM_SHA256_RSA_PKCS", SIGNATURE_RSA_PKCS1_SHA256);
}

static void test_rsa_signs_with_our_hash_where_the_token_has_none(void **state) {
    sign_with_mechanisms(*state, "CKM_RSA_PKCS", SIGNATURE_RSA_PKCS1_SHA256);
}

static void test_rsa_signs_with_pss_where_there_is_nothing_else(void **state) {
    sign_with_mechanisms(*state, "CKM_SHA256_RSA_PKCS_PSS", SIGNATURE_RSA_PSS_SHA256);
}

static void test_rsa_signs_with_pss_over_our_hash(void **state) {
    sign_with_mechanisms(*state, "CKM_RSA_PKCS_PSS", SIGNATURE_RSA_PSS_SHA256);
}

static void test_a_key_for_pss_alone_signs_so_on_a_token_that_can_do_all(void **state) {
    Fixture *fixture = *state;
    SoftToken token = softhsm_token(fixture->hsm, "demo");

    softtoken_put(&token, &fixture->people->rsa, &(SoftObject){.id = "1", .only = CKM_SHA256_RSA_PKCS_PSS});
    softtoken_done(&token);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    expect_signature(fixture, &fixture->people->rsa, SIGNATURE_RSA_PSS_SHA256);
}

static void test_a_token_without_a_fitting_mechanism_is_not_supported(void **state) {
    Fixture *fixture = *state;
    const char *algorithm = NULL;
    Bytes CLEANUP(bytes_done) signature = {0};

    start(fixture, "CKM_SHA1_RSA_PKCS,CKM_MD5_RSA_PKCS");
    put_one(fixture, "demo", &fixture->people->rsa);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    assert_int_equal(sign(fixture, &fixture->people->rsa, &algorithm, &signature), CREDENTIAL_OUTCOME_NOT_SUPPORTED);
}

static void test_each_kind_of_key_signs_with_the_algorithm_it_is_judged_by(void **state) {
    static const struct {
        PkiKey key;
        const char *algorithm;
    } cases[] = {
        {PKI_KEY_P256, SIGNATURE_ECDSA_SHA256},
        {PKI_KEY_P384, SIGNATURE_ECDSA_SHA384},
        {PKI_KEY_P521, SIGNATURE_ECDSA_SHA512},
    };
    Fixture *fixture = *state;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        PkiIdentity CLEANUP(pki_identity_done) identity = {0};
        char label[] = "token0";
        char uri[] = "pkcs11:token=token0";
        label[5] = uri[18] = (char) ('0' + i);
        pki_leaf(&fixture->people->intermediate, &(PkiOptions){.key_type = cases[i].key}, &identity);
        backend_free(fixture->backend);
        put_one(fixture, label, &identity);
        assert_int_equal(pkcs11_backend_new(&fixture->settings, &fixture->backend), 0);
        assert_int_equal(unlock_with(fixture, uri, SOFTHSM_PIN, (View){0}, false), 0);
        expect_signature(fixture, &identity, cases[i].algorithm);
    }
}

static void test_an_ed25519_key_signs(void **state) {
    Fixture *fixture = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};

    pki_leaf(&fixture->people->intermediate, &(PkiOptions){.key_type = PKI_KEY_ED25519}, &identity);
    softhsm_leak(true); /* the name of the curve, each time that it reads one */
    put_one(fixture, "demo", &identity);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    expect_signature(fixture, &identity, SIGNATURE_ED25519);
    softhsm_leak(false);
}

static void test_a_weak_key_does_not_sign(void **state) {
    Fixture *fixture = *state;
    PkiIdentity CLEANUP(pki_identity_done) weak = {0};
    const char *algorithm = NULL;
    Bytes CLEANUP(bytes_done) signature = {0};

    pki_leaf(&fixture->people->root, &(PkiOptions){.key_type = PKI_KEY_RSA1024}, &weak);
    put_one(fixture, "demo", &weak);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    assert_int_equal(sign(fixture, &weak, &algorithm, &signature), CREDENTIAL_OUTCOME_ALGORITHM);
}

static void test_nothing_is_signed_before_unlocking_or_for_another_certificate(void **state) {
    Fixture *fixture = *state;
    const char *algorithm = NULL;
    Bytes CLEANUP(bytes_done) signature = {0};

    put_one(fixture, "demo", &fixture->people->ec);
    assert_int_equal(sign(fixture, &fixture->people->ec, &algorithm, &signature), CREDENTIAL_OUTCOME_NO_MATCH);
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    assert_int_equal(sign(fixture, &fixture->people->rsa, &algorithm, &signature), CREDENTIAL_OUTCOME_NO_MATCH);
    assert_int_equal(unlock(fixture, WRONG_PIN), CREDENTIAL_OUTCOME_WRONG_PIN);
    assert_int_equal(sign(fixture, &fixture->people->ec, &algorithm, &signature), CREDENTIAL_OUTCOME_NO_MATCH);
    assert_int_equal(signature.size, 0);
}

/* --- coming and going --- */

static void test_a_token_that_is_pulled_out_is_told(void **state) {
    Fixture *fixture = *state;
    const char *algorithm = NULL;
    Bytes CLEANUP(bytes_done) signature = {0};

    put_one(fixture, "demo", &fixture->people->ec);
    behave("removed-at-login");
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), CREDENTIAL_OUTCOME_TOKEN_REMOVED);
    behave("removed-at-sign");
    assert_int_equal(unlock(fixture, SOFTHSM_PIN), 0);
    assert_int_equal(sign(fixture, &fixture->people->ec, &algorithm, &signature), CREDENTIAL_OUTCOME_TOKEN_REMOVED);
}

static bool changed(Fixture *fixture) {
    bool is = false;

    assert_int_equal(fixture->backend->changed(fixture->backend, &is), 0);
    return is;
}

static void test_a_token_that_comes_or_goes_is_a_change(void **state) {
    Fixture *fixture = *state;
    char *CLEANUP(free_pointer) present = NULL;

    assert_true(asprintf(&present, "%s/present", fixture->hsm->folder) > 0);
    assert_int_equal(setenv("SHIM_PRESENT", present, 1), 0);
    put_one(fixture, "demo", &fixture->people->ec);
    (void) list(fixture, 0);
    assert_false(changed(fixture));
    pki_write(fixture->hsm->folder, "present", (View){0});
    assert_true(changed(fixture));
    assert_false(changed(fixture));
    (void) list(fixture, 1);
    assert_false(changed(fixture));
    pki_remove(fixture->hsm->folder, "present");
    assert_true(changed(fixture));
}

static void test_a_card_without_an_answer_is_looked_at_again(void **state) {
    Fixture *fixture = *state;

    put_one(fixture, "demo", &fixture->people->ec);
    behave("unreadable");
    (void) list(fixture, 2);
    assert_true(changed(fixture));
    assert_true(changed(fixture));
    behave("");
    (void) list(fixture, 1);
    assert_false(changed(fixture));
}

#define TEST(test) cmocka_unit_test_prestate_setup_teardown(test, set_up, tear_down, &people)

int main(int argc, char **argv) {
    People people = {.shim = argc == 2 ? argv[1] : ""};
    const struct CMUnitTest tests[] = {
        TEST(test_a_module_that_is_not_there_is_a_source_with_that_problem),
        TEST(test_a_default_module_may_be_missing),
        TEST(test_what_is_no_module_is_a_source_with_that_problem),
        TEST(test_a_module_that_does_not_start_is_a_source_with_that_problem),
        TEST(test_without_a_token_nothing_is_listed),
        TEST(test_a_token_is_listed_with_the_certificates_that_show),
        TEST(test_s16_a_token_s_label_is_escaped),
        TEST(test_a_token_whose_certificates_need_the_pin_is_hidden),
        TEST(test_flags_of_the_token_are_told),
        TEST(test_opensc_is_hinted_at),
        TEST(test_a_card_that_nobody_understands_is_listed_by_its_reader),
        TEST(test_octets_that_are_no_certificate_are_left_out),
        TEST(test_s22_a_wrong_pin_is_tried_once),
        TEST(test_s22_a_pin_of_impossible_length_is_not_tried),
        TEST(test_s22_the_last_try_is_not_used_up_unasked),
        TEST(test_s22_a_locked_pin_is_told_and_not_tried),
        TEST(test_s22_a_wrong_pin_that_locks_says_so),
        TEST(test_a_pin_that_has_to_be_changed_is_not_tried),
        TEST(test_a_token_that_shows_other_certificates_gets_no_pin),
        TEST(test_a_pin_pad_s_pin_is_typed_there),
        TEST(test_a_pin_pad_is_given_no_pin),
        TEST(test_a_pin_pad_that_nobody_uses_is_cancelled),
        TEST(test_a_key_that_wants_the_pin_each_time_gets_it_for_the_one_signature),
        TEST(test_a_key_that_wants_the_pin_each_time_gets_it_from_the_pin_pad),
        TEST(test_the_uri_says_which_of_two_tokens),
        TEST(test_a_uri_that_names_no_one_token_gets_no_pin),
        TEST(test_s01_a_token_with_the_certificate_alone_has_no_key),
        TEST(test_s01_another_key_under_the_certificate_s_id_has_no_signature),
        TEST(test_an_rsa_key_is_found_whatever_its_id),
        TEST(test_an_rsa_key_without_a_modulus_is_found_by_its_id),
        TEST(test_an_ec_key_is_found_by_its_public_key_object),
        TEST(test_duplicate_ids_are_told_apart_by_the_signature),
        TEST(test_of_many_the_wanted_one_alone_is_unlocked),
        TEST(test_the_wanted_one_s_key_may_have_another_id),
        TEST(test_a_hidden_certificate_may_be_the_wanted_one_or_not),
        TEST(test_what_lies_behind_a_certificate_does_not_count),
        TEST(test_a_certificate_that_is_there_twice_is_offered_once),
        TEST(test_a_key_that_must_not_sign_is_no_key),
        TEST(test_one_of_eight_certificates_signs),
        TEST(test_rsa_signs_with_the_token_s_hash),
        TEST(test_rsa_signs_with_our_hash_where_the_token_has_none),
        TEST(test_rsa_signs_with_pss_where_there_is_nothing_else),
        TEST(test_rsa_signs_with_pss_over_our_hash),
        TEST(test_a_key_for_pss_alone_signs_so_on_a_token_that_can_do_all),
        TEST(test_a_token_without_a_fitting_mechanism_is_not_supported),
        TEST(test_each_kind_of_key_signs_with_the_algorithm_it_is_judged_by),
        TEST(test_an_ed25519_key_signs),
        TEST(test_a_weak_key_does_not_sign),
        TEST(test_nothing_is_signed_before_unlocking_or_for_another_certificate),
        TEST(test_a_token_that_is_pulled_out_is_told),
        TEST(test_a_token_that_comes_or_goes_is_a_change),
        TEST(test_a_card_without_an_answer_is_looked_at_again),
    };
    void *state = &people;
    int failed;

    (void) make_people(&state);
    failed = cmocka_run_group_tests_name("credential: pkcs11", tests, NULL, NULL);
    (void) drop_people(&state);
    return failed;
}

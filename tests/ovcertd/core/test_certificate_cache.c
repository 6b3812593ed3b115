/* SPDX-License-Identifier: BSD-2-Clause */
#include "ovcertd/core/certificate_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/trust/pki.h"

typedef struct Fixture {
    PkiIdentity root;
    EVP_PKEY *key; /* of all leaves: making keys is what takes time */
    CertificateCache *cache;
} Fixture;

static int setup(void **state) {
    Fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    pki_root(NULL, &f->root);
    f->key = pki_key(PKI_KEY_P256);
    f->cache = certificate_cache_new();
    *state = f;
    return f->cache ? 0 : -1;
}

static int teardown(void **state) {
    Fixture *f = *state;
    (void) certificate_cache_free(f->cache);
    EVP_PKEY_free(f->key);
    pki_identity_done(&f->root);
    free(f);
    return 0;
}

static Certificate *leaf(Fixture *f, const PkiOptions *options) {
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    PkiOptions with_key = options ? *options : (PkiOptions){0};
    Certificate *certificate = NULL;
    with_key.key = f->key;
    pki_leaf(&f->root, &with_key, &identity);
    assert_int_equal(certificate_parse(bytes_view(&identity.der), &certificate), 0);
    return certificate;
}

/* Asks for it by its octets and fingerprint. */
static Certificate *get(Fixture *f, const Certificate *certificate) {
    Certificate *got = NULL;
    assert_int_equal(certificate_cache_leaf(f->cache, certificate_facts(certificate)->fingerprint,
                                            certificate_der(certificate), &got),
                     0);
    assert_true(view_equal(certificate_der(got), certificate_der(certificate)));
    return got;
}

static void test_a_fingerprint_never_brings_other_octets(void **state) {
    Fixture *f = *state;
    Certificate *CLEANUP(certificate_freep) first = leaf(f, NULL), *CLEANUP(certificate_freep) second = leaf(f, NULL);
    Certificate *CLEANUP(certificate_freep) got = NULL;
    (void) certificate_free(get(f, first));
    assert_int_equal(
        certificate_cache_leaf(f->cache, certificate_facts(first)->fingerprint, certificate_der(second), &got), 0);
    assert_true(view_equal(certificate_der(got), certificate_der(second)));
    assert_int_equal(certificate_cache_count(f->cache), 1); /* what is not under its own fingerprint is not kept */
}

static void test_what_is_no_certificate_is_not_kept(void **state) {
    Fixture *f = *state;
    static const uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE] = {0};
    static const uint8_t octets[] = {0x30, 0x00};
    Certificate *certificate = NULL;
    assert_int_equal(certificate_cache_leaf(f->cache, fingerprint, (View){octets, sizeof octets}, &certificate),
                     CERTIFICATE_MALFORMED);
    assert_int_equal(certificate_cache_issuer(f->cache, (View){octets, sizeof octets}, &certificate),
                     CERTIFICATE_MALFORMED);
    assert_int_equal(certificate_cache_issuer(f->cache, (View){0}, &certificate), CERTIFICATE_MALFORMED);
    assert_int_equal(certificate_cache_count(f->cache), 0);
}

static void test_s40_a_large_certificate_is_not_kept(void **state) {
    Fixture *f = *state;
    char *CLEANUP(free_pointer) name = malloc(CERTIFICATE_CACHE_OCTETS + 1);
    assert_non_null(name);
    memset(name, 'a', CERTIFICATE_CACHE_OCTETS);
    name[CERTIFICATE_CACHE_OCTETS] = '\0';
    char *CLEANUP(free_pointer) alternative = NULL;
    assert_true(asprintf(&alternative, "URI:%s", name) > 0);
    Certificate *CLEANUP(certificate_freep) large = leaf(f, &(PkiOptions){.alternative_name = alternative});
    (void) certificate_free(get(f, large));
    assert_int_equal(certificate_cache_count(f->cache), 0);
}

static void test_what_was_asked_for_is_not_parsed_again(void **state) {
    Fixture *f = *state;
    Certificate *CLEANUP(certificate_freep) certificate = leaf(f, NULL);
    Certificate *CLEANUP(certificate_freep) first = get(f, certificate),
                                            *CLEANUP(certificate_freep) again = get(f, certificate);
    assert_ptr_equal(first, again);
    Certificate *CLEANUP(certificate_freep) issuer = NULL, *CLEANUP(certificate_freep) same = NULL;
    assert_int_equal(certificate_cache_issuer(f->cache, bytes_view(&f->root.der), &issuer), 0);
    assert_int_equal(certificate_cache_issuer(f->cache, bytes_view(&f->root.der), &same), 0);
    assert_ptr_equal(issuer, same);
}

static void test_what_was_handed_out_outlives_the_cache(void **state) {
    Fixture *f = *state;
    Certificate *CLEANUP(certificate_freep) certificate = leaf(f, NULL);
    Certificate *CLEANUP(certificate_freep) got = get(f, certificate);
    f->cache = certificate_cache_free(f->cache);
    assert_true(view_equal(certificate_der(got), certificate_der(certificate)));
}

static void test_s40_the_least_recently_used_gives_way(void **state) {
    Fixture *f = *state;
    Certificate *CLEANUP(certificate_freep) first = leaf(f, NULL), *CLEANUP(certificate_freep) second = leaf(f, NULL);
    Certificate *CLEANUP(certificate_freep) first_kept = get(f, first),
                                            *CLEANUP(certificate_freep) second_kept = get(f, second);
    Certificate *issuer = NULL;
    assert_int_equal(certificate_cache_issuer(f->cache, bytes_view(&f->root.der), &issuer), 0);
    (void) certificate_free(issuer);
    for (size_t i = 0; i < CERTIFICATE_CACHE_LEAVES - 1; i++) {
        Certificate *CLEANUP(certificate_freep) more = leaf(f, NULL);
        (void) certificate_free(get(f, more));
        (void) certificate_free(get(f, first)); /* in use all the time */
    }
    assert_int_equal(certificate_cache_count(f->cache), CERTIFICATE_CACHE_LEAVES + 1); /* leaves push out no issuer */
    Certificate *CLEANUP(certificate_freep) first_now = get(f, first),
                                            *CLEANUP(certificate_freep) second_now = get(f, second);
    assert_ptr_equal(first_now, first_kept);
    assert_ptr_not_equal(second_now, second_kept);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_fingerprint_never_brings_other_octets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_certificate_is_not_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s40_a_large_certificate_is_not_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_was_asked_for_is_not_parsed_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_was_handed_out_outlives_the_cache, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s40_the_least_recently_used_gives_way, setup, teardown),
    };
    return cmocka_run_group_tests_name("certificate_cache", tests, NULL, NULL);
}

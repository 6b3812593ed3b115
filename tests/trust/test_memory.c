/* SPDX-License-Identifier: BSD-2-Clause */
/* Every allocation of a judgement fails in turn, ours and OpenSSL's: a fault or one more reason is fine, a lost one is
 * not. The program is linked with --wrap for our allocations. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "tests/trust/scene.h"

/* Allocations until the one that fails; negative: none does. The allocators take no argument, so this cannot be one. */
static long countdown = -1;

static bool fails(void) {
    return countdown >= 0 && countdown-- == 0;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size) {
    return fails() ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size) {
    return fails() ? NULL : __real_calloc(count, size);
}

void *__real_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size) {
    return fails() ? NULL : __real_reallocarray(memory, count, size);
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text) {
    return fails() ? NULL : __real_strdup(text);
}

static void *openssl_malloc(size_t size, const char *file, int line) {
    (void) file;
    (void) line;
    return fails() ? NULL : __real_malloc(size);
}

static void *openssl_realloc(void *memory, size_t size, const char *file, int line) {
    (void) file;
    (void) line;
    return fails() ? NULL : realloc(memory, size);
}

static void openssl_free(void *memory, const char *file, int line) {
    (void) file;
    (void) line;
    free(memory);
}

/* Judges with the n-th allocation failing; whether there was an n-th. */
static bool judge_failing(Scene *scene, const PkiIdentity *leaf, long n, int *ret_result, Verdict *ret) {
    View chain = bytes_view(&scene->intermediate.der);
    TrustQuery query = {
        .leaf = bytes_view(&leaf->der), .chain = &chain, .n_chain = 1, .now = PKI_NOW, .deadline = UINT64_MAX};
    bool failed;

    scene_load(scene); /* anew, so that lists are verified again */
    countdown = n;
    *ret_result = trust_judge(scene->store, &query, ret);
    failed = countdown < 0;
    countdown = -1;
    ERR_clear_error();
    return failed;
}

/* step: 1 for each allocation. */
static void assert_never_accepted(Scene *scene, const PkiIdentity *leaf, const PkiIdentity *signer, long step) {
    const PkiIdentity *revoked[] = {leaf};
    bool failed = true;

    scene->options.soft_revocation = true; /* where a list that is lost would not refuse */
    scene_write_crl(scene, "intermediate.crl", signer, &(PkiCrlOptions){.revoked = revoked, .n_revoked = 1});
    for (long n = 0; failed; n += step) {
        CLEANUP(verdict_done) Verdict verdict = {0};
        int r;

        failed = judge_failing(scene, leaf, n, &r, &verdict);
        assert_true(r == -ENOMEM || (r == 0 && !verdict_accepted(&verdict)));
    }
}

static void test_want_of_memory_never_hides_a_revocation(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL);

    assert_never_accepted(scene, &leaf, &scene->intermediate, 1);
}

static void test_want_of_memory_never_hides_a_revocation_that_another_key_has_signed(void **state) {
    Scene *scene = *state;
    CLEANUP(pki_identity_done) PkiIdentity leaf = scene_leaf(scene, NULL), signer = {0};
    CLEANUP(bytes_done) Bytes pem = {0};

    pki_intermediate(&scene->root, &(PkiOptions){.key_usage = "critical,cRLSign"}, &signer);
    pki_pem("CERTIFICATE", bytes_view(&signer.der), &pem);
    pki_write(scene->crls, "signer.pem", bytes_view(&pem));
    assert_never_accepted(scene, &leaf, &signer, 3);
}

static void test_want_of_memory_never_makes_a_representative_the_person(void **state) {
    const PkiAttribute entity[] = {{.type = "1.3.6.1.4.1.5734.1.7", .value = "Q2826004J"}};
    Scene *scene = *state;
    CLEANUP(pki_identity_done)
    PkiIdentity leaf =
        scene_leaf(scene, &(PkiOptions){.serial_number = "IDCES-99999999R", .directory = entity, .n_directory = 1});
    bool failed = true;

    for (long n = 0; failed; n++) {
        CLEANUP(certificate_freep) Certificate *certificate = NULL;
        int r;

        countdown = n;
        r = certificate_parse(bytes_view(&leaf.der), &certificate);
        failed = countdown < 0;
        countdown = -1;
        ERR_clear_error();
        assert_true(r != 0 || strcmp(certificate_facts(certificate)->holder, "ES:99999999R") != 0);
    }
}

#define SCENE_TEST(function) cmocka_unit_test_setup_teardown(function, scene_setup, scene_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_want_of_memory_never_hides_a_revocation),
        SCENE_TEST(test_want_of_memory_never_hides_a_revocation_that_another_key_has_signed),
        SCENE_TEST(test_want_of_memory_never_makes_a_representative_the_person),
    };

    if (!CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc,
                                  openssl_free)) /* before OpenSSL allocates anything */
        return EXIT_FAILURE;
    return cmocka_run_group_tests_name("trust/memory", tests, NULL, NULL);
}

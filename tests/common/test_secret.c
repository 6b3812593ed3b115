/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of common/secret: SECURITY 24, secrets are locked, left out of core dumps and children, and wiped. */
#include "common/secret.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* AddressSanitizer replaces mlock(2) by nothing at all. */
#if defined(__SANITIZE_ADDRESS__)
#define CAN_LOCK false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CAN_LOCK false
#endif
#endif
#ifndef CAN_LOCK
#define CAN_LOCK true
#endif

static const char passphrase[] = "correct horse";

/* munmap(2) is watched, since after it nobody can see whether the pages were wiped. */
static bool watching, wiped;
int __real_munmap(void *address, size_t size);
int __wrap_munmap(void *address, size_t size);
int __wrap_munmap(void *address, size_t size) {
    if (watching)
        wiped = !memmem(address, size, passphrase, strlen(passphrase));
    return __real_munmap(address, size);
}

static Secret *example(void) {
    Secret *secret = NULL;
    assert_int_equal(secret_new(passphrase, strlen(passphrase), &secret), 0);
    return secret;
}

/* Does the mapping that holds the address have this flag of proc(5) smaps? */
static bool mapping_has_flag(const void *address, const char *flag) {
    FILE *smaps = fopen("/proc/self/smaps", "re");
    assert_non_null(smaps);
    char line[4096];
    bool inside = false, has = false;
    while (fgets(line, sizeof line, smaps)) {
        uintptr_t first, end;
        if (sscanf(line, "%lx-%lx ", &first, &end) == 2)
            inside = (uintptr_t) address >= first && (uintptr_t) address < end;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            has = strstr(line, flag) != NULL;
    }
    (void) fclose(smaps); /* only read */
    return has;
}

/* Runs the check in a child, so that what it does to the process stays there. */
static bool holds_in_child(bool (*check)(void *), void *data) {
    (void) fflush(NULL); /* or the child would print it a second time */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(check(data) ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void test_new_rejects_what_is_too_large(void **state) {
    (void) state;
    uint8_t octets[SECRET_SIZE_MAX + 1] = {0};
    Secret *secret = NULL;
    assert_int_equal(secret_new(octets, sizeof octets, &secret), -EMSGSIZE);
    assert_null(secret);
    assert_int_equal(secret_new(octets, SECRET_SIZE_MAX, &secret), 0);
    assert_int_equal(secret_view(secret).size, SECRET_SIZE_MAX);
    secret = secret_free(secret);
}

static bool new_succeeds_without_memory_lock(void *data) {
    (void) data;
    if (setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){0, 0}) < 0)
        return false;
    Secret *secret = NULL;
    return secret_new(passphrase, strlen(passphrase), &secret) == 0 && secret_view(secret).size == strlen(passphrase);
}

static void test_a_memory_lock_limit_of_zero_keeps_nobody_out(void **state) {
    (void) state;
    assert_true(holds_in_child(new_succeeds_without_memory_lock, NULL));
}

static void test_s24_pages_are_locked_and_left_out_of_core_dumps(void **state) {
    (void) state;
    Secret *CLEANUP(secret_freep) secret = example();
    View view = secret_view(secret);
    assert_int_equal(mapping_has_flag(view.data, " lo"), CAN_LOCK);
    assert_true(mapping_has_flag(view.data, " dd"));
    assert_int_equal(mapping_has_flag(view.data + SECRET_SIZE_MAX - 1, " lo"), CAN_LOCK);
    assert_true(mapping_has_flag(view.data + SECRET_SIZE_MAX - 1, " dd"));
}

static bool sees_no_passphrase(void *data) {
    View *view = data;
    return !memmem(view->data, view->size, passphrase, strlen(passphrase));
}

static void test_s24_a_child_sees_nothing(void **state) {
    (void) state;
    Secret *CLEANUP(secret_freep) secret = example();
    View view = secret_view(secret);
    assert_true(holds_in_child(sees_no_passphrase, &view));
    assert_memory_equal(secret_view(secret).data, passphrase, strlen(passphrase));
}

static void test_s24_free_wipes_before_it_unmaps(void **state) {
    (void) state;
    Secret *secret = example();
    watching = true, wiped = false;
    secret = secret_free(secret);
    watching = false;
    assert_null(secret);
    assert_true(wiped);
}

static void test_free_accepts_nothing(void **state) {
    (void) state;
    assert_null(secret_free(NULL));
    secret_wipe(NULL, 10);
    secret_wipe_string(NULL);
}

static void test_an_empty_secret_is_a_secret(void **state) {
    (void) state;
    Secret *CLEANUP(secret_freep) secret = NULL;
    assert_int_equal(secret_new(NULL, 0, &secret), 0);
    assert_int_equal(secret_view(secret).size, 0);
}

static void test_the_secret_is_a_copy(void **state) {
    (void) state;
    char source[] = "correct horse";
    Secret *CLEANUP(secret_freep) secret = NULL;
    assert_int_equal(secret_new(source, strlen(source), &secret), 0);
    secret_wipe_string(source);
    static const char zeros[sizeof source];
    assert_memory_equal(source, zeros, sizeof source);
    assert_memory_equal(secret_view(secret).data, passphrase, strlen(passphrase));
}

static bool hardened_process_leaves_no_core(void *data) {
    (void) data;
    struct rlimit core = {1, 1};
    return secret_harden_process() == 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0;
}

static void test_s24_a_hardened_process_leaves_no_core(void **state) {
    (void) state;
    assert_true(holds_in_child(hardened_process_leaves_no_core, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_rejects_what_is_too_large),
        cmocka_unit_test(test_a_memory_lock_limit_of_zero_keeps_nobody_out),
        cmocka_unit_test(test_s24_pages_are_locked_and_left_out_of_core_dumps),
        cmocka_unit_test(test_s24_a_child_sees_nothing),
        cmocka_unit_test(test_s24_free_wipes_before_it_unmaps),
        cmocka_unit_test(test_free_accepts_nothing),
        cmocka_unit_test(test_an_empty_secret_is_a_secret),
        cmocka_unit_test(test_the_secret_is_a_copy),
        cmocka_unit_test(test_s24_a_hardened_process_leaves_no_core),
    };
    return cmocka_run_group_tests_name("common/secret", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of SECURITY 18 and 24: each allocation and system call of a sign-in fails in turn, those of sd-bus, libpam and
 * libsodium included, and nobody gets in who should not, nothing crashes, and no descriptor, child or passphrase is
 * left behind. With the argument "all" every call fails, otherwise a fixed sample of them. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"
#include "tests/client/bus.h"
#include "tests/pam_ovcert/script.h"
#include "tests/pam_ovcert/scripted_service.h"
#include "tests/pam_ovcert/stack.h"
#include "tests/support/faults.h"

#define SAMPLE_STEP 5u /* a prime, so that loops of calls are met at different places */
#define KINDS ((unsigned) FAULT_MEMORY | FAULT_SOCKETS | FAULT_FILES | FAULT_PROCESS)

static struct {
    const char *module, *helper;
    TestBus bus;
    pid_t service;
    bool all;
} world;

static int setup(void **state) {
    (void) state;
    world.bus = test_bus_start();
    world.service = test_service_start(&world.bus, scripted_service);
    return 0;
}

static int teardown(void **state) {
    (void) state;
    test_child_end(world.service);
    test_bus_end(&world.bus);
    return 0;
}

/* Without these calls there is no way to tell whose child it is, or that it has ended: it is let go. */
static bool lets_a_child_go(const char *function) {
    static const char *const functions[] = {"poll", "syscall", "waitid"};

    for (size_t i = 0; i < ELEMENTSOF(functions); i++)
        if (strcmp(function, functions[i]) == 0)
            return true;
    return false;
}

static bool is_of_the_test(pid_t child) {
    return child == world.service || child == world.bus.pid;
}

/* Ends what was let go, so that it is not taken for what the next call leaves behind. */
static void expect_no_child(const char *what) {
    FILE *children = fopen("/proc/thread-self/children", "re");
    int child = 0;

    assert_non_null(children);
    while (fscanf(children, "%d", &child) == 1) {
        if (is_of_the_test(child))
            continue;
        if (!lets_a_child_go(faults_get()->function))
            fail_msg("%s: a child was left behind", what);
        (void) kill(child, SIGKILL); /* it is ours, so the number is not another's */
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    assert_int_equal(fclose(children), 0);
}

/* What both sign-in and renewal must leave as it was, and the call that failed. */
static void expect_nothing_left(size_t descriptors, unsigned failing) {
    const Faults *faults = faults_get();
    char what[64];

    (void) snprintf(what, sizeof what, "call %u (%s) fails", failing, faults->function);
    if (faults->leaked)
        fail_msg("%s: the passphrase is in freed memory", what);
    if (stack_count_descriptors() != descriptors)
        fail_msg("%s: %zu descriptors in place of %zu", what, stack_count_descriptors(), descriptors);
    expect_no_child(what);
}

static void arm(unsigned failing) {
    Faults *faults = faults_get();

    memcpy(faults->secret, SCRIPT_PASSPHRASE, sizeof SCRIPT_PASSPHRASE);
    faults_arm(KINDS, EIO, failing);
}

static int sign_in(Stack *stack, const char *tty, unsigned failing) {
    static const char *const answers[] = {SCRIPT_PASSPHRASE, NULL};
    stack_begin(stack, stack_own_name(), tty);
    arm(failing);
    int code = stack_authenticate(stack, answers);
    faults_disarm();
    return code;
}

/* A fault that something optional took does not change the code. Not the other way round: libpam's audit may fail when
 * the module is done already. */
static void expect_code(Stack *stack, int code, int right, unsigned failing) {
    const char *function = faults_get()->function;
    bool remembered = pam_acct_mgmt(stack->pam, 0) == PAM_SUCCESS;

    if (code == PAM_IGNORE || (code == PAM_SUCCESS && right != PAM_SUCCESS))
        fail_msg("call %u (%s) fails: code %d", failing, function, code);
    if (remembered ? right != PAM_SUCCESS : code == PAM_SUCCESS)
        fail_msg("call %u (%s) fails: code %d, account %s it", failing, function, code,
                 remembered ? "accepts" : "refuses");
}

static unsigned next_of(unsigned failing) {
    return failing + (world.all ? 1 : SAMPLE_STEP);
}

/* Fails call after call until none is left to fail. */
static void each_call_fails_in_turn(const char *part, const char *options, const char *tty, int right) {
    Stack *stack = stack_new_scripted(world.module, world.bus.address, world.helper, part, options);
    assert_int_equal(sign_in(stack, tty, 0), right);
    size_t descriptors = stack_count_descriptors();
    unsigned failing = 1;
    for (bool failed = true; failed && failing < FAULTS_MAX; failing = next_of(failing)) {
        int code = sign_in(stack, tty, failing);
        failed = faults_get()->failed;
        expect_code(stack, code, right, failing);
        expect_nothing_left(descriptors, failing);
    }
    assert_true(failing > 400 && failing < FAULTS_MAX);
    stack_free(stack);
}

static void test_s18_no_fault_lets_a_refused_certificate_in(void **state) {
    (void) state;
    each_call_fails_in_turn("one", "nodelay", "Finish:CertificateRefused", PAM_AUTH_ERR);
}

static void test_s18_no_fault_is_ignored_on_the_way_of_a_good_one(void **state) {
    (void) state;
    each_call_fails_in_turn("one", "nodelay", NULL, PAM_SUCCESS);
}

static void test_s18_no_fault_lets_in_who_is_waited_for_and_refused(void **state) {
    (void) state;
    each_call_fails_in_turn("card-late", "nodelay wait=5", "Finish:CertificateRefused", PAM_AUTH_ERR);
}

/* auth whole, then account with one call failing. */
static int renew(Stack *stack, unsigned failing) {
    static const char *const answers[] = {SCRIPT_PASSPHRASE, "y", SCRIPT_PASSPHRASE, "y", NULL};
    stack_begin(stack, stack_own_name(), "Finish:CertificateExpired");
    if (stack_authenticate(stack, answers) != PAM_CRED_EXPIRED)
        fail_msg("auth did not end as it should");
    arm(failing);
    int code = pam_acct_mgmt(stack->pam, 0);
    faults_disarm();
    return code;
}

static void test_s18_no_fault_of_the_renewal_leaves_anything_behind(void **state) {
    (void) state;
    Stack *stack = stack_new_scripted(world.module, world.bus.address, world.helper, "one", "renew=ovcert-test");
    (void) renew(stack, 0); /* libc and libpam open what they keep */
    size_t descriptors = stack_count_descriptors();
    unsigned failing = 1;
    for (bool failed = true; failed && failing < FAULTS_MAX; failing = next_of(failing)) {
        (void) renew(stack, failing); /* the sign-in goes on, or libpam itself is out of memory */
        failed = faults_get()->failed;
        expect_nothing_left(descriptors, failing);
    }
    assert_true(failing < FAULTS_MAX && (geteuid() != 0 || failing > 400));
    stack_free(stack);
}

int main(int argc, char *argv[]) {
    if (argc != 3 && argc != 4)
        return 2;
    world.module = argv[1];
    world.helper = argv[2];
    world.all = argc == 4 && strcmp(argv[3], "all") == 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_s18_no_fault_lets_a_refused_certificate_in, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s18_no_fault_is_ignored_on_the_way_of_a_good_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s18_no_fault_lets_in_who_is_waited_for_and_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s18_no_fault_of_the_renewal_leaves_anything_behind, setup, teardown),
    };
    return cmocka_run_group_tests_name("pam_ovcert/faults", tests, NULL, NULL);
}

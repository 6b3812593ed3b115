/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of pam_ovcert/renewal and account: whatever goes wrong in the conversation, the sign-in goes on and nobody is
 * told that something was renewed. Only root's module holds it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/error.h"
#include "common/macros.h"
#include "tests/client/bus.h"
#include "tests/pam_ovcert/script.h"
#include "tests/pam_ovcert/scripted_service.h"
#include "tests/pam_ovcert/stack.h"

#define ANSWERS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
#define EXPIRED "Finish:CertificateExpired "
#define ALL_YES ANSWERS(SCRIPT_PASSPHRASE, "y", SCRIPT_PASSPHRASE, "y")

static const char renewed[] = "Your certificate is renewed";
static const char not_renewed[] = "Your certificate has expired and was not renewed here.";

static struct {
    const char *module, *helper;
    TestBus bus;
    pid_t service;
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

static Stack *stack_of(const char *part, const char *options) {
    return stack_new_scripted(world.module, world.bus.address, world.helper, part, options);
}

/* auth ends with an expired certificate; then account. */
static int account_after(Stack *stack, const char *script, const char *const *answers) {
    stack_begin(stack, stack_own_name(), script);
    assert_int_equal(stack_authenticate(stack, answers), PAM_CRED_EXPIRED);
    return pam_acct_mgmt(stack->pam, 0);
}

static bool was_shown(const Stack *stack, const char *text) {
    return strstr(stack->shown, text) != NULL;
}

/* Let in, told, and nothing renewed; nothing of the kind for who is not root. */
static void assert_goes_on(Stack *stack, const char *script, const char *const *answers) {
    int code = account_after(stack, script, answers);
    if (geteuid() != 0) {
        assert_false(was_shown(stack, "renew it now"));
        return;
    }
    if (code != PAM_SUCCESS || !was_shown(stack, not_renewed) || was_shown(stack, renewed))
        fail_msg("%s: code %d, shown:\n%s", script, code, stack->shown);
}

static void test_a_service_that_is_not_named_is_not_asked(void **state) {
    (void) state;
    static const char *const options[] = {"", "renew=login", "renew=ovcert-test-2,ovcert"};
    for (size_t i = 0; i < ELEMENTSOF(options); i++) {
        Stack *stack = stack_of("one", options[i]);
        assert_int_not_equal(account_after(stack, EXPIRED, ALL_YES), PAM_SUCCESS); /* ignored, and alone in the stack */
        assert_int_equal(stack->next, 1);
        assert_false(was_shown(stack, "renew it now"));
        stack_free(stack);
    }
}

static void test_only_who_has_proven_an_expired_certificate_is_asked(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "renew=ovcert-test");
    static const char *const scripts[] = {"Finish:CertificateRefused", "Begin:NoCertificate",
                                          "Finish:SignatureInvalid"};
    for (size_t i = 0; i < ELEMENTSOF(scripts); i++) {
        stack_begin(stack, stack_own_name(), scripts[i]);
        assert_int_not_equal(stack_authenticate(stack, ALL_YES), PAM_SUCCESS);
        assert_int_not_equal(pam_acct_mgmt(stack->pam, 0), PAM_SUCCESS);
        assert_false(was_shown(stack, "renew it now"));
    }
    stack_begin(stack, stack_own_name(), NULL);
    assert_int_not_equal(pam_acct_mgmt(stack->pam, 0), PAM_SUCCESS);
    assert_string_equal(stack->shown, "");
    stack_free(stack);
}

static void test_s18_every_error_of_every_call_lets_the_sign_in_go_on(void **state) {
    (void) state;
    static const char *const members[] = {"Describe", "CheckCertificate", "BeginProof", "Prove",
                                          "Unlink",   "Confirm",          "Assign"};
    Stack *stack = stack_of("one", "renew=ovcert-test nodelay");
    for (size_t m = 0; m < ELEMENTSOF(members); m++)
        for (int error = OVCERT_OK + 1; error < OVCERT_ERROR_COUNT_; error++) {
            char *CLEANUP(free_pointer) script = NULL;
            assert_true(asprintf(&script, EXPIRED "%s:%s", members[m],
                                 ovcert_error_name(error) + strlen(OVCERT_ERROR_PREFIX)) > 0);
            assert_goes_on(stack, script, ALL_YES);
        }
    stack_free(stack);
}

static void test_s41_a_profile_or_challenge_that_is_not_the_shown_one_is_left_alone(void **state) {
    (void) state;
    static const char *const scripts[] = {EXPIRED "Describe:unassigned", EXPIRED "Describe:other",
                                          EXPIRED "Describe:recycled",   EXPIRED "Describe:foreign",
                                          EXPIRED "Describe:plain",      EXPIRED "BeginProof:other",
                                          EXPIRED "BeginProof:recycled", EXPIRED "CheckCertificate:refused"};
    Stack *stack = stack_of("one", "renew=ovcert-test");
    for (size_t i = 0; i < ELEMENTSOF(scripts); i++)
        assert_goes_on(stack, scripts[i], ALL_YES);
    stack_free(stack);
}

static void test_whatever_is_not_yes_declines(void **state) {
    (void) state;
    static const char *const words[] = {"n", "", "no", "yess", "yn", "1", " y", "\xff"};
    Stack *stack = stack_of("one", "renew=ovcert-test");
    for (size_t i = 0; i < ELEMENTSOF(words); i++) {
        assert_goes_on(stack, EXPIRED, ANSWERS(SCRIPT_PASSPHRASE, words[i], SCRIPT_PASSPHRASE, "y"));
        assert_goes_on(stack, EXPIRED, ANSWERS(SCRIPT_PASSPHRASE, "y", SCRIPT_PASSPHRASE, words[i]));
    }
    assert_goes_on(stack, EXPIRED, ANSWERS(SCRIPT_PASSPHRASE, "y", "", "y"));
    assert_goes_on(stack, EXPIRED, ANSWERS(SCRIPT_PASSPHRASE, "y", "wrong", "y"));
    stack_free(stack);
}

static void test_a_conversation_that_breaks_off_anywhere_lets_the_sign_in_go_on(void **state) {
    (void) state;
    static const int codes[] = {PAM_CONV_ERR, PAM_ABORT, PAM_BUF_ERR, PAM_IGNORE, PAM_SUCCESS};
    for (size_t i = 0; i < ELEMENTSOF(codes); i++) {
        Stack *stack = stack_of("one", "renew=ovcert-test");
        stack->conv_code = codes[i];
        assert_goes_on(stack, EXPIRED, ANSWERS(SCRIPT_PASSPHRASE));
        assert_goes_on(stack, EXPIRED, ANSWERS(SCRIPT_PASSPHRASE, "y"));
        assert_goes_on(stack, EXPIRED, ANSWERS(SCRIPT_PASSPHRASE, "y", SCRIPT_PASSPHRASE));
        stack_free(stack);
    }
}

static void test_s19_a_daemon_that_hangs_at_the_swap_keeps_nobody_waiting(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "renew=ovcert-test");
    time_t begin = time(NULL);
    assert_goes_on(stack, EXPIRED "Confirm:silent", ALL_YES);
    assert_true(time(NULL) - begin <= 8);
    stack_free(stack);
}

static void test_nothing_to_renew_with_is_said(void **state) {
    (void) state;
    if (geteuid() != 0)
        return; /* nothing is said at all: see assert_goes_on() */
    Stack *stack = stack_of("card", "renew=ovcert-test");
    assert_goes_on(stack, EXPIRED, ALL_YES); /* the card shows the expired one alone */
    assert_true(was_shown(stack, "There is no certificate file or token with another certificate."));
    stack_free(stack);
}

static void test_the_whole_renewal(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "renew=login,ovcert-test");
    int code = account_after(stack, EXPIRED, ALL_YES);
    if (geteuid() == 0) {
        assert_int_equal(code, PAM_SUCCESS);
        const char *account = strstr(stack->shown, "question: ");
        assert_non_null(account);
        assert_string_equal(
            account,
            "question: Your certificate expired on 2023-11-14; renew it now? [y/n] \n"
            "secret: Passphrase of demo.p12 (empty: without certificate): \n"
            "info: Old certificate: EIDAS CERTIFICADO PRUEBAS, serial number 0a, valid until 2023-11-14\n"
            "info: New certificate: EIDAS CERTIFICADO PRUEBAS, serial number 0a, valid until 2023-11-14\n"
            "question: Unlink the old certificate and assign the new one? [y/n] \n"
            "info: Your certificate is renewed: from now on you sign in with the new one, valid until 2023-11-14.\n");
        assert_int_equal(pam_setcred(stack->pam, PAM_ESTABLISH_CRED) == PAM_SUCCESS, false); /* auth was no success */
    }
    stack_free(stack);
}

static void test_it_is_talked_about_once_in_a_transaction(void **state) {
    (void) state;
    static const char *const last[] = {"n", "y"};
    for (size_t i = 0; i < ELEMENTSOF(last); i++) {
        Stack *stack = stack_of("one", "renew=ovcert-test");
        (void) account_after(stack, EXPIRED, ANSWERS(SCRIPT_PASSPHRASE, "y", SCRIPT_PASSPHRASE, last[i]));
        size_t shown = strlen(stack->shown);
        (void) pam_acct_mgmt(stack->pam, 0); /* the code depends on whether it was renewed */
        assert_int_equal(strlen(stack->shown), shown);
        stack_free(stack);
    }
}

static void test_an_open_swap_of_the_users_own_is_gone_on_with(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "renew=ovcert-test");
    int code = account_after(stack, EXPIRED "Describe:open Unlink:Denied", ALL_YES);
    if (geteuid() == 0) {
        assert_int_equal(code, PAM_SUCCESS);
        assert_true(was_shown(stack, renewed));
    }
    stack_free(stack);
}

/* --- password=renew --- */

static int change(Stack *stack) {
    return pam_chauthtok(stack->pam, PAM_CHANGE_EXPIRED_AUTHTOK);
}

static void test_the_password_stack_holds_the_conversation_that_account_hands_over(void **state) {
    (void) state;
    static const struct { const char *last, *told; } ends[] = {{"y", renewed}, {"n", not_renewed}};
    for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
        Stack *stack = stack_of("one", "password=renew");
        int code = account_after(stack, EXPIRED, ANSWERS(SCRIPT_PASSPHRASE, "y", SCRIPT_PASSPHRASE, ends[i].last));
        assert_false(was_shown(stack, "renew it now"));
        if (geteuid() == 0) {
            assert_int_equal(code, PAM_NEW_AUTHTOK_REQD);
            assert_int_equal(change(stack), PAM_SUCCESS);
            assert_true(was_shown(stack, ends[i].told));
            assert_int_equal(pam_acct_mgmt(stack->pam, 0) == PAM_SUCCESS, i == 0); /* ignored, and alone in the stack */
        }
        size_t shown = strlen(stack->shown);
        assert_int_not_equal(change(stack), PAM_SUCCESS); /* as above: once in a transaction, and for root alone */
        assert_int_equal(strlen(stack->shown), shown);
        stack_free(stack);
    }
}

static void test_s18_every_error_in_the_password_stack_lets_the_sign_in_go_on(void **state) {
    (void) state;
    static const char *const scripts[] = {EXPIRED "Describe:Storage", EXPIRED "Describe:recycled",
                                          EXPIRED "Prove:SignatureInvalid", EXPIRED "Assign:CertificateRefused"};
    if (geteuid() != 0)
        return; /* see the test above */
    Stack *stack = stack_of("one", "password=renew");
    for (size_t i = 0; i < ELEMENTSOF(scripts); i++) {
        assert_int_equal(account_after(stack, scripts[i], ALL_YES), PAM_NEW_AUTHTOK_REQD);
        assert_int_equal(change(stack), PAM_SUCCESS);
        assert_true(was_shown(stack, not_renewed) && !was_shown(stack, renewed));
    }
    stack_free(stack);
}

static void test_a_change_of_password_is_as_ever(void **state) {
    (void) state;
    static const char *const options[] = {"", "password=renew", "renew=ovcert-test"};
    for (size_t i = 0; i < ELEMENTSOF(options); i++) {
        Stack *stack = stack_of("one", options[i]);
        stack_begin(stack, stack_own_name(), NULL);       /* nobody has signed in */
        assert_int_not_equal(change(stack), PAM_SUCCESS); /* ignored, and alone in the stack */
        assert_int_not_equal(change(stack), PAM_SERVICE_ERR);
        assert_string_equal(stack->shown, "");
        stack_free(stack);
    }
    Stack *stack = stack_of("one", "pasword=renew");
    stack_begin(stack, stack_own_name(), NULL);
    assert_int_equal(change(stack), PAM_SERVICE_ERR);
    stack_free(stack);
}

int main(int argc, char *argv[]) {
    if (argc != 3)
        return 2;
    world.module = argv[1];
    world.helper = argv[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_service_that_is_not_named_is_not_asked),
        cmocka_unit_test(test_only_who_has_proven_an_expired_certificate_is_asked),
        cmocka_unit_test(test_s18_every_error_of_every_call_lets_the_sign_in_go_on),
        cmocka_unit_test(test_s41_a_profile_or_challenge_that_is_not_the_shown_one_is_left_alone),
        cmocka_unit_test(test_whatever_is_not_yes_declines),
        cmocka_unit_test(test_a_conversation_that_breaks_off_anywhere_lets_the_sign_in_go_on),
        cmocka_unit_test(test_s19_a_daemon_that_hangs_at_the_swap_keeps_nobody_waiting),
        cmocka_unit_test(test_nothing_to_renew_with_is_said),
        cmocka_unit_test(test_the_whole_renewal),
        cmocka_unit_test(test_it_is_talked_about_once_in_a_transaction),
        cmocka_unit_test(test_an_open_swap_of_the_users_own_is_gone_on_with),
        cmocka_unit_test(test_the_password_stack_holds_the_conversation_that_account_hands_over),
        cmocka_unit_test(test_s18_every_error_in_the_password_stack_lets_the_sign_in_go_on),
        cmocka_unit_test(test_a_change_of_password_is_as_ever),
    };
    return cmocka_run_group_tests_name("pam_ovcert/renewal", tests, setup, teardown);
}

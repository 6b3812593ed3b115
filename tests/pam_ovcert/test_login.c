/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of pam_ovcert/login: every way in which a sign-in can end, through the real libpam and a real bus. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/error.h"
#include "common/macros.h"
#include "common/statement.h"
#include "tests/client/bus.h"
#include "tests/pam_ovcert/script.h"
#include "tests/pam_ovcert/scripted_service.h"
#include "tests/pam_ovcert/stack.h"

#define ANSWERS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static const char nothing_fits[] = "None of the certificates can be used to sign in.";

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

static int sign_in(Stack *stack, const char *tty, const char *const *answers) {
    stack_begin(stack, stack_own_name(), tty);
    return stack_authenticate(stack, answers);
}

static void assert_shown(const Stack *stack, const char *text) {
    if (!strstr(stack->shown, text))
        fail_msg("not shown: \"%s\"; shown:\n%s", text, stack->shown);
}

static void assert_nothing_asked(const Stack *stack) {
    assert_string_equal(stack->shown, "");
    assert_int_equal(stack->next, 0);
}

/* --- before anything is asked --- */

static void test_s19_an_absent_bus_is_unavailable_without_a_prompt(void **state) {
    (void) state;
    Stack *stack = stack_new_scripted(world.module, "unix:path=/nonexistent/bus", world.helper, "one", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
    assert_nothing_asked(stack);
    stack_free(stack);
}

static void test_s19_an_absent_daemon_is_unavailable_without_a_prompt(void **state) {
    (void) state;
    TestBus empty = test_bus_start();
    Stack *stack = stack_new_scripted(world.module, empty.address, world.helper, "one", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
    assert_nothing_asked(stack);
    stack_free(stack);
    test_bus_end(&empty);
}

static void test_a_missing_helper_is_unavailable_without_a_prompt(void **state) {
    (void) state;
    Stack *stack = stack_new_scripted(world.module, world.bus.address, "/nonexistent/helper", "one", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
    assert_nothing_asked(stack);
    stack_free(stack);
}

static void test_without_a_usable_file_nothing_is_asked(void **state) {
    (void) state;
    static const char *const parts[] = {"none", "broken", "refuses-listing"};
    for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
        Stack *stack = stack_of(parts[i], "debug");
        assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
        assert_nothing_asked(stack);
        stack_free(stack);
    }
}

static void test_an_unknown_option_refuses(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "debug no_such_option");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_SERVICE_ERR);
    assert_nothing_asked(stack);
    assert_int_equal(pam_acct_mgmt(stack->pam, 0), PAM_SERVICE_ERR);
    stack_free(stack);
}

static void test_s25_odd_user_names_are_unavailable_without_a_prompt(void **state) {
    (void) state;
    char *long_name = malloc(65537);
    assert_non_null(long_name);
    memset(long_name, 'a', 65536);
    long_name[65536] = '\0';
    const char *const names[] = {"",      "root\n", "a:b",     "../root",          "-r",     "1000", "\xff",
                                 " root", "root ",  "\x1b[2J", "\xe2\x80\xaetoor", long_name};
    Stack *stack = stack_of("one", "");
    for (size_t i = 0; i < ELEMENTSOF(names); i++) {
        stack_begin(stack, names[i], NULL);
        assert_int_equal(stack_authenticate(stack, ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
        assert_nothing_asked(stack);
    }
    stack_free(stack);
    free(long_name);
}

static void test_s23_an_unknown_user_looks_like_one_without_a_certificate(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "");
    stack_begin(stack, "no-such-user-here", "Hint:other");
    int unknown = stack_authenticate(stack, ANSWERS(SCRIPT_PASSPHRASE));
    char *CLEANUP(free_pointer) shown = strdup(stack->shown);
    assert_non_null(shown);
    assert_int_equal(unknown, PAM_AUTHINFO_UNAVAIL);
    /* Only root may ask for others at all; somebody else is turned away before that. */
    if (geteuid() == 0) {
        assert_int_equal(sign_in(stack, "Hint:other", ANSWERS(SCRIPT_PASSPHRASE)), unknown);
        assert_string_equal(stack->shown, shown);
    }
    stack_free(stack);
}

/* --- the prompts --- */

static void test_a_cancelled_conversation_has_the_code_of_the_host(void **state) {
    (void) state;
    static const struct {
        int says, code;
    } table[] = {{PAM_CONV_ERR, PAM_CONV_ERR}, {PAM_ABORT, PAM_ABORT},       {PAM_BUF_ERR, PAM_BUF_ERR},
                 {PAM_IGNORE, PAM_CONV_ERR},   {PAM_AUTH_ERR, PAM_CONV_ERR}, {PAM_CONV_AGAIN, PAM_CONV_ERR}};
    static const char *const parts[] = {"one", "two"};
    for (size_t p = 0; p < ELEMENTSOF(parts); p++)
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
            Stack *stack = stack_of(parts[p], "");
            stack->conv_code = table[i].says;
            assert_int_equal(sign_in(stack, NULL, ANSWERS()), table[i].code);
            stack_free(stack);
        }
}

/* libpam passes on what a host forgets to fill in. */
static void test_a_conversation_that_succeeds_without_an_answer_is_an_error(void **state) {
    (void) state;
    static const char *const parts[] = {"one", "two"};
    for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
        Stack *stack = stack_of(parts[i], "");
        stack->conv_code = PAM_SUCCESS;
        assert_int_equal(sign_in(stack, NULL, ANSWERS()), PAM_CONV_ERR);
        stack_free(stack);
    }
}

static void test_s18_a_user_renamed_at_the_prompt_does_not_get_in(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "");
    stack->item = PAM_USER;
    stack->to = "other";
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(pam_acct_mgmt(stack->pam, 0), PAM_PERM_DENIED);
    assert_int_equal(pam_set_item(stack->pam, PAM_USER, stack_own_name()), PAM_SUCCESS);
    assert_int_equal(pam_acct_mgmt(stack->pam, 0), PAM_PERM_DENIED);
    stack_free(stack);
}

static void test_a_terminal_renamed_at_the_prompt_changes_nothing(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "");
    stack->item = PAM_TTY;
    stack->to = "Begin:Denied Finish:Denied";
    assert_int_equal(sign_in(stack, "tty-of-the-beginning", ANSWERS(SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    stack_free(stack);
}

/* The stand-in of the daemon would follow the script otherwise. */
static void test_s25_a_terminal_that_is_no_text_is_left_out(void **state) {
    (void) state;
    char *long_name = malloc(STATEMENT_TEXT_MAX + 2);
    assert_non_null(long_name);
    memset(long_name, 'a', STATEMENT_TEXT_MAX + 1);
    memcpy(long_name, "Finish:Denied ", 14);
    long_name[STATEMENT_TEXT_MAX + 1] = '\0';
    const char *const names[] = {"Finish:Denied \n", "Finish:Denied \x1b[2J", "Finish:Denied \xff", long_name};
    Stack *stack = stack_of("one", "");
    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        assert_int_equal(sign_in(stack, names[i], ANSWERS(SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    stack_free(stack);
    free(long_name);
}

static void test_an_empty_passphrase_leaves_the_way_to_the_password_open(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS("")), PAM_AUTHINFO_UNAVAIL);
    assert_string_equal(stack->shown, "secret: Passphrase of demo.p12 (empty: without certificate): \n");
    assert_int_equal(stack->delay, 0);
    stack_free(stack);
}

static void test_s22_a_wrong_passphrase_has_one_try_and_a_delay(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS("wrong", SCRIPT_PASSPHRASE)), PAM_AUTH_ERR);
    assert_int_equal(stack->next, 1);
    assert_shown(stack, "error: The passphrase is wrong.\n");
    assert_in_range(stack->delay, 1000000, 3000000); /* two seconds, which libpam spreads */
    stack_free(stack);

    stack = stack_of("one", "nodelay");
    assert_int_equal(sign_in(stack, NULL, ANSWERS("wrong")), PAM_AUTH_ERR);
    assert_int_equal(stack->delay, 0);
    stack_free(stack);
}

static void test_a_passphrase_of_64_kib_is_wrong(void **state) {
    (void) state;
    char *CLEANUP(free_pointer) passphrase = calloc(1, 65537);
    assert_non_null(passphrase);
    memset(passphrase, 'a', 65536);
    Stack *stack = stack_of("one", "nodelay");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(passphrase)), PAM_AUTH_ERR);
    stack_free(stack);
}

static void test_a_file_that_cannot_be_used_is_named_and_unavailable(void **state) {
    (void) state;
    static const char *const parts[] = {"malformed", "iterations", "algorithm", "no-key", "not-regular", "internal"};
    for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
        Stack *stack = stack_of(parts[i], "");
        assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
        assert_shown(stack, "error: ");
        assert_int_equal(stack->delay, 0);
        stack_free(stack);
    }
}

static void test_of_several_files_one_is_chosen_and_tried(void **state) {
    (void) state;
    Stack *stack = stack_of("two", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS("2", SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    assert_string_equal(stack->shown,
                        "info: 1  other.p12\ninfo: 2  demo.p12\n"
                        "question: Number of the certificate file or token (1-2, empty: none): \n"
                        "secret: Passphrase of demo.p12 (empty: without certificate): \n");
    assert_int_equal(sign_in(stack, NULL, ANSWERS("1", SCRIPT_PASSPHRASE, SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(stack->next, 2); /* the other file is not tried with the same passphrase */
    assert_shown(stack, nothing_fits);
    stack_free(stack);
}

static void test_what_is_no_number_of_a_file_is_unavailable(void **state) {
    (void) state;
    static const char *const numbers[] = {"", "0", "3", "02", "-1", "+1", " 1", "1 ", "1x", "99999999999999999999"};
    Stack *stack = stack_of("two", "");
    for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
        assert_int_equal(sign_in(stack, NULL, ANSWERS(numbers[i], SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
        assert_int_equal(stack->next, 1);
    }
    stack_free(stack);
}

static void test_s23_a_user_without_an_account_never_gets_as_far_as_a_challenge(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "");
    stack_begin(stack, "no-such-user-here", NULL); /* the stand-in daemon would let anybody in */
    assert_int_equal(stack_authenticate(stack, ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
    stack_free(stack);
}

static void test_silent_keeps_the_list_that_a_question_is_about(void **state) {
    (void) state;
    Stack *stack = stack_of("two", "silent");
    assert_int_equal(sign_in(stack, NULL, ANSWERS("2", SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    assert_shown(stack, "info: 2  demo.p12\n");
    stack_free(stack);
}

static void test_s33_the_name_of_a_file_is_shown_escaped(void **state) {
    (void) state;
    Stack *stack = stack_of("odd-label", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS("")), PAM_AUTHINFO_UNAVAIL);
    assert_shown(stack, "Passphrase of a\\x0ab\\x1b.p12 (");
    stack_free(stack);
}

static void test_s22_use_first_pass_never_prompts_for_the_passphrase(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "use_first_pass");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
    assert_nothing_asked(stack);
    stack_free(stack);
}

static void test_s22_use_first_pass_tries_the_password_of_a_module_above_once(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "[token=" SCRIPT_PASSPHRASE "] use_first_pass");
    assert_int_equal(sign_in(stack, NULL, ANSWERS()), PAM_SUCCESS);
    assert_nothing_asked(stack);
    stack_free(stack);

    stack = stack_of("one", "token=wrong use_first_pass nodelay");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTH_ERR);
    assert_int_equal(stack->next, 0);
    stack_free(stack);
}

static void test_s22_the_password_of_a_module_above_is_no_passphrase_unasked(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "[token=" SCRIPT_PASSPHRASE "]");
    assert_int_equal(sign_in(stack, NULL, ANSWERS("")), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(stack->next, 1);
    stack_free(stack);
}

/* --- after the passphrase --- */

static void test_s23_what_does_not_fit_has_one_text_and_code(void **state) {
    (void) state;
    static const char *const scripts[] = {"Hint:other", "Begin:NoCertificate", "Begin:NotFound"};
    for (size_t i = 0; i < ELEMENTSOF(scripts); i++) {
        Stack *stack = stack_of("one", "");
        assert_int_equal(sign_in(stack, scripts[i], ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
        assert_string_equal(stack->shown,
                            "secret: Passphrase of demo.p12 (empty: without certificate): \n"
                            "error: None of the certificates can be used to sign in.\n");
        stack_free(stack);
    }
}

static void test_an_error_of_hint_does_not_change_the_prompt(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "");
    assert_int_equal(sign_in(stack, "Hint:AccountChanged", ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTH_ERR);
    assert_int_equal(stack->next, 1);
    assert_shown(stack, nothing_fits);
    stack_free(stack);
}

static bool is_told_to_who_proved(int error) {
    return error == OVCERT_ERROR_CERTIFICATE_EXPIRED || error == OVCERT_ERROR_CERTIFICATE_REFUSED;
}

static void test_s18_every_error_of_begin_and_finish_has_its_code(void **state) {
    (void) state;
    static const int codes[] = {
#define X(symbol, name, number, pam, text, advice) [OVCERT_ERROR_##symbol] = pam,
        OVCERT_ERRORS(X)
#undef X
    };
    static const char *const members[] = {"Begin", "Finish"};
    Stack *stack = stack_of("one", "");
    for (int error = OVCERT_OK + 1; error < OVCERT_ERROR_COUNT_; error++)
        for (size_t m = 0; m < ELEMENTSOF(members); m++) {
            char *CLEANUP(free_pointer) script = NULL;
            assert_true(asprintf(&script, "%s:%s", members[m], ovcert_error_name(error) + strlen(OVCERT_ERROR_PREFIX)) >
                        0);
            assert_int_equal(sign_in(stack, script, ANSWERS(SCRIPT_PASSPHRASE)), codes[error]);
            assert_shown(stack, "error: ");
            bool told = strstr(stack->shown, "the first reason") != NULL;
            assert_int_equal(told, m == 1 && is_told_to_who_proved(error));
            assert_int_equal(pam_acct_mgmt(stack->pam, 0) == PAM_SUCCESS, false);
        }
    stack_free(stack);
}

static void test_an_expired_certificate_is_told_with_reasons_and_the_way_out(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "");
    assert_int_equal(sign_in(stack, "Finish:CertificateExpired", ANSWERS(SCRIPT_PASSPHRASE)), PAM_CRED_EXPIRED);
    assert_shown(stack,
                 "error: The certificate has expired.\n"
                 "error:   the first reason\n"
                 "error:   the second reason\n"
                 "info: Sign in with your password, get a new certificate and run \"ovcertctl renew\".\n");
    stack_free(stack);
}

static void test_the_run_that_has_listed_opens_and_when_it_has_gone_nothing_does(void **state) {
    (void) state;
    Stack *stack = stack_of("one-run", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    stack_free(stack);
    stack = stack_of("ends-after-listing", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE, SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(stack->next, 1);
    stack_free(stack);
}

static void test_a_helper_that_fails_at_signing_is_unavailable(void **state) {
    (void) state;
    static const char *const parts[] = {"dies-signing", "refuses-signing"};
    for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
        Stack *stack = stack_of(parts[i], "");
        assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
        stack_free(stack);
    }
}

static void test_a_proven_certificate_signs_in_and_shows_nothing(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "debug");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    assert_string_equal(stack->shown, "secret: Passphrase of demo.p12 (empty: without certificate): \n");
    stack_free(stack);
}

static void test_silent_keeps_prompts_and_drops_messages(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "silent");
    assert_int_equal(sign_in(stack, "Finish:CertificateExpired", ANSWERS(SCRIPT_PASSPHRASE)), PAM_CRED_EXPIRED);
    assert_string_equal(stack->shown, "secret: Passphrase of demo.p12 (empty: without certificate): \n");
    stack_free(stack);
}

/* --- account and setcred --- */

static void test_account_and_setcred_ignore_who_came_in_another_way(void **state) {
    (void) state;
    /* libpam turns a stack of nothing but PAM_IGNORE into this code. */
    Stack *stack = stack_of("one", "");
    stack_begin(stack, stack_own_name(), NULL);
    assert_int_equal(pam_acct_mgmt(stack->pam, 0), PAM_PERM_DENIED);
    assert_int_equal(pam_setcred(stack->pam, PAM_ESTABLISH_CRED), PAM_PERM_DENIED);
    assert_int_equal(sign_in(stack, "Finish:CertificateExpired", ANSWERS(SCRIPT_PASSPHRASE)), PAM_CRED_EXPIRED);
    assert_int_equal(pam_acct_mgmt(stack->pam, 0), PAM_PERM_DENIED);
    stack_free(stack);
}

static void test_a_later_failure_takes_an_earlier_success_back(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "nodelay");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    assert_int_equal(stack_authenticate(stack, ANSWERS("wrong")), PAM_AUTH_ERR);
    assert_int_equal(pam_acct_mgmt(stack->pam, 0), PAM_PERM_DENIED);
    stack_free(stack);
}

static void test_a_success_does_not_speak_for_another_user(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    assert_int_equal(pam_set_item(stack->pam, PAM_USER, "other"), PAM_SUCCESS);
    assert_int_equal(pam_acct_mgmt(stack->pam, 0), PAM_PERM_DENIED);
    stack_free(stack);
}

static void test_account_and_setcred_follow_a_success(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    assert_int_equal(pam_setcred(stack->pam, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    assert_int_equal(pam_acct_mgmt(stack->pam, 0), PAM_SUCCESS);
    assert_null(strstr(stack->shown, "expires"));
    stack_free(stack);
}

static void test_account_warns_when_it_is_time_to_renew(void **state) {
    (void) state;
    Stack *stack = stack_of("one", "");
    assert_int_equal(sign_in(stack, "Finish:expiring", ANSWERS(SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    assert_int_equal(pam_acct_mgmt(stack->pam, 0), PAM_SUCCESS);
    assert_shown(stack, "info: Your certificate expires in 12 days. Get a new one, then run \"ovcertctl renew\".\n");
    assert_int_equal(sign_in(stack, "Finish:today", ANSWERS(SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    assert_int_equal(pam_acct_mgmt(stack->pam, 0), PAM_SUCCESS);
    assert_shown(stack, "info: Your certificate expires today.");
    assert_int_equal(sign_in(stack, "Finish:expiring", ANSWERS(SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    assert_int_equal(pam_acct_mgmt(stack->pam, PAM_SILENT), PAM_SUCCESS);
    assert_null(strstr(stack->shown, "expires"));
    stack_free(stack);
}

/* --- tokens --- */

static void test_a_token_that_shows_the_certificate_is_asked_for_its_pin_without_a_question(void **state) {
    (void) state;
    static const char *const parts[] = {"card", "card-and-file"};
    for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
        Stack *stack = stack_of(parts[i], "");
        assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_SUCCESS);
        assert_string_equal(stack->shown, "secret: PIN of CARD (empty: without certificate): \n");
        stack_free(stack);
    }
}

static void test_s22_no_pin_is_asked_for_a_token_that_shows_other_certificates(void **state) {
    (void) state;
    Stack *stack = stack_of("card-other", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(stack->next, 0);
    assert_string_equal(stack->shown, "error: None of the certificates can be used to sign in.\n");
    stack_free(stack);
    stack = stack_of("card", "");
    assert_int_equal(sign_in(stack, "Hint:other", ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(stack->next, 0);
    stack_free(stack);
    stack = stack_of("other-card-and-file", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    assert_string_equal(stack->shown, "secret: Passphrase of demo.p12 (empty: without certificate): \n");
    stack_free(stack);
}

static void test_a_token_that_hides_its_certificates_is_offered(void **state) {
    (void) state;
    Stack *stack = stack_of("card-hidden", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    assert_int_equal(sign_in(stack, NULL, ANSWERS("")), PAM_AUTHINFO_UNAVAIL);
    stack_free(stack);
}

static void test_s22_a_wrong_pin_has_one_try_and_a_delay(void **state) {
    (void) state;
    Stack *stack = stack_of("card", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS("0000", SCRIPT_PASSPHRASE)), PAM_AUTH_ERR);
    assert_int_equal(stack->next, 1);
    assert_shown(stack, "error: The PIN is wrong.\n");
    assert_true(stack->delay >= 1000000); /* libpam varies it by half */
    stack_free(stack);
}

static void test_s22_a_token_at_its_last_try_or_locked_is_told_and_not_asked(void **state) {
    (void) state;
    static const char *const table[][2] = {
        {"card-final", "one try left"}, {"card-locked", "is locked"}, {"card-change", "CARD: The PIN has to be set"}};
    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        Stack *stack = stack_of(table[i][0], "");
        assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
        assert_int_equal(stack->next, 0);
        assert_shown(stack, table[i][1]);
        stack_free(stack);
    }
}

static void test_a_token_with_few_tries_left_warns(void **state) {
    (void) state;
    Stack *stack = stack_of("card-low", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    assert_shown(stack, "info: A wrong PIN of CARD has been entered before");
    stack_free(stack);
}

static void test_a_pin_pad_is_pointed_at_and_nothing_is_asked(void **state) {
    (void) state;
    static const char *const options[] = {"", "silent", "[token=" SCRIPT_PASSPHRASE "] use_first_pass"};
    for (size_t i = 0; i < ELEMENTSOF(options); i++) {
        Stack *stack = stack_of("card-pad", options[i]);
        assert_int_equal(sign_in(stack, NULL, ANSWERS()), PAM_SUCCESS);
        assert_string_equal(stack->shown, "info: Enter the PIN on the reader.\n");
        stack_free(stack);
    }
}

static void test_a_card_is_waited_for_only_when_asked_to(void **state) {
    (void) state;
    Stack *stack = stack_of("card-late", "");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
    assert_nothing_asked(stack);
    stack_free(stack);
    stack = stack_of("card-late", "wait=5");
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    assert_string_equal(stack->shown, "info: Insert your card.\nsecret: PIN of CARD (empty: without certificate): \n");
    stack_free(stack);
    stack = stack_of("one", "wait=5"); /* with a file there is nothing to wait for */
    assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_SUCCESS);
    assert_null(strstr(stack->shown, "Insert"));
    stack_free(stack);
}

static void test_waiting_for_a_card_is_cancelled_by_ctrl_c_and_leaves_the_way_to_the_password_open(void **state) {
    (void) state;
    static void (*const dispositions[])(int) = {SIG_DFL, SIG_IGN}; /* as su(1) and as login(1) */
    Stack *stack = stack_of("card-interrupted", "wait=60");
    for (size_t i = 0; i < ELEMENTSOF(dispositions); i++) {
        sigset_t mask, pending;
        assert_ptr_not_equal(signal(SIGINT, dispositions[i]), SIG_ERR);
        size_t descriptors = stack_count_descriptors();
        assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), PAM_AUTHINFO_UNAVAIL);
        assert_string_equal(stack->shown, "info: Insert your card.\n");
        assert_true(sigprocmask(SIG_BLOCK, NULL, &mask) == 0 && sigismember(&mask, SIGINT) == 0);
        assert_true(sigpending(&pending) == 0 && sigismember(&pending, SIGINT) == 0);
        assert_int_equal(stack_count_descriptors(), descriptors);
    }
    assert_ptr_not_equal(signal(SIGINT, SIG_DFL), SIG_ERR);
    stack_free(stack);
}

static void test_s22_outcomes_of_a_token_have_their_codes(void **state) {
    (void) state;
    static const struct {
        const char *part;
        int code;
    } table[] = {{"wrong-pin", PAM_AUTH_ERR},
                 {"pin-locked", PAM_AUTHINFO_UNAVAIL},
                 {"pin-final-try", PAM_AUTHINFO_UNAVAIL},
                 {"pin-change", PAM_AUTHINFO_UNAVAIL},
                 {"cancelled", PAM_AUTHINFO_UNAVAIL},
                 {"token-removed", PAM_AUTHINFO_UNAVAIL},
                 {"no-match", PAM_AUTHINFO_UNAVAIL}};
    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        Stack *stack = stack_of(table[i].part, "");
        assert_int_equal(sign_in(stack, NULL, ANSWERS(SCRIPT_PASSPHRASE)), table[i].code);
        assert_shown(stack, "error: ");
        stack_free(stack);
    }
}

static void test_an_empty_user_name_stands_for_the_cards_user_when_root_wants_it(void **state) {
    (void) state;
    if (geteuid() != 0)
        return; /* others sign in themselves alone */
    static const struct {
        const char *part, *options, *script;
        int code;
    } table[] = {{"card", "card-user", NULL, PAM_SUCCESS},
                 {"card-late", "card-user wait=5", NULL, PAM_SUCCESS},
                 {"card", "", NULL, PAM_AUTHINFO_UNAVAIL},
                 {"none", "card-user", NULL, PAM_AUTHINFO_UNAVAIL},
                 {"card-hidden", "card-user", NULL, PAM_AUTHINFO_UNAVAIL},
                 {"card", "card-user", "FindByCertificate:NotFound", PAM_AUTHINFO_UNAVAIL},
                 {"card", "card-user", "FindByCertificate:Unavailable", PAM_AUTHINFO_UNAVAIL},
                 {"card", "card-user", "FindByCertificate:odd", PAM_AUTHINFO_UNAVAIL}};
    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        Stack *stack = stack_of(table[i].part, table[i].options);
        (void) sign_in(stack, table[i].script, ANSWERS("")); /* so that the service knows the script */
        stack_begin(stack, "", table[i].script);
        assert_int_equal(stack_authenticate(stack, ANSWERS(SCRIPT_PASSPHRASE)), table[i].code);
        stack_free(stack);
    }
}

int main(int argc, char *argv[]) {
    if (argc != 3)
        return 2;
    world.module = argv[1];
    world.helper = argv[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s19_an_absent_bus_is_unavailable_without_a_prompt),
        cmocka_unit_test(test_s19_an_absent_daemon_is_unavailable_without_a_prompt),
        cmocka_unit_test(test_a_missing_helper_is_unavailable_without_a_prompt),
        cmocka_unit_test(test_without_a_usable_file_nothing_is_asked),
        cmocka_unit_test(test_an_unknown_option_refuses),
        cmocka_unit_test(test_s25_odd_user_names_are_unavailable_without_a_prompt),
        cmocka_unit_test(test_s23_an_unknown_user_looks_like_one_without_a_certificate),
        cmocka_unit_test(test_a_cancelled_conversation_has_the_code_of_the_host),
        cmocka_unit_test(test_a_conversation_that_succeeds_without_an_answer_is_an_error),
        cmocka_unit_test(test_s18_a_user_renamed_at_the_prompt_does_not_get_in),
        cmocka_unit_test(test_a_terminal_renamed_at_the_prompt_changes_nothing),
        cmocka_unit_test(test_s25_a_terminal_that_is_no_text_is_left_out),
        cmocka_unit_test(test_an_empty_passphrase_leaves_the_way_to_the_password_open),
        cmocka_unit_test(test_s22_a_wrong_passphrase_has_one_try_and_a_delay),
        cmocka_unit_test(test_a_passphrase_of_64_kib_is_wrong),
        cmocka_unit_test(test_a_file_that_cannot_be_used_is_named_and_unavailable),
        cmocka_unit_test(test_of_several_files_one_is_chosen_and_tried),
        cmocka_unit_test(test_what_is_no_number_of_a_file_is_unavailable),
        cmocka_unit_test(test_s23_a_user_without_an_account_never_gets_as_far_as_a_challenge),
        cmocka_unit_test(test_silent_keeps_the_list_that_a_question_is_about),
        cmocka_unit_test(test_s33_the_name_of_a_file_is_shown_escaped),
        cmocka_unit_test(test_s22_use_first_pass_never_prompts_for_the_passphrase),
        cmocka_unit_test(test_s22_use_first_pass_tries_the_password_of_a_module_above_once),
        cmocka_unit_test(test_s22_the_password_of_a_module_above_is_no_passphrase_unasked),
        cmocka_unit_test(test_s23_what_does_not_fit_has_one_text_and_code),
        cmocka_unit_test(test_an_error_of_hint_does_not_change_the_prompt),
        cmocka_unit_test(test_s18_every_error_of_begin_and_finish_has_its_code),
        cmocka_unit_test(test_an_expired_certificate_is_told_with_reasons_and_the_way_out),
        cmocka_unit_test(test_the_run_that_has_listed_opens_and_when_it_has_gone_nothing_does),
        cmocka_unit_test(test_a_helper_that_fails_at_signing_is_unavailable),
        cmocka_unit_test(test_a_proven_certificate_signs_in_and_shows_nothing),
        cmocka_unit_test(test_silent_keeps_prompts_and_drops_messages),
        cmocka_unit_test(test_account_and_setcred_ignore_who_came_in_another_way),
        cmocka_unit_test(test_a_later_failure_takes_an_earlier_success_back),
        cmocka_unit_test(test_a_success_does_not_speak_for_another_user),
        cmocka_unit_test(test_account_and_setcred_follow_a_success),
        cmocka_unit_test(test_account_warns_when_it_is_time_to_renew),
        cmocka_unit_test(test_a_token_that_shows_the_certificate_is_asked_for_its_pin_without_a_question),
        cmocka_unit_test(test_s22_no_pin_is_asked_for_a_token_that_shows_other_certificates),
        cmocka_unit_test(test_a_token_that_hides_its_certificates_is_offered),
        cmocka_unit_test(test_s22_a_wrong_pin_has_one_try_and_a_delay),
        cmocka_unit_test(test_s22_a_token_at_its_last_try_or_locked_is_told_and_not_asked),
        cmocka_unit_test(test_a_token_with_few_tries_left_warns),
        cmocka_unit_test(test_a_pin_pad_is_pointed_at_and_nothing_is_asked),
        cmocka_unit_test(test_a_card_is_waited_for_only_when_asked_to),
        cmocka_unit_test(test_waiting_for_a_card_is_cancelled_by_ctrl_c_and_leaves_the_way_to_the_password_open),
        cmocka_unit_test(test_s22_outcomes_of_a_token_have_their_codes),
        cmocka_unit_test(test_an_empty_user_name_stands_for_the_cards_user_when_root_wants_it),
    };
    return cmocka_run_group_tests_name("pam_ovcert/login", tests, setup, teardown);
}

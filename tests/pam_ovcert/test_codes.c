/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of pam_ovcert/codes and budget: SECURITY 18, nothing that went wrong is a success, and 19, 5 s in all. */
#include "pam_ovcert/codes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <security/_pam_types.h>

#include "common/credential.h"
#include "common/error.h"
#include "pam_ovcert/budget.h"

static int is_refusal(int code) {
    return code == PAM_AUTH_ERR || code == PAM_AUTHINFO_UNAVAIL || code == PAM_CRED_EXPIRED || code == PAM_BUF_ERR;
}

static void test_s18_no_result_of_any_kind_is_success_or_ignore(void **state) {
    (void) state;
    for (int result = -4096; result <= 4096; result++) {
        assert_true(is_refusal(codes_of_login(result)));
        assert_true(is_refusal(codes_of_credential(result)));
    }
    assert_true(is_refusal(codes_of_login(INT32_MIN)) && is_refusal(codes_of_login(INT32_MAX)));
    assert_true(is_refusal(codes_of_credential(INT32_MIN)) && is_refusal(codes_of_credential(INT32_MAX)));
}

static void test_s18_faults_are_unavailable_or_out_of_memory(void **state) {
    (void) state;
    for (int fault = -4095; fault < 0; fault++) {
        int expected = fault == -ENOMEM ? PAM_BUF_ERR : PAM_AUTHINFO_UNAVAIL;
        assert_int_equal(codes_of_login(fault), expected);
        assert_int_equal(codes_of_credential(fault), expected);
    }
}

static void test_every_error_has_the_code_of_its_column(void **state) {
    (void) state;
#define X(symbol, name, number, pam, text, advice) assert_int_equal(codes_of_login(OVCERT_ERROR_##symbol), pam);
    OVCERT_ERRORS(X)
#undef X
}

/* DESIGN "PAM", the table of codes. */
static void test_the_cases_of_the_design_have_their_codes(void **state) {
    (void) state;
    assert_int_equal(codes_of_login(OVCERT_ERROR_UNAVAILABLE), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(codes_of_login(OVCERT_ERROR_NOT_FOUND), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(codes_of_login(OVCERT_ERROR_NO_CERTIFICATE), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(codes_of_login(OVCERT_ERROR_CERTIFICATE_REFUSED), PAM_AUTH_ERR);
    assert_int_equal(codes_of_login(OVCERT_ERROR_SIGNATURE_INVALID), PAM_AUTH_ERR);
    assert_int_equal(codes_of_login(OVCERT_ERROR_PROFILE_BLOCKED), PAM_AUTH_ERR);
    assert_int_equal(codes_of_login(OVCERT_ERROR_ACCOUNT_CHANGED), PAM_AUTH_ERR);
    assert_int_equal(codes_of_login(OVCERT_ERROR_CERTIFICATE_EXPIRED), PAM_CRED_EXPIRED);
}

static void test_only_a_wrong_secret_is_a_failed_authentication(void **state) {
    (void) state;
#define X(symbol, name, text)                                                                                          \
    assert_int_equal(codes_of_credential(CREDENTIAL_OUTCOME_##symbol),                                                 \
                     CREDENTIAL_OUTCOME_##symbol == CREDENTIAL_OUTCOME_WRONG_SECRET ||                                 \
                             CREDENTIAL_OUTCOME_##symbol == CREDENTIAL_OUTCOME_WRONG_PIN                               \
                         ? PAM_AUTH_ERR                                                                                \
                         : PAM_AUTHINFO_UNAVAIL);
    CREDENTIAL_OUTCOMES(X)
#undef X
}

static void test_s19_stretches_share_one_budget(void **state) {
    (void) state;
    Budget budget = {.left = BUDGET_BUS_MICROSECONDS};
    assert_int_equal(BUDGET_BUS_MICROSECONDS, 5000000);
    assert_int_equal(budget_start(&budget, 1000), 5001000);
    budget_stop(&budget, 3001000);
    assert_int_equal(budget_start(&budget, 60000000), 62000000); /* the prompt in between cost nothing */
    budget_stop(&budget, 61500000);
    assert_int_equal(budget.left, 500000);
}

static void test_s19_an_overdrawn_budget_leaves_no_time(void **state) {
    (void) state;
    Budget budget = {.left = 1000};
    (void) budget_start(&budget, 0); /* the deadline is of no interest here */
    budget_stop(&budget, 5000);
    assert_int_equal(budget_start(&budget, 7000), 7000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s18_no_result_of_any_kind_is_success_or_ignore),
        cmocka_unit_test(test_s18_faults_are_unavailable_or_out_of_memory),
        cmocka_unit_test(test_every_error_has_the_code_of_its_column),
        cmocka_unit_test(test_the_cases_of_the_design_have_their_codes),
        cmocka_unit_test(test_only_a_wrong_secret_is_a_failed_authentication),
        cmocka_unit_test(test_s19_stretches_share_one_budget),
        cmocka_unit_test(test_s19_an_overdrawn_budget_leaves_no_time),
    };
    return cmocka_run_group_tests_name("pam_ovcert/codes", tests, NULL, NULL);
}

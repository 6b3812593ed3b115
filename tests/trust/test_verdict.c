/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of trust/verdict: nothing is accepted once there is a reason, and every reason has its words. */
#include "trust/verdict.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"

static void test_a_verdict_with_a_reason_is_not_accepted(void **state) {
    CLEANUP(verdict_done) Verdict verdict = {0};

    (void) state;
    assert_true(verdict_accepted(&verdict));
    assert_int_equal(verdict_add(&verdict, VERDICT_EXPIRED, 0, NULL), 0);
    assert_false(verdict_accepted(&verdict));
}

static void test_only_is_false_without_reasons_and_with_others(void **state) {
    CLEANUP(verdict_done) Verdict verdict = {0};

    (void) state;
    assert_false(verdict_is_only(&verdict, VERDICT_EXPIRED));
    assert_int_equal(verdict_add(&verdict, VERDICT_EXPIRED, 0, ""), 0);
    assert_true(verdict_is_only(&verdict, VERDICT_EXPIRED));
    assert_int_equal(verdict_add(&verdict, VERDICT_REVOKED, 0, ""), 0);
    assert_false(verdict_is_only(&verdict, VERDICT_EXPIRED));
    assert_true(verdict_has(&verdict, VERDICT_REVOKED));
    assert_false(verdict_has(&verdict, VERDICT_UNTRUSTED));
}

static void test_a_reason_is_listed_once_for_each_depth(void **state) {
    CLEANUP(verdict_done) Verdict verdict = {0};

    (void) state;
    assert_int_equal(verdict_add(&verdict, VERDICT_EXPIRED, 0, "first"), 0);
    assert_int_equal(verdict_add(&verdict, VERDICT_EXPIRED, 0, "second"), 0);
    assert_int_equal(verdict_add(&verdict, VERDICT_EXPIRED, 1, "issuer"), 0);
    assert_int_equal(verdict.n_items, 2);
    assert_string_equal(verdict.items[0].detail, "first");
}

static void test_names_of_no_reason_are_refused(void **state) {
    (void) state;
    assert_int_equal(verdict_reason_from_name("accepted"), -EINVAL);
    assert_int_equal(verdict_reason_from_name(""), -EINVAL);
    assert_null(verdict_reason_name(VERDICT_REASON_COUNT_));
    assert_null(verdict_reason_text(VERDICT_REASON_COUNT_));
    assert_null(verdict_reason_advice(VERDICT_REASON_COUNT_));
}

static void test_every_reason_has_a_name_of_its_own_and_words(void **state) {
    (void) state;
    for (int reason = 0; reason < VERDICT_REASON_COUNT_; reason++) {
        assert_int_equal(verdict_reason_from_name(verdict_reason_name((VerdictReason) reason)), reason);
        assert_true(strlen(verdict_reason_text((VerdictReason) reason)) > 0);
        assert_true(strlen(verdict_reason_advice((VerdictReason) reason)) > 0);
    }
}

static void test_every_reason_says_what_is_wanted_whether_the_case_says_it_or_not(void **state) {
    CLEANUP(verdict_done) Verdict verdict = {0};

    (void) state;
    for (unsigned reason = 0; reason < VERDICT_REASON_COUNT_; reason++) {
        assert_int_equal(verdict_add(&verdict, (VerdictReason) reason, 0, NULL), 0);
        assert_int_equal(verdict_add_wanted(&verdict, (VerdictReason) reason, 1, NULL, ""), 0);
        assert_int_equal(verdict_add_wanted(&verdict, (VerdictReason) reason, 2, NULL, "this"), 0);
    }
    for (size_t i = 0; i < verdict.n_items; i++) {
        assert_true(strlen(verdict_wanted(&verdict.items[i])) > 0);
        assert_true(verdict.items[i].depth < 2 || strcmp(verdict_wanted(&verdict.items[i]), "this") == 0);
    }
}

static void test_the_summary_lists_every_reason_with_its_place(void **state) {
    CLEANUP(verdict_done) Verdict verdict = {0};
    CLEANUP(free_pointer) char *empty = verdict_summary(&verdict);
    CLEANUP(free_pointer) char *summary = NULL;

    (void) state;
    assert_string_equal(empty, "");
    assert_int_equal(verdict_add(&verdict, VERDICT_EXPIRED, 0, "ended yesterday"), 0);
    assert_int_equal(verdict_add(&verdict, VERDICT_REVOCATION_MISSING, 1, NULL), 0);
    summary = verdict_summary(&verdict);
    assert_string_equal(summary, "expired (certificate): ended yesterday\nrevocation-missing (issuer 1)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_verdict_with_a_reason_is_not_accepted),
        cmocka_unit_test(test_only_is_false_without_reasons_and_with_others),
        cmocka_unit_test(test_a_reason_is_listed_once_for_each_depth),
        cmocka_unit_test(test_names_of_no_reason_are_refused),
        cmocka_unit_test(test_every_reason_has_a_name_of_its_own_and_words),
        cmocka_unit_test(test_every_reason_says_what_is_wanted_whether_the_case_says_it_or_not),
        cmocka_unit_test(test_the_summary_lists_every_reason_with_its_place),
    };

    return cmocka_run_group_tests_name("trust/verdict", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of common/error: the table is whole, and nothing outside of it has a name. */
#include "common/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_unknown_values_have_nothing(void **state) {
    (void) state;
    static const int unknown[] = {OVCERT_OK, -1, OVCERT_ERROR_COUNT_, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < ELEMENTSOF(unknown); i++) {
        assert_null(ovcert_error_name(unknown[i]));
        assert_null(ovcert_error_text(unknown[i]));
        assert_null(ovcert_error_advice(unknown[i]));
        assert_int_equal(ovcert_error_errno(unknown[i]), 0);
    }
}

static void test_foreign_names_are_not_ours(void **state) {
    (void) state;
    static const char *const foreign[] = {"",
                                          "NotFound",
                                          "org.ovcert1.Error.",
                                          "org.ovcert1.Error.notfound",
                                          "org.ovcert1.Error.NotFoundX",
                                          "org.freedesktop.DBus.Error.AccessDenied"};
    assert_int_equal(ovcert_error_from_name(NULL), OVCERT_OK);
    for (size_t i = 0; i < ELEMENTSOF(foreign); i++)
        assert_int_equal(ovcert_error_from_name(foreign[i]), OVCERT_OK);
}

static void test_every_error_has_name_errno_text_and_advice(void **state) {
    (void) state;
    for (int error = OVCERT_OK + 1; error < OVCERT_ERROR_COUNT_; error++) {
        const char *name = ovcert_error_name(error);
        assert_non_null(name);
        assert_int_equal(strncmp(name, OVCERT_ERROR_PREFIX, strlen(OVCERT_ERROR_PREFIX)), 0);
        assert_int_equal(ovcert_error_from_name(name), error);
        assert_true(ovcert_error_errno(error) > 0);
        assert_true(ovcert_error_text(error)[0] != '\0');
        assert_true(ovcert_error_advice(error)[0] != '\0');
    }
}

static void test_errnos_and_texts_tell_the_errors_apart(void **state) {
    (void) state;
    for (int a = OVCERT_OK + 1; a < OVCERT_ERROR_COUNT_; a++)
        for (int b = a + 1; b < OVCERT_ERROR_COUNT_; b++) {
            assert_int_not_equal(ovcert_error_errno(a), ovcert_error_errno(b));
            assert_string_not_equal(ovcert_error_text(a), ovcert_error_text(b));
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_values_have_nothing),
        cmocka_unit_test(test_foreign_names_are_not_ours),
        cmocka_unit_test(test_every_error_has_name_errno_text_and_advice),
        cmocka_unit_test(test_errnos_and_texts_tell_the_errors_apart),
    };
    return cmocka_run_group_tests_name("common/error", tests, NULL, NULL);
}

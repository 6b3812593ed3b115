/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of pam_ovcert/options: what is not known is never overlooked. */
#include "pam_ovcert/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macros.h"

static void test_unknown_options_are_refused_and_named(void **state) {
    (void) state;
    static const char *const unknown[] = {"",        "Debug",   "debug=1",     "debug ",         "--debug",
                                          "silent,", "require", "renew=login", "try_first_pass", "use_first_pas"};
    for (size_t i = 0; i < ELEMENTSOF(unknown); i++) {
        const char *argv[] = {"debug", unknown[i], "silent"}, *named = NULL;
        Options options = {.use_first_pass = true};
        assert_int_equal(options_parse(3, argv, &options, &named), -EINVAL);
        assert_ptr_equal(named, unknown[i]);
        assert_true(options.use_first_pass && !options.debug); /* untouched */
    }
}

static void test_no_options_are_all_off(void **state) {
    (void) state;
    Options options = {true, true, true, true};
    const char *named = NULL;
    assert_int_equal(options_parse(0, NULL, &options, &named), 0);
    assert_false(options.debug || options.silent || options.no_delay || options.use_first_pass);
}

static void test_each_option_sets_its_own_field(void **state) {
    (void) state;
    static const struct {
        const char *name;
        size_t offset;
    } table[] = {
        {"debug", offsetof(Options, debug)},
        {"silent", offsetof(Options, silent)},
        {"nodelay", offsetof(Options, no_delay)},
        {"use_first_pass", offsetof(Options, use_first_pass)},
    };
    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        Options options;
        const char *named = NULL;
        assert_int_equal(options_parse(1, &table[i].name, &options, &named), 0);
        for (size_t k = 0; k < ELEMENTSOF(table); k++)
            assert_int_equal(*((const bool *) &options + table[k].offset), k == i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_options_are_refused_and_named),
        cmocka_unit_test(test_no_options_are_all_off),
        cmocka_unit_test(test_each_option_sets_its_own_field),
    };
    return cmocka_run_group_tests_name("pam_ovcert/options", tests, NULL, NULL);
}

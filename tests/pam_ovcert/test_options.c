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
    static const char *const unknown[] = {
        "",
        "Debug",
        "debug=1",
        "debug ",
        "--debug",
        "silent,",
        "try_first_pass",
        "renew",
        "renew=",
        "renew=,login",
        "renew=login,",
        "renew=a,,b",
        "require",
        "require=",
        "wait",
        "wait=",
        "wait=0",
        "wait=301",
        "wait=-1",
        "wait=1s",
        "wait= 1",
        "wait=99999999999999",
        "exempt-group",
        "exempt-group=",
        "card-user=yes",
        "use_first_pas",
        "password",
        "password=",
        "password=ask",
    };
    for (size_t i = 0; i < ELEMENTSOF(unknown); i++) {
        const char *argv[] = {"debug", unknown[i], "silent"}, *named = NULL;
        Options options = {.use_first_pass = true};
        assert_int_equal(module_options_parse(3, argv, &options, &named), -EINVAL);
        assert_ptr_equal(named, unknown[i]);
        assert_true(options.use_first_pass && !options.debug); /* untouched */
    }
}

static void test_no_options_are_all_off(void **state) {
    (void) state;
    Options options = {true, true, true, true, true, true, 1, "a", "b", "c"};
    const char *named = NULL;
    assert_int_equal(module_options_parse(0, NULL, &options, &named), 0);
    assert_false(options.debug || options.silent || options.no_delay || options.use_first_pass || options.card_user ||
                 options.password_renew);
    assert_int_equal(options.wait_seconds, 0);
    assert_true(!options.renew && !options.require && !options.exempt_group);
}

static void test_each_option_sets_its_own_field(void **state) {
    (void) state;
    static const struct {
        const char *name;
        size_t offset;
    } table[] = {
        {"debug", offsetof(Options, debug)},         {"silent", offsetof(Options, silent)},
        {"nodelay", offsetof(Options, no_delay)},    {"use_first_pass", offsetof(Options, use_first_pass)},
        {"card-user", offsetof(Options, card_user)},
    };
    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        Options options;
        const char *named = NULL;
        assert_int_equal(module_options_parse(1, &table[i].name, &options, &named), 0);
        for (size_t k = 0; k < ELEMENTSOF(table); k++)
            assert_int_equal(*((const bool *) &options + table[k].offset), k == i);
    }
}

static void test_values_are_read(void **state) {
    (void) state;
    const char *argv[] = {"renew=login,su", "require=gdm", "exempt-group=staff", "wait=300"}, *named = NULL;
    Options options;
    assert_int_equal(module_options_parse(4, argv, &options, &named), 0);
    assert_string_equal(options.renew, "login,su");
    assert_string_equal(options.require, "gdm");
    assert_string_equal(options.exempt_group, "staff");
    assert_int_equal(options.wait_seconds, 300);
}

static void test_a_rule_said_twice_is_refused(void **state) {
    (void) state;
    const char *argv[] = {"require=login", "require=su"}, *named = NULL;
    Options options;
    assert_int_equal(module_options_parse(2, argv, &options, &named), -EINVAL);
    assert_ptr_equal(named, argv[1]);
}

static void test_what_is_handed_over_is_not_ruled_here(void **state) {
    (void) state;
    static const char *const others[] = {"renew=su", "require=su"};
    const char *named = NULL;
    Options options;
    for (size_t i = 0; i < ELEMENTSOF(others); i++) {
        const char *argv[] = {"password=renew", others[i]}, *turned[] = {others[i], "password=renew"};
        assert_int_equal(module_options_parse(1, argv, &options, &named), 0);
        assert_true(options.password_renew);
        assert_int_equal(module_options_parse(2, argv, &options, &named), -EINVAL);
        assert_ptr_equal(named, argv[1]);
        assert_int_equal(module_options_parse(2, turned, &options, &named), -EINVAL);
        assert_ptr_equal(named, turned[1]);
    }
}

static void test_a_list_has_whole_names_alone(void **state) {
    (void) state;
    static const char *const missing[] = {"", "log", "logins", "su,gdm", ",", "sud", "u"};
    for (size_t i = 0; i < ELEMENTSOF(missing); i++)
        assert_false(options_list_has("login,su,gdm", missing[i]));
    assert_false(options_list_has(NULL, "login"));
    assert_true(options_list_has("login,su,gdm", "login"));
    assert_true(options_list_has("login,su,gdm", "su"));
    assert_true(options_list_has("login,su,gdm", "gdm"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_options_are_refused_and_named),
        cmocka_unit_test(test_no_options_are_all_off),
        cmocka_unit_test(test_each_option_sets_its_own_field),
        cmocka_unit_test(test_values_are_read),
        cmocka_unit_test(test_a_rule_said_twice_is_refused),
        cmocka_unit_test(test_what_is_handed_over_is_not_ruled_here),
        cmocka_unit_test(test_a_list_has_whole_names_alone),
    };
    return cmocka_run_group_tests_name("pam_ovcert/options", tests, NULL, NULL);
}

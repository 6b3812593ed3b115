/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the reader of PAM stacks, and of what it says that libpam would answer. */
#include "ovcertctl/pam_stack.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <security/pam_modules.h>

#include "tests/ovcertctl/pam_root.h"

static const char *root;

static int set_up(void **state) {
    (void) state;
    root = pam_root_new();
    return 0;
}

static int tear_down(void **state) {
    (void) state;
    pam_root_remove();
    return 0;
}

static Stack load(const char *service, StackType type) {
    Stack stack = {0};
    assert_int_equal(stack_load(root, service, type, &stack), 0);
    return stack;
}

/* Modules are called after what they return. */
static int by_name(const StackLine *line, void *userdata) {
    (void) userdata;
    static const struct {
        const char *name;
        int code;
    } known[] = {{"good", PAM_SUCCESS},  {"bad", PAM_AUTH_ERR},           {"unavail", PAM_AUTHINFO_UNAVAIL},
                 {"ignore", PAM_IGNORE}, {"missing", PAM_MODULE_UNKNOWN}, {"reqd", PAM_NEW_AUTHTOK_REQD}};
    for (size_t i = 0; i < ELEMENTSOF(known); i++)
        if (stack_line_is(line, known[i].name))
            return known[i].code;
    fail_msg("no such module: %s", line->module);
    return PAM_ABORT;
}

static int run(const char *text) {
    pam_root_write("service", text);
    CLEANUP(stack_done) Stack stack = load("service", STACK_AUTH);
    return stack_run(&stack, by_name, NULL, NULL);
}

static void test_a_service_without_a_file_is_not_found(void **state) {
    (void) state;
    Stack stack = {0};
    assert_int_equal(stack_load(root, "nosuch", STACK_AUTH, &stack), -ENOENT);
}

static void test_comments_blank_lines_and_other_types_are_left_out(void **state) {
    (void) state;
    pam_root_write("service", "# auth required a.so\n\n   \t\nauth required a.so # b.so\naccount required c.so\n");
    CLEANUP(stack_done) Stack stack = load("service", STACK_AUTH);
    assert_int_equal(stack.count, 1);
    assert_true(stack_line_is(&stack.lines[0], "a.so"));
    assert_int_equal(stack.lines[0].n_arguments, 0);
    assert_int_equal(stack.lines[0].number, 4);
}

static void test_a_backslash_at_the_end_goes_on_with_the_next_line(void **state) {
    (void) state;
    pam_root_write("service", "auth \\\n  [success=2 \\\n default=ignore] \\  \n a.so one \\\ntwo\nauth required b.so");
    CLEANUP(stack_done) Stack stack = load("service", STACK_AUTH);
    assert_int_equal(stack.count, 2);
    assert_int_equal(stack.lines[0].actions[PAM_SUCCESS], 2);
    assert_int_equal(stack.lines[0].actions[PAM_ABORT], STACK_IGNORE);
    assert_int_equal(stack.lines[0].n_arguments, 2);
    assert_string_equal(stack.lines[0].arguments[1], "two");
    assert_int_equal(stack.lines[0].number, 1);
    assert_int_equal(stack.lines[1].number, 6);
}

static void test_a_comment_ends_a_line_that_would_go_on(void **state) {
    (void) state;
    pam_root_write("service", "auth required a.so one # two \\\nauth required b.so\n");
    CLEANUP(stack_done) Stack stack = load("service", STACK_AUTH);
    assert_int_equal(stack.count, 2);
}

static void test_the_last_line_needs_no_end_and_a_backslash_there_no_next(void **state) {
    (void) state;
    pam_root_write("service", "auth required a.so \\");
    CLEANUP(stack_done) Stack stack = load("service", STACK_AUTH);
    assert_int_equal(stack.count, 1);
    assert_int_equal(stack.lines[0].n_arguments, 0);
}

static void test_brackets_keep_spaces_and_escaped_brackets_together(void **state) {
    (void) state;
    pam_root_write("service", "auth [success=ok default=bad] a.so [one two] [a\\]b] []\n");
    CLEANUP(stack_done) Stack stack = load("service", STACK_AUTH);
    assert_int_equal(stack.lines[0].n_arguments, 3);
    assert_string_equal(stack.lines[0].arguments[0], "one two");
    assert_string_equal(stack.lines[0].arguments[1], "a]b");
    assert_string_equal(stack.lines[0].arguments[2], "");
}

static void test_types_and_controls_are_read_in_any_case_and_a_minus_changes_nothing(void **state) {
    (void) state;
    pam_root_write("service", "-AUTH Required a.so\nAuth [Success=Done Default=Die] /lib/security/b.so\n");
    CLEANUP(stack_done) Stack stack = load("service", STACK_AUTH);
    assert_int_equal(stack.count, 2);
    assert_int_equal(stack.lines[0].actions[PAM_MODULE_UNKNOWN], STACK_BAD);
    assert_int_equal(stack.lines[1].actions[PAM_SUCCESS], STACK_DONE);
    assert_int_equal(stack.lines[1].actions[PAM_MODULE_UNKNOWN], STACK_DIE);
    assert_true(stack_line_is(&stack.lines[1], "b.so"));
}

static void test_a_code_that_no_pair_names_is_a_failure(void **state) {
    (void) state;
    pam_root_write("service", "auth [success=done auth_err=die] a.so\n");
    CLEANUP(stack_done) Stack stack = load("service", STACK_AUTH);
    assert_int_equal(stack.lines[0].actions[PAM_AUTHINFO_UNAVAIL], STACK_BAD);
}

static void test_what_libpam_does_not_understand_is_a_broken_line(void **state) {
    (void) state;
    static const char *const texts[] = {
        "auth\n",
        "auth required\n",
        "auth needed a.so\n",
        "auth [success] a.so\n",
        "auth [success=] a.so\n",
        "auth [nosuch=ok] a.so\n",
        "auth [success=12345] a.so\n",
        "auth [success=maybe default=ignore] a.so\n",
        "auth include\n",
        "@include\n",
        "auth include nosuch\n",
        "@include nosuch\n",
    };
    for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
        pam_root_write("service", texts[i]);
        CLEANUP(stack_done) Stack stack = load("service", STACK_AUTH);
        assert_int_equal(stack.count, 1);
        assert_non_null(stack.lines[0].broken);
        assert_int_equal(stack_run(&stack, by_name, NULL, NULL), PAM_PERM_DENIED);
    }
}

static void test_includes_bring_the_lines_of_their_type(void **state) {
    (void) state;
    pam_root_write("common", "auth required a.so\naccount required b.so\n");
    pam_root_write("service", "auth required first.so\n@include common\nauth include common\naccount include common\n");
    CLEANUP(stack_done) Stack auth = load("service", STACK_AUTH);
    assert_int_equal(auth.count, 3);
    assert_string_equal(auth.lines[1].file, "common");
    assert_string_equal(auth.lines[2].file, "common");
    CLEANUP(stack_done) Stack account = load("service", STACK_ACCOUNT);
    assert_int_equal(account.count, 2);
}

static void test_an_absolute_include_is_found_below_the_root(void **state) {
    (void) state;
    pam_root_write("other", "auth required a.so\n");
    pam_root_write("service", "@include /etc/pam.d/other\n");
    CLEANUP(stack_done) Stack stack = load("service", STACK_AUTH);
    assert_int_equal(stack.count, 1);
    assert_string_equal(stack.lines[0].file, "/etc/pam.d/other");
}

static void test_a_circle_of_includes_ends_in_a_broken_line(void **state) {
    (void) state;
    pam_root_write("a", "@include b\n");
    pam_root_write("b", "@include a\n");
    CLEANUP(stack_done) Stack stack = load("a", STACK_AUTH);
    assert_int_equal(stack.count, 1);
    assert_non_null(stack.lines[0].broken);
}

static void test_includes_that_multiply_end_at_the_limit_of_lines(void **state) {
    (void) state;
    pam_root_write("a", "@include b\n@include b\n@include b\n@include b\n");
    pam_root_write("b", "@include a\n@include a\n@include a\n@include a\n");
    Stack stack = {0};
    assert_int_equal(stack_load(root, "a", STACK_AUTH, &stack), -E2BIG);
}

static void test_the_words_decide_as_in_libpam(void **state) {
    (void) state;
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        {"", PAM_PERM_DENIED},
        {"auth required good\n", PAM_SUCCESS},
        {"auth required bad\nauth required good\n", PAM_AUTH_ERR},
        {"auth requisite bad\nauth sufficient good\n", PAM_AUTH_ERR},
        {"auth sufficient good\nauth required bad\n", PAM_SUCCESS},
        {"auth sufficient bad\nauth required good\n", PAM_SUCCESS},
        {"auth required bad\nauth sufficient good\n", PAM_AUTH_ERR},
        {"auth optional bad\n", PAM_PERM_DENIED},
        {"auth optional good\n", PAM_SUCCESS},
        {"auth required ignore\n", PAM_PERM_DENIED},
        {"auth required missing\nauth required good\n", PAM_MODULE_UNKNOWN},
        {"auth required reqd\n", PAM_NEW_AUTHTOK_REQD},
        {"auth [default=reset] bad\nauth required good\n", PAM_SUCCESS},
        {"auth required bad\nauth [default=reset] good\nauth required good\n", PAM_SUCCESS},
        {"auth [ignore=bad] ignore\n", PAM_PERM_DENIED},
    };
    for (size_t i = 0; i < ELEMENTSOF(cases); i++)
        if (run(cases[i].text) != cases[i].code)
            fail_msg("%s: %d, not %d", cases[i].text, run(cases[i].text), cases[i].code);
}

static void test_jumps_skip_lines_and_past_the_end_they_fail(void **state) {
    (void) state;
    assert_int_equal(run("auth [success=1 default=ignore] good\nauth requisite bad\nauth required good\n"),
                     PAM_SUCCESS);
    assert_int_equal(run("auth [success=1 default=ignore] unavail\nauth requisite bad\nauth required good\n"),
                     PAM_AUTH_ERR);
    assert_int_equal(run("auth [success=1] good\nauth required bad\n"), PAM_PERM_DENIED); /* nothing said yes */
    assert_int_equal(run("auth required good\nauth [success=2] good\nauth required good\n"), PAM_PERM_DENIED);
}

static void test_a_substack_is_one_line_for_jumps_and_keeps_done_and_die_to_itself(void **state) {
    (void) state;
    pam_root_write("sub", "auth sufficient good\nauth required bad\n");
    assert_int_equal(run("auth substack sub\nauth required good\n"), PAM_SUCCESS);
    assert_int_equal(run("auth substack sub\nauth required bad\n"), PAM_AUTH_ERR);
    assert_int_equal(run("auth include sub\nauth required bad\n"), PAM_SUCCESS);
    pam_root_write("sub", "auth requisite bad\nauth required good\n");
    assert_int_equal(run("auth [success=1 default=ignore] good\nauth substack sub\nauth required good\n"), PAM_SUCCESS);
    assert_int_equal(run("auth substack sub\nauth required good\n"), PAM_AUTH_ERR);
    pam_root_write("sub", "auth required bad\nauth [default=reset] good\n");
    assert_int_equal(run("auth required good\nauth substack sub\n"), PAM_SUCCESS);
    pam_root_write("sub", "auth [success=2] good\nauth required good\n");
    assert_int_equal(run("auth substack sub\nauth required good\nauth required good\n"), PAM_PERM_DENIED);
}

static void test_it_tells_which_modules_were_asked(void **state) {
    (void) state;
    pam_root_write(
        "service",
        "auth [success=1 default=ignore] good\nauth requisite bad\nauth sufficient good\nauth required bad\n");
    CLEANUP(stack_done) Stack stack = load("service", STACK_AUTH);
    bool ran[4];
    assert_int_equal(stack_run(&stack, by_name, NULL, ran), PAM_SUCCESS);
    assert_true(ran[0] && !ran[1] && ran[2] && !ran[3]);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_a_service_without_a_file_is_not_found),
        TEST(test_comments_blank_lines_and_other_types_are_left_out),
        TEST(test_a_backslash_at_the_end_goes_on_with_the_next_line),
        TEST(test_a_comment_ends_a_line_that_would_go_on),
        TEST(test_the_last_line_needs_no_end_and_a_backslash_there_no_next),
        TEST(test_brackets_keep_spaces_and_escaped_brackets_together),
        TEST(test_types_and_controls_are_read_in_any_case_and_a_minus_changes_nothing),
        TEST(test_a_code_that_no_pair_names_is_a_failure),
        TEST(test_what_libpam_does_not_understand_is_a_broken_line),
        TEST(test_includes_bring_the_lines_of_their_type),
        TEST(test_an_absolute_include_is_found_below_the_root),
        TEST(test_a_circle_of_includes_ends_in_a_broken_line),
        TEST(test_includes_that_multiply_end_at_the_limit_of_lines),
        TEST(test_the_words_decide_as_in_libpam),
        TEST(test_jumps_skip_lines_and_past_the_end_they_fail),
        TEST(test_a_substack_is_one_line_for_jumps_and_keeps_done_and_die_to_itself),
        TEST(test_it_tells_which_modules_were_asked),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of ovcert-credential/arguments.h. */
#include "ovcert-credential/arguments.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"

#define MAX_WORDS 8

/* Splits words at '|' in place of a shell. */
static int parse(const char *line, Arguments *ret) {
    char copy[512];
    char *words[MAX_WORDS] = {NULL};
    int count = 0;

    assert_true(strlen(line) < sizeof copy);
    strcpy(copy, line);
    for (char *rest = copy, *word; (word = strsep(&rest, "|")) && count < MAX_WORDS;)
        words[count++] = word;
    *ret = (Arguments){0};
    int r = arguments_parse(count, words, ret);
    /* The strings are not looked at after this but in the tests of what is accepted, which pass literals. */
    return r;
}

static void test_refuses_every_other_form(void **state) {
    static const char *const lines[] = {
        "helper",
        "helper|",
        "helper|0",
        "helper|601",
        "helper|-1",
        "helper|+1",
        "helper| 1",
        "helper|01",
        "helper|1s",
        "helper|0x10",
        "helper|4294967297",
        "helper|99999999999999999999999999",
        "helper|10|1000",
        "helper|10|token",
        "helper|10|",
        "helper|tokens",
        "helper|10|tokens|demo",
        "helper|10|tokens|1000|demo|/home/demo",
        "helper|10|1000|1000",
        "helper|10|1000|1000|demo",
        "helper|10|1000|1000|demo|/home/demo|more",
        "helper|10||1000|demo|/home/demo",
        "helper|10|-1|1000|demo|/home/demo",
        "helper|10|4294967295|1000|demo|/home/demo",
        "helper|10|1000|4294967295|demo|/home/demo",
        "helper|10|1000|1000||/home/demo",
        "helper|10|1000|1000|de/mo|/home/demo",
        "helper|10|1000|1000|root\n|/home/demo",
        "helper|10|1000|1000|demo|",
        "helper|10|1000|1000|demo|home/demo",
        "--help",
    };
    Arguments arguments;

    (void) state;
    for (size_t i = 0; i < ELEMENTSOF(lines); i++)
        if (parse(lines[i], &arguments) != -EINVAL)
            fail_msg("accepted: %s", lines[i]);
}

static void test_reads_a_deadline_alone(void **state) {
    char *const words[] = {(char[]){"helper"}, (char[]){"600"}, NULL};
    Arguments arguments;

    (void) state;
    assert_int_equal(arguments_parse(2, words, &arguments), 0);
    assert_int_equal(arguments.deadline, ARGUMENTS_DEADLINE_MAX);
    assert_false(arguments.for_user);
    assert_false(arguments.tokens);
}

static void test_reads_tokens(void **state) {
    char *const words[] = {(char[]){"helper"}, (char[]){"30"}, (char[]){"tokens"}, NULL};
    Arguments arguments;

    (void) state;
    assert_int_equal(arguments_parse(3, words, &arguments), 0);
    assert_int_equal(arguments.deadline, 30);
    assert_true(arguments.tokens);
    assert_false(arguments.for_user);
}

static void test_reads_a_user(void **state) {
    char *const words[] = {
        (char[]){"helper"},     (char[]){"1"}, (char[]){"4294967294"}, (char[]){"0"}, (char[]){"demo"},
        (char[]){"/home/demo"}, NULL};
    Arguments arguments;

    (void) state;
    assert_int_equal(arguments_parse(6, words, &arguments), 0);
    assert_int_equal(arguments.deadline, 1);
    assert_true(arguments.for_user);
    assert_int_equal(arguments.uid, UINT32_MAX - 1);
    assert_int_equal(arguments.gid, 0);
    assert_string_equal(arguments.user, "demo");
    assert_string_equal(arguments.home, "/home/demo");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_every_other_form),
        cmocka_unit_test(test_reads_a_deadline_alone),
        cmocka_unit_test(test_reads_tokens),
        cmocka_unit_test(test_reads_a_user),
    };
    return cmocka_run_group_tests_name("credential: arguments", tests, NULL, NULL);
}

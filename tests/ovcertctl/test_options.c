/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of ovcertctl/options: half of a wrong command line is never taken for a right one. */
#include "ovcertctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"
#include "ovcertctl/exit_status.h"

/* Parses the words behind the program's name; the Options borrow from static words. */
static int parse(Options *options, const char *const *words) {
    char *argv[24] = {strdup("ovcertctl")};
    int argc = 1;
    for (; words[argc - 1]; argc++)
        argv[argc] = strdup(words[argc - 1]);
    optind = 0; /* getopt_long(3): start anew */
    int r = options_parse(argc, argv, options);
    options->operands = NULL; /* they go away with argv; their number stays */
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return r;
}

#define PARSE(options, ...) parse(options, (const char *const[]){__VA_ARGS__, NULL})

static void test_unknown_option_is_a_usage_error(void **state) {
    (void) state;
    Options options = {0};
    assert_int_equal(PARSE(&options, "status", "--no-such-option"), EXIT_USAGE);
    assert_int_equal(PARSE(&options, "-Z"), EXIT_USAGE);
}

static void test_missing_or_superfluous_argument_is_a_usage_error(void **state) {
    (void) state;
    Options options = {0};
    assert_int_equal(PARSE(&options, "status", "--user"), EXIT_USAGE);
    assert_int_equal(PARSE(&options, "status", "--quiet=yes"), EXIT_USAGE);
}

static void test_bad_value_is_a_usage_error(void **state) {
    (void) state;
    static const char *const bad[] = {
        "--json=xml", "--json=", "--uid=-1", "--uid=1x", "--uid=4294967295", "--uid=", "--uid=99999999999999999999",
        "--lines=0",  "-n+1",    "-n 1"};
    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        Options options = {0};
        assert_int_equal(PARSE(&options, "log", bad[i]), EXIT_USAGE);
    }
}

static void test_options_are_known_wherever_they_stand(void **state) {
    (void) state;
    Options options = {0};
    assert_int_equal(PARSE(&options, "--json=short", "status", "demo", "-q", "--uid=4294967294"), 0);
    assert_int_equal(options.format, OUTPUT_JSON_SHORT);
    assert_true(options_has(&options, OPTION_QUIET));
    assert_false(options_has(&options, OPTION_YES));
    assert_int_equal(options.uid, 4294967294u);
    assert_int_equal(options.n_operands, 2);
}

static void test_json_takes_no_word_for_its_own_that_is_not_attached(void **state) {
    (void) state;
    Options options = {0};
    assert_int_equal(PARSE(&options, "--json", "status", "demo"), 0);
    assert_int_equal(options.format, isatty(STDOUT_FILENO) ? OUTPUT_JSON_PRETTY : OUTPUT_JSON_SHORT);
    assert_int_equal(options.n_operands, 2);
    assert_int_equal(PARSE(&options, "verify", "--json", "--ca", "root.pem"), 0);
    assert_true(options_has(&options, OPTION_CA));
    assert_int_equal(PARSE(&options, "--json=pretty", "status"), 0);
    assert_int_equal(options.format, OUTPUT_JSON_PRETTY);
}

static void test_numbers_have_digits_and_a_limit(void **state) {
    (void) state;
    uint64_t number = 7;
    assert_int_equal(options_number("", 9, &number), -EINVAL);
    assert_int_equal(options_number("10", 9, &number), -EINVAL);
    assert_int_equal(options_number("4", 3, &number), -EINVAL);
    assert_int_equal(options_number("0x1", 99, &number), -EINVAL);
    assert_int_equal(options_number("18446744073709551616", UINT64_MAX, &number), -EINVAL);
    assert_int_equal(number, 7);
    assert_int_equal(options_number("18446744073709551615", UINT64_MAX, &number), 0);
    assert_true(number == UINT64_MAX);
    assert_int_equal(options_number("3", 3, &number), 0);
    assert_int_equal(number, 3);
}

static void test_times_have_a_unit_and_a_limit(void **state) {
    (void) state;
    static const char *const bad[] = {"", "d", "30", "30 d", "-1d", "+1d", "1dd", "1m", "1D", "36501d", "99999999999d"};
    int64_t seconds = 7;
    for (size_t i = 0; i < ELEMENTSOF(bad); i++)
        assert_int_equal(options_time(bad[i], &seconds), -EINVAL);
    assert_int_equal(seconds, 7);
    assert_int_equal(options_time("0d", &seconds), 0);
    assert_int_equal(seconds, 0);
    assert_int_equal(options_time("12h", &seconds), 0);
    assert_int_equal(seconds, 43200);
    assert_int_equal(options_time("36500d", &seconds), 0);
    assert_true(seconds == INT64_C(36500) * 86400);
    assert_int_equal(options_time("8w", &seconds), 0);
    assert_int_equal(seconds, 8 * 7 * 86400);
}

static void test_moments_are_whole_and_have_a_limit(void **state) {
    (void) state;
    static const char *const bad[] = {
        "",     "@",          "@-1",           "@253402300800",     "now",
        "2026", "2026-13-01", "2026-01-31 12", "2026-01-31 12:00Z", "2026-01-31T12:00:00Zx"};
    int64_t seconds = 7;
    (void) setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1); /* cannot fail with such a name */
    for (size_t i = 0; i < ELEMENTSOF(bad); i++)
        assert_int_equal(options_moment(bad[i], &seconds), -EINVAL);
    assert_int_equal(seconds, 7);
    assert_int_equal(options_moment("@0", &seconds), 0);
    assert_int_equal(seconds, 0);
    assert_int_equal(options_moment("2026-01-31T12:00:00Z", &seconds), 0);
    assert_int_equal(seconds, 1769860800);
    assert_int_equal(options_moment("2026-01-31 13:00", &seconds), 0);
    assert_int_equal(seconds, 1769860800);
    assert_int_equal(options_moment("2026-07-31T14:00:00", &seconds), 0); /* in summer */
    assert_int_equal(seconds, 1785499200);
}

static void test_a_repeated_option_keeps_all_its_values(void **state) {
    (void) state;
    Options options = {0};
    size_t cursor = 0, count = 0;
    assert_int_equal(PARSE(&options, "verify", "--crl=a", "--ca=b", "--crl=c", "--quiet"), 0);
    assert_int_equal(options.n_uses, 3);
    while (options_next(&options, OPTION_CRL, &cursor))
        count++;
    assert_int_equal(count, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_option_is_a_usage_error),
        cmocka_unit_test(test_missing_or_superfluous_argument_is_a_usage_error),
        cmocka_unit_test(test_bad_value_is_a_usage_error),
        cmocka_unit_test(test_options_are_known_wherever_they_stand),
        cmocka_unit_test(test_times_have_a_unit_and_a_limit),
        cmocka_unit_test(test_json_takes_no_word_for_its_own_that_is_not_attached),
        cmocka_unit_test(test_numbers_have_digits_and_a_limit),
        cmocka_unit_test(test_moments_are_whole_and_have_a_limit),
        cmocka_unit_test(test_a_repeated_option_keeps_all_its_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

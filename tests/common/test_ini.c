/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader of ini files: what it refuses and with which line, then what it understands. */
#include "common/ini.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"

/* Writes "section|key|value;" for each assignment; refuses the key "bad". */
static int collect(void *data, const char *section, const char *key, const char *value, char **ret_what) {
    char **seen = data;
    char *more = NULL;
    if (strcmp(key, "bad") == 0) {
        *ret_what = strdup("bad key");
        return 7;
    }
    assert_true(asprintf(&more, "%s%s|%s|%s;", *seen, section, key, value) >= 0);
    free(*seen);
    *seen = more;
    return 0;
}

static int read_text(const char *text, size_t size, char **ret_seen, unsigned *ret_line) {
    CLEANUP(free_pointer) char *copy = malloc(size + 1);
    CLEANUP(free_pointer) char *what = NULL;
    assert_non_null(copy);
    memcpy(copy, text, size);
    copy[size] = '\0';
    *ret_seen = strdup("");
    int r = ini_read(copy, size, collect, ret_seen, ret_line, &what);
    assert_true(r <= 0 || what);
    return r;
}

static void refuses(const char *text, size_t size, int result, unsigned line) {
    CLEANUP(free_pointer) char *seen = NULL;
    unsigned at;
    assert_int_equal(read_text(text, size, &seen, &at), result);
    assert_int_equal(at, line);
}

static void understands(const char *text, const char *expected) {
    CLEANUP(free_pointer) char *seen = NULL;
    unsigned at;
    assert_int_equal(read_text(text, strlen(text), &seen, &at), 0);
    assert_string_equal(seen, expected);
}

static void test_what_is_no_line_of_an_ini_file_is_refused_with_its_number(void **state) {
    (void) state;
    static const char *const texts[] = {"\n\nfoo\n",   "# c\n\n[A\n", "\n\n[]\n",
                                        "\n\n[A] b\n", "a=1\n\n=5\n", "\n\n = 5"};
    for (size_t i = 0; i < ELEMENTSOF(texts); i++)
        refuses(texts[i], strlen(texts[i]), INI_MALFORMED, 3);
}

static void test_a_nul_or_a_line_that_is_not_utf8_is_refused(void **state) {
    (void) state;
    refuses("a=1\nb=\0c\n", 10, INI_MALFORMED, 2);
    refuses("a=1\nb=\xff\n", 8, INI_MALFORMED, 2);
}

static void test_the_callback_s_refusal_ends_the_reading_with_its_line(void **state) {
    (void) state;
    refuses("[A]\na=1\n  # c\nbad=1\nx\n", 23, 7, 4);
}

static void test_an_empty_file_assigns_nothing(void **state) {
    (void) state;
    understands("", "");
    understands("\n \n# comment\n; comment\n[Section]\n", "");
}

static void test_spaces_around_names_and_values_do_not_count(void **state) {
    (void) state;
    understands("a=1\n[ B ]\r\n\t key\t=  some value \r\nlast = x", "|a|1;B|key|some value;B|last|x;");
}

static void test_values_hold_anything_up_to_the_line_s_end(void **state) {
    (void) state;
    understands("[A]\npath=/a b/#c;d=e\nempty=\nsame=1\nsame=2\n", "A|path|/a b/#c;d=e;A|empty|;A|same|1;A|same|2;");
}

static void test_a_value_may_be_as_long_as_the_file(void **state) {
    (void) state;
    char text[3000] = "k=";
    memset(text + 2, 'v', sizeof text - 3);
    CLEANUP(free_pointer) char *seen = NULL;
    unsigned at;
    assert_int_equal(read_text(text, strlen(text), &seen, &at), 0);
    assert_int_equal(strlen(seen), strlen("|k|;") + sizeof text - 3);
}

/* --- places --- */

/* Writes "key@line:column=value@line:column;" for each assignment; refuses the key "bad", and the value "bad" at its
 * second octet. */
static int collect_places(void *data, const IniEntry *entry, unsigned *column, char **ret_what) {
    char **seen = data;
    char *more = NULL;
    assert_int_equal(*column, entry->value_column);
    if (strcmp(entry->key, "bad") == 0)
        *column = entry->key_column;
    else if (strcmp(entry->value, "bad") == 0)
        *column = entry->value_column + 1;
    if (strcmp(entry->key, "bad") == 0 || strcmp(entry->value, "bad") == 0) {
        *ret_what = strdup("bad");
        return 7;
    }
    assert_true(asprintf(&more, "%s%s@%u:%u=%s@%u;", *seen, entry->key, entry->line, entry->key_column, entry->value,
                         entry->value_column) >= 0);
    free(*seen);
    *seen = more;
    return 0;
}

static void places(const char *text, int result, const char *expected, unsigned line, unsigned column) {
    CLEANUP(free_pointer) char *copy = strdup(text), *seen = strdup(""), *what = NULL;
    unsigned at_line, at_column;
    assert_non_null(copy);
    assert_int_equal(ini_read_entries(copy, strlen(copy), collect_places, &seen, &at_line, &at_column, &what), result);
    assert_string_equal(seen, expected);
    if (result == 0)
        return;
    assert_non_null(what);
    assert_int_equal(at_line, line);
    assert_int_equal(at_column, column);
}

static void test_keys_and_values_have_their_places(void **state) {
    (void) state;
    places("a=1\n[S]\n  key = value\n", 0, "a@1:1=1@3;key@3:3=value@9;", 0, 0);
}

static void test_a_fault_has_its_line_and_column(void **state) {
    (void) state;
    places("a=1\n  nothing\n", INI_MALFORMED, "a@1:1=1@3;", 2, 3);
    places(" [S\n", INI_MALFORMED, "", 1, 2);
    places("a=1\n \xff\n", INI_MALFORMED, "a@1:1=1@3;", 2, 1);
    places("[S]\n  bad = 1\n", 7, "", 2, 3);
    places("[S]\n  key = bad\n", 7, "", 2, 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_line_of_an_ini_file_is_refused_with_its_number),
        cmocka_unit_test(test_a_nul_or_a_line_that_is_not_utf8_is_refused),
        cmocka_unit_test(test_the_callback_s_refusal_ends_the_reading_with_its_line),
        cmocka_unit_test(test_an_empty_file_assigns_nothing),
        cmocka_unit_test(test_spaces_around_names_and_values_do_not_count),
        cmocka_unit_test(test_values_hold_anything_up_to_the_line_s_end),
        cmocka_unit_test(test_a_value_may_be_as_long_as_the_file),
        cmocka_unit_test(test_keys_and_values_have_their_places),
        cmocka_unit_test(test_a_fault_has_its_line_and_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of common/text: SECURITY 16 (names from certificates), 25 (user names) and 33 (what reaches a log). */
#include "common/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"

/* A literal with its NULs. */
#define LITERAL(text)                                                                                                  \
    { (const uint8_t *) (text), sizeof(text) - 1 }

/* RFC 3629 section 10 and the Unicode standard's table 3-7: over-long forms, surrogates, stray and missing
 * continuations, beyond U+10FFFF. */
static const View malformed[] = {
    LITERAL("\x80"),
    LITERAL("\xbf"),
    LITERAL("\xc0\x80"),
    LITERAL("\xc1\xbf"),
    LITERAL("\xc3"),
    LITERAL("\xc3("),
    LITERAL("\xe0\x80\x80"),
    LITERAL("\xe0\x9f\xbf"),
    LITERAL("\xe2\x82"),
    LITERAL("\xe2\x28\xa1"),
    LITERAL("\xed\xa0\x80"),
    LITERAL("\xed\xbf\xbf"),
    LITERAL("\xf0\x80\x80\x80"),
    LITERAL("\xf0\x8f\xbf\xbf"),
    LITERAL("\xf0\x9f\x98"),
    LITERAL("\xf4\x90\x80\x80"),
    LITERAL("\xf5\x80\x80\x80"),
    LITERAL("\xf8\x88\x80\x80\x80"),
    LITERAL("\xfe"),
    LITERAL("\xff"),
    LITERAL("ok\xff"),
};

/* Well-formed, but never to be matched or shown as it is. */
static const View hidden[] = {
    LITERAL("root\n"),           /* C0 */
    LITERAL("\x1b[2J"),          /* escape sequence */
    LITERAL("a\tb"),             /* C0 */
    LITERAL("\x7f"),             /* DEL */
    LITERAL("\xc2\x80"),         /* C1, first */
    LITERAL("\xc2\x9b"),         /* C1, CSI */
    LITERAL("\xc2\x9f"),         /* C1, last */
    LITERAL("a\xc2\xad"),        /* soft hyphen */
    LITERAL("\xd8\x9c"),         /* Arabic letter mark */
    LITERAL("a\xe2\x80\x8b"),    /* zero-width space */
    LITERAL("a\xe2\x80\x8d"),    /* zero-width joiner */
    LITERAL("a\xe2\x80\x8e"),    /* left-to-right mark */
    LITERAL("\xe2\x80\xa8"),     /* line separator */
    LITERAL("\xe2\x80\xa9"),     /* paragraph separator */
    LITERAL("\xe2\x80\xaatoor"), /* bidirectional embedding */
    LITERAL("\xe2\x80\xaetoor"), /* right-to-left override */
    LITERAL("\xe2\x81\xa6toor"), /* left-to-right isolate */
    LITERAL("\xe2\x81\xa9"),     /* pop directional isolate */
    LITERAL("\xef\xbb\xbfroot"), /* byte-order mark */
    LITERAL("\xef\xb7\x90"),     /* noncharacter U+FDD0 */
    LITERAL("\xef\xbf\xbf"),     /* noncharacter U+FFFF */
    LITERAL("\xf0\x9f\xbf\xbe"), /* noncharacter U+1FFFE */
    LITERAL("\xf3\xa0\x81\x81"), /* tag letter */
};

static const View visible[] = {
    LITERAL(""),
    LITERAL("EIDAS CERTIFICADO PRUEBAS - 99999999R"),
    LITERAL("\xc2\xa0"), /* first after C1 */
    LITERAL("espa\xc3\xb1"
            "a"),                /* U+00F1 */
    LITERAL("\xe2\x82\xac"),     /* U+20AC */
    LITERAL("\xed\x9f\xbf"),     /* last before the surrogates */
    LITERAL("\xee\x80\x80"),     /* first after them */
    LITERAL("\xef\xbf\xbd"),     /* U+FFFD */
    LITERAL("\xf0\x9f\x98\x80"), /* beyond the basic plane */
};

static void test_s16_nul_never_passes(void **state) {
    (void) state;
    View name = LITERAL("root\0.x");
    assert_false(text_is_utf8(name));
    assert_false(text_is_printable(name));
}

static void test_s16_malformed_utf8_never_passes(void **state) {
    (void) state;
    for (size_t i = 0; i < ELEMENTSOF(malformed); i++) {
        assert_false(text_is_utf8(malformed[i]));
        assert_false(text_is_printable(malformed[i]));
    }
}

static void test_s16_hidden_characters_are_text_but_not_printable(void **state) {
    (void) state;
    for (size_t i = 0; i < ELEMENTSOF(hidden); i++) {
        assert_true(text_is_utf8(hidden[i]));
        assert_false(text_is_printable(hidden[i]));
    }
}

static void test_visible_text_passes(void **state) {
    (void) state;
    for (size_t i = 0; i < ELEMENTSOF(visible); i++) {
        assert_true(text_is_utf8(visible[i]));
        assert_true(text_is_printable(visible[i]));
    }
}

static void test_s25_odd_user_names_are_refused(void **state) {
    (void) state;
    static const char *const names[] = {
        "",
        "root\n",
        "\nroot",
        "a:b",
        "a/b",
        "/",
        ".",
        "..",
        "-",
        "-rf",
        " root",
        "root ",
        "0",
        "1000",
        "0000",
        "\xff",
        "r\xc3",
        "\xc0\xaf",
        "root\x7f",
        "\xe2\x80\xaetoor",
        "ro\xe2\x80\x8bot",
        "\x1b]0;x\x07",
        "a\tb",
        "\xef\xbb\xbfroot",
    };
    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        assert_false(text_is_user_name(names[i]));
}

static void test_s25_a_user_name_of_64_kib_is_refused(void **state) {
    (void) state;
    char *name = malloc(65537);
    assert_non_null(name);
    memset(name, 'a', 65536);
    name[65536] = '\0';
    assert_false(text_is_user_name(name));
    name[TEXT_USER_NAME_MAX + 1] = '\0';
    assert_false(text_is_user_name(name));
    name[TEXT_USER_NAME_MAX] = '\0';
    assert_true(text_is_user_name(name));
    free(name);
}

static void test_user_names_that_unix_allows_pass(void **state) {
    (void) state;
    static const char *const names[] = {
        "root", "demo", "a",   "demo.other", "demo_1",        "1demo", "demo$", "DOMAIN\\demo", "demo@example.org",
        "a b",  "_apt", "...", "a-",         "espa\xc3\xb1o", "+demo", "~demo",
    };
    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        assert_true(text_is_user_name(names[i]));
}

static void assert_escapes_to(View text, const char *expected) {
    char *escaped = text_escape(text);
    assert_non_null(escaped);
    assert_string_equal(escaped, expected);
    free(escaped);
}

static void test_s33_escape_shows_what_must_not_be_interpreted(void **state) {
    (void) state;
    assert_escapes_to((View) LITERAL("\nAccepted for root"), "\\x0aAccepted for root");
    assert_escapes_to((View) LITERAL("root\0.x"), "root\\x00.x");
    assert_escapes_to((View) LITERAL("a\\x0a"), "a\\\\x0a");
    assert_escapes_to((View) LITERAL("\xe2\x80\xaetoor"), "\\xe2\\x80\\xaetoor");
    assert_escapes_to((View) LITERAL("\xff\xc3"), "\\xff\\xc3");
    assert_escapes_to((View) LITERAL("\x1b[2J\x7f"), "\\x1b[2J\\x7f");
    assert_escapes_to((View){NULL, 0}, "");
}

static void test_s33_whatever_is_escaped_is_printable(void **state) {
    (void) state;
    const View *tables[] = {malformed, hidden, visible};
    const size_t counts[] = {ELEMENTSOF(malformed), ELEMENTSOF(hidden), ELEMENTSOF(visible)};
    for (size_t t = 0; t < ELEMENTSOF(tables); t++)
        for (size_t i = 0; i < counts[t]; i++) {
            char *escaped = text_escape(tables[t][i]);
            assert_non_null(escaped);
            assert_true(text_is_printable((View){(const uint8_t *) escaped, strlen(escaped)}));
            free(escaped);
        }
}

static void test_escape_leaves_visible_text_as_it_is(void **state) {
    (void) state;
    for (size_t i = 0; i < ELEMENTSOF(visible); i++)
        assert_escapes_to(visible[i], (const char *) visible[i].data);
    char *escaped = text_escape_string("demo");
    assert_non_null(escaped);
    assert_string_equal(escaped, "demo");
    free(escaped);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s16_nul_never_passes),
        cmocka_unit_test(test_s16_malformed_utf8_never_passes),
        cmocka_unit_test(test_s16_hidden_characters_are_text_but_not_printable),
        cmocka_unit_test(test_visible_text_passes),
        cmocka_unit_test(test_s25_odd_user_names_are_refused),
        cmocka_unit_test(test_s25_a_user_name_of_64_kib_is_refused),
        cmocka_unit_test(test_user_names_that_unix_allows_pass),
        cmocka_unit_test(test_s33_escape_shows_what_must_not_be_interpreted),
        cmocka_unit_test(test_s33_whatever_is_escaped_is_printable),
        cmocka_unit_test(test_escape_leaves_visible_text_as_it_is),
    };
    return cmocka_run_group_tests_name("common/text", tests, NULL, NULL);
}

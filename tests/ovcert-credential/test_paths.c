/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of ovcert-credential/paths.h, on real folders. */
#include "ovcert-credential/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"
#include "tests/ovcert-credential/support.h"

static void put_empty(const char *home, const char *name) {
    free(home_put(home, name, (View){0}, geteuid()));
}

static void find(char *home, char *const *patterns, size_t count, Paths *ret) {
    char name[] = "demo";
    Account account = {.name = name, .home = home};
    char *items[8];

    assert_true(count <= ELEMENTSOF(items));
    for (size_t i = 0; i < count; i++)
        items[i] = patterns[i];
    assert_int_equal(paths_find(&(Settings){.patterns = items, .n_patterns = count}, &account, ret), 0);
}

static void test_names_are_put_in_quoted(void **state) {
    char name[] = "de?mo", home[] = "/h/[a]*\\";
    Account account = {.name = name, .home = home};
    char *CLEANUP(free_pointer) expanded = paths_expand("%h/%u/100%%/*.p12", &account);

    (void) state;
    assert_string_equal(expanded, "/h/\\[a\\]\\*\\\\/de\\?mo/100%/*.p12");
}

static void test_a_home_with_wild_cards_in_its_name_finds_its_own_files_alone(void **state) {
    char *base = home_new(geteuid());
    char *CLEANUP(free_pointer) wild = home_path(base, "[ab]");
    char *CLEANUP(free_pointer) other = home_path(base, "a");
    char pattern[] = "%h/*.p12";
    Paths CLEANUP(paths_done) paths = {0};

    (void) state;
    assert_int_equal(mkdir(wild, 0700), 0);
    assert_int_equal(mkdir(other, 0700), 0);
    put_empty(base, "[ab]/own.p12");
    put_empty(base, "a/other.p12");
    find(wild, (char *[]){pattern}, 1, &paths);
    assert_int_equal(paths.count, 1);
    assert_non_null(strstr(paths.items[0], "/[ab]/own.p12"));
    home_free(base);
}

static void test_finds_each_file_once_and_nothing_else(void **state) {
    char *home = home_new(geteuid());
    char *CLEANUP(free_pointer) first = home_path(home, "a b.p12");
    char p12[] = "%h/.ovcert/*.p12", pfx[] = "%h/.ovcert/*.pfx", any[] = "%h/.ovcert/*.p*", none[] = "/nonexistent/*";
    Paths CLEANUP(paths_done) paths = {0};

    (void) state;
    put_empty(home, "a b.p12");
    put_empty(home, "c.pfx");
    put_empty(home, "d.txt");
    put_empty(home, ".hidden.p12");
    find(home, (char *[]){none, p12, pfx, any}, 4, &paths);
    assert_int_equal(paths.count, 2);
    assert_string_equal(paths.items[0], first);
    assert_true(paths_contain(&paths, first));
    assert_false(paths_contain(&paths, "/etc/passwd"));
    home_free(home);
}

static void test_no_more_than_the_limit_are_found(void **state) {
    char *home = home_new(geteuid());
    char pattern[] = "%h/.ovcert/*.p12";
    Paths CLEANUP(paths_done) paths = {0};

    (void) state;
    for (unsigned i = 0; i < PATHS_MAX + 3; i++) {
        char name[32];
        (void) snprintf(name, sizeof name, "%u.p12", i); /* fits */
        put_empty(home, name);
    }
    find(home, (char *[]){pattern}, 1, &paths);
    assert_int_equal(paths.count, PATHS_MAX);
    home_free(home);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_put_in_quoted),
        cmocka_unit_test(test_a_home_with_wild_cards_in_its_name_finds_its_own_files_alone),
        cmocka_unit_test(test_finds_each_file_once_and_nothing_else),
        cmocka_unit_test(test_no_more_than_the_limit_are_found),
    };
    return cmocka_run_group_tests_name("credential: paths", tests, NULL, NULL);
}

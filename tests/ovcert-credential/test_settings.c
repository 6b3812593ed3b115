/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of ovcert-credential/settings.h, on real files. The example of data/ is the first argument. */
#include "ovcert-credential/settings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/credential.h"
#include "common/macros.h"
#include "config.h"
#include "tests/trust/pki.h"

#define FILE_NAME "credential.conf"

typedef struct Folder {
    const char *example;
    char *path;
    char *file;
} Folder;

static int set_up(void **state) {
    Folder *folder = calloc(1, sizeof *folder);

    assert_non_null(folder);
    folder->example = *state;
    folder->path = pki_folder();
    assert_true(asprintf(&folder->file, "%s/" FILE_NAME, folder->path) > 0);
    *state = folder;
    return 0;
}

static int tear_down(void **state) {
    Folder *folder = *state;

    pki_folder_free(folder->path);
    free(folder->file);
    free(folder);
    return 0;
}

static void write_file(const Folder *folder, const char *text) {
    pki_write(folder->path, FILE_NAME, (View){(const uint8_t *) text, strlen(text)});
}

/* The text is refused, and the reason has this in it. */
static void refuse(const Folder *folder, const char *text, const char *reason) {
    Settings CLEANUP(settings_done) settings = {0};
    char *CLEANUP(free_pointer) detail = NULL;

    write_file(folder, text);
    assert_int_equal(settings_load(folder->file, geteuid(), &settings, &detail), CREDENTIAL_OUTCOME_CONFIGURATION);
    assert_non_null(detail);
    if (!strstr(detail, reason) || !strstr(detail, folder->file))
        fail_msg("\"%s\" does not name the file and \"%s\"", detail, reason);
}

static void accept(const Folder *folder, const char *text, Settings *ret) {
    char *CLEANUP(free_pointer) detail = NULL;
    int r;

    write_file(folder, text);
    r = settings_load(folder->file, geteuid(), ret, &detail);
    if (r != 0)
        fail_msg("%s", detail);
}

static void test_unknown_keys_and_sections_are_errors_with_their_line(void **state) {
    refuse(*state, "# a comment\n[pkcs12]\nfile=/x\n", ":3: unknown key \"file\"");
    refuse(*state, "[pkcs12]\nmax-iterations=1\n\n[pkcs13]\nfiles=/x\n", ":5: unknown section \"pkcs13\"");
    refuse(*state, "files=/x\n", ":1: unknown key \"files\" before any section");
}

static void test_bad_values_are_errors_with_their_line(void **state) {
    refuse(*state, "[pkcs12]\nmax-iterations=\n", ":2: bad value of \"max-iterations\"");
    refuse(*state, "[pkcs12]\nmax-iterations=0\n", ":2: bad value");
    refuse(*state, "[pkcs12]\nmax-iterations=-1\n", ":2: bad value");
    refuse(*state, "[pkcs12]\nmax-iterations=100000001\n", ":2: bad value");
    refuse(*state, "[pkcs12]\nmax-iterations=99999999999999999999999\n", ":2: bad value");
    refuse(*state, "[pkcs12]\nmax-iterations=1e3\n", ":2: bad value");
    refuse(*state, "[pkcs12]\n\nfiles=relative/*.p12\n", ":3: bad value of \"files\"");
    refuse(*state, "[pkcs12]\nfiles=/a %u/b\n", ":2: bad value");
    refuse(*state, "[pkcs12]\nfiles=%h/%x\n", ":2: bad value");
    refuse(*state, "[pkcs12]\nfiles=%h/a%\n", ":2: bad value");
}

static void test_more_patterns_than_anybody_needs_are_a_bad_value(void **state) {
    char text[128] = "[pkcs12]\nfiles =";

    for (unsigned i = 0; i < 33; i++)
        strcat(text, " /x");
    refuse(*state, strcat(text, "\n"), ":2: bad value");
}

static void test_s33_what_the_file_says_is_told_escaped(void **state) {
    refuse(*state, "[pkcs12]\n\x1b[2J=1\n", ":2: unknown key \"\\x1b[2J\"");
}

static void test_broken_syntax_is_an_error_with_its_line(void **state) {
    refuse(*state, "[pkcs12]\nfiles=/x\n[pkcs12\n", ":3: ");
}

static void test_s21_a_file_that_is_not_root_s_alone_is_refused(void **state) {
    const Folder *folder = *state;
    Settings CLEANUP(settings_done) settings = {0};
    char *CLEANUP(free_pointer) detail = NULL;

    write_file(folder, "[pkcs12]\n");
    assert_int_equal(settings_load(folder->file, geteuid() + 1, &settings, &detail), CREDENTIAL_OUTCOME_CONFIGURATION);
    assert_non_null(strstr(detail, "owned by uid"));
    assert_int_equal(chmod(folder->file, 0664), 0);
    assert_int_equal(settings_load(folder->file, geteuid(), &settings, &detail), CREDENTIAL_OUTCOME_CONFIGURATION);
    assert_int_equal(chmod(folder->file, 0646), 0);
    assert_int_equal(settings_load(folder->file, geteuid(), &settings, &detail), CREDENTIAL_OUTCOME_CONFIGURATION);
    assert_non_null(strstr(detail, "may write it"));
    assert_int_equal(settings_load(folder->path, geteuid(), &settings, &detail), CREDENTIAL_OUTCOME_CONFIGURATION);
    assert_non_null(strstr(detail, "not a regular file"));
}

static void test_without_a_file_the_defaults_hold(void **state) {
    const Folder *folder = *state;
    Settings CLEANUP(settings_done) settings = {0};
    char *CLEANUP(free_pointer) detail = NULL;

    assert_int_equal(settings_load(folder->file, 0, &settings, &detail), 0);
    assert_null(detail);
    assert_int_equal(settings.n_patterns, 2);
    assert_string_equal(settings.patterns[0], "%h/.ovcert/*.p12");
    assert_string_equal(settings.patterns[1], "%h/.ovcert/*.pfx");
    assert_int_equal(settings.max_iterations, 1000000);
}

static void test_a_file_changes_what_it_names(void **state) {
    Settings CLEANUP(settings_done) empty = {0};
    Settings CLEANUP(settings_done) both = {0};

    accept(*state, "# nothing\n\n[pkcs12]\n", &empty);
    assert_int_equal(empty.n_patterns, 2);
    accept(*state, "[pkcs12]\n  files = /srv/%u/*.p12   %h/100%%.p12\t/x\nmax-iterations = 100000000\n", &both);
    assert_int_equal(both.n_patterns, 3);
    assert_string_equal(both.patterns[0], "/srv/%u/*.p12");
    assert_string_equal(both.patterns[1], "%h/100%%.p12");
    assert_string_equal(both.patterns[2], "/x");
    assert_int_equal(both.max_iterations, 100000000);
}

static void test_no_pattern_at_all_is_a_choice(void **state) {
    Settings CLEANUP(settings_done) settings = {0};

    accept(*state, "[pkcs12]\nfiles=\n", &settings);
    assert_int_equal(settings.n_patterns, 0);
}

/* Keys stand behind a "#" without a space. */
static char *read_uncommented(const char *path) {
    char *text = NULL, *line = NULL;
    size_t size = 0, capacity = 0;
    FILE *to = open_memstream(&text, &size);
    FILE *from = fopen(path, "re");

    assert_non_null(to);
    assert_non_null(from);
    while (getline(&line, &capacity, from) > 0)
        assert_true(fputs(line[0] == '#' && line[1] >= 'a' && line[1] <= 'z' ? line + 1 : line, to) >= 0);
    free(line);
    assert_int_equal(fclose(from), 0);
    assert_int_equal(fclose(to), 0);
    return text;
}

static void test_the_example_says_every_default(void **state) {
    const Folder *folder = *state;
    char *CLEANUP(free_pointer) text = read_uncommented(folder->example);
    Settings CLEANUP(settings_done) defaults = {0};
    Settings CLEANUP(settings_done) example = {0};

    assert_non_null(strstr(text, "\nfiles = "));
    assert_non_null(strstr(text, "\nmax-iterations = "));
    accept(folder, "", &defaults);
    accept(folder, text, &example);
    assert_int_equal(example.n_patterns, defaults.n_patterns);
    for (size_t i = 0; i < defaults.n_patterns; i++)
        assert_string_equal(example.patterns[i], defaults.patterns[i]);
    assert_int_equal(example.max_iterations, defaults.max_iterations);
    assert_non_null(strstr(text, "\nmodules = "));
    assert_non_null(strstr(text, "\nenvironment ="));
    assert_int_equal(example.n_modules, defaults.n_modules);
    assert_string_equal(example.modules[0], defaults.modules[0]);
    assert_int_equal(example.n_environment, 0);
}

static void test_s21_bad_modules_and_variables_are_errors(void **state) {
    char many[256] = "[pkcs11]\nmodules =";

    refuse(*state, "[pkcs11]\nmodules=lib/x.so\n", ":2: bad value");
    refuse(*state, "[pkcs11]\nmodules=../x.so\n", ":2: bad value");
    refuse(*state, "[pkcs11]\nmodule=x.so\n", ":2: unknown key");
    refuse(*state, "[pkcs11]\nenvironment=A\n", ":2: bad value");
    refuse(*state, "[pkcs11]\nenvironment==x\n", ":2: bad value");
    refuse(*state, "[pkcs11]\nenvironment=1A=x\n", ":2: bad value");
    refuse(*state, "[pkcs11]\nenvironment=A-B=x\n", ":2: bad value");
    for (unsigned i = 0; i < 17; i++)
        strcat(many, " x.so");
    refuse(*state, strcat(many, "\n"), ":2: bad value");
}

static void test_modules_are_found_in_their_folder_and_may_be_missing_by_default_alone(void **state) {
    Settings CLEANUP(settings_done) defaults = {0};
    Settings CLEANUP(settings_done) named = {0};
    Settings CLEANUP(settings_done) none = {0};

    accept(*state, "", &defaults);
    assert_int_equal(defaults.n_modules, 1);
    assert_string_equal(defaults.modules[0], OVCERT_PKCS11_MODULE_DIR "/opensc-pkcs11.so");
    assert_true(defaults.modules_optional);
    accept(*state, "[pkcs11]\nmodules = a.so  /opt/b.so\nenvironment = A=/x B_2=c=d EMPTY=\n", &named);
    assert_int_equal(named.n_modules, 2);
    assert_string_equal(named.modules[0], OVCERT_PKCS11_MODULE_DIR "/a.so");
    assert_string_equal(named.modules[1], "/opt/b.so");
    assert_false(named.modules_optional);
    assert_int_equal(named.n_environment, 3);
    assert_string_equal(named.environment[1], "B_2=c=d");
    assert_string_equal(named.environment[2], "EMPTY=");
    accept(*state, "[pkcs11]\nmodules=\n", &none);
    assert_int_equal(none.n_modules, 0);
}

#define TEST(test) cmocka_unit_test_prestate_setup_teardown(test, set_up, tear_down, argv[1])

int main(int argc, char **argv) {
    if (argc != 2)
        return 2;
    const struct CMUnitTest tests[] = {
        TEST(test_unknown_keys_and_sections_are_errors_with_their_line),
        TEST(test_bad_values_are_errors_with_their_line),
        TEST(test_more_patterns_than_anybody_needs_are_a_bad_value),
        TEST(test_s33_what_the_file_says_is_told_escaped),
        TEST(test_broken_syntax_is_an_error_with_its_line),
        TEST(test_s21_a_file_that_is_not_root_s_alone_is_refused),
        TEST(test_without_a_file_the_defaults_hold),
        TEST(test_a_file_changes_what_it_names),
        TEST(test_no_pattern_at_all_is_a_choice),
        TEST(test_the_example_says_every_default),
        TEST(test_s21_bad_modules_and_variables_are_errors),
        TEST(test_modules_are_found_in_their_folder_and_may_be_missing_by_default_alone),
    };
    return cmocka_run_group_tests_name("credential: settings", tests, NULL, NULL);
}

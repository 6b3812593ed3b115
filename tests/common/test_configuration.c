/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration: faults with file and line, then the order of files, masking and defaults, in folders made here. */
#include "common/configuration.h"

#include <errno.h>
#include <ftw.h>
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
#include "config.h"

typedef struct Place {
    char root[32];
    char etc[48];
    char run[48];
    char vendor[48];
} Place;

static void make_folder(const char *path) {
    assert_int_equal(mkdir(path, 0700), 0);
}

static int set_up(void **state) {
    Place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    strcpy(place->root, "/tmp/ovcert-test-XXXXXX");
    assert_non_null(mkdtemp(place->root));
    const char *names[] = {"etc", "run", "vendor"};
    char *paths[] = {place->etc, place->run, place->vendor};
    for (size_t i = 0; i < ELEMENTSOF(names); i++) {
        char drop_ins[80];
        (void) snprintf(paths[i], sizeof place->etc, "%s/%s", place->root, names[i]);
        (void) snprintf(drop_ins, sizeof drop_ins, "%s/ovcertd.conf.d", paths[i]);
        make_folder(paths[i]);
        make_folder(drop_ins);
    }
    *state = place;
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void) status, (void) type, (void) walk;
    return remove(path);
}

static int tear_down(void **state) {
    Place *place = *state;
    assert_int_equal(nftw(place->root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(place);
    return 0;
}

static void put(const char *folder, const char *name, const char *text) {
    char path[128];
    (void) snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int load(const Place *place, Config *ret, char **ret_problem) {
    ConfigFolders folders = {.etc = place->etc, .run = place->run, .vendor = place->vendor};
    return config_load(&folders, ret, ret_problem);
}

static uint32_t warn_days(const Place *place) {
    CLEANUP(config_done) Config config = {0};
    CLEANUP(free_pointer) char *problem = NULL;
    assert_int_equal(load(place, &config, &problem), 0);
    return config.warn_days;
}

static void refuses(const Place *place, const char *where, const char *what) {
    Config config = {0};
    CLEANUP(free_pointer) char *problem = NULL;
    assert_int_equal(load(place, &config, &problem), CONFIG_INVALID);
    assert_non_null(strstr(problem, where));
    assert_non_null(strstr(problem, what));
    assert_null(config.store_path);
}

static void test_an_unknown_key_is_refused_with_file_and_line(void **state) {
    const Place *place = *state;
    put(place->etc, "ovcertd.conf", "# comment\n\n[Trust]\n\nfrobnicate = yes\n");
    refuses(place, "/etc/ovcertd.conf:5: ", "unknown key frobnicate in [Trust]");
}

static void test_a_key_of_another_section_is_unknown(void **state) {
    const Place *place = *state;
    put(place->etc, "ovcertd.conf", "[Store]\nanchors = /x\n");
    refuses(place, "/etc/ovcertd.conf:2: ", "unknown key anchors in [Store]");
    put(place->etc, "ovcertd.conf", "path = /x\n");
    refuses(place, "/etc/ovcertd.conf:1: ", "before any [Section]");
}

static void test_bad_values_are_refused_with_file_and_line(void **state) {
    const Place *place = *state;
    static const char *const lines[] = {
        "[Store]\npath = relative",         "[Store]\npath =",
        "[Trust]\nrevocation = maybe",      "[Trust]\nrevocation = Hard",
        "[Trust]\nmax-stale = -1",          "[Trust]\nmax-stale = 7 days",
        "[Trust]\nmax-stale = 3651",        "[Trust]\nmax-stale = 00000000000000000001",
        "[Profile]\nexpiry-warning-days =", "[Profile]\nfirst-assign = anybody",
    };
    for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
        put(place->etc, "ovcertd.conf", lines[i]);
        refuses(place, "/etc/ovcertd.conf:2: ", "wants");
    }
}

static void test_a_fault_in_a_drop_in_names_the_drop_in(void **state) {
    const Place *place = *state;
    put(place->vendor, "ovcertd.conf.d/10-x.conf", "[Profile]\nexpiry-warning-days = 3\nno-such = 1\n");
    refuses(place, "/vendor/ovcertd.conf.d/10-x.conf:3: ", "no-such");
}

static void test_control_characters_of_a_value_are_escaped_in_the_problem(void **state) {
    const Place *place = *state;
    put(place->etc, "ovcertd.conf", "[Trust]\nrevocation = \x1b[2J\n");
    refuses(place, "/etc/ovcertd.conf:2: ", "\\x1b[2J");
}

static void test_a_folder_or_a_fifo_in_a_file_s_place_is_refused(void **state) {
    const Place *place = *state;
    char path[128];
    (void) snprintf(path, sizeof path, "%s/ovcertd.conf", place->etc);
    make_folder(path);
    refuses(place, "/etc/ovcertd.conf: ", "directory");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refuses(place, "/etc/ovcertd.conf: ", "");
}

static void test_a_named_file_has_to_exist(void **state) {
    const Place *place = *state;
    char path[128];
    (void) snprintf(path, sizeof path, "%s/missing.conf", place->etc);
    Config config = {0};
    CLEANUP(free_pointer) char *problem = NULL;
    assert_int_equal(config_load_file(path, &config, &problem), CONFIG_INVALID);
    assert_non_null(strstr(problem, "missing.conf: "));
}

static void test_a_named_file_is_read_alone(void **state) {
    const Place *place = *state;
    char path[128];
    put(place->etc, "mine.conf", "[Profile]\nexpiry-warning-days=5\n");
    put(place->etc, "ovcertd.conf.d/99.conf", "[Profile]\nexpiry-warning-days=9\n");
    (void) snprintf(path, sizeof path, "%s/mine.conf", place->etc);
    CLEANUP(config_done) Config config = {0};
    CLEANUP(free_pointer) char *problem = NULL;
    assert_int_equal(config_load_file(path, &config, &problem), 0);
    assert_int_equal(config.warn_days, 5);
}

static void test_without_any_file_everything_has_a_default(void **state) {
    const Place *place = *state;
    CLEANUP(config_done) Config config = {0};
    CLEANUP(free_pointer) char *problem = NULL;
    assert_int_equal(load(place, &config, &problem), 0);
    assert_string_equal(config.store_path, OVCERT_STATE_DIR "/ovcert.db");
    assert_string_equal(config.anchors_dir, OVCERT_CONFIG_DIR "/anchors.d");
    assert_string_equal(config.crls_dir, OVCERT_CONFIG_DIR "/crls.d");
    assert_false(config.soft_revocation);
    assert_int_equal(config.max_stale_days, 7);
    assert_int_equal(config.warn_days, 30);
    assert_false(config.first_assign_user);
}

static void test_missing_folders_are_empty_ones(void **state) {
    (void) state;
    ConfigFolders folders = {.etc = "/nonexistent/a", .run = NULL, .vendor = "/nonexistent/b"};
    CLEANUP(config_done) Config config = {0};
    CLEANUP(free_pointer) char *problem = NULL;
    assert_int_equal(config_load(&folders, &config, &problem), 0);
}

static void test_every_key_is_read(void **state) {
    const Place *place = *state;
    put(place->etc, "ovcertd.conf",
        "[Store]\npath=/s\n[Trust]\nanchors=/a\ncrls=/c\nrevocation=soft\nmax-stale=0\n"
        "[Profile]\nexpiry-warning-days=3650\nfirst-assign=user\n");
    CLEANUP(config_done) Config config = {0};
    CLEANUP(free_pointer) char *problem = NULL;
    assert_int_equal(load(place, &config, &problem), 0);
    assert_string_equal(config.store_path, "/s");
    assert_string_equal(config.anchors_dir, "/a");
    assert_string_equal(config.crls_dir, "/c");
    assert_true(config.soft_revocation);
    assert_int_equal(config.max_stale_days, 0);
    assert_int_equal(config.warn_days, 3650);
    assert_true(config.first_assign_user);
}

static void test_the_main_file_comes_from_the_first_folder_that_has_it(void **state) {
    const Place *place = *state;
    put(place->vendor, "ovcertd.conf", "[Profile]\nexpiry-warning-days=1\n");
    assert_int_equal(warn_days(place), 1);
    put(place->run, "ovcertd.conf", "[Profile]\nexpiry-warning-days=2\n");
    assert_int_equal(warn_days(place), 2);
    put(place->etc, "ovcertd.conf", "[Profile]\nexpiry-warning-days=3\n");
    assert_int_equal(warn_days(place), 3);
}

static void test_drop_ins_win_over_the_main_file_and_by_name_whatever_their_folder(void **state) {
    const Place *place = *state;
    put(place->etc, "ovcertd.conf", "[Profile]\nexpiry-warning-days=1\n");
    put(place->vendor, "ovcertd.conf.d/50-b.conf", "[Profile]\nexpiry-warning-days=2\n");
    assert_int_equal(warn_days(place), 2);
    put(place->etc, "ovcertd.conf.d/10-a.conf", "[Profile]\nexpiry-warning-days=3\n");
    assert_int_equal(warn_days(place), 2);
    put(place->run, "ovcertd.conf.d/60-c.conf", "[Profile]\nexpiry-warning-days=4\n");
    assert_int_equal(warn_days(place), 4);
}

static void test_a_drop_in_of_the_same_name_comes_from_the_first_folder_that_has_it(void **state) {
    const Place *place = *state;
    put(place->vendor, "ovcertd.conf.d/50.conf", "[Profile]\nexpiry-warning-days=2\n");
    put(place->etc, "ovcertd.conf.d/50.conf", "[Trust]\nmax-stale=1\n");
    assert_int_equal(warn_days(place), 30);
}

static void test_an_empty_file_or_a_link_to_dev_null_masks(void **state) {
    const Place *place = *state;
    char path[128];
    put(place->vendor, "ovcertd.conf", "[Profile]\nexpiry-warning-days=1\n");
    put(place->vendor, "ovcertd.conf.d/50.conf", "[Profile]\nexpiry-warning-days=2\n");
    put(place->run, "ovcertd.conf.d/50.conf", "");
    assert_int_equal(warn_days(place), 1);
    (void) snprintf(path, sizeof path, "%s/ovcertd.conf", place->etc);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(warn_days(place), 30);
}

static void test_only_files_that_end_in_conf_are_drop_ins(void **state) {
    const Place *place = *state;
    put(place->etc, "ovcertd.conf.d/README", "nonsense\n");
    put(place->etc, "ovcertd.conf.d/.hidden.conf", "nonsense\n");
    put(place->etc, "ovcertd.conf.d/x.conf.bak", "nonsense\n");
    assert_int_equal(warn_days(place), 30);
}

/* The example's keys are commented out: takes the '#' away. */
static void activate(const char *example, const char *path) {
    FILE *in = fopen(example, "re");
    FILE *out = fopen(path, "we");
    char line[512];
    assert_non_null(in);
    assert_non_null(out);
    while (fgets(line, sizeof line, in)) {
        bool is_key = line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';
        assert_true(fputs(is_key ? line + 1 : line, out) >= 0);
    }
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
}

static void test_the_example_file_is_valid_and_says_the_defaults(void **state) {
    const Place *place = *state;
    CLEANUP(config_done) Config defaults = {0};
    CLEANUP(config_done) Config example = {.warn_days = 1};
    CLEANUP(free_pointer) char *problem = NULL;
    char path[128];
    (void) snprintf(path, sizeof path, "%s/active.conf", place->etc);
    const char *source = getenv("OVCERT_TEST_EXAMPLE");
    assert_non_null(source);
    activate(source, path);
    assert_int_equal(load(place, &defaults, &problem), 0);
    assert_int_equal(config_load_file(path, &example, &problem), 0);
    assert_string_equal(example.store_path, defaults.store_path);
    assert_string_equal(example.anchors_dir, defaults.anchors_dir);
    assert_string_equal(example.crls_dir, defaults.crls_dir);
    assert_int_equal(example.soft_revocation, defaults.soft_revocation);
    assert_int_equal(example.max_stale_days, defaults.max_stale_days);
    assert_int_equal(example.warn_days, defaults.warn_days);
    assert_int_equal(example.first_assign_user, defaults.first_assign_user);
}

#define PLACED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        PLACED(test_an_unknown_key_is_refused_with_file_and_line),
        PLACED(test_a_key_of_another_section_is_unknown),
        PLACED(test_bad_values_are_refused_with_file_and_line),
        PLACED(test_a_fault_in_a_drop_in_names_the_drop_in),
        PLACED(test_control_characters_of_a_value_are_escaped_in_the_problem),
        PLACED(test_a_folder_or_a_fifo_in_a_file_s_place_is_refused),
        PLACED(test_a_named_file_has_to_exist),
        PLACED(test_a_named_file_is_read_alone),
        PLACED(test_without_any_file_everything_has_a_default),
        PLACED(test_missing_folders_are_empty_ones),
        PLACED(test_every_key_is_read),
        PLACED(test_the_main_file_comes_from_the_first_folder_that_has_it),
        PLACED(test_drop_ins_win_over_the_main_file_and_by_name_whatever_their_folder),
        PLACED(test_a_drop_in_of_the_same_name_comes_from_the_first_folder_that_has_it),
        PLACED(test_an_empty_file_or_a_link_to_dev_null_masks),
        PLACED(test_only_files_that_end_in_conf_are_drop_ins),
        PLACED(test_the_example_file_is_valid_and_says_the_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of upgrades, in a program with one migration more than there is: a copy of the database as it was is kept
 * before it is migrated, once, and no longer than nobody is erased. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ovcertd/store/database.h"
#include "tests/ovcertd/store/fixture.h"

#define NAME "from-the-version-before"

/* A database as the version before has left it: a profile, and a commit that is in the log alone. */
static void make_old(Fixture *fixture) {
    fixture_close(fixture);
    assert_int_equal(truncate(fixture->path, 0), 0);
    fixture_sql(fixture, sql_migrations[0]);
    fixture_sql(fixture,
                "PRAGMA journal_mode = WAL; INSERT INTO profile (name, kind, uid, holder, blocked, block_reason,"
                " created, last_login) VALUES ('" NAME "', 1, 1000, '', 0, '', 1, 0)");
}

static int64_t version_of(const char *path) {
    Fixture there = {.path = (char *) (uintptr_t) path}; /* only read */
    return fixture_number(&there, "PRAGMA user_version");
}

static int64_t profiles_in(const char *path) {
    Fixture there = {.path = (char *) (uintptr_t) path}; /* only read */
    return fixture_number(&there, "SELECT count(*) FROM profile WHERE name = '" NAME "'");
}

static void test_an_older_database_is_migrated_and_kept_as_it_was(void **state) {
    Fixture *fixture = *state;
    CLEANUP(profile_row_done) ProfileRow row = {0};
    CLEANUP(free_pointer) char *kept = fixture_file(fixture, ".schema-1");
    struct stat status;
    make_old(fixture);
    fixture_reopen(fixture);
    assert_int_equal(version_of(fixture->path), 2);
    assert_int_equal(store_profile_by_name(fixture->store, NAME, &row), 0);
    assert_int_equal(stat(kept, &status), 0);
    assert_int_equal(status.st_mode & ALLPERMS, 0600);
    assert_int_equal(version_of(kept), 1);
    assert_int_equal(profiles_in(kept), 1);
}

static void test_it_is_migrated_once_and_its_copy_is_left_alone(void **state) {
    Fixture *fixture = *state;
    CLEANUP(free_pointer) char *kept = fixture_file(fixture, ".schema-1");
    struct stat before, after;
    make_old(fixture);
    fixture_reopen(fixture);
    assert_int_equal(stat(kept, &before), 0);
    fixture_reopen(fixture);
    assert_int_equal(stat(kept, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void test_a_new_database_has_no_copy(void **state) {
    const Fixture *fixture = *state;
    CLEANUP(free_pointer) char *kept = fixture_file(fixture, ".schema-1");
    assert_int_equal(version_of(fixture->path), 2);
    assert_int_equal(access(kept, F_OK), -1);
}

/* What stands in the way of the copy, whatever it is: here, a folder of its name. */
static void test_without_the_copy_nothing_is_migrated(void **state) {
    Fixture *fixture = *state;
    CLEANUP(free_pointer) char *kept = fixture_file(fixture, ".schema-1");
    CLEANUP(free_pointer) char *made = fixture_file(fixture, ".copying");
    const char *problem = NULL;
    make_old(fixture);
    assert_int_equal(mkdir(kept, 0700), 0);
    assert_true(fixture_try_open(fixture, &problem) < 0);
    assert_non_null(strstr(problem, "the copy that is kept of it before cannot be written"));
    assert_int_equal(version_of(fixture->path), 1);
    assert_int_equal(access(made, F_OK), -1);
    assert_int_equal(rmdir(kept), 0);
    fixture_reopen(fixture);
}

static void test_s37_an_erasure_takes_the_copy_along(void **state) {
    Fixture *fixture = *state;
    CLEANUP(profile_row_done) ProfileRow row = {0};
    make_old(fixture);
    fixture_reopen(fixture);
    assert_true(fixture_files_contain(fixture, NAME));
    assert_int_equal(store_profile_by_name(fixture->store, NAME, &row), 0);
    fixture_begin(fixture->store);
    assert_int_equal(store_profile_delete(fixture->store, row.id), 0);
    fixture_commit(fixture->store);
    assert_false(fixture_files_contain(fixture, NAME));
}

static void test_a_backup_of_the_version_before_is_migrated_when_it_is_restored(void **state) {
    Fixture *fixture = *state;
    CLEANUP(profile_row_done) ProfileRow row = {0};
    CLEANUP(free_pointer) char *problem = NULL;
    CLEANUP(restore_report_done) RestoreReport report = {0};
    CLEANUP(free_pointer) char *backup = fixture_file(fixture, ".backup");
    make_old(fixture);
    fixture_sql(fixture, "PRAGMA journal_mode = DELETE");
    assert_int_equal(rename(fixture->path, backup), 0);
    int input = open(backup, O_RDONLY | O_CLOEXEC);
    assert_int_equal(store_restore(&(RestoreOptions){.path = fixture->path, .input = input}, &report, &problem), 0);
    assert_int_equal(close(input), 0);
    fixture_reopen(fixture);
    assert_int_equal(version_of(fixture->path), 2);
    assert_int_equal(version_of(backup), 1);
    assert_int_equal(store_profile_by_name(fixture->store, NAME, &row), 0);
}

/* As the version before would be asked to. */
static void test_a_database_of_a_version_later_still_is_refused(void **state) {
    Fixture *fixture = *state;
    const char *problem = NULL;
    fixture_close(fixture);
    fixture_sql(fixture, "PRAGMA user_version = 3");
    assert_int_equal(fixture_try_open(fixture, &problem), STORE_NEWER);
}

#define UPGRADE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        UPGRADE_TEST(test_an_older_database_is_migrated_and_kept_as_it_was),
        UPGRADE_TEST(test_it_is_migrated_once_and_its_copy_is_left_alone),
        UPGRADE_TEST(test_a_new_database_has_no_copy),
        UPGRADE_TEST(test_without_the_copy_nothing_is_migrated),
        UPGRADE_TEST(test_s37_an_erasure_takes_the_copy_along),
        UPGRADE_TEST(test_a_backup_of_the_version_before_is_migrated_when_it_is_restored),
        UPGRADE_TEST(test_a_database_of_a_version_later_still_is_refused),
    };
    return cmocka_run_group_tests_name("store: upgrade", tests, NULL, NULL);
}

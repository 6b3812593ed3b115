/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of opening: what is insecure, taken, newer, foreign or damaged is refused and stays as it is (SECURITY 34, 35).
 */
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

/* Opening must give the outcome, and a problem that names the file and the reason. */
static void assert_refused(Fixture *fixture, int outcome, const char *reason) {
    const char *problem = NULL;

    assert_int_equal(fixture_try_open(fixture, &problem), outcome);
    assert_null(fixture->store);
    assert_non_null(problem);
    if (!strstr(problem, reason) || strncmp(problem, fixture->path, strlen(fixture->path)) != 0)
        fail_msg("problem is \"%s\", expected \"%s\"", problem, reason);
}

/* The same, and the file must be octet for octet and inode the same afterwards. */
static void assert_refused_untouched(Fixture *fixture, int outcome, const char *reason) {
    struct stat before, after;
    uint8_t *data, *data_after;
    size_t size, size_after;

    fixture_read(fixture->path, &data, &size);
    assert_int_equal(stat(fixture->path, &before), 0);
    assert_refused(fixture, outcome, reason);
    assert_int_equal(stat(fixture->path, &after), 0);
    fixture_read(fixture->path, &data_after, &size_after);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(size, size_after);
    assert_memory_equal(data, data_after, size);
    free(data);
    free(data_after);
}

static void test_open_refuses_a_missing_folder(void **state) {
    Fixture *fixture = *state;
    const char *problem = NULL;
    char *path = fixture->path;

    assert_true(asprintf(&fixture->path, "%s/none/ovcert.db", fixture->folder) > 0);
    fixture_close(fixture);
    assert_int_equal(fixture_try_open(fixture, &problem), -ENOENT);
    assert_non_null(strstr(problem, "make its folder"));
    free(fixture->path);
    fixture->path = path;
}

static void test_s34_open_refuses_a_folder_that_others_may_read(void **state) {
    Fixture *fixture = *state;

    fixture_close(fixture);
    assert_int_equal(chmod(fixture->folder, 0750), 0);
    assert_refused(fixture, STORE_INSECURE, "others may use its folder (mode 0750)");
}

static void test_s34_open_refuses_files_that_others_may_read(void **state) {
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    Fixture *fixture = *state;

    fixture_close(fixture);
    for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
        char *path = fixture_file(fixture, suffixes[i]);
        int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        assert_true(file >= 0);
        assert_int_equal(fchmod(file, 0640), 0);
        assert_refused(fixture, STORE_INSECURE, "(mode 0640)");
        assert_int_equal(fchmod(file, 0600), 0);
        assert_int_equal(close(file), 0);
        if (suffixes[i][0] == '-')
            assert_int_equal(unlink(path), 0);
        free(path);
    }
    fixture_reopen(fixture);
}

static void test_s34_open_refuses_somebody_elses_file(void **state) {
    Fixture *fixture = *state;

    fixture_close(fixture);
    if (geteuid() == 0) { /* nobody else can give a file away: the next best is somebody else's folder */
        assert_int_equal(chown(fixture->path, 65534, 65534), 0);
        assert_refused(fixture, STORE_INSECURE, "belongs to user id 65534");
        return;
    }
    char *path = fixture->path;
    fixture->path = strdup("/ovcert.db");
    assert_refused(fixture, STORE_INSECURE, "belongs to user id 0");
    free(fixture->path);
    fixture->path = path;
}

static void test_s34_open_refuses_symbolic_links(void **state) {
    static const char *const suffixes[] = {"", "-wal", ".lock"};
    Fixture *fixture = *state;
    char *target = fixture_file(fixture, ".elsewhere");

    fixture_close(fixture);
    assert_int_equal(rename(fixture->path, target), 0);
    for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
        char *path = fixture_file(fixture, suffixes[i]);
        (void) unlink(path); /* the lock is there */
        assert_int_equal(symlink(target, path), 0);
        assert_refused(fixture, STORE_INSECURE, "symbolic link");
        assert_int_equal(unlink(path), 0);
        free(path);
    }
    free(target);
}

static void test_s34_open_refuses_a_database_with_a_second_name(void **state) {
    Fixture *fixture = *state;
    CLEANUP(free_pointer) char *second = fixture_file(fixture, ".copy");

    fixture_close(fixture);
    assert_int_equal(link(fixture->path, second), 0);
    assert_refused(fixture, STORE_INSECURE, "one name");
    assert_int_equal(unlink(second), 0);
    fixture_reopen(fixture);
}

static void test_s34_open_refuses_a_folder_behind_a_symbolic_link(void **state) {
    Fixture *fixture = *state;
    char *link_path = NULL, *path = fixture->path;

    fixture_close(fixture);
    assert_true(asprintf(&link_path, "%s/link", fixture->folder) > 0);
    assert_int_equal(symlink(fixture->folder, link_path), 0);
    assert_true(asprintf(&fixture->path, "%s/ovcert.db", link_path) > 0);
    assert_refused(fixture, STORE_INSECURE, "symbolic link");
    free(fixture->path);
    free(link_path);
    fixture->path = path;
}

static void test_s34_open_refuses_a_pipe(void **state) {
    Fixture *fixture = *state;

    fixture_close(fixture);
    assert_int_equal(unlink(fixture->path), 0);
    assert_int_equal(mkfifo(fixture->path, 0600), 0);
    assert_refused(fixture, STORE_INSECURE, "not a regular file");
}

static void test_open_refuses_a_second_daemon(void **state) {
    Fixture *fixture = *state;
    Store *first = fixture->store;

    fixture->store = NULL;
    assert_refused(fixture, STORE_LOCKED, "another ovcertd uses it");
    fixture_begin(first); /* and the first goes on */
    fixture_profile(first, "demo", 1000);
    fixture_commit(first);
    store_close(first);
    fixture_reopen(fixture);
}

static void test_open_refuses_a_newer_database(void **state) {
    Fixture *fixture = *state;

    fixture_close(fixture);
    fixture_sql(fixture, "PRAGMA user_version = 9999");
    assert_refused_untouched(fixture, STORE_NEWER, "newer version of ovcert; install that version again");
}

static void test_open_refuses_another_programs_database(void **state) {
    Fixture *fixture = *state;

    fixture_close(fixture);
    fixture_sql(fixture, "PRAGMA application_id = 7");
    assert_refused_untouched(fixture, STORE_CORRUPT, "not a database of ovcert");
}

static void test_s35_open_refuses_what_is_no_database(void **state) {
    Fixture *fixture = *state;
    uint8_t noise[8192];

    fixture_close(fixture);
    memset(noise, 0x5a, sizeof(noise));
    fixture_write(fixture->path, noise, sizeof(noise));
    assert_refused_untouched(fixture, STORE_CORRUPT, "file is not a database; nothing was changed");
}

static void test_s35_open_refuses_an_emptied_database(void **state) {
    Fixture *fixture = *state;

    fixture_close(fixture);
    assert_int_equal(truncate(fixture->path, 0), 0);
    assert_refused_untouched(fixture, STORE_CORRUPT, "it is empty");
}

static void test_s35_open_refuses_a_log_without_its_database(void **state) {
    Fixture *fixture = *state;
    char *log = fixture_file(fixture, "-wal");

    fixture_begin(fixture->store);
    fixture_profile(fixture->store, "demo", 1000);
    fixture_commit(fixture->store);
    assert_int_equal(access(log, F_OK), 0);
    assert_int_equal(unlink(fixture->path), 0);
    Store *orphan = fixture->store;
    fixture->store = NULL;
    char *lock = fixture_file(fixture, ".lock");
    assert_int_equal(unlink(lock), 0); /* as after a crash: nobody holds it */
    assert_refused(fixture, STORE_CORRUPT, "it is missing");
    assert_int_equal(access(fixture->path, F_OK), -1);
    store_close(orphan);
    free(lock);
    free(log);
}

static void test_s35_open_refuses_a_dangling_reference(void **state) {
    Fixture *fixture = *state;

    fixture_close(fixture);
    fixture_sql(fixture,
                "INSERT INTO association (profile, certificate, since, by_uid, proven) VALUES (7, 7, 1, 0, 1)");
    assert_refused_untouched(fixture, STORE_CORRUPT, "association");
}

static void test_s35_open_refuses_a_dropped_table(void **state) {
    Fixture *fixture = *state;

    fixture_close(fixture);
    fixture_sql(fixture, "DROP TABLE candidate");
    assert_refused_untouched(fixture, STORE_CORRUPT, "candidate");
}

static void test_a_half_made_new_database_is_made_again(void **state) {
    Fixture *fixture = *state;
    char *fresh = fixture_file(fixture, ".new");
    char *journal = fixture_file(fixture, ".new-journal");

    fixture_close(fixture);
    assert_int_equal(rename(fixture->path, fresh), 0); /* as if the crash came just before the renaming */
    assert_int_equal(truncate(fresh, 3000), 0);
    assert_int_equal(close(open(journal, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
    fixture_reopen(fixture);
    assert_int_equal(access(fresh, F_OK), -1);
    assert_int_equal(access(journal, F_OK), -1);
    free(fresh);
    free(journal);
}

static void test_s34_every_file_is_private_whatever_the_umask(void **state) {
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    Fixture *fixture = *state;
    struct stat status;

    fixture_close(fixture);
    assert_int_equal(unlink(fixture->path), 0);
    mode_t mask = umask(0);
    fixture_reopen(fixture);
    fixture_begin(fixture->store);
    fixture_profile(fixture->store, "demo", 1000);
    fixture_commit(fixture->store);
    (void) umask(mask); /* returns the earlier one */
    for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
        char *path = fixture_file(fixture, suffixes[i]);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & ALLPERMS, 0600);
        free(path);
    }
}

static void test_s34_the_connection_is_hardened(void **state) {
    static const int off[] = {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, SQLITE_DBCONFIG_TRUSTED_SCHEMA,
                              SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW};
    Fixture *fixture = *state;
    sqlite3 *db = fixture->store->db;
    int value = -1;

    assert_int_equal(sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, -1, &value), SQLITE_OK);
    assert_int_equal(value, 1);
    for (size_t i = 0; i < ELEMENTSOF(off); i++) {
        assert_int_equal(sqlite3_db_config(db, off[i], -1, &value), SQLITE_OK);
        assert_int_equal(value, 0);
    }
    assert_int_not_equal(sqlite3_exec(db, "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema", NULL, NULL, NULL),
                         SQLITE_OK);
}

static void test_s34_every_table_is_strict(void **state) {
    Fixture *fixture = *state;

    assert_int_equal(fixture_number(fixture,
                                    "SELECT count(*) FROM pragma_table_list"
                                    " WHERE schema = 'main' AND name NOT LIKE 'sqlite_%' AND NOT strict"),
                     0);
    assert_int_equal(fixture_number(fixture,
                                    "SELECT count(*) FROM pragma_table_list"
                                    " WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'"),
                     9);
}

static void test_what_was_committed_is_there_after_reopening(void **state) {
    CLEANUP(profile_row_done) ProfileRow row = {0};
    Fixture *fixture = *state;

    fixture_begin(fixture->store);
    fixture_profile(fixture->store, "demo", 1000);
    fixture_commit(fixture->store);
    fixture_reopen(fixture);
    assert_int_equal(store_profile_by_name(fixture->store, "demo", &row), 0);
}

#define OPEN_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        OPEN_TEST(test_open_refuses_a_missing_folder),
        OPEN_TEST(test_s34_open_refuses_a_folder_that_others_may_read),
        OPEN_TEST(test_s34_open_refuses_files_that_others_may_read),
        OPEN_TEST(test_s34_open_refuses_somebody_elses_file),
        OPEN_TEST(test_s34_open_refuses_symbolic_links),
        OPEN_TEST(test_s34_open_refuses_a_database_with_a_second_name),
        OPEN_TEST(test_s34_open_refuses_a_folder_behind_a_symbolic_link),
        OPEN_TEST(test_s34_open_refuses_a_pipe),
        OPEN_TEST(test_open_refuses_a_second_daemon),
        OPEN_TEST(test_open_refuses_a_newer_database),
        OPEN_TEST(test_open_refuses_another_programs_database),
        OPEN_TEST(test_s35_open_refuses_what_is_no_database),
        OPEN_TEST(test_s35_open_refuses_an_emptied_database),
        OPEN_TEST(test_s35_open_refuses_a_log_without_its_database),
        OPEN_TEST(test_s35_open_refuses_a_dangling_reference),
        OPEN_TEST(test_s35_open_refuses_a_dropped_table),
        OPEN_TEST(test_a_half_made_new_database_is_made_again),
        OPEN_TEST(test_s34_every_file_is_private_whatever_the_umask),
        OPEN_TEST(test_s34_the_connection_is_hardened),
        OPEN_TEST(test_s34_every_table_is_strict),
        OPEN_TEST(test_what_was_committed_is_there_after_reopening),
    };
    return cmocka_run_group_tests_name("store: open", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of backups: whole, of one moment, looked through, and gone from the disk with their owner (SECURITY 34 to 37).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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

static void add(Fixture *fixture, const char *name, uint32_t uid) {
    fixture_begin(fixture->store);
    fixture_profile(fixture->store, name, uid);
    fixture_audit(fixture->store, "profile-created", name, NULL);
    fixture_commit(fixture->store);
}

static void assert_no_file(const Fixture *fixture, const char *suffix) {
    CLEANUP(free_pointer) char *path = fixture_file(fixture, suffix);
    assert_int_equal(access(path, F_OK), -1);
}

/* Opens the file as the database. */
static void use(Fixture *fixture, const char *path) {
    static const char *const suffixes[] = {"-wal", "-shm"};
    fixture_close(fixture);
    for (size_t i = 0; i < ELEMENTSOF(suffixes); i++)
        assert_no_file(fixture, suffixes[i]);
    assert_int_equal(rename(path, fixture->path), 0);
    fixture_reopen(fixture);
}

static void assert_there(const Fixture *fixture, const char *name, bool wanted) {
    CLEANUP(profile_row_done) ProfileRow row = {0};
    assert_int_equal(store_profile_by_name(fixture->store, name, &row), wanted ? 0 : STORE_NOT_FOUND);
}

static void test_a_backup_is_the_whole_database_in_one_file(void **state) {
    Fixture *fixture = *state;
    struct stat status;
    add(fixture, "demo", 1000);
    CLEANUP(free_pointer) char *path = fixture_backup(fixture, ".backup");
    add(fixture, "later", 1001);
    assert_no_file(fixture, ".backup-wal");
    use(fixture, path);
    assert_there(fixture, "demo", true);
    assert_there(fixture, "later", false);
    fixture_assert_log_whole(fixture->store);
    assert_int_equal(stat(fixture->path, &status), 0);
}

static void test_a_backup_holds_nothing_that_is_not_committed(void **state) {
    Fixture *fixture = *state;
    add(fixture, "demo", 1000);
    fixture_begin(fixture->store);
    fixture_profile(fixture->store, "open", 1001);
    CLEANUP(free_pointer) char *path = fixture_backup(fixture, ".backup");
    fixture_commit(fixture->store);
    assert_there(fixture, "open", true);
    use(fixture, path);
    assert_there(fixture, "open", false);
}

static void test_s34_the_copy_has_no_name_once_it_is_made(void **state) {
    CLEANUP(store_backup_freep) StoreBackup *backup = NULL;
    static const char *const suffixes[] = {".copying", ".copying-wal", ".copying-shm", ".copying-journal"};
    Fixture *fixture = *state;
    StoreBackupFacts facts;
    const char *problem = NULL;
    add(fixture, "demo", 1000);
    assert_int_equal(store_backup_new(fixture->store, &backup), 0);
    assert_int_equal(store_backup_facts(backup, &facts, &problem), -ECANCELED);
    store_backup_run(backup);
    assert_int_equal(store_backup_facts(backup, &facts, &problem), 0);
    assert_int_equal(facts.rows, 1);
    for (size_t i = 0; i < ELEMENTSOF(suffixes); i++)
        assert_no_file(fixture, suffixes[i]);
}

static void test_a_backup_is_read_in_slices_to_its_end(void **state) {
    CLEANUP(store_backup_freep) StoreBackup *backup = NULL;
    Fixture *fixture = *state;
    StoreBackupFacts facts;
    const char *problem = NULL;
    uint64_t offset = 0;
    add(fixture, "demo", 1000);
    assert_int_equal(store_backup_new(fixture->store, &backup), 0);
    store_backup_run(backup);
    assert_int_equal(store_backup_facts(backup, &facts, &problem), 0);
    for (;;) {
        CLEANUP(bytes_done) Bytes slice = {0};
        assert_int_equal(store_backup_read(backup, offset, 1000, &slice), 0);
        if (slice.size == 0)
            break;
        offset += slice.size;
    }
    assert_int_equal(offset, facts.size);
    CLEANUP(bytes_done) Bytes slice = {0};
    assert_int_equal(store_backup_read(backup, UINT64_MAX, 1000, &slice), 0);
    assert_int_equal(slice.size, 0);
}

static void test_s34_what_a_crash_has_left_of_a_backup_goes_at_the_next_start(void **state) {
    Fixture *fixture = *state;
    CLEANUP(free_pointer) char *left = fixture_file(fixture, ".copying");
    fixture_close(fixture);
    assert_int_equal(close(creat(left, 0600)), 0);
    fixture_reopen(fixture);
    assert_no_file(fixture, ".copying");
}

static void *run(void *backup) {
    store_backup_run(backup);
    return NULL;
}

/* Writing and reading go on while another thread copies, and what it copies is of one moment. */
static void test_s40_the_store_goes_on_while_a_backup_is_made(void **state) {
    CLEANUP(store_backup_freep) StoreBackup *backup = NULL;
    Fixture *fixture = *state;
    StoreBackupFacts facts;
    const char *problem = NULL;
    pthread_t thread;
    char name[32];
    for (unsigned i = 0; i < 200; i++) {
        (void) snprintf(name, sizeof name, "before-%u", i); /* fits */
        add(fixture, name, 1000 + i);
    }
    assert_int_equal(store_backup_new(fixture->store, &backup), 0);
    assert_int_equal(pthread_create(&thread, NULL, run, backup), 0);
    for (unsigned i = 0; i < 200; i++) {
        (void) snprintf(name, sizeof name, "during-%u", i); /* fits */
        add(fixture, name, 2000 + i);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(store_backup_facts(backup, &facts, &problem), 0);
    assert_in_range(facts.rows, 200, 400);
    fixture_assert_log_whole(fixture->store);
}

static int result_of_backup(Fixture *fixture, const char **ret_problem, StoreBackup **ret) {
    StoreBackupFacts facts;
    assert_int_equal(store_backup_new(fixture->store, ret), 0);
    store_backup_run(*ret);
    return store_backup_facts(*ret, &facts, ret_problem);
}

static void test_s37_no_backup_is_made_of_an_edited_log(void **state) {
    CLEANUP(store_backup_freep) StoreBackup *backup = NULL;
    Fixture *fixture = *state;
    const char *problem = NULL;
    add(fixture, "demo", 1000);
    fixture_sql(fixture, "UPDATE audit SET outcome = 'edited'");
    assert_int_equal(result_of_backup(fixture, &problem, &backup), STORE_CORRUPT);
    assert_non_null(strstr(problem, "audit row 1"));
    assert_no_file(fixture, ".copying");
}

static void test_s35_no_backup_is_made_of_a_damaged_database(void **state) {
    CLEANUP(store_backup_freep) StoreBackup *backup = NULL;
    Fixture *fixture = *state;
    const char *problem = NULL;
    add(fixture, "demo", 1000);
    fixture_sql(fixture,
                "INSERT INTO association (profile, certificate, since, by_uid, proven) VALUES (7, 7, 1, 0, 1)");
    assert_int_equal(result_of_backup(fixture, &problem, &backup), STORE_CORRUPT);
    assert_non_null(problem);
    assert_no_file(fixture, ".copying");
}

static void test_s37_a_backup_holds_nobody_erased_before(void **state) {
    CLEANUP(profile_row_done) ProfileRow row = {0};
    Fixture *fixture = *state;
    add(fixture, "erased-before-the-backup", 1000);
    assert_int_equal(store_profile_by_name(fixture->store, "erased-before-the-backup", &row), 0);
    fixture_begin(fixture->store);
    assert_int_equal(store_profile_delete(fixture->store, row.id), 0);
    fixture_commit(fixture->store);
    CLEANUP(free_pointer) char *path = fixture_backup(fixture, ".backup");
    assert_false(fixture_files_contain(fixture, "erased-before-the-backup")); /* the backup is among them */
    assert_int_equal(unlink(path), 0);
}

#define BACKUP_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        BACKUP_TEST(test_a_backup_is_the_whole_database_in_one_file),
        BACKUP_TEST(test_a_backup_holds_nothing_that_is_not_committed),
        BACKUP_TEST(test_s34_the_copy_has_no_name_once_it_is_made),
        BACKUP_TEST(test_a_backup_is_read_in_slices_to_its_end),
        BACKUP_TEST(test_s34_what_a_crash_has_left_of_a_backup_goes_at_the_next_start),
        BACKUP_TEST(test_s40_the_store_goes_on_while_a_backup_is_made),
        BACKUP_TEST(test_s37_no_backup_is_made_of_an_edited_log),
        BACKUP_TEST(test_s35_no_backup_is_made_of_a_damaged_database),
        BACKUP_TEST(test_s37_a_backup_holds_nobody_erased_before),
    };
    return cmocka_run_group_tests_name("store: backup", tests, NULL, NULL);
}

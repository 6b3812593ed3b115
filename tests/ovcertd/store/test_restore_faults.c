/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of SECURITY 35 and 36 for a restore that is interrupted: the process ends at each of its system calls in turn,
 * as with kill -9, or the call fails. Afterwards there is the old database, its log's last commit included, or the new
 * one, and never anything else. With the argument "all" it is every call, otherwise a sample of them and the last ones,
 * which put the new database in its place. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ovcertd/store/database.h"
#include "tests/ovcertd/store/fixture.h"
#include "tests/support/faults.h"

#define SAMPLE_STEP 101u
#define LAST_CALLS 40u
#define BACKUP "backup" /* in the folder, beside the database */

typedef struct File {
    uint8_t *data;
    size_t size;
} File;

typedef struct World {
    Fixture *fixture;
    bool all;
    bool force;
    bool damaged; /* the database cannot be read */
    char *backup;
    File database, log;
} World;

static void block(Fixture *fixture) {
    CLEANUP(profile_row_done) ProfileRow row = {0};
    fixture_begin(fixture->store);
    assert_int_equal(store_profile_by_name(fixture->store, "demo", &row), 0);
    assert_int_equal(store_profile_set_block(fixture->store, row.id, true, "lost"), 0);
    fixture_audit(fixture->store, "blocked", "demo", NULL);
    fixture_commit(fixture->store);
}

/* In a process that ends without closing, so that the block is in the write-ahead log alone. */
static void block_and_crash(Fixture *fixture) {
    int status = 0;
    fixture_close(fixture);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fixture_reopen(fixture);
        block(fixture);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int setup(void **state) {
    World *world = *state;
    void *fixture = NULL;
    (void) fixture_setup(&fixture); /* it fails the test itself */
    world->fixture = fixture;
    fixture_begin(world->fixture->store);
    fixture_profile(world->fixture->store, "demo", 1000);
    fixture_audit(world->fixture->store, "profile-created", "demo", NULL);
    fixture_commit(world->fixture->store);
    world->backup = fixture_backup(world->fixture, "." BACKUP);
    block_and_crash(world->fixture);
    CLEANUP(free_pointer) char *log = fixture_file(world->fixture, "-wal");
    fixture_read(world->fixture->path, &world->database.data, &world->database.size);
    fixture_read(log, &world->log.data, &world->log.size);
    assert_true(world->log.size > 0);
    return 0;
}

static int teardown(void **state) {
    World *world = *state;
    void *fixture = world->fixture;
    faults_disarm();
    free(world->backup);
    free(world->database.data);
    free(world->log.data);
    return fixture_teardown(&fixture);
}

static void put(const Fixture *fixture, const char *suffix, const File *file) {
    CLEANUP(free_pointer) char *path = fixture_file(fixture, suffix);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, file->data, file->size), file->size);
    assert_int_equal(close(fd), 0);
}

static void begin_anew(const World *world) {
    const Fixture *fixture = world->fixture;
    DIR *folder = opendir(fixture->folder);
    const struct dirent *entry;
    assert_non_null(folder);
    while ((entry = readdir(folder)))
        if (entry->d_name[0] != '.' && !strstr(entry->d_name, BACKUP))
            assert_int_equal(unlinkat(dirfd(folder), entry->d_name, 0), 0);
    (void) closedir(folder);
    File database = world->database;
    uint8_t noise[8192] = {0x5a};
    if (world->damaged)
        database = (File){.data = noise, .size = sizeof noise};
    put(fixture, "", &database);
    put(fixture, "-wal", &world->log);
}

static int restore(const World *world) {
    CLEANUP(restore_report_done) RestoreReport report = {0};
    CLEANUP(free_pointer) char *problem = NULL;
    int input = open(world->backup, O_RDONLY | O_CLOEXEC);
    if (input < 0)
        return -errno;
    const RestoreOptions options = {.path = world->fixture->path, .input = input, .force = world->force};
    int r = store_restore(&options, &report, &problem);
    (void) close(input); /* only read from */
    return r;
}

/* --- afterwards --- */

static bool is_as_it_was(const World *world) {
    CLEANUP(free_pointer) char *path = fixture_file(world->fixture, "-wal");
    File now;
    fixture_read(path, &now.data, &now.size);
    bool same = now.size == world->log.size && memcmp(now.data, world->log.data, now.size) == 0;
    free(now.data);
    return same;
}

/* 1: the new one; 0: the old one; anything else fails. */
static int which(const World *world, const char *what) {
    CLEANUP(profile_row_done) ProfileRow row = {0};
    const char *problem = NULL;
    int r = fixture_try_open(world->fixture, &problem);
    if (world->damaged && r == STORE_CORRUPT && is_as_it_was(world))
        return 0;
    if (r != 0)
        fail_msg("%s: %d, %s", what, r, problem ? problem : "");
    fixture_assert_log_whole(world->fixture->store);
    int restored = (int) fixture_number(world->fixture, "SELECT count(*) FROM audit WHERE event = 'database-restored'");
    if (store_profile_by_name(world->fixture->store, "demo", &row) != 0)
        fail_msg("%s: the profile is gone", what);
    if (world->damaged && restored == 0)
        fail_msg("%s: neither the old nor the new database", what);
    if (!world->damaged && !row.blocked)
        fail_msg("%s: the block is gone", what);
    fixture_close(world->fixture);
    return restored;
}

static void check_leftovers(const World *world, const char *what) {
    static const char *const suffixes[] = {".restoring", ".restoring-wal", ".restored", ".copying"};
    for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
        CLEANUP(free_pointer) char *path = fixture_file(world->fixture, suffixes[i]);
        if (access(path, F_OK) == 0)
            fail_msg("%s: %s stays", what, suffixes[i]);
    }
}

/* Whether the new one is there; *ret_reached: there was such a call. */
static int end_at(const World *world, unsigned call, bool *ret_reached) {
    int status = 0;
    char what[64];
    begin_anew(world);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        faults_get()->ends = true;
        faults_arm(FAULT_FILES, EIO, call);
        _exit(restore(world) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    *ret_reached = WEXITSTATUS(status) == FAULTS_ENDED;
    (void) snprintf(what, sizeof what, "ended at call %u", call); /* fits */
    if (!*ret_reached && WEXITSTATUS(status) != EXIT_SUCCESS)
        fail_msg("%s: it failed", what);
    int restored = which(world, what);
    if (!world->damaged || restored)
        check_leftovers(world, what);
    return restored;
}

static int fail_at(const World *world, unsigned call, FaultKind kind, int error, bool *ret_reached) {
    char what[64];
    begin_anew(world);
    faults_arm(kind, error, call);
    int r = restore(world);
    *ret_reached = faults_get()->failed;
    faults_disarm();
    (void) snprintf(what, sizeof what, "%s at call %u (%s)", strerrorname_np(error), call, faults_get()->function);
    /* SQLite itself says "corrupt" for a page of the backup that cannot be read for EIO: it is refused then. */
    if (r > 0 && !(r == STORE_CORRUPT && strcmp(faults_get()->function, "pread") == 0))
        fail_msg("%s: the outcome %d for a fault", what, r);
    int restored = which(world, what);
    if (r == 0 && !restored)
        fail_msg("%s: it was not restored, and nobody said so", what);
    return restored;
}

static unsigned count_calls(const World *world, FaultKind kind) {
    begin_anew(world);
    faults_arm(kind, EIO, 0);
    int r = restore(world);
    faults_disarm();
    assert_int_equal(r, 0);
    assert_int_equal(which(world, "without a fault"), 1);
    return faults_get()->count;
}

static unsigned next_call(const World *world, unsigned call, unsigned calls) {
    return world->all || call + LAST_CALLS >= calls ? call + 1 : call + SAMPLE_STEP;
}

static void end_in_turn(World *world) {
    unsigned calls = count_calls(world, FAULT_FILES), restored = 0, kept = 0;
    bool reached = true;
    for (unsigned call = 1; reached; call = next_call(world, call, calls))
        *(end_at(world, call, &reached) ? &restored : &kept) += 1;
    assert_true(kept > 3 && restored > 3); /* both sides of the moment at which it is done */
}

static void test_s36_an_ended_restore_leaves_the_old_or_the_new_database(void **state) {
    World *world = *state;
    world->damaged = false;
    end_in_turn(world);
}

static void test_s35_an_ended_restore_over_a_damaged_database_leaves_that_or_the_new_one(void **state) {
    World *world = *state;
    world->damaged = world->force = true;
    end_in_turn(world);
    world->damaged = world->force = false;
}

static void fail_in_turn(World *world, FaultKind kind, int error) {
    unsigned calls = count_calls(world, kind);
    bool reached = true;
    world->damaged = false;
    for (unsigned call = 1; reached; call = next_call(world, call, calls))
        (void) fail_at(world, call, kind, error, &reached); /* it judges itself */
}

static void test_s36_a_fault_of_the_disk_leaves_the_old_or_the_new_database(void **state) {
    fail_in_turn(*state, FAULT_FILES, EIO);
}

/* Then the block would be gone. */
static void test_s35_no_force_takes_a_database_for_damaged_that_cannot_be_looked_at_now(void **state) {
    World *world = *state;
    world->force = true;
    fail_in_turn(world, FAULT_FILES, EIO);
    fail_in_turn(world, FAULT_MEMORY, ENOMEM);
    world->force = false;
}

static void test_s36_a_full_disk_leaves_the_old_or_the_new_database(void **state) {
    fail_in_turn(*state, FAULT_FILES, ENOSPC);
}

#define RESTORE_TEST(function) cmocka_unit_test_prestate_setup_teardown(function, setup, teardown, &world)

int main(int argc, char *argv[]) {
    World world = {.all = argc > 1 && strcmp(argv[1], "all") == 0};
    const struct CMUnitTest tests[] = {
        RESTORE_TEST(test_s36_an_ended_restore_leaves_the_old_or_the_new_database),
        RESTORE_TEST(test_s35_an_ended_restore_over_a_damaged_database_leaves_that_or_the_new_one),
        RESTORE_TEST(test_s36_a_fault_of_the_disk_leaves_the_old_or_the_new_database),
        RESTORE_TEST(test_s35_no_force_takes_a_database_for_damaged_that_cannot_be_looked_at_now),
        RESTORE_TEST(test_s36_a_full_disk_leaves_the_old_or_the_new_database),
    };
    /* Else SQLite takes small pieces from memory of its own. */
    if (sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK)
        return EXIT_FAILURE;
    return cmocka_run_group_tests_name("store: restore faults", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of damage (SECURITY 35): with any page of the file broken, the store refuses, or works without having lost a
 * profile in silence; the file is never replaced, shortened or repaired. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ovcertd/store/database.h"
#include "tests/ovcertd/store/fixture.h"

#define PROFILES 60u
#define PAGE 4096u

static void fill(Fixture *fixture) {
    int64_t association = 0;
    char name[32];

    fixture_begin(fixture->store);
    for (unsigned i = 0; i < PROFILES; i++) {
        (void) snprintf(name, sizeof(name), "user-%02u", i); /* fits */
        int64_t profile = fixture_profile(fixture->store, name, i);
        int64_t certificate = fixture_certificate(fixture->store, name, FIXTURE_SUBJECT);
        assert_int_equal(store_association_create(fixture->store, profile, certificate, 1, 0, true, &association), 0);
        fixture_audit(fixture->store, "assigned", name, FIXTURE_SUBJECT);
    }
    fixture_commit(fixture->store);
    fixture_close(fixture);
}

/* A profile or an association that is gone without any call having failed. */
static bool lost_in_silence(Store *store) {
    ProfileRow *rows = NULL;
    size_t count = 0;
    bool lost = false;

    if (store_profile_list(store, "", 1000, &rows, &count) < 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        CLEANUP(association_row_done) AssociationRow row = {0};
        lost |= store_association_active(store, rows[i].id, &row) == STORE_NOT_FOUND;
    }
    profile_rows_free(rows, count);
    return lost || count != PROFILES;
}

typedef struct File {
    uint8_t *data;
    size_t size;
    struct stat status;
} File;

static File file_read(const Fixture *fixture) {
    File file = {0};

    fixture_read(fixture->path, &file.data, &file.size);
    assert_int_equal(stat(fixture->path, &file.status), 0);
    return file;
}

/* Opens the damaged file as it is now; whether it was refused. */
static bool is_refused_or_whole(Fixture *fixture, const char *what, size_t at) {
    const char *problem = NULL;

    File before = file_read(fixture);
    int r = fixture_try_open(fixture, &problem);
    File after = file_read(fixture);
    if (before.status.st_ino != after.status.st_ino || after.size < before.size)
        fail_msg("%s at %zu: replaced or shortened", what, at);
    if (r != 0 && memcmp(before.data, after.data, before.size) != 0)
        fail_msg("%s at %zu: refused, but changed", what, at);
    if (r != 0 && r != STORE_CORRUPT && r != STORE_NEWER)
        fail_msg("%s at %zu: %d, %s", what, at, r, problem ? problem : "");
    if (r == 0 && lost_in_silence(fixture->store))
        fail_msg("%s at %zu: lost a profile in silence", what, at);
    fixture_close(fixture);
    free(before.data);
    free(after.data);
    return r != 0;
}

/* Number of the pages that are refused with count octets from offset on replaced by what change makes of them. */
static size_t damage_each_page(Fixture *fixture, size_t offset, size_t count, uint8_t flip, bool clear,
                               const char *what) {
    File whole = file_read(fixture);
    size_t refused = 0;

    for (size_t page = 0; page < whole.size; page += PAGE) {
        uint8_t *damaged = malloc(whole.size);
        assert_non_null(damaged);
        (void) memcpy(damaged, whole.data, whole.size); /* returns damaged */
        for (size_t i = page + offset; i < page + offset + count; i++)
            damaged[i] = clear ? 0 : damaged[i] ^ flip;
        fixture_write(fixture->path, damaged, whole.size);
        refused += is_refused_or_whole(fixture, what, page + offset);
        free(damaged);
    }
    fixture_write(fixture->path, whole.data, whole.size);
    free(whole.data);
    return refused;
}

static void test_s35_a_lost_page_is_refused(void **state) {
    Fixture *fixture = *state;

    fill(fixture);
    size_t pages = (size_t) fixture_number(fixture, "PRAGMA page_count");
    assert_int_equal(fixture_number(fixture, "PRAGMA freelist_count"), 0);
    assert_int_equal(damage_each_page(fixture, 0, PAGE, 0, true, "zeros"), pages);
    assert_int_equal(damage_each_page(fixture, 0, PAGE, 0xff, false, "inverted"), pages);
    fixture_reopen(fixture); /* it was the damage */
}

static void test_s35_a_flipped_octet_is_refused_or_harmless(void **state) {
    static const size_t offsets[] = {0,  1,   3,   5,    8,    9,    11,         18,        28,
                                     60, 100, 105, 1000, 2048, 3000, PAGE - 100, PAGE - 20, PAGE - 1};
    Fixture *fixture = *state;
    size_t refused = 0;

    fill(fixture);
    for (size_t i = 0; i < ELEMENTSOF(offsets); i++) {
        refused += damage_each_page(fixture, offsets[i], 1, 0xff, false, "flipped octet");
        refused += damage_each_page(fixture, offsets[i], 1, 0x01, false, "flipped bit");
    }
    assert_true(refused > 0);
    fixture_reopen(fixture);
}

static void test_s35_a_cut_file_is_refused(void **state) {
    Fixture *fixture = *state;

    fill(fixture);
    File whole = file_read(fixture);
    for (size_t size = PAGE / 2; size < whole.size; size += PAGE / 2) {
        fixture_write(fixture->path, whole.data, size);
        assert_true(is_refused_or_whole(fixture, "cut", size));
    }
    fixture_write(fixture->path, whole.data, whole.size);
    fixture_reopen(fixture);
    free(whole.data);
}

/* Commits in a process that ends without closing, so that the change is in the log alone. */
static void commit_and_crash(Fixture *fixture) {
    int status = 0;

    fixture_close(fixture);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fixture_reopen(fixture);
        fixture_begin(fixture->store);
        fixture_profile(fixture->store, "in-the-log", 5000);
        fixture_commit(fixture->store);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_s35_a_refused_database_keeps_its_log(void **state) {
    CLEANUP(profile_row_done) ProfileRow row = {0};
    Fixture *fixture = *state;
    char *log = fixture_file(fixture, "-wal");
    uint8_t *before, *after;
    size_t size_before, size_after;

    fill(fixture);
    commit_and_crash(fixture);
    fixture_read(log, &before, &size_before);
    assert_true(size_before > 0);
    File whole = file_read(fixture);
    uint8_t *zeros = calloc(1, whole.size);
    assert_non_null(zeros);
    fixture_write(fixture->path, zeros, whole.size);
    assert_true(is_refused_or_whole(fixture, "zeros below a log", 0));
    fixture_read(log, &after, &size_after);
    assert_int_equal(size_before, size_after);
    assert_memory_equal(before, after, size_before);
    fixture_write(fixture->path, whole.data, whole.size); /* so that a repaired file still has its last commit */
    fixture_reopen(fixture);
    assert_int_equal(store_profile_by_name(fixture->store, "in-the-log", &row), 0);
    free(before);
    free(after);
    free(zeros);
    free(whole.data);
    free(log);
}

static void test_s35_damage_found_while_running_is_a_fault(void **state) {
    CLEANUP(profile_row_done) ProfileRow row = {0};
    Fixture *fixture = *state;

    fill(fixture);
    fixture_reopen(fixture);
    File whole = file_read(fixture);
    (void) memset(whole.data + PAGE, 0x5a, whole.size - PAGE); /* returns its argument */
    fixture_write(fixture->path, whole.data, whole.size);
    (void) sqlite3_db_release_memory(fixture->store->db); /* as if it had been read long ago; always SQLITE_OK */
    fixture_begin(fixture->store);
    int r = store_audit_add(fixture->store, &(AuditEntry){.event = "login", .outcome = "ok"});
    assert_int_equal(store_end(fixture->store, false), 0);
    assert_true(r == -EUCLEAN || r == -EIO);
    assert_string_not_equal(store_fault(fixture->store), "");
    r = store_profile_by_name(fixture->store, "user-59", &row);
    assert_true(r == -EUCLEAN || r == -EIO || r == 0);
    File after = file_read(fixture);
    assert_int_equal(after.size, whole.size);
    assert_int_equal(after.status.st_ino, whole.status.st_ino);
    free(after.data);
    free(whole.data);
}

#define DAMAGE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        DAMAGE_TEST(test_s35_a_lost_page_is_refused),
        DAMAGE_TEST(test_s35_a_flipped_octet_is_refused_or_harmless),
        DAMAGE_TEST(test_s35_a_cut_file_is_refused),
        DAMAGE_TEST(test_s35_a_refused_database_keeps_its_log),
        DAMAGE_TEST(test_s35_damage_found_while_running_is_a_fault),
    };
    return cmocka_run_group_tests_name("store: damage", tests, NULL, NULL);
}

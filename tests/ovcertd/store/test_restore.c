/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of restoring: what was forbidden since the backup stays forbidden, who was erased stays erased, and nothing but
 * a whole backup takes the place of the database (SECURITY 34 to 37). */
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

#define LATER (FIXTURE_NOW + 3600)

/* A profile "demo" with a certificate "first", and a backup of that. */
typedef struct World {
    Fixture *fixture;
    int64_t demo, association;
    char *backup;
    RestoreReport report;
    char *problem;
} World;

static int64_t assign(Store *store, int64_t profile, const char *octets) {
    int64_t association = 0;
    int64_t certificate = fixture_certificate(store, octets, FIXTURE_SUBJECT);
    assert_int_equal(store_association_create(store, profile, certificate, FIXTURE_NOW, 0, true, &association), 0);
    return association;
}

static int setup(void **state) {
    World *world = calloc(1, sizeof *world);
    assert_non_null(world);
    assert_int_equal(fixture_setup(state), 0);
    world->fixture = *state;
    Store *store = world->fixture->store;
    fixture_begin(store);
    world->demo = fixture_profile(store, "demo", 1000);
    fixture_audit(store, "profile-created", "demo", NULL);
    world->association = assign(store, world->demo, "first");
    fixture_audit(store, "assigned", "demo", FIXTURE_SUBJECT);
    fixture_commit(store);
    world->backup = fixture_backup(world->fixture, ".backup");
    *state = world;
    return 0;
}

static int teardown(void **state) {
    World *world = *state;
    void *fixture = world->fixture;
    restore_report_done(&world->report);
    free(world->problem);
    free(world->backup);
    free(world);
    return fixture_teardown(&fixture);
}

static int restore_file(World *world, const char *path, bool force) {
    int input = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(input >= 0);
    const RestoreOptions options = {.path = world->fixture->path, .input = input, .force = force, .now = LATER};
    fixture_close(world->fixture);
    restore_report_done(&world->report);
    free(world->problem);
    int r = store_restore(&options, &world->report, &world->problem);
    assert_int_equal(close(input), 0);
    return r;
}

static void restore_with(World *world, bool force) {
    int r = restore_file(world, world->backup, force);
    if (r != 0)
        fail_msg("%d: %s", r, world->problem ? world->problem : "no problem told");
    fixture_reopen(world->fixture);
    fixture_assert_log_whole(world->fixture->store);
    assert_int_equal(fixture_number(world->fixture, "SELECT count(*) FROM audit WHERE event = 'database-restored'"), 1);
}

static void restore(World *world) {
    restore_with(world, false);
}

static void restore_by_force(World *world) {
    restore_with(world, true);
}

static void assert_refused(World *world, int outcome, const char *reason, bool force) {
    uint8_t *before, *after;
    size_t size, size_after;
    fixture_close(world->fixture);
    fixture_read(world->fixture->path, &before, &size);
    assert_int_equal(restore_file(world, world->backup, force), outcome);
    assert_non_null(world->problem);
    if (!strstr(world->problem, reason))
        fail_msg("problem is \"%s\", expected \"%s\"", world->problem, reason);
    fixture_read(world->fixture->path, &after, &size_after);
    assert_int_equal(size, size_after);
    assert_memory_equal(before, after, size);
    free(before);
    free(after);
    CLEANUP(free_pointer) char *left = fixture_file(world->fixture, ".restoring");
    assert_int_equal(access(left, F_OK), -1);
}

static bool has_certificate(const World *world, const char *name) {
    CLEANUP(profile_row_done) ProfileRow row = {0};
    CLEANUP(association_row_done) AssociationRow association = {0};
    assert_int_equal(store_profile_by_name(world->fixture->store, name, &row), 0);
    return store_association_active(world->fixture->store, row.id, &association) == 0;
}

static void end_association(World *world) {
    Store *store = world->fixture->store;
    fixture_begin(store);
    assert_int_equal(store_association_end(store, world->association, LATER, 7, "lost"), 0);
    fixture_audit(store, "unlinked", "demo", FIXTURE_SUBJECT);
    fixture_commit(store);
}

static void delete_demo(World *world) {
    Store *store = world->fixture->store;
    fixture_begin(store);
    fixture_audit(store, "profile-deleted", "demo", NULL);
    assert_int_equal(store_profile_delete(store, world->demo), 0);
    fixture_commit(store);
}

/* --- what comes back --- */

static void test_what_was_lost_since_the_backup_is_there_again(void **state) {
    World *world = *state;
    fixture_close(world->fixture);
    fixture_sql(world->fixture, "DELETE FROM association");
    restore(world);
    assert_true(has_certificate(world, "demo"));
    assert_int_equal(world->report.rows, 2);
    assert_null(world->report.damage);
    assert_non_null(strstr(world->report.kept, ".replaced-1"));
}

static void test_a_missing_database_is_restored(void **state) {
    World *world = *state;
    fixture_close(world->fixture);
    assert_int_equal(unlink(world->fixture->path), 0);
    restore(world);
    assert_true(has_certificate(world, "demo"));
    assert_null(world->report.kept);
}

static void damage(const World *world, uint8_t noise[8192]) {
    memset(noise, 0x5a, 8192);
    fixture_close(world->fixture);
    fixture_write(world->fixture->path, noise, 8192);
    CLEANUP(free_pointer) char *log = fixture_file(world->fixture, "-wal");
    assert_int_equal(close(creat(log, 0600)), 0);
    fixture_write(log, noise, 8192);
}

static void test_s35_a_damaged_database_is_not_given_up_without_force(void **state) {
    World *world = *state;
    uint8_t noise[8192];
    damage(world, noise);
    assert_refused(world, STORE_DAMAGED, "unlinked, blocked, barred or deleted since the backup would be forgotten",
                   false);
    assert_non_null(strstr(world->problem, "ovcert.db: it is damaged (file is not a database)"));
    CLEANUP(free_pointer) char *kept = fixture_file(world->fixture, ".replaced-1");
    assert_int_equal(access(kept, F_OK), -1);
}

static void test_s35_an_empty_file_and_a_log_alone_are_damaged_databases(void **state) {
    World *world = *state;
    uint8_t noise[8192];
    damage(world, noise);
    assert_int_equal(truncate(world->fixture->path, 0), 0);
    assert_refused(world, STORE_DAMAGED, "it is empty", false);
    assert_int_equal(unlink(world->fixture->path), 0);
    assert_int_equal(restore_file(world, world->backup, false), STORE_DAMAGED);
    assert_non_null(strstr(world->problem, "it is missing"));
    restore_by_force(world);
    assert_true(has_certificate(world, "demo"));
}

static void test_s35_a_damaged_database_is_replaced_and_kept(void **state) {
    World *world = *state;
    uint8_t noise[8192], *kept;
    size_t size;
    struct stat status;
    damage(world, noise);
    restore_by_force(world);
    assert_true(has_certificate(world, "demo"));
    assert_non_null(world->report.damage);
    assert_int_equal(
        fixture_number(world->fixture, "SELECT count(*) FROM audit WHERE detail LIKE '%a damaged database set aside'"),
        1);
    CLEANUP(free_pointer) char *path = fixture_file(world->fixture, ".replaced-1");
    CLEANUP(free_pointer) char *old_log = fixture_file(world->fixture, ".replaced-1-wal");
    fixture_read(path, &kept, &size);
    assert_int_equal(size, sizeof noise);
    assert_memory_equal(kept, noise, size);
    free(kept);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & ALLPERMS, 0600);
    assert_int_equal(access(old_log, F_OK), 0);
}

static void test_each_restore_keeps_what_it_replaces(void **state) {
    World *world = *state;
    restore(world);
    assert_int_equal(restore_file(world, world->backup, false), 0);
    assert_non_null(strstr(world->report.kept, ".replaced-2"));
    fixture_reopen(world->fixture);
}

/* An older backup, then the right one: who came between them is not taken for erased. */
static void test_the_right_backup_after_the_wrong_one_brings_everybody_back(void **state) {
    World *world = *state;
    Store *store = world->fixture->store;
    CLEANUP(profile_row_done) ProfileRow row = {0};
    fixture_begin(store);
    fixture_profile(store, "newer", 1001);
    fixture_audit(store, "profile-created", "newer", NULL);
    fixture_commit(store);
    CLEANUP(free_pointer) char *right = fixture_backup(world->fixture, ".right");
    restore(world);
    assert_int_equal(store_profile_by_name(world->fixture->store, "newer", &row), STORE_NOT_FOUND);
    assert_int_equal(restore_file(world, right, false), 0);
    fixture_reopen(world->fixture);
    assert_int_equal(store_profile_by_name(world->fixture->store, "newer", &row), 0);
}

/* --- what stays forbidden --- */

static void test_an_ended_association_stays_ended(void **state) {
    World *world = *state;
    end_association(world);
    restore(world);
    assert_false(has_certificate(world, "demo"));
    assert_int_equal(world->report.endings, 1);
    assert_int_equal(fixture_number(world->fixture, "SELECT ended_by FROM association WHERE ended_why = 'lost'"), 7);
}

static void test_a_certificate_that_was_renewed_stays_ended_too(void **state) {
    World *world = *state;
    end_association(world);
    fixture_begin(world->fixture->store);
    (void) assign(world->fixture->store, world->demo, "second");
    fixture_audit(world->fixture->store, "assigned", "demo", FIXTURE_SUBJECT);
    fixture_commit(world->fixture->store);
    restore(world);
    assert_false(has_certificate(world, "demo"));
}

static void test_an_ending_that_was_taken_back_by_a_new_assignment_does_not_count(void **state) {
    World *world = *state;
    end_association(world);
    fixture_begin(world->fixture->store);
    (void) assign(world->fixture->store, world->demo, "first");
    fixture_audit(world->fixture->store, "assigned", "demo", FIXTURE_SUBJECT);
    fixture_commit(world->fixture->store);
    restore(world);
    assert_true(has_certificate(world, "demo"));
}

static void test_a_block_stays(void **state) {
    World *world = *state;
    CLEANUP(profile_row_done) ProfileRow row = {0};
    fixture_begin(world->fixture->store);
    assert_int_equal(store_profile_set_block(world->fixture->store, world->demo, true, "card lost"), 0);
    fixture_audit(world->fixture->store, "blocked", "demo", NULL);
    fixture_commit(world->fixture->store);
    restore(world);
    assert_int_equal(store_profile_by_name(world->fixture->store, "demo", &row), 0);
    assert_true(row.blocked);
    assert_string_equal(row.block_reason, "card lost");
    assert_int_equal(world->report.blocks, 1);
}

static void test_a_bar_stays(void **state) {
    World *world = *state;
    uint8_t fingerprint[32];
    fixture_fingerprint("first", fingerprint);
    fixture_begin(world->fixture->store);
    assert_int_equal(store_certificate_bar(world->fixture->store, fingerprint, LATER, 0, "unlink"), 0);
    fixture_audit(world->fixture->store, "certificate-barred", "demo", NULL);
    fixture_commit(world->fixture->store);
    restore(world);
    assert_int_equal(store_certificate_is_barred(world->fixture->store, fingerprint), STORE_EXISTS);
    assert_int_equal(world->report.bars, 1);
}

static void test_s41_a_holder_set_since_stays(void **state) {
    World *world = *state;
    CLEANUP(profile_row_done) ProfileRow row = {0};
    fixture_begin(world->fixture->store);
    assert_int_equal(store_profile_set_holder(world->fixture->store, world->demo, "ES:00000000T"), 0);
    fixture_audit(world->fixture->store, "assigned", "demo", NULL);
    fixture_commit(world->fixture->store);
    restore(world);
    assert_int_equal(store_profile_by_name(world->fixture->store, "demo", &row), 0);
    assert_string_equal(row.holder, "ES:00000000T");
    assert_int_equal(world->report.holders, 1);
}

static void set_floor(Fixture *fixture, uint8_t octet) {
    const uint8_t value[8] = {[7] = octet};
    fixture_begin(fixture->store);
    assert_int_equal(store_setting_set(fixture->store, "clock-floor", (View){value, sizeof value}), 0);
    fixture_commit(fixture->store);
}

static void test_s39_the_clock_floor_never_sinks(void **state) {
    World *world = *state;
    CLEANUP(bytes_done) Bytes value = {0};
    set_floor(world->fixture, 5);
    CLEANUP(free_pointer) char *with_floor = fixture_backup(world->fixture, ".floor");
    set_floor(world->fixture, 9);
    assert_int_equal(restore_file(world, with_floor, false), 0);
    fixture_reopen(world->fixture);
    assert_int_equal(store_setting_get(world->fixture->store, "clock-floor", &value), 0);
    assert_int_equal(value.data[7], 9);
}

static void test_what_was_under_way_then_is_not_under_way_now(void **state) {
    World *world = *state;
    Store *store = world->fixture->store;
    char id[STORE_ID_SIZE];
    const OperationRow row = {.profile = world->demo, .kind = 1, .state = 2, .deadline = LATER + 1000};
    fixture_begin(store);
    int64_t second = fixture_certificate(store, "second", FIXTURE_SUBJECT);
    assert_int_equal(store_operation_create(store, &row, id), 0);
    assert_int_equal(store_candidate_create(store, world->demo, second, FIXTURE_NOW, LATER + 1000, 0, id), 0);
    fixture_audit(store, "proven", "demo", FIXTURE_SUBJECT);
    fixture_commit(store);
    CLEANUP(free_pointer) char *path = fixture_backup(world->fixture, ".open");
    assert_int_equal(restore_file(world, path, false), 0);
    fixture_reopen(world->fixture);
    assert_int_equal(fixture_number(world->fixture, "SELECT count(*) FROM candidate"), 0);
    assert_int_equal(fixture_number(world->fixture, "SELECT count(*) FROM operation WHERE state IN (1, 2)"), 0);
    assert_int_equal(fixture_number(world->fixture, "SELECT count(*) FROM certificate"), 1);
}

/* --- erasure --- */

static void remove_file(const char *path) {
    assert_int_equal(unlink(path), 0);
}

static void test_s37_who_was_erased_since_does_not_come_back(void **state) {
    World *world = *state;
    CLEANUP(profile_row_done) ProfileRow row = {0};
    delete_demo(world);
    restore(world);
    assert_int_equal(store_profile_by_name(world->fixture->store, "demo", &row), STORE_NOT_FOUND);
    assert_int_equal(world->report.erased, 1);
    remove_file(world->backup); /* which does hold it */
    assert_false(fixture_files_contain(world->fixture, FIXTURE_SUBJECT));
    assert_int_equal(fixture_number(world->fixture, "SELECT count(*) FROM certificate"), 0);
}

static void test_s42_an_erased_persons_name_given_to_another_inherits_nothing(void **state) {
    World *world = *state;
    CLEANUP(profile_row_done) ProfileRow row = {0};
    delete_demo(world);
    fixture_begin(world->fixture->store);
    fixture_profile(world->fixture->store, "demo", 4711);
    fixture_audit(world->fixture->store, "profile-created", "demo", NULL);
    fixture_commit(world->fixture->store);
    restore(world);
    assert_int_equal(store_profile_by_name(world->fixture->store, "demo", &row), STORE_NOT_FOUND);
    /* But the newer one's rows of the log keep their name. */
    assert_int_equal(fixture_number(world->fixture, "SELECT count(*) FROM audit_person WHERE name = 'demo'"), 1);
}

static bool is_there(const World *world, const char *suffix) {
    CLEANUP(free_pointer) char *path = fixture_file(world->fixture, suffix);
    return access(path, F_OK) == 0;
}

static void test_s37_an_erasure_takes_along_what_restores_have_set_aside(void **state) {
    World *world = *state;
    CLEANUP(free_pointer) char *first = fixture_file(world->fixture, ".replaced-1");
    CLEANUP(free_pointer) char *far = fixture_file(world->fixture, ".replaced-4711-wal");
    CLEANUP(free_pointer) char *mine = fixture_file(world->fixture, "-replaced-1");
    restore(world);
    assert_int_equal(restore_file(world, world->backup, false), 0);
    assert_true(is_there(world, ".replaced-2"));
    assert_int_equal(link(first, far), 0); /* as if the administrator had removed those between */
    assert_int_equal(close(creat(mine, 0600)), 0);
    remove_file(world->backup);
    fixture_reopen(world->fixture);
    delete_demo(world);
    assert_false(fixture_files_contain(world->fixture, FIXTURE_SUBJECT));
    assert_false(is_there(world, ".replaced-1"));
    assert_false(is_there(world, ".replaced-4711-wal"));
    assert_true(is_there(world, "-replaced-1")); /* is no name that ovcert gives */
}

static void test_s37_what_cannot_be_removed_keeps_nothing_in_the_database(void **state) {
    World *world = *state;
    CLEANUP(free_pointer) char *folder = fixture_file(world->fixture, ".replaced-9");
    CLEANUP(free_pointer) char *mine = fixture_file(world->fixture, ".replaced-1.keep");
    restore(world);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(close(creat(mine, 0600)), 0);
    remove_file(world->backup);
    fixture_reopen(world->fixture);
    delete_demo(world);
    assert_false(is_there(world, ".replaced-1"));
    assert_true(is_there(world, ".replaced-1.keep"));
    assert_int_equal(rmdir(folder), 0);
    assert_false(fixture_files_contain(world->fixture, FIXTURE_SUBJECT));
}

/* The mark of what is left to do is in the database that gives way. */
static void test_s37_a_restore_ends_an_erasure_that_was_held_up(void **state) {
    World *world = *state;
    restore(world);
    assert_true(is_there(world, ".replaced-1"));
    sqlite3 *reader = fixture_raw(world->fixture);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM profile", NULL, NULL, NULL), SQLITE_OK);
    delete_demo(world);
    assert_true(fixture_files_contain(world->fixture, FIXTURE_SUBJECT));
    assert_int_equal(restore_file(world, world->backup, true), -EBUSY);
    assert_non_null(strstr(world->problem, "what was erased is still in its files"));
    assert_false(is_there(world, ".restoring"));
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
    assert_int_equal(restore_file(world, world->backup, false), 0);
    assert_int_equal(world->report.erased, 1);
    remove_file(world->backup);
    assert_false(fixture_files_contain(world->fixture, FIXTURE_SUBJECT));
    fixture_reopen(world->fixture);
}

/* --- the log --- */

static void test_s37_the_log_goes_on_where_the_databases_ends(void **state) {
    World *world = *state;
    uint8_t head[32], kept[32];
    uint64_t seq = 0;
    end_association(world);
    assert_int_equal(store_audit_head(world->fixture->store, &seq, head), 0);
    assert_int_equal(seq, 3);
    restore(world);
    assert_int_equal(fixture_number(world->fixture, "SELECT max(seq) FROM audit"), 4);
    AuditRow *rows = NULL;
    size_t count = 0;
    assert_int_equal(store_audit_list(world->fixture->store, NULL, 2, 1, &rows, &count), 0);
    memcpy(kept, rows[0].hash, sizeof kept);
    assert_memory_equal(kept, head, sizeof head);
    assert_string_equal(rows[0].profile, "demo");
    (void) audit_rows_free(rows, count);
}

static void set_anchors(Fixture *fixture, const char *value) {
    fixture_begin(fixture->store);
    assert_int_equal(store_setting_set(fixture->store, "anchors", (View){(const uint8_t *) value, strlen(value)}), 0);
    fixture_audit(fixture->store, "anchor-added", NULL, NULL);
    fixture_commit(fixture->store);
}

static void assert_anchors(const Fixture *fixture, const char *value) {
    CLEANUP(bytes_done) Bytes found = {0};
    assert_int_equal(store_setting_get(fixture->store, "anchors", &found), 0);
    assert_int_equal(found.size, strlen(value));
    assert_memory_equal(found.data, value, found.size);
}

/* Or the next start would record once more what has its row already. */
static void test_s37_the_anchors_that_are_known_are_those_of_the_log_that_goes_on(void **state) {
    World *world = *state;
    set_anchors(world->fixture, "then");
    CLEANUP(free_pointer) char *then = fixture_backup(world->fixture, ".then");
    set_anchors(world->fixture, "now");
    CLEANUP(free_pointer) char *now = fixture_backup(world->fixture, ".now");
    assert_int_equal(restore_file(world, then, false), 0);
    fixture_reopen(world->fixture);
    assert_anchors(world->fixture, "now");
    fixture_close(world->fixture);
    assert_int_equal(rename(then, world->fixture->path), 0);
    assert_int_equal(restore_file(world, now, false), 0);
    fixture_reopen(world->fixture);
    assert_anchors(world->fixture, "now");
}

static void test_a_backup_that_is_later_than_the_database_needs_no_force(void **state) {
    World *world = *state;
    end_association(world);
    CLEANUP(free_pointer) char *later = fixture_backup(world->fixture, ".later");
    fixture_close(world->fixture);
    assert_int_equal(rename(world->backup, world->fixture->path), 0);
    world->backup = (free(world->backup), TAKE_PTR(later));
    restore(world);
    assert_false(has_certificate(world, "demo"));
}

/* The database that a first start makes where another machine's backup is to go. */
static void make_another_database(World *world, bool with_rows) {
    fixture_close(world->fixture);
    remove_file(world->fixture->path);
    fixture_reopen(world->fixture);
    if (!with_rows)
        return;
    uint8_t fingerprint[32];
    fixture_fingerprint("first", fingerprint);
    fixture_begin(world->fixture->store);
    assert_int_equal(store_certificate_bar(world->fixture->store, fingerprint, LATER, 0, "unlink"), 0);
    fixture_audit(world->fixture->store, "certificate-barred", NULL, NULL);
    fixture_commit(world->fixture->store);
}

static void test_a_new_and_empty_database_needs_no_force(void **state) {
    World *world = *state;
    make_another_database(world, false);
    restore(world);
    assert_true(has_certificate(world, "demo"));
}

static void test_s37_another_log_is_not_set_aside_without_force(void **state) {
    World *world = *state;
    make_another_database(world, true);
    assert_refused(world, STORE_FORKED, "ovcert.db: its audit log does not go on from the backup's", false);
    assert_int_equal(restore_file(world, world->backup, true), 0);
    fixture_reopen(world->fixture);
    fixture_assert_log_whole(world->fixture->store);
    uint8_t fingerprint[32];
    fixture_fingerprint("first", fingerprint); /* what is forbidden there stays forbidden all the same */
    assert_int_equal(store_certificate_is_barred(world->fixture->store, fingerprint), STORE_EXISTS);
    assert_int_equal(
        fixture_number(world->fixture, "SELECT count(*) FROM audit WHERE detail LIKE '%another log set aside'"), 1);
}

static void test_s37_an_edited_log_is_not_carried_on(void **state) {
    World *world = *state;
    end_association(world);
    fixture_close(world->fixture);
    fixture_sql(world->fixture, "UPDATE audit SET outcome = 'edited' WHERE seq = 3");
    assert_refused(world, STORE_FORKED, "does not go on", false);
    assert_int_equal(restore_file(world, world->backup, true), 0);
    fixture_reopen(world->fixture);
    fixture_assert_log_whole(world->fixture->store);
    assert_false(has_certificate(world, "demo"));
}

/* --- what is no backup --- */

static void replace_backup(const World *world, const char *sql) {
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(world->backup, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_s37_a_backup_whose_log_was_edited_is_refused(void **state) {
    World *world = *state;
    replace_backup(world, "UPDATE audit SET outcome = 'edited' WHERE seq = 1");
    assert_refused(world, STORE_CORRUPT, "the backup: audit row 1", true);
}

static void test_a_newer_backup_is_refused(void **state) {
    World *world = *state;
    replace_backup(world, "PRAGMA user_version = 9999");
    assert_refused(world, STORE_NEWER, "the backup: it was written by a newer version", true);
}

static void test_another_programs_database_is_refused(void **state) {
    World *world = *state;
    replace_backup(world, "PRAGMA application_id = 7");
    assert_refused(world, STORE_CORRUPT, "not a database of ovcert", true);
}

static void test_a_backup_with_a_dangling_reference_is_refused(void **state) {
    World *world = *state;
    replace_backup(world,
                   "INSERT INTO association (profile, certificate, since, by_uid, proven) VALUES (7, 7, 1, 0, 1)");
    assert_refused(world, STORE_CORRUPT, "association", true);
}

static void test_noise_an_empty_file_and_a_cut_one_are_refused(void **state) {
    World *world = *state;
    uint8_t *whole;
    size_t size;
    fixture_read(world->backup, &whole, &size);
    for (size_t cut = 0; cut < size; cut += 4096) {
        fixture_write(world->backup, whole, cut);
        assert_refused(world, STORE_CORRUPT, "the backup: ", true);
    }
    memset(whole, 0x5a, size);
    fixture_write(world->backup, whole, size);
    assert_refused(world, STORE_CORRUPT, "not a database", true);
    free(whole);
}

static void test_what_is_no_regular_file_is_refused(void **state) {
    World *world = *state;
    assert_int_equal(restore_file(world, world->fixture->folder, true), STORE_CORRUPT);
    assert_non_null(strstr(world->problem, "not a regular file"));
}

static void test_s34_nothing_is_restored_under_a_running_daemon(void **state) {
    World *world = *state;
    Store *running = TAKE_PTR(world->fixture->store);
    assert_int_equal(restore_file(world, world->backup, true), STORE_LOCKED);
    assert_non_null(strstr(world->problem, "another ovcertd uses it"));
    assert_null(store_close(running));
}

static void test_s34_nothing_is_restored_into_a_folder_that_others_may_read(void **state) {
    World *world = *state;
    assert_int_equal(chmod(world->fixture->folder, 0750), 0);
    assert_int_equal(restore_file(world, world->backup, true), STORE_INSECURE);
}

#define RESTORE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        RESTORE_TEST(test_what_was_lost_since_the_backup_is_there_again),
        RESTORE_TEST(test_a_missing_database_is_restored),
        RESTORE_TEST(test_s35_a_damaged_database_is_not_given_up_without_force),
        RESTORE_TEST(test_s35_an_empty_file_and_a_log_alone_are_damaged_databases),
        RESTORE_TEST(test_s35_a_damaged_database_is_replaced_and_kept),
        RESTORE_TEST(test_each_restore_keeps_what_it_replaces),
        RESTORE_TEST(test_the_right_backup_after_the_wrong_one_brings_everybody_back),
        RESTORE_TEST(test_an_ended_association_stays_ended),
        RESTORE_TEST(test_a_certificate_that_was_renewed_stays_ended_too),
        RESTORE_TEST(test_an_ending_that_was_taken_back_by_a_new_assignment_does_not_count),
        RESTORE_TEST(test_a_block_stays),
        RESTORE_TEST(test_a_bar_stays),
        RESTORE_TEST(test_s41_a_holder_set_since_stays),
        RESTORE_TEST(test_s39_the_clock_floor_never_sinks),
        RESTORE_TEST(test_what_was_under_way_then_is_not_under_way_now),
        RESTORE_TEST(test_s37_who_was_erased_since_does_not_come_back),
        RESTORE_TEST(test_s42_an_erased_persons_name_given_to_another_inherits_nothing),
        RESTORE_TEST(test_s37_an_erasure_takes_along_what_restores_have_set_aside),
        RESTORE_TEST(test_s37_what_cannot_be_removed_keeps_nothing_in_the_database),
        RESTORE_TEST(test_s37_a_restore_ends_an_erasure_that_was_held_up),
        RESTORE_TEST(test_s37_the_log_goes_on_where_the_databases_ends),
        RESTORE_TEST(test_s37_the_anchors_that_are_known_are_those_of_the_log_that_goes_on),
        RESTORE_TEST(test_a_backup_that_is_later_than_the_database_needs_no_force),
        RESTORE_TEST(test_a_new_and_empty_database_needs_no_force),
        RESTORE_TEST(test_s37_another_log_is_not_set_aside_without_force),
        RESTORE_TEST(test_s37_an_edited_log_is_not_carried_on),
        RESTORE_TEST(test_s37_a_backup_whose_log_was_edited_is_refused),
        RESTORE_TEST(test_a_newer_backup_is_refused),
        RESTORE_TEST(test_another_programs_database_is_refused),
        RESTORE_TEST(test_a_backup_with_a_dangling_reference_is_refused),
        RESTORE_TEST(test_noise_an_empty_file_and_a_cut_one_are_refused),
        RESTORE_TEST(test_what_is_no_regular_file_is_refused),
        RESTORE_TEST(test_s34_nothing_is_restored_under_a_running_daemon),
        RESTORE_TEST(test_s34_nothing_is_restored_into_a_folder_that_others_may_read),
    };
    return cmocka_run_group_tests_name("store: restore", tests, NULL, NULL);
}

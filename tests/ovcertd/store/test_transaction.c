/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of units of work: requests are undone one by one, commits are for all or for none, and nothing outlives its
 * transaction (SECURITY 36). */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/ovcertd/store/fixture.h"

static bool has_profile(Store *store, const char *name) {
    CLEANUP(profile_row_done) ProfileRow row = {0};

    int r = store_profile_by_name(store, name, &row);
    assert_true(r == 0 || r == STORE_NOT_FOUND);
    return r == 0;
}

static void keep_profile(Store *store, const char *name, uint32_t uid) {
    fixture_begin(store);
    fixture_profile(store, name, uid);
    assert_int_equal(store_end(store, true), 0);
}

static void test_an_undone_request_leaves_the_others(void **state) {
    Store *store = ((Fixture *) *state)->store;

    keep_profile(store, "demo", 1000);
    fixture_begin(store);
    fixture_profile(store, "other", 1001);
    assert_true(has_profile(store, "other"));
    assert_int_equal(store_end(store, false), 0);
    assert_false(has_profile(store, "other"));
    assert_true(store_is_dirty(store));
    assert_int_equal(store_commit(store), 0);
    assert_false(store_is_dirty(store));
    assert_true(has_profile(store, "demo"));
}

static void test_a_refused_row_leaves_the_rest_of_its_request(void **state) {
    Store *store = ((Fixture *) *state)->store;
    ProfileRow again = {.kind = PROFILE_UNIX, .uid = 1001};
    char name[] = "demo";
    int64_t id = 0;

    again.name = name;
    fixture_begin(store);
    fixture_profile(store, "demo", 1000);
    assert_int_equal(store_profile_create(store, &again, &id), STORE_EXISTS);
    fixture_commit(store);
    assert_true(has_profile(store, "demo"));
}

static void test_reading_makes_nothing_dirty_and_holds_no_lock(void **state) {
    Fixture *fixture = *state;

    fixture_begin(fixture->store);
    assert_false(has_profile(fixture->store, "demo"));
    assert_int_equal(store_end(fixture->store, true), 0);
    assert_false(store_is_dirty(fixture->store));
    fixture_sql(fixture, "BEGIN IMMEDIATE; ROLLBACK");
}

static void test_kept_changes_are_not_durable_before_the_commit(void **state) {
    Fixture *fixture = *state;

    keep_profile(fixture->store, "demo", 1000);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM profile"), 0);
    assert_int_equal(store_commit(fixture->store), 0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM profile"), 1);
}

static void test_closing_commits_nothing(void **state) {
    Fixture *fixture = *state;

    keep_profile(fixture->store, "demo", 1000);
    fixture_reopen(fixture);
    assert_false(has_profile(fixture->store, "demo"));
}

/* Writing past size fails from here on, as on a full disk. */
static struct rlimit limit_file_size(rlim_t size) {
    struct rlimit before, limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){.rlim_cur = size, .rlim_max = before.rlim_max};
    (void) signal(SIGXFSZ, SIG_IGN); /* cannot fail for this signal */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    return before;
}

static void test_a_failed_commit_undoes_every_request(void **state) {
    Fixture *fixture = *state;

    keep_profile(fixture->store, "demo", 1000);
    keep_profile(fixture->store, "other", 1001);
    struct rlimit before = limit_file_size(1);
    int r = store_commit(fixture->store);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(r < 0);
    assert_string_not_equal(store_fault(fixture->store), "");
    assert_false(store_is_dirty(fixture->store));
    assert_false(has_profile(fixture->store, "demo"));
    keep_profile(fixture->store, "demo", 1000); /* and the store is usable */
    assert_int_equal(store_commit(fixture->store), 0);
    fixture_reopen(fixture);
    assert_true(has_profile(fixture->store, "demo"));
    assert_false(has_profile(fixture->store, "other"));
}

/* More than SQLite's cache holds, so that it writes before the commit; the first negative result. */
static int set_many(Store *store) {
    static const uint8_t value[8000];
    int r = 0;

    for (int i = 0; i < 1000 && r == 0; i++) {
        char key[] = {'k', (char) ('a' + i % 26), (char) ('a' + i / 26 % 26), (char) ('a' + i / 676), '\0'};
        r = store_setting_set(store, key, (View){.data = value, .size = sizeof(value)});
    }
    return r;
}

static void test_a_transaction_lost_in_a_request_is_lost_for_all(void **state) {
    Fixture *fixture = *state;

    keep_profile(fixture->store, "demo", 1000);
    fixture_begin(fixture->store);
    struct rlimit before = limit_file_size(1);
    int r = set_many(fixture->store);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(r < 0);
    assert_int_equal(store_setting_set(fixture->store, "key", (View){0}), r); /* never outside the transaction */
    assert_true(store_end(fixture->store, true) < 0);
    assert_true(store_is_dirty(fixture->store));
    assert_true(store_begin(fixture->store) < 0);
    assert_true(store_commit(fixture->store) < 0);
    assert_false(store_is_dirty(fixture->store));
    assert_false(has_profile(fixture->store, "demo"));
    keep_profile(fixture->store, "other", 1001);
    assert_int_equal(store_commit(fixture->store), 0);
}

static void test_a_transaction_lost_alone_needs_no_commit(void **state) {
    Fixture *fixture = *state;

    fixture_begin(fixture->store);
    struct rlimit before = limit_file_size(1);
    assert_true(set_many(fixture->store) < 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(store_end(fixture->store, false), 0);
    assert_false(store_is_dirty(fixture->store));
    keep_profile(fixture->store, "demo", 1000);
    assert_int_equal(store_commit(fixture->store), 0);
}

static void test_somebody_elses_write_lock_is_a_fault_and_no_loss(void **state) {
    Fixture *fixture = *state;
    sqlite3 *other = fixture_raw(fixture);

    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(store_begin(fixture->store), -EBUSY);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    keep_profile(fixture->store, "demo", 1000);
    assert_int_equal(store_commit(fixture->store), 0);
}

static void change_with_its_audit_row(Store *store, uint32_t number) {
    char name[] = {'u', (char) ('a' + number % 26), (char) ('a' + number / 26 % 26), (char) ('a' + number / 676), '\0'};

    fixture_begin(store);
    fixture_profile(store, name, number);
    fixture_audit(store, "profile-created", name, NULL);
    assert_int_equal(store_end(store, true), 0);
}

static void test_s36_a_crash_before_the_commit_loses_change_and_audit_row(void **state) {
    Fixture *fixture = *state;
    int status = 0;

    fixture_close(fixture);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fixture_reopen(fixture);
        change_with_its_audit_row(fixture->store, 0);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    fixture_reopen(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM profile"), 0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM audit"), 0);
}

/* Says an octet for each commit that has returned. */
static _Noreturn void commit_until_killed(Fixture *fixture, int report) {
    fixture_reopen(fixture);
    for (uint32_t i = 0; i < 17000; i++) {
        change_with_its_audit_row(fixture->store, i);
        if (store_commit(fixture->store) != 0 || write(report, "", 1) != 1)
            break;
    }
    _exit(1);
}

/* Kills a child that commits, some time after its first commit; the number of commits that it was told of. */
static int64_t commits_before_the_kill(Fixture *fixture, const struct timespec *moment) {
    int report[2], status = 0;
    int64_t commits = 1;
    char octet;

    assert_int_equal(pipe(report), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        commit_until_killed(fixture, report[1]);
    assert_int_equal(close(report[1]), 0);
    assert_int_equal(read(report[0], &octet, 1), 1);
    (void) nanosleep(moment, NULL); /* any moment is a good one */
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    while (read(report[0], &octet, 1) == 1)
        commits++;
    assert_int_equal(close(report[0]), 0);
    return commits;
}

static void test_s36_a_kill_at_any_moment_keeps_both_or_none(void **state) {
    Fixture *fixture = *state;

    for (long wait = 0; wait <= 50; wait += 10) {
        const struct timespec moment = {.tv_nsec = wait * 1000 * 1000};
        char *problem = NULL;
        uint64_t checked = 0;

        fixture_close(fixture);
        fixture_sql(fixture, "DELETE FROM audit_person; DELETE FROM audit; DELETE FROM profile");
        int64_t commits = commits_before_the_kill(fixture, &moment);
        fixture_reopen(fixture);
        int64_t profiles = fixture_number(fixture, "SELECT count(*) FROM profile");
        assert_int_equal(profiles, fixture_number(fixture, "SELECT count(*) FROM audit"));
        assert_true(profiles == commits || profiles == commits + 1);
        assert_int_equal(store_audit_verify(fixture->store, 0, 1000, &checked, &problem), 0);
        assert_null(problem);
    }
}

#define TRANSACTION_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TRANSACTION_TEST(test_an_undone_request_leaves_the_others),
        TRANSACTION_TEST(test_a_refused_row_leaves_the_rest_of_its_request),
        TRANSACTION_TEST(test_reading_makes_nothing_dirty_and_holds_no_lock),
        TRANSACTION_TEST(test_kept_changes_are_not_durable_before_the_commit),
        TRANSACTION_TEST(test_closing_commits_nothing),
        TRANSACTION_TEST(test_a_failed_commit_undoes_every_request),
        TRANSACTION_TEST(test_a_transaction_lost_in_a_request_is_lost_for_all),
        TRANSACTION_TEST(test_a_transaction_lost_alone_needs_no_commit),
        TRANSACTION_TEST(test_somebody_elses_write_lock_is_a_fault_and_no_loss),
        TRANSACTION_TEST(test_s36_a_crash_before_the_commit_loses_change_and_audit_row),
        TRANSACTION_TEST(test_s36_a_kill_at_any_moment_keeps_both_or_none),
    };
    return cmocka_run_group_tests_name("store: transaction", tests, NULL, NULL);
}

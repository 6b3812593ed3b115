/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of SECURITY 35 and 36 under faults: each allocation and each system call of the store, SQLite's included, fails
 * in turn through opening, migrating, a whole renewal and a deletion with erasure. What was committed is there
 * afterwards, nothing is there by half, the audit chain is whole, and nobody erased can be found. With the argument
 * "all" every call fails, otherwise a fixed sample of them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/ovcertd/store/fixture.h"
#include "tests/support/faults.h"

#define NAME "erased-by-the-end"
#define SAMPLE_STEP 61u /* a prime, so that loops of calls are met at different places */

/* --- the story: one commit for each chapter --- */

typedef struct Story {
    Store *store;
    int64_t profile, association;
    char operation[STORE_ID_SIZE], candidate[STORE_ID_SIZE];
} Story;

/* The work of a chapter inside its request. 0, a fault, or an outcome (there are none that are right). */
typedef int (*Chapter)(Story *story);

static int add_audit(Story *story, const char *event, const char *name) {
    return store_audit_add(story->store, &(AuditEntry){
                                             .time = FIXTURE_NOW,
                                             .event = event,
                                             .outcome = "ok",
                                             .profile = name,
                                             .subject = name ? FIXTURE_SUBJECT : NULL,
                                         });
}

static int put_certificate(Story *story, const char *octets, int64_t *ret_id) {
    char subject[] = FIXTURE_SUBJECT, empty[] = "", serial[] = "01ab";
    uint8_t der[32] = {0};
    CertificateRow row = {
        .der = {.data = der, .size = strlen(octets)},
        .subject = subject,
        .issuer = empty,
        .serial = serial,
        .holder = empty,
        .not_before = FIXTURE_NOW - 1000,
        .not_after = FIXTURE_NOW + 1000,
    };

    memcpy(der, octets, strlen(octets));
    fixture_fingerprint(octets, row.fingerprint);
    return store_certificate_put(story->store, &row, ret_id);
}

static int chapter_assigned(Story *story) {
    char name[] = NAME;
    const ProfileRow row = {.name = name, .kind = PROFILE_UNIX, .uid = 1000, .created = FIXTURE_NOW};
    int64_t certificate = 0;

    int r = store_profile_create(story->store, &row, &story->profile);
    if (r == 0)
        r = put_certificate(story, "old", &certificate);
    if (r == 0)
        r = store_association_create(story->store, story->profile, certificate, FIXTURE_NOW, 0, true,
                                     &story->association);
    return r == 0 ? add_audit(story, "assigned", NAME) : r;
}

static int chapter_unlink_requested(Story *story) {
    const OperationRow row = {
        .profile = story->profile,
        .kind = 1,
        .state = 1,
        .until_assign = true,
        .opened = FIXTURE_NOW,
        .deadline = FIXTURE_NOW + 900,
    };

    int r = store_operation_create(story->store, &row, story->operation);
    return r == 0 ? add_audit(story, "unlink-requested", NAME) : r;
}

static int chapter_unlink_confirmed(Story *story) {
    int r = store_operation_set(story->store, story->operation, 2, FIXTURE_NOW + 86400);
    return r == 0 ? add_audit(story, "unlink-confirmed", NAME) : r;
}

static int chapter_proven(Story *story) {
    int64_t certificate = 0;

    int r = put_certificate(story, "new", &certificate);
    if (r == 0)
        r = store_candidate_create(story->store, story->profile, certificate, FIXTURE_NOW, FIXTURE_NOW + 3600, 0,
                                   story->candidate);
    return r == 0 ? add_audit(story, "proven", NAME) : r;
}

static int chapter_renewed(Story *story) {
    CLEANUP(candidate_row_done) CandidateRow candidate = {0};

    int r = store_candidate_get(story->store, story->candidate, &candidate);
    if (r == 0)
        r = store_association_end(story->store, story->association, FIXTURE_NOW, 0, "renewed");
    if (r == 0)
        r = store_association_create(story->store, story->profile, candidate.certificate.id, FIXTURE_NOW, 0, true,
                                     &story->association);
    if (r == 0)
        r = store_operation_set(story->store, story->operation, 3, FIXTURE_NOW);
    if (r == 0)
        r = store_candidate_delete(story->store, story->candidate);
    return r == 0 ? add_audit(story, "renewed", NAME) : r;
}

/* A look at everything, in the request of somebody who signs in; it must not answer anything wrong. */
static int chapter_signed_in(Story *story) {
    CLEANUP(association_row_done) AssociationRow row = {0};
    CLEANUP(free_pointer) char *problem = NULL;
    uint64_t checked = 0;
    uint8_t fingerprint[32];

    fixture_fingerprint("new", fingerprint);
    int r = store_association_active(story->store, story->profile, &row);
    if (r == 0 && memcmp(row.certificate.fingerprint, fingerprint, sizeof fingerprint) != 0)
        return STORE_CORRUPT;
    if (r == 0)
        r = store_certificate_is_barred(story->store, fingerprint);
    if (r == 0)
        r = store_audit_verify(story->store, 0, 1000, &checked, &problem);
    if (r == 0 && (problem || checked != 5))
        return STORE_CORRUPT;
    if (r == 0)
        r = store_profile_set_last_login(story->store, story->profile, FIXTURE_NOW);
    return r == 0 ? add_audit(story, "login", NAME) : r;
}

static int chapter_deleted(Story *story) {
    int r = add_audit(story, "profile-deleted", NAME);
    return r == 0 ? store_profile_delete(story->store, story->profile) : r;
}

static int chapter_after(Story *story) {
    int r = store_setting_set(story->store, "test.key", (View){(const uint8_t *) "value", 5});
    return r == 0 ? add_audit(story, "settings", NULL) : r;
}

static const Chapter chapters[] = {
    chapter_assigned, chapter_unlink_requested, chapter_unlink_confirmed, chapter_proven,
    chapter_renewed,  chapter_signed_in,        chapter_deleted,          chapter_after,
};

#define CHAPTERS ELEMENTSOF(chapters)
#define CHAPTER_DELETED 7u /* so many are done when the person is erased */

/* Somebody else's request in the same commit, that is undone. */
static int undo_another(Story *story) {
    int r = store_begin(story->store);
    if (r != 0)
        return r;
    r = add_audit(story, "undone", NULL);
    int end = store_end(story->store, false);
    return end != 0 ? end : r < 0 ? 0 : r; /* its fault is its own, unless the transaction went with it */
}

/* *ret_commits: it came as far as the commit. */
static int write_chapter(Story *story, Chapter chapter, bool *ret_commits) {
    *ret_commits = false;
    int r = store_begin(story->store);
    if (r != 0)
        return r;
    r = chapter(story);
    int end = store_end(story->store, r == 0);
    if (r == 0)
        r = end;
    if (r == 0)
        r = undo_another(story);
    *ret_commits = r == 0;
    int committed = store_commit(story->store); /* whatever happened: it also tells of what was lost */
    return r == 0 ? committed : r;
}

/* --- runs of it --- */

typedef enum Manner {
    MANNER_STOP,  /* closes the store at the first fault */
    MANNER_CRASH, /* the process ends there */
    MANNER_RETRY, /* does the same again, as callers of a daemon do */
    MANNERS,
} Manner;

typedef struct Run {
    unsigned done;   /* chapters whose commit returned 0 */
    bool perhaps;    /* the commit after them was asked for and failed */
    int failure;     /* what the call that ended the run returned */
    char *problem;   /* of store_open() */
    unsigned failed; /* how often something failed */
} Run;

static int open_store(const Fixture *fixture, Story *story, Run *run) {
    const StoreOptions options = {.path = fixture->path};

    free(run->problem);
    return store_open(&options, &story->store, &run->problem);
}

static void note_failure(Run *run, int failure) {
    run->failure = failure;
    run->failed++;
}

/* The fault is spent, so the second time has to do. */
static void run_chapters(const Fixture *fixture, Manner manner, Story *story, Run *run) {
    const unsigned tries = manner == MANNER_RETRY ? 2 : 1;
    int r = -1;

    for (unsigned i = 0; r != 0 && i < tries; i++)
        if ((r = open_store(fixture, story, run)) != 0)
            note_failure(run, r);
    while (r == 0 && run->done < CHAPTERS) {
        for (unsigned i = 0; i < tries; i++) {
            const Story before = *story;
            r = write_chapter(story, chapters[run->done], &run->perhaps);
            if (r == 0)
                break;
            *story = before; /* ids of what is undone */
            note_failure(run, r);
        }
        if (r == 0) {
            run->done++;
            run->perhaps = false;
        }
    }
}

static Run run_here(const Fixture *fixture, Manner manner) {
    Story story = {0};
    Run run = {0};

    run_chapters(fixture, manner, &story, &run);
    store_close(story.store);
    faults_disarm();
    return run;
}

/* What the child knows when it ends goes over in shared memory. */
typedef struct Shared {
    Run run;
    Faults faults;
} Shared;

static Run run_and_crash(const Fixture *fixture, Shared *shared) {
    int status = 0;

    memset(shared, 0, sizeof *shared);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        Story story = {0};
        run_chapters(fixture, MANNER_CRASH, &story, &shared->run);
        shared->run.problem = NULL; /* the child's memory */
        shared->faults = *faults_get();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    *faults_get() = shared->faults;
    faults_disarm();
    return shared->run;
}

/* --- what is left --- */

/* All that the chapters write but the ids that are random, one line for each table. */
static const char contents[] =
    "SELECT (SELECT coalesce(group_concat(id || name || last_login), '') FROM profile) || '\n'"
    " || (SELECT coalesce(group_concat(id || hex(der)), '') FROM certificate) || '\n'"
    " || (SELECT coalesce(group_concat(id || profile || certificate || coalesce(ended_why, '-')), '') FROM association)"
    " || '\n' || (SELECT count(*) FROM candidate)"
    " || '\n' || (SELECT coalesce(group_concat(profile || state), '') FROM operation)"
    " || '\n' || (SELECT coalesce(group_concat(seq || event), '') FROM audit)"
    " || '\n' || (SELECT coalesce(group_concat(seq || name), '') FROM audit_person)"
    " || '\n' || (SELECT coalesce(group_concat(key || hex(value)), '') FROM setting)";

static char *read_contents(const Fixture *fixture) {
    sqlite3 *db = fixture_raw(fixture);
    sqlite3_stmt *statement = NULL;

    assert_int_equal(sqlite3_prepare_v2(db, contents, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    char *text = strdup((const char *) sqlite3_column_text(statement, 0));
    assert_non_null(text);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return text;
}

static void expect_whole_chain(Store *store) {
    char *problem = NULL;
    uint64_t checked = 0;

    assert_int_equal(store_audit_verify(store, 0, 1000, &checked, &problem), 0);
    if (problem)
        fail_msg("audit: %s", problem);
}

static size_t count_descriptors(void) {
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(folder);
    while (readdir(folder))
        count++;
    (void) closedir(folder);
    return count;
}

typedef struct World {
    Fixture *fixture;
    bool all;
    Shared *shared;
    char *expected[CHAPTERS + 1]; /* contents after so many chapters */
} World;

static void remove_database(const Fixture *fixture) {
    static const char *const suffixes[] = {"",     "-wal",         "-shm",     "-journal", ".lock",
                                           ".new", ".new-journal", ".new-wal", ".new-shm"};

    for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
        char *path = fixture_file(fixture, suffixes[i]);
        (void) remove(path); /* most are not there */
        free(path);
    }
}

/* What an earlier restore has left, the person to be erased included (SECURITY 37). */
static void set_aside(const Fixture *fixture) {
    char *path = fixture_file(fixture, ".replaced-1");
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(file >= 0);
    assert_int_equal(write(file, NAME, strlen(NAME)), strlen(NAME));
    assert_int_equal(close(file), 0);
    free(path);
}

static void expect_contents(const World *world, const Run *run, const char *what) {
    Fixture *fixture = world->fixture;

    fixture_reopen(fixture); /* with its integrity check; -journal, .new and the log are taken care of */
    char *found = read_contents(fixture);
    bool right = strcmp(found, world->expected[run->done]) == 0 ||
                 (run->perhaps && run->done < CHAPTERS && strcmp(found, world->expected[run->done + 1]) == 0);
    if (!right)
        fail_msg("%s: after %u commits there is\n%s", what, run->done, found);
    free(found);
    expect_whole_chain(fixture->store);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM pragma_quick_check WHERE quick_check <> 'ok'"), 0);
    fixture_close(fixture);
    if (run->done >= CHAPTER_DELETED &&
        (fixture_files_contain(fixture, NAME) || fixture_files_contain(fixture, "99999999R")))
        fail_msg("%s: the erased person is in the files", what);
}

/* Damage would be told where there is none. */
static void expect_fault(const Run *run, Manner manner, const char *what) {
    if (run->failed > 0 && run->failure >= 0)
        fail_msg("%s: the outcome %d for a fault: %s", what, run->failure, run->problem ? run->problem : "");
    /* SQLite itself says "corrupt" for a page that cannot be read for EIO; while it is opened, it is looked at twice.
     */
    bool unreadable = strcmp(faults_get()->function, "pread") == 0 && run->failure == -EUCLEAN && !run->problem;
    if (run->failed > 0 && !unreadable && (run->failure == -EUCLEAN || run->failure == -EINVAL))
        fail_msg("%s: %d for a fault that is no damage", what, run->failure);
    if (manner == MANNER_RETRY && (run->done != CHAPTERS || run->failed > 1))
        fail_msg("%s: %u failures, the last one %d, after %u commits", what, run->failed, run->failure, run->done);
    if (manner != MANNER_RETRY && run->failed == 0 && run->done != CHAPTERS)
        fail_msg("%s: nothing failed after %u commits", what, run->done);
}

/* Whether there was such a call. */
static bool fail_one(const World *world, Manner manner, FaultKind kind, int error, unsigned failing) {
    static const char *const manners[] = {"stop", "crash", "retry"};
    char what[96];

    remove_database(world->fixture);
    set_aside(world->fixture);
    size_t descriptors = count_descriptors();
    faults_arm(kind, error, failing);
    Run run = manner == MANNER_CRASH ? run_and_crash(world->fixture, world->shared) : run_here(world->fixture, manner);
    bool failed = faults_get()->failed;
    (void) snprintf(what, sizeof what, "%s, call %u (%s, %s)", manners[manner], failing, faults_get()->function,
                    strerrorname_np(error)); /* cut at most */
    assert_int_equal(count_descriptors(), descriptors);
    expect_fault(&run, manner, what);
    free(run.problem);
    run.problem = NULL;
    expect_contents(world, &run, what);
    free(run.problem);
    return failed;
}

static void fail_in_turn(void **state, Manner manner, FaultKind kind, int error) {
    const World *world = *state;
    unsigned step = world->all ? 1 : SAMPLE_STEP;
    unsigned failing = world->all ? 1 : 1 + (unsigned) manner * SAMPLE_STEP / MANNERS;

    while (fail_one(world, manner, kind, error, failing) && failing < FAULTS_MAX)
        failing += step;
    assert_true(failing > 300 && failing < FAULTS_MAX);
}

static void test_s36_no_lack_of_memory_undoes_a_commit(void **state) {
    fail_in_turn(state, MANNER_STOP, FAULT_MEMORY, ENOMEM);
}

static void test_s36_after_a_lack_of_memory_the_store_goes_on(void **state) {
    fail_in_turn(state, MANNER_RETRY, FAULT_MEMORY, ENOMEM);
}

static void test_s36_no_fault_of_the_disk_undoes_a_commit(void **state) {
    fail_in_turn(state, MANNER_STOP, FAULT_FILES, EIO);
}

static void test_s36_no_crash_at_a_fault_of_the_disk_undoes_a_commit(void **state) {
    fail_in_turn(state, MANNER_CRASH, FAULT_FILES, EIO);
}

static void test_s36_no_crash_at_a_full_disk_undoes_a_commit(void **state) {
    fail_in_turn(state, MANNER_CRASH, FAULT_FILES, ENOSPC);
}

static void test_s36_after_a_full_disk_the_store_goes_on(void **state) {
    fail_in_turn(state, MANNER_RETRY, FAULT_FILES, ENOSPC);
}

/* What there is after each chapter when nothing fails. */
static void record_expected(World *world) {
    Story story = {.store = world->fixture->store};
    bool commits;

    for (unsigned i = 0; i <= CHAPTERS; i++) {
        world->expected[i] = read_contents(world->fixture);
        if (i < CHAPTERS)
            assert_int_equal(write_chapter(&story, chapters[i], &commits), 0);
    }
    fixture_close(world->fixture);
}

static int setup(void **state) {
    World *world = *state;
    void *fixture = NULL;

    (void) fixture_setup(&fixture); /* it fails the test itself */
    world->fixture = fixture;
    record_expected(world);
    return 0;
}

static int teardown(void **state) {
    World *world = *state;
    void *fixture = world->fixture;

    faults_disarm();
    for (unsigned i = 0; i <= CHAPTERS; i++)
        free(world->expected[i]);
    return fixture_teardown(&fixture);
}

#define FAULT_TEST(function) cmocka_unit_test_prestate_setup_teardown(function, setup, teardown, &world)

int main(int argc, char *argv[]) {
    World world = {
        .all = argc > 1 && strcmp(argv[1], "all") == 0,
        .shared = mmap(NULL, sizeof *world.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
    };
    const struct CMUnitTest tests[] = {
        FAULT_TEST(test_s36_no_lack_of_memory_undoes_a_commit),
        FAULT_TEST(test_s36_after_a_lack_of_memory_the_store_goes_on),
        FAULT_TEST(test_s36_no_fault_of_the_disk_undoes_a_commit),
        FAULT_TEST(test_s36_no_crash_at_a_fault_of_the_disk_undoes_a_commit),
        FAULT_TEST(test_s36_no_crash_at_a_full_disk_undoes_a_commit),
        FAULT_TEST(test_s36_after_a_full_disk_the_store_goes_on),
    };

    /* Else SQLite takes small pieces from memory of its own. */
    if (world.shared == MAP_FAILED || sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK)
        return EXIT_FAILURE;
    return cmocka_run_group_tests_name("store: faults", tests, NULL, NULL);
}

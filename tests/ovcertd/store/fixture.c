/* SPDX-License-Identifier: BSD-2-Clause */
/* Called by every test of the store; never sets up anything that the store does not do itself. */
#include "tests/ovcertd/store/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char *problem_of_last_open;

int fixture_setup(void **state) {
    const char *base = getenv("TMPDIR");
    Fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    assert_true(asprintf(&fixture->folder, "%s/ovcert-store-XXXXXX", base ? base : "/tmp") > 0);
    assert_non_null(mkdtemp(fixture->folder));
    assert_true(asprintf(&fixture->path, "%s/ovcert.db", fixture->folder) > 0);
    fixture_reopen(fixture);
    *state = fixture;
    return 0;
}

static void remove_files(const Fixture *fixture) {
    DIR *folder = opendir(fixture->folder);
    const struct dirent *entry;

    assert_non_null(folder);
    while ((entry = readdir(folder)))
        if (entry->d_name[0] != '.')
            (void) unlinkat(dirfd(folder), entry->d_name, 0); /* rmdir() tells */
    (void) closedir(folder);
}

int fixture_teardown(void **state) {
    Fixture *fixture = *state;

    fixture_close(fixture);
    free(problem_of_last_open);
    problem_of_last_open = NULL;
    assert_int_equal(chmod(fixture->folder, 0700), 0);
    remove_files(fixture);
    assert_int_equal(rmdir(fixture->folder), 0);
    free(fixture->folder);
    free(fixture->path);
    free(fixture);
    return 0;
}

void fixture_close(Fixture *fixture) {
    fixture->store = store_close(fixture->store);
}

int fixture_try_open(Fixture *fixture, const char **ret_problem) {
    const StoreOptions options = {.path = fixture->path};

    free(problem_of_last_open);
    int r = store_open(&options, &fixture->store, &problem_of_last_open);
    *ret_problem = problem_of_last_open;
    return r;
}

void fixture_reopen(Fixture *fixture) {
    const char *problem = NULL;

    fixture_close(fixture);
    int r = fixture_try_open(fixture, &problem);
    if (r != 0)
        fail_msg("store_open: %d, %s", r, problem ? problem : "no problem told");
    assert_null(problem);
}

char *fixture_file(const Fixture *fixture, const char *suffix) {
    char *path = NULL;

    assert_true(asprintf(&path, "%s%s", fixture->path, suffix) > 0);
    return path;
}

sqlite3 *fixture_raw(const Fixture *fixture) {
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open_v2(fixture->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    return db;
}

void fixture_sql(const Fixture *fixture, const char *sql) {
    sqlite3 *db = fixture_raw(fixture);

    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int64_t fixture_number(const Fixture *fixture, const char *sql) {
    sqlite3 *db = fixture_raw(fixture);
    sqlite3_stmt *statement = NULL;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return number;
}

void fixture_read(const char *path, uint8_t **ret, size_t *ret_size) {
    FILE *file = fopen(path, "re");

    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t size = (size_t) ftell(file);
    rewind(file);
    uint8_t *data = malloc(size + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    *ret = data;
    *ret_size = size;
}

void fixture_write(const char *path, const uint8_t *data, size_t size) {
    int file = open(path, O_WRONLY | O_CLOEXEC);

    assert_true(file >= 0);
    assert_int_equal(write(file, data, size), size);
    assert_int_equal(ftruncate(file, (off_t) size), 0);
    assert_int_equal(close(file), 0);
}

static bool file_contains(const Fixture *fixture, const char *name, const char *text) {
    char *path = NULL;
    uint8_t *data = NULL;
    size_t size = 0;

    assert_true(asprintf(&path, "%s/%s", fixture->folder, name) > 0);
    fixture_read(path, &data, &size);
    bool found = memmem(data, size, text, strlen(text)) != NULL;
    free(data);
    free(path);
    return found;
}

bool fixture_files_contain(const Fixture *fixture, const char *text) {
    DIR *folder = opendir(fixture->folder);
    const struct dirent *entry;
    bool found = false;

    assert_non_null(folder);
    while (!found && (entry = readdir(folder)))
        found = entry->d_name[0] != '.' && file_contains(fixture, entry->d_name, text);
    (void) closedir(folder);
    return found;
}

static void set_text(char **field, const char *text) {
    *field = strdup(text);
    assert_non_null(*field);
}

int64_t fixture_profile(Store *store, const char *name, uint32_t uid) {
    CLEANUP(profile_row_done) ProfileRow row = {.kind = PROFILE_UNIX, .uid = uid, .created = FIXTURE_NOW};
    int64_t id = 0;

    set_text(&row.name, name);
    assert_int_equal(store_profile_create(store, &row, &id), 0);
    return id;
}

void fixture_fingerprint(const char *octets, uint8_t ret[32]) {
    (void) crypto_hash_sha256(ret, (const uint8_t *) octets, strlen(octets)); /* always 0 */
}

int64_t fixture_certificate(Store *store, const char *octets, const char *subject) {
    CLEANUP(certificate_row_done)
    CertificateRow row = {
        .not_before = FIXTURE_NOW - 1000,
        .not_after = FIXTURE_NOW + 1000,
        .spki_hash = {1, 2, 3},
    };
    const View der = {.data = (const uint8_t *) octets, .size = strlen(octets)};
    const View issuer = {.data = (const uint8_t *) "intermediate", .size = 12};
    int64_t id = 0;

    assert_int_equal(bytes_copy(der, &row.der), 0);
    fixture_fingerprint(octets, row.fingerprint);
    set_text(&row.subject, subject);
    set_text(&row.issuer, "CN=AC PRUEBAS");
    set_text(&row.serial, "01ab");
    set_text(&row.holder, "99999999R");
    assert_int_equal(bytes_list_append(&row.chain, issuer), 0);
    assert_int_equal(bytes_list_append(&row.chain, (View){.data = issuer.data, .size = 5}), 0);
    assert_int_equal(store_certificate_put(store, &row, &id), 0);
    return id;
}

void fixture_audit(Store *store, const char *event, const char *profile, const char *subject) {
    const AuditEntry entry = {
        .time = FIXTURE_NOW,
        .event = event,
        .actor = FIXTURE_ADMIN,
        .outcome = "ok",
        .detail = "service=login",
        .profile = profile,
        .subject = subject,
    };

    assert_int_equal(store_audit_add(store, &entry), 0);
}

void fixture_begin(Store *store) {
    assert_int_equal(store_begin(store), 0);
}

void fixture_commit(Store *store) {
    assert_int_equal(store_end(store, true), 0);
    assert_int_equal(store_commit(store), 0);
}

char *fixture_backup(const Fixture *fixture, const char *suffix) {
    CLEANUP(store_backup_freep) StoreBackup *backup = NULL;
    CLEANUP(bytes_done) Bytes octets = {0};
    char *path = fixture_file(fixture, suffix);
    StoreBackupFacts facts = {0};
    const char *problem = NULL;

    assert_int_equal(store_backup_new(fixture->store, &backup), 0);
    store_backup_run(backup);
    if (store_backup_facts(backup, &facts, &problem) != 0)
        fail_msg("no backup: %s", problem ? problem : "a fault");
    assert_int_equal(store_backup_read(backup, 0, facts.size + 1, &octets), 0);
    assert_int_equal(octets.size, facts.size);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(close(file), 0);
    fixture_write(path, octets.data, octets.size);
    return path;
}

void fixture_assert_log_whole(Store *store) {
    CLEANUP(free_pointer) char *problem = NULL;
    uint64_t checked = 0;

    assert_int_equal(store_audit_verify(store, 0, 1000, &checked, &problem), 0);
    if (problem)
        fail_msg("%s", problem);
}

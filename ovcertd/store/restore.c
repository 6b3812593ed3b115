/* SPDX-License-Identifier: BSD-2-Clause */
/* Restoring a backup. Called by the daemon's restore mode, which runs in the place of the daemon. Must never let in
 * what was forbidden since the backup, nor bring back who was erased, and never leave a database that is neither the
 * old nor the new one. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ovcertd/store/audit.h"
#include "ovcertd/store/audit_chain.h"
#include "ovcertd/store/copy.h"
#include "ovcertd/store/query.h"
#include "ovcertd/store/transaction.h"

#define INPUT_MAX (INT64_C(4) << 30) /* octets */
#define BLOCK_SIZE 65536u

static const char the_backup[] = "the backup";

/* What the two audit logs are to each other. */
typedef enum Relation {
    RELATION_NONE,          /* there is no database to be kept of */
    RELATION_BACKUP_LATER,  /* the backup holds all of the database's log */
    RELATION_PRESENT_LATER, /* the database holds all of the backup's log */
    RELATION_FORKED,
} Relation;

typedef struct Restore {
    const RestoreOptions *options;
    Place place;
    const char *about; /* of the next problem: the backup, or the database's path */
    char *reason;
    Store *backup;
    Store *present; /* NULL: there is none, or none that can be read */
    Relation relation;
    int64_t *erased; /* profiles */
    size_t n_erased;
    RestoreReport report;
} Restore;

void restore_report_done(RestoreReport *report) {
    free(report->damage);
    free(report->kept);
    *report = (RestoreReport){0};
}

/* The backup first: the other database is attached to it. */
static void restore_done(Restore *restore) {
    (void) store_close(restore->backup);  /* returns NULL */
    (void) store_close(restore->present); /* returns NULL */
    place_done(&restore->place);
    restore_report_done(&restore->report);
    free(restore->erased);
    free(restore->reason);
}

static int refuse(Restore *restore, int outcome, const char *reason) {
    free(restore->reason);
    restore->reason = strdup(reason);
    return restore->reason ? outcome : -ENOMEM;
}

/* --- the backup --- */

static int copy_octets(int from, int to) {
    uint8_t block[BLOCK_SIZE];

    for (;;) {
        ssize_t n = read(from, block, sizeof(block));
        if (n <= 0)
            return n < 0 ? -errno : 0;
        for (ssize_t done = 0, written; done < n; done += written) {
            written = write(to, block + done, (size_t) (n - done));
            if (written < 0)
                return -errno;
        }
    }
}

static int write_file(int input, const char *path) {
    int file = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return -errno;
    int r = copy_octets(input, file);
    if (r == 0 && fsync(file) < 0) /* SQLite syncs what it writes itself */
        r = -errno;
    (void) close(file); /* synced */
    return r;
}

static int take_input(Restore *restore, char **ret_path) {
    struct stat status;

    if (fstat(restore->options->input, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return refuse(restore, STORE_CORRUPT, "it is not a regular file");
    if (status.st_size > INPUT_MAX)
        return refuse(restore, STORE_CORRUPT, "it is larger than 4 GiB");
    int r = place_make(&restore->place, PLACE_RESTORING, ret_path);
    return r == 0 ? write_file(restore->options->input, *ret_path) : r;
}

static int open_backup(Restore *restore) {
    CLEANUP(free_pointer) char *path = NULL;
    uint8_t ignored[AUDIT_HASH_SIZE];

    restore->about = the_backup;
    int r = take_input(restore, &path);
    if (r == 0)
        r = copy_open(path, &restore->backup, &restore->reason);
    if (r == 0)
        r = copy_check_log(restore->backup, &restore->reason);
    return r == 0 ? store_audit_head(restore->backup, &restore->report.rows, ignored) : r;
}

/* --- the database that is there --- */

/* What was forbidden or erased since the backup stands there and nowhere else: only who says so does without it. */
static int give_up_present(Restore *restore) {
    CLEANUP(free_pointer) char *damage = TAKE_PTR(restore->reason);

    restore->present = store_close(restore->present);
    if (!damage)
        return -ENOMEM; /* a damaged one has its reason */
    if (restore->options->force) {
        restore->report.damage = TAKE_PTR(damage);
        return 0;
    }
    if (asprintf(&restore->reason,
                 "it is damaged (%s), so that whatever was unlinked, blocked, barred or deleted since the backup would "
                 "be forgotten; restore with force if that is right",
                 damage) >= 0)
        return STORE_DAMAGED;
    restore->reason = NULL; /* unspecified after a failure */
    return -ENOMEM;
}

static int look_at_present(Restore *restore) {
    int r = place_check(&restore->place, &restore->reason);
    if (r != 0 || !restore->place.exists)
        return r;
    restore->present = store_new();
    if (!restore->present)
        return -ENOMEM;
    r = store_open_file(restore->present, restore->place.path, &restore->place, &restore->reason);
    if (r == 0 && restore->present->scrub_due) /* the new one would not know of it */
        return refuse(restore, -EBUSY, "what was erased is still in its files, and cannot be removed now");
    return r;
}

/* One that only cannot be looked at now may be whole, whatever is forced. SQLite calls a page that it could not read
 * damaged, too: a second look tells. */
static int open_present(Restore *restore) {
    restore->about = restore->place.path;
    int r = look_at_present(restore);
    if (r == STORE_CORRUPT) {
        restore->present = store_close(restore->present);
        free(TAKE_PTR(restore->reason));
        r = look_at_present(restore);
    }
    return r == STORE_CORRUPT ? give_up_present(restore) : r;
}

/* Whether the log holds the head of the other one: 1, 0, or a negative errno. */
static int holds_head(Store *log, Store *other) {
    uint8_t head[AUDIT_HASH_SIZE], hash[AUDIT_HASH_SIZE];
    uint64_t seq = 0;

    int r = store_audit_head(other, &seq, head);
    if (r == 0)
        r = audit_hash_of(log, seq, hash);
    if (r != 0)
        return r == STORE_NOT_FOUND ? 0 : r;
    return memcmp(head, hash, sizeof(head)) == 0;
}

static int compare_logs(Restore *restore) {
    CLEANUP(free_pointer) char *broken = NULL;

    restore->relation = RELATION_NONE;
    if (!restore->present)
        return 0;
    int whole = copy_check_log(restore->present, &broken);
    int r = whole < 0 ? whole : holds_head(restore->backup, restore->present);
    if (r < 0)
        return r;
    restore->relation = r == 1 ? RELATION_BACKUP_LATER : RELATION_FORKED;
    if (r == 1 || whole != 0)
        return 0;
    r = holds_head(restore->present, restore->backup);
    if (r == 1)
        restore->relation = RELATION_PRESENT_LATER;
    return r < 0 ? r : 0;
}

static int check_relation(Restore *restore) {
    int r = compare_logs(restore);
    if (r < 0 || restore->relation != RELATION_FORKED || restore->options->force)
        return r;
    return refuse(restore, STORE_FORKED,
                  "its audit log does not go on from the backup's, and would be set aside; restore with force if that "
                  "is right");
}

/* --- merging --- */

static int note_erased(sqlite3_stmt *statement, void *context) {
    Restore *restore = context;
    int64_t *grown = reallocarray(restore->erased, restore->n_erased + 1, sizeof(*grown));

    if (!grown)
        return -ENOMEM;
    restore->erased = grown;
    grown[restore->n_erased++] = sqlite3_column_int64(statement, 0);
    return 0;
}

static int count_change(sqlite3_stmt *statement, void *context) {
    RestoreReport *report = context;
    const struct {
        const char *word;
        unsigned *count;
    } counters[] = {
        {"ending", &report->endings},
        {"block", &report->blocks},
        {"holder", &report->holders},
        {"bar", &report->bars},
    };
    const char *word = (const char *) sqlite3_column_text(statement, 0);

    for (size_t i = 0; i < ELEMENTSOF(counters); i++)
        if (word && strcmp(counters[i].word, word) == 0)
            (*counters[i].count)++;
    return 0;
}

/* Before the log is taken over: a person of the same name may have come since. */
static int erase_again(Restore *restore) {
    int r = database_run(restore->backup->db, sql_script_restore_erased, note_erased, restore);
    for (size_t i = 0; i < restore->n_erased && r == 0; i++)
        r = store_profile_delete(restore->backup, restore->erased[i]);
    restore->report.erased = (unsigned) restore->n_erased;
    return r > 0 ? -EUCLEAN : r;
}

static int merge_present(Restore *restore) {
    sqlite3 *db = restore->backup->db;

    if (restore->relation == RELATION_BACKUP_LATER) /* whatever was forbidden has its row, and so is in the backup */
        return 0;
    int r = erase_again(restore);
    if (r == 0)
        r = database_run(db, sql_script_restore_merge, count_change, &restore->report);
    if (r == 0 && restore->relation == RELATION_PRESENT_LATER)
        r = database_run(db, sql_script_restore_log, NULL, NULL);
    restore->report.merged = r == 0;
    return r;
}

static int record(Restore *restore) {
    CLEANUP(free_pointer) char *detail = NULL;

    if (asprintf(&detail, "backup of row %" PRIu64 "%s", restore->report.rows,
                 restore->report.damage                 ? ", a damaged database set aside"
                 : restore->relation == RELATION_FORKED ? ", another log set aside"
                                                        : "") < 0) {
        detail = NULL;
        return -ENOMEM;
    }
    return store_audit_add(restore->backup, &(AuditEntry){
                                                .time = restore->options->now,
                                                .event = "database-restored",
                                                .actor = restore->options->actor,
                                                .outcome = "ok",
                                                .detail = detail,
                                            });
}

static int change_backup(Restore *restore) {
    Store *backup = restore->backup;
    int r = 0;

    if (restore->present) {
        r = merge_present(restore);
        if (r == 0)
            r = database_run(backup->db, sql_script_restore_settle, NULL, NULL);
    }
    if (r == 0)
        r = database_run(backup->db, sql_script_restore_lapse, NULL, NULL);
    if (r == 0)
        r = query_run(backup, SQL_CERTIFICATE_SWEEP, NO_VALUES);
    if (r == 0)
        r = transaction_mark_scrub(backup); /* what was erased is not to be found in unused space */
    return r == 0 ? record(restore) : r;
}

/* In one transaction; the file is written anew after it. */
static int merge(Restore *restore) {
    Store *backup = restore->backup;
    int r = 0;

    restore->about = the_backup;
    if (restore->present)
        r = query_run(backup, SQL_RESTORE_ATTACH, VALUES(value_text(restore->place.path)));
    if (r == 0)
        r = store_begin(backup);
    if (r != 0)
        return r;
    r = change_backup(restore);
    int end = store_end(backup, r == 0);
    if (r == 0)
        r = end;
    if (r == 0)
        r = store_commit(backup);
    if (r == 0)
        r = store_finish_erasing(backup);
    if (r == 0 && restore->present)
        r = query_control(backup, SQL_RESTORE_DETACH);
    return r;
}

/* --- taking its place --- */

static int look_through(Restore *restore) {
    int r = database_check(restore->backup->db, &restore->reason);
    return r == 0 ? copy_check_log(restore->backup, &restore->reason) : r;
}

static int publish(Restore *restore) {
    int r = copy_finish(TAKE_PTR(restore->backup));
    if (r < 0)
        return r;
    restore->present = store_close(restore->present); /* which empties its log */
    r = place_publish(&restore->place, PLACE_RESTORING, PLACE_RESTORED, true);
    if (r < 0)
        return r;
    r = place_finish_restore(&restore->place, &restore->report.kept, &restore->reason);
    restore->about = restore->place.path;
    if (r < 0)
        (void) refuse(restore, r, "the backup is restored, and takes its place at the next start of the daemon");
    return r == 1 ? 0 : r;
}

static int run(Restore *restore) {
    int r = store_take_place(restore->options->path, &restore->place, &restore->reason);
    if (r == 0)
        r = open_backup(restore);
    if (r == 0)
        r = open_present(restore);
    if (r == 0)
        r = check_relation(restore);
    if (r == 0)
        r = merge(restore);
    if (r == 0)
        r = look_through(restore);
    return r == 0 ? publish(restore) : r;
}

/* Of what a refused backup has left; the lock says whether it is ours. */
static void clean_up(Restore *restore) {
    restore->backup = store_close(restore->backup);
    if (restore->place.lock >= 0)
        (void) place_remove(&restore->place, PLACE_RESTORING); /* or the next start does */
}

/* Advice for a start is none for a backup. */
static char *describe(const Restore *restore, int result) {
    const char *reason = restore->reason ? restore->reason
                         : result < 0    ? strerrordesc_np(-result)
                                         : "it cannot be used";
    char *text = NULL;

    if (restore->about != the_backup)
        return store_describe(restore->about, result, restore->reason);
    return asprintf(&text, "%s: %s; nothing was changed.", restore->about, reason) < 0 ? NULL : text;
}

int store_restore(const RestoreOptions *options, RestoreReport *ret, char **ret_problem) {
    CLEANUP(restore_done) Restore restore = {.options = options, .place = PLACE_NONE, .about = options->path};

    *ret_problem = NULL;
    if (sodium_init() < 0)
        return -EIO;
    int r = run(&restore);
    if (r != 0) {
        *ret_problem = describe(&restore, r);
        clean_up(&restore);
        return r;
    }
    *ret = restore.report;
    restore.report = (RestoreReport){0};
    return 0;
}

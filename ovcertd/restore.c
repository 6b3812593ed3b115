/* SPDX-License-Identifier: BSD-2-Clause */
/* Restoring a backup, for main.c. Must never open a path that somebody else has named: the backup is on standard input,
 * opened by who may read it. */
#include "ovcertd/restore.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "common/configuration.h"
#include "common/macros.h"
#include "common/protocol.h"
#include "ovcertd/daemon.h"
#include "ovcertd/log.h"
#include "ovcertd/store/store.h"

static void tell(const RestoreReport *report) {
    log_write(LOG_NOTICE, LOG_EVENT_RESTORED, "the database is restored from a backup with %llu audit rows",
              (unsigned long long) report->rows);
    if (report->damage)
        log_write(
            LOG_WARNING, LOG_EVENT_RESTORED_DAMAGED,
            "the database that was there was damaged (%s): what was unlinked, blocked, barred or deleted since the "
            "backup has to be done again",
            report->damage);
    if (report->merged)
        log_write(LOG_NOTICE, LOG_EVENT_RESTORED,
                  "kept from the database that was there: %u endings, %u blocks, %u bars, %u holders, %u deleted "
                  "profiles",
                  report->endings, report->blocks, report->bars, report->holders, report->erased);
    if (report->kept)
        log_write(LOG_NOTICE, LOG_EVENT_RESTORED,
                  "it is kept as %s until somebody is deleted; remove it when nobody needs it", report->kept);
}

static int exit_status(int r) {
    switch (r) {
    case STORE_LOCKED:
        return OVCERT_RESTORE_RUNNING;
    case STORE_FORKED:
        return OVCERT_RESTORE_FORKED;
    case STORE_DAMAGED:
        return OVCERT_RESTORE_DAMAGED;
    default:
        return EXIT_FAILURE;
    }
}

int restore_run(const char *config_file, bool force) {
    CLEANUP(config_done) Config config = {0};
    CLEANUP(restore_report_done) RestoreReport report = {0};
    CLEANUP(free_pointer) char *problem = NULL;
    if (daemon_load_config(config_file, &config) != 0)
        return EXIT_FAILURE;
    const RestoreOptions options = {
        .path = config.store_path,
        .input = STDIN_FILENO,
        .force = force,
        .now = (int64_t) time(NULL),
        .actor = getuid(),
    };
    int r = store_restore(&options, &report, &problem);
    if (r != 0) {
        log_write(LOG_ERR, LOG_EVENT_RESTORE_FAILED, "%s", problem ? problem : strerror(-r));
        return exit_status(r);
    }
    tell(&report);
    return EXIT_SUCCESS;
}

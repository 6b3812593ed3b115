/* SPDX-License-Identifier: BSD-2-Clause */
/* Backups. Called by bus/ before and after the pool has made one; must never give one to anybody but root: it holds
 * everything, the salts of the audit log included. */
#include "ovcertd/core/service_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"

/* What is erased is not to be found in the copy's unused space either. */
int service_backup_begin(Service *service, const Actor *actor, StoreBackup **ret) {
    if (actor->uid != 0)
        return OVCERT_ERROR_DENIED;
    int r = core_fault(store_finish_erasing(service->store));
    return r < 0 ? r : core_fault(store_backup_new(service->store, ret));
}

static int record(Service *service, const Actor *actor, const Moment *now, const char *note) {
    Request CLEANUP(request_done) request = {.service = service, .actor = actor, .now = now, .done = "backup-made"};
    int r = request_begin(&request);
    return r < 0 ? r : request_end(&request, request_note(&request, note));
}

int service_backup_finish(Service *service, const Actor *actor, const StoreBackup *backup, const Moment *now,
                          StoreBackupFacts *ret, Failure *failure) {
    char note[40];
    const char *problem = NULL;
    StoreBackupFacts facts = {0};
    int r = core_fault(store_backup_facts(backup, &facts, &problem));
    if (r < 0) {
        failure->detail = problem ? strdup(problem) : NULL; /* without it the log has the errno */
        return r;
    }
    (void) snprintf(note, sizeof note, "of row %" PRIu64, facts.rows); /* fits */
    r = record(service, actor, now, note);
    if (r == 0)
        *ret = facts;
    return r;
}

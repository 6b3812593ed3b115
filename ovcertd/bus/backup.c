/* SPDX-License-Identifier: BSD-2-Clause */
/* Backups over the bus, for root alone. Must never give a slice to another connection than the one that asked for the
 * copy, nor keep a copy that nobody reads. */
#include "ovcertd/bus/backup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "ovcertd/bus/request.h"

#define SLICE_SIZE (1024u * 1024u)

struct BackupKept {
    char *sender;
    StoreBackup *backup;
};

void backup_drop(BusContext *context) {
    BackupKept *kept = TAKE_PTR(context->backup);
    if (!kept)
        return;
    (void) store_backup_free(kept->backup); /* returns NULL */
    free(kept->sender);
    free(kept);
}

void backup_drop_sender(BusContext *context, const char *sender) {
    if (context->backup && strcmp(context->backup->sender, sender) == 0)
        backup_drop(context);
}

/* --- Backup --- */

static int keep(Request *request) {
    BackupKept *kept = calloc(1, sizeof *kept);
    char *sender = strdup(request->actor.sender);
    if (!kept || !sender) {
        free(kept);
        free(sender);
        return -ENOMEM;
    }
    backup_drop(request->context);
    *kept = (BackupKept){.sender = sender, .backup = TAKE_PTR(request->backup)};
    request->context->backup = kept;
    return 0;
}

static int reply_backup(Request *request) {
    StoreBackupFacts facts;
    int r = service_backup_finish(request->context->service, &request->actor, request->backup, &request->now, &facts,
                                  &request->failure);
    if (r != 0)
        return r;
    r = keep(request);
    if (r < 0)
        return r;
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    r = request_new_reply(request, &reply);
    if (r < 0)
        return r;
    r = sd_bus_message_append(reply, "tt", facts.size, facts.rows);
    if (r < 0)
        return r;
    r = sd_bus_message_append_array(reply, 'y', facts.hash, sizeof facts.hash);
    return r < 0 ? r : request_send(request, reply);
}

static void work_backup(void *data) {
    store_backup_run(data);
}

/* Two would write the same file. */
static bool is_being_made(const BusContext *context) {
    for (const Request *request = context->requests; request; request = request->after)
        if (request->backup)
            return true;
    return false;
}

static int backup(Request *request) {
    if (is_being_made(request->context))
        return OVCERT_ERROR_LIMIT_EXCEEDED;
    int r = service_backup_begin(request->context->service, &request->actor, &request->backup);
    return r != 0 ? r : request_work(request, work_backup, request->backup, reply_backup);
}

static int read_backup(Request *request) {
    int r = arguments_read_no_options(request->message, &request->failure);
    if (r != 0)
        return r;
    return request->actor.uid != 0 ? OVCERT_ERROR_DENIED : request_authorize(request, POLICY_ADMINISTER, backup);
}

int method_backup(sd_bus_message *message, void *context, sd_bus_error *error) {
    (void) error;
    return request_start(context, message, read_backup);
}

/* --- ReadBackup --- */

static int send_slice(Request *request) {
    CLEANUP(bytes_done) Bytes slice = {0};
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    const BackupKept *kept = request->context->backup;
    if (!kept || strcmp(kept->sender, request->actor.sender) != 0)
        return OVCERT_ERROR_NOT_FOUND;
    int r = store_backup_read(kept->backup, request->arguments.after, SLICE_SIZE, &slice);
    if (r < 0)
        return r;
    r = request_new_reply(request, &reply);
    if (r < 0)
        return r;
    r = sd_bus_message_append_array(reply, 'y', slice.data, slice.size);
    return r < 0 ? r : request_send(request, reply);
}

static int read_read_backup(Request *request) {
    int r = arguments_read_u64(request->message, &request->arguments.after, &request->failure);
    if (r != 0)
        return r;
    return request->actor.uid != 0 ? OVCERT_ERROR_DENIED : request_authorize(request, POLICY_ADMINISTER, send_slice);
}

int method_read_backup(sd_bus_message *message, void *context, sd_bus_error *error) {
    (void) error;
    return request_start(context, message, read_read_backup);
}

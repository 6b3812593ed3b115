/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit rows of refusals, and the rule that keeps a flood of them to a few rows (SECURITY 33): ten per minute and
 * uid are written one by one, the rest as one row with their number. Used by request.c and the tick; must never put
 * personal data into a detail. */
#include "ovcertd/core/service_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"

static int flood_flush(Service *service, FloodCount *count, const Moment *now) {
    if (count->suppressed == 0)
        return 0;
    char number[32];
    (void) snprintf(number, sizeof number, "%" PRIu64, count->suppressed); /* at most 20 digits */
    AuditEntry entry = {
        .time = now->real,
        .event = "refusals-suppressed",
        .actor = count->uid,
        .outcome = "counted",
        .detail = number,
    };
    int r = core_fault(store_audit_add(service->store, &entry));
    if (r == 0)
        count->suppressed = 0;
    return r;
}

/* The count of this uid, a free one, or the one that has been counting longest. */
static FloodCount *flood_find(Service *service, uid_t uid) {
    FloodCount *best = &service->flood[0];
    for (size_t i = 0; i < FLOOD_UIDS; i++) {
        FloodCount *count = &service->flood[i];
        if (count->used && count->uid == uid)
            return count;
        if (best->used && (!count->used || count->since < best->since))
            best = count;
    }
    return best;
}

static int flood_count(Service *service, uid_t uid, const Moment *now, FloodCount **ret) {
    FloodCount *count = flood_find(service, uid);
    if (!count->used || count->uid != uid || now->boottime - count->since >= FLOOD_WINDOW) {
        int r = flood_flush(service, count, now);
        if (r < 0)
            return r;
        *count = (FloodCount){.uid = uid, .used = true, .since = now->boottime};
    }
    *ret = count;
    return 0;
}

int audit_flush(Service *service, const Moment *now, bool all) {
    for (size_t i = 0; i < FLOOD_UIDS; i++) {
        FloodCount *count = &service->flood[i];
        if (!count->used || (!all && now->boottime - count->since < FLOOD_WINDOW))
            continue;
        int r = flood_flush(service, count, now);
        if (r < 0)
            return r;
        *count = (FloodCount){0};
    }
    return 0;
}

bool audit_count_only(Service *service, uid_t uid, const Moment *now) {
    FloodCount *count = flood_find(service, uid);
    bool current = count->used && count->uid == uid && now->boottime - count->since < FLOOD_WINDOW;
    if (!current || count->written < FLOOD_REFUSALS)
        return false;
    count->suppressed++;
    return true;
}

/* An unknown profile is recorded as "", so that it costs what a known one costs (SECURITY 23), and because what people
 * type as a user name may be their password. */
int audit_refusal(Request *request, int outcome) {
    FloodCount *count = NULL;
    int r = flood_count(request->service, request->counted, request->now, &count);
    if (r < 0)
        return r;
    if (count->written >= FLOOD_REFUSALS) {
        count->suppressed++;
        return 0;
    }
    char *CLEANUP(free_pointer) detail = NULL;
    r = request_detail(request, request->note, &detail);
    if (r < 0)
        return r;
    count->written++;
    AuditEntry entry = {
        .time = request->now->real,
        .event = request->refused,
        .actor = request->actor->uid,
        .outcome = ovcert_error_name(outcome) + strlen(OVCERT_ERROR_PREFIX),
        .detail = detail,
        .profile = request->profile ? request->profile : "",
        .subject = request->subject,
    };
    return core_fault(store_audit_add(request->service->store, &entry));
}

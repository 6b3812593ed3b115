/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations that need a confirmation: Unlink and Delete open one, Confirm and Cancel end it, time lets it lapse.
 * Called by bus/ and the tick; must never change an operation past the table of operation.h. */
#include "ovcertd/core/service_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

static const char *row_kind_name(const OperationRow *operation) {
    const char *name = operation_kind_name((OperationKind) operation->kind);
    return name ? name : "unknown";
}

/* --- time --- */

static int lapse(Service *service, const OperationRow *operation, const Moment *now) {
    Actor opener = {.uid = operation->opener};
    Request CLEANUP(request_done) request = {
        .service = service,
        .actor = &opener,
        .now = now,
        .done = "operation-lapsed",
        .refused = "lapse-refused",
    };
    ProfileRow CLEANUP(profile_row_done) profile = {0};
    int r = request_begin(&request);
    if (r < 0)
        return r;
    r = core_fault(store_profile_by_id(service->store, operation->profile, &profile));
    request.profile = r == 0 ? TAKE_PTR(profile.name) : NULL;
    if (r == 0)
        r = request_note(&request, row_kind_name(operation));
    if (r == 0)
        r = operation_step(service, operation, OPERATION_LAPSE, operation->deadline);
    return request_end(&request, r);
}

int operations_lapse(Service *service, const Moment *now) {
    OperationRow *due = NULL;
    size_t count = 0;
    int r = core_fault(store_operation_list_due(service->store, now->real, &due, &count));
    for (size_t i = 0; r == 0 && i < count; i++)
        r = lapse(service, &due[i], now);
    (void) operation_rows_free(due, count); /* returns NULL */
    return r;
}

int operation_step(Service *service, const OperationRow *operation, OperationEvent event, int64_t deadline) {
    int next = operation_next((OperationState) operation->state, event);
    if (next < 0)
        return OVCERT_ERROR_OPERATION_INVALID;
    return core_fault(store_operation_set(service->store, operation->id, next, deadline));
}

/* --- opening --- */

static int pending(Request *request, const ProfileRow *profile, OperationKind kind) {
    OperationRow *open = NULL;
    size_t count = 0;
    int r = core_fault(store_operation_list_open(request->service->store, profile->id, &open, &count));
    for (size_t i = 0; r == 0 && i < count; i++)
        if (open[i].kind == (int) kind)
            r = request_fail(request, OVCERT_ERROR_OPERATION_PENDING, open[i].id);
    (void) operation_rows_free(open, count); /* returns NULL */
    return r;
}

static int open_operation(Request *request, const ProfileRow *profile, OperationKind kind, bool until_assign,
                          OperationOpened *ret) {
    int r = pending(request, profile, kind);
    if (r != 0)
        return r;
    OperationRow row = {
        .profile = profile->id,
        .kind = (int) kind,
        .state = OPERATION_REQUESTED,
        .until_assign = until_assign,
        .opener = request->actor->uid,
        .opened = request->now->real,
        .deadline = request->now->real + OPERATION_REQUESTED_SECONDS,
    };
    ret->deadline = row.deadline;
    return core_fault(store_operation_create(request->service->store, &row, ret->id));
}

/* An administrator's word overrides what is open, whoever opened it. */
static int cancel_all(Request *request, const ProfileRow *profile) {
    OperationRow *open = NULL;
    size_t count = 0;
    int r = core_fault(store_operation_list_open(request->service->store, profile->id, &open, &count));
    for (size_t i = 0; r == 0 && i < count; i++) {
        r = operation_step(request->service, &open[i], OPERATION_CANCEL, open[i].deadline);
        if (r == 0)
            r = request_record(request, "operation-cancelled", NULL, row_kind_name(&open[i]));
    }
    (void) operation_rows_free(open, count); /* returns NULL */
    return r;
}

static int unlink_open(Request *request, const char *user, bool until_assign, bool with_bar, OperationOpened *ret) {
    ProfileRow CLEANUP(profile_row_done) profile = {0};
    AssociationRow CLEANUP(association_row_done) association = {0};
    const Actor *actor = request->actor;
    int r = request_profile(request, user, &profile);
    if (r != 0 || (r = request_unblocked(request, &profile)) != 0)
        return r;
    if (with_bar && !actor->administrator)
        return OVCERT_ERROR_DENIED;
    r = profile_association(request->service, profile.id, &association);
    if (r != 0 || (r = request_subject(request, association.certificate.subject)) < 0)
        return r;
    if (actor->administrator && !profile_is_owner(&profile, actor->uid) && (r = cancel_all(request, &profile)) != 0)
        return r;
    if (with_bar && (r = request_bar(request, &profile, &association.certificate)) < 0)
        return r;
    r = until_assign ? request_note(request, "until-assign") : 0;
    return r < 0 ? r : open_operation(request, &profile, OPERATION_UNLINK, until_assign, ret);
}

int service_unlink(Service *service, const Actor *actor, const char *user, bool until_assign, bool bar_certificate,
                   const Moment *now, OperationOpened *ret, Failure *failure) {
    Request CLEANUP(request_done) request = {
        .service = service,
        .actor = actor,
        .now = now,
        .failure = failure,
        .done = "unlink-requested",
        .refused = "unlink-refused",
    };
    int r = operations_lapse(service, now);
    if (r < 0 || (r = request_begin(&request)) < 0)
        return r;
    return request_end(&request, unlink_open(&request, user, until_assign, bar_certificate, ret));
}

static int delete_open(Request *request, const char *user, OperationOpened *ret) {
    ProfileRow CLEANUP(profile_row_done) profile = {0};
    int r = request_profile(request, user, &profile);
    if (r != 0 || (r = request_unblocked(request, &profile)) != 0)
        return r;
    return open_operation(request, &profile, OPERATION_DELETE_PROFILE, false, ret);
}

int service_delete(Service *service, const Actor *actor, const char *user, const Moment *now, OperationOpened *ret,
                   Failure *failure) {
    Request CLEANUP(request_done) request = {
        .service = service,
        .actor = actor,
        .now = now,
        .failure = failure,
        .done = "delete-requested",
        .refused = "delete-refused",
    };
    int r = operations_lapse(service, now);
    if (r < 0 || (r = request_begin(&request)) < 0)
        return r;
    return request_end(&request, delete_open(&request, user, ret));
}

/* --- ending --- */

/* One answer for what never was, is used up, or is somebody else's. */
static int find_operation(Request *request, const ProfileRow *profile, const char *id, OperationRow *ret) {
    int r = store_operation_get(request->service->store, id, ret);
    if (r != 0)
        return r == STORE_NOT_FOUND ? OVCERT_ERROR_OPERATION_INVALID : core_fault(r);
    if (ret->profile != profile->id || (ret->opener != request->actor->uid && !request->actor->administrator))
        return OVCERT_ERROR_OPERATION_INVALID;
    return ret->state == OPERATION_LAPSED ? OVCERT_ERROR_OPERATION_LAPSED : 0;
}

/* SECURITY 17: when everything that was proven has become bad since, opening the swap would lead nowhere. Newest first;
 * its reasons are the ones told. */
static int judge_candidates(Request *request, const CandidateRow *candidates, size_t count) {
    Verdict CLEANUP(verdict_done) newest = {0};
    for (size_t i = 0; i < count; i++) {
        if (candidates[i].deadline <= request->now->real)
            continue;
        Verdict CLEANUP(verdict_done) verdict = {0};
        int r = service_judge(request->service, &candidates[i].certificate, request->now, &verdict);
        if (r < 0 || verdict_accepted(&verdict))
            return r;
        if (!verdict_accepted(&newest))
            continue;
        newest = verdict;
        verdict = (Verdict){0};
    }
    return verdict_accepted(&newest) ? 0 : request_refuse(request, &newest);
}

static int recheck_candidates(Request *request, const ProfileRow *profile) {
    CandidateRow *candidates = NULL;
    size_t count = 0;
    int r = core_fault(store_candidate_list(request->service->store, profile->id, &candidates, &count));
    if (r == 0)
        r = judge_candidates(request, candidates, count);
    (void) candidate_rows_free(candidates, count); /* returns NULL */
    return r;
}

static int confirm_swap(Request *request, const ProfileRow *profile, const OperationRow *operation) {
    int r = recheck_candidates(request, profile);
    if (r != 0)
        return r;
    request->done = "unlink-confirmed";
    return operation_step(request->service, operation, OPERATION_CONFIRM_OPEN,
                          request->now->real + OPERATION_CONFIRMED_SECONDS);
}

static int confirm_unlink(Request *request, const ProfileRow *profile, const OperationRow *operation) {
    AssociationRow CLEANUP(association_row_done) association = {0};
    int r = operation_step(request->service, operation, OPERATION_CONFIRM_NOW, operation->deadline);
    if (r != 0 || (r = profile_association(request->service, profile->id, &association)) != 0)
        return r;
    request->done = "unlinked";
    r = core_fault(store_association_end(request->service->store, association.id, request->now->real,
                                         request->actor->uid, "unlinked"));
    if (r < 0 || (r = request_subject(request, association.certificate.subject)) < 0)
        return r;
    return service_changed(request->service, profile);
}

/* The row stays without a name: the person's data goes with the profile. */
static int confirm_delete(Request *request, const ProfileRow *profile, const OperationRow *operation) {
    int r = operation_step(request->service, operation, OPERATION_CONFIRM_NOW, operation->deadline);
    if (r != 0 || (r = core_fault(store_profile_delete(request->service->store, profile->id))) < 0)
        return r;
    request->done = "profile-deleted";
    free(request->profile);
    request->profile = NULL;
    return service_changed(request->service, profile);
}

static int confirm(Request *request, const char *user, const char *id) {
    ProfileRow CLEANUP(profile_row_done) profile = {0};
    OperationRow CLEANUP(operation_row_done) operation = {0};
    int r = request_profile(request, user, &profile);
    if (r != 0 || (r = request_unblocked(request, &profile)) != 0)
        return r;
    r = find_operation(request, &profile, id, &operation);
    if (r != 0)
        return r;
    switch ((OperationKind) operation.kind) {
    case OPERATION_UNLINK:
        return operation.until_assign ? confirm_swap(request, &profile, &operation)
                                      : confirm_unlink(request, &profile, &operation);
    case OPERATION_DELETE_PROFILE:
        return confirm_delete(request, &profile, &operation);
    }
    return -EUCLEAN;
}

int service_confirm(Service *service, const Actor *actor, const char *user, const char *operation, const Moment *now,
                    Failure *failure) {
    Request CLEANUP(request_done) request = {
        .service = service,
        .actor = actor,
        .now = now,
        .failure = failure,
        .done = "operation-confirmed",
        .refused = "confirm-refused",
    };
    int r = operations_lapse(service, now);
    if (r < 0 || (r = request_begin(&request)) < 0)
        return r;
    return request_end(&request, confirm(&request, user, operation));
}

/* Blocked profiles too: a cancelled operation gives nobody anything. */
static int cancel(Request *request, const char *user, const char *id) {
    ProfileRow CLEANUP(profile_row_done) profile = {0};
    OperationRow CLEANUP(operation_row_done) operation = {0};
    int r = request_profile(request, user, &profile);
    if (r != 0 || (r = find_operation(request, &profile, id, &operation)) != 0)
        return r;
    r = request_note(request, row_kind_name(&operation));
    return r < 0 ? r : operation_step(request->service, &operation, OPERATION_CANCEL, operation.deadline);
}

int service_cancel(Service *service, const Actor *actor, const char *user, const char *operation, const Moment *now,
                   Failure *failure) {
    Request CLEANUP(request_done) request = {
        .service = service,
        .actor = actor,
        .now = now,
        .failure = failure,
        .done = "operation-cancelled",
        .refused = "cancel-refused",
    };
    int r = operations_lapse(service, now);
    if (r < 0 || (r = request_begin(&request)) < 0)
        return r;
    return request_end(&request, cancel(&request, user, operation));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Assignment: a candidate, or an administrator's unproven certificate, becomes the profile's. The swap of old and new
 * is one unit of work, so that at no instant there is none (DESIGN 1). Called by bus/; must never keep half of it. */
#include "ovcertd/core/service_internal.h"

#include <errno.h>
#include <string.h>

#include "common/error.h"

/* The assignment to be: what was read, before anything is changed. */
typedef struct Assignment {
    ProfileRow profile;
    CertificateRow certificate;
    bool proven;
    char candidate[STORE_ID_SIZE]; /* "" without one */
    bool has_current;
    AssociationRow current;
    bool has_swap;
    OperationRow swap;
} Assignment;

static void assignment_done(Assignment *assignment) {
    profile_row_done(&assignment->profile);
    certificate_row_done(&assignment->certificate);
    association_row_done(&assignment->current);
    operation_row_done(&assignment->swap);
}

/* The confirmed until-assign unlink that this actor may complete. */
static bool is_swap(const Request *request, const OperationRow *operation) {
    return operation->kind == OPERATION_UNLINK && operation->state == OPERATION_CONFIRMED && operation->until_assign &&
           (operation->opener == request->actor->uid || request->actor->administrator);
}

static int find_swap(Request *request, Assignment *assignment) {
    OperationRow *open = NULL;
    size_t count = 0;
    int r = core_fault(store_operation_list_open(request->service->store, assignment->profile.id, &open, &count));
    for (size_t i = 0; r == 0 && !assignment->has_swap && i < count; i++) {
        if (!is_swap(request, &open[i]))
            continue;
        assignment->swap = open[i];
        assignment->has_swap = true;
        open[i] = (OperationRow){0};
    }
    (void) operation_rows_free(open, count); /* returns NULL */
    return r;
}

/* Room for a certificate: nothing assigned, or a swap that is open. */
static int find_room(Request *request, Assignment *assignment) {
    int r = profile_association(request->service, assignment->profile.id, &assignment->current);
    assignment->has_current = r == 0;
    if (r != 0 && r != OVCERT_ERROR_NO_CERTIFICATE)
        return r;
    if ((r = find_swap(request, assignment)) < 0)
        return r;
    return assignment->has_current && !assignment->has_swap ? OVCERT_ERROR_CERTIFICATE_ASSIGNED : 0;
}

static int end_current(Request *request, const Assignment *assignment) {
    if (!assignment->has_current)
        return 0;
    int r = core_fault(store_association_end(request->service->store, assignment->current.id, request->now->real,
                                             request->actor->uid, "replaced"));
    return r < 0 ? r : request_record(request, "unlinked", assignment->current.certificate.subject, "replaced");
}

/* The holder belongs to the profile: set once, changed by an administrator's explicit word alone (request_admissible()
 * has seen to that). */
static int set_holder(Request *request, const Assignment *assignment) {
    const char *before = assignment->profile.holder, *after = assignment->certificate.holder;
    if (*after == '\0' || strcmp(before, after) == 0)
        return 0;
    int r = core_fault(store_profile_set_holder(request->service->store, assignment->profile.id, after));
    return r < 0 ? r : request_record(request, *before ? "holder-changed" : "holder-set", NULL, NULL);
}

static int create(Request *request, Assignment *assignment) {
    Store *store = request->service->store;
    int64_t id = 0;
    int r = store_certificate_put(store, &assignment->certificate, &assignment->certificate.id);
    if (r != 0)
        return core_fault(r);
    r = store_association_create(store, assignment->profile.id, assignment->certificate.id, request->now->real,
                                 request->actor->uid, assignment->proven, &id);
    if (r != 0)
        return r == STORE_EXISTS ? OVCERT_ERROR_CERTIFICATE_TAKEN : core_fault(r);
    return *assignment->candidate ? core_fault(store_candidate_delete(store, assignment->candidate)) : 0;
}

static int apply(Request *request, Assignment *assignment) {
    int r = end_current(request, assignment);
    if (r != 0 || (r = create(request, assignment)) != 0 || (r = set_holder(request, assignment)) != 0)
        return r;
    if (assignment->has_swap) {
        r = operation_step(request->service, &assignment->swap, OPERATION_COMPLETE, assignment->swap.deadline);
        if (r != 0)
            return r;
    }
    r = request_note(request, assignment->proven ? "proven" : "unproven");
    return r < 0 ? r : service_changed(request->service, &assignment->profile);
}

static int assign(Request *request, Assignment *assignment, const Verdict *verdict, const AssignOptions *options) {
    CertificateRow *certificate = &assignment->certificate;
    int r = request_subject(request, certificate->subject);
    if (r < 0)
        return r;
    if (!verdict_accepted(verdict))
        return request_refuse(request, verdict);
    r = request_admissible(request, &assignment->profile, certificate->fingerprint, certificate->holder,
                           options->allow_holder_change);
    if (r != 0 || (r = find_room(request, assignment)) != 0)
        return r;
    return apply(request, assignment);
}

/* --- a candidate --- */

static int take_candidate(Request *request, const char *id, Assignment *assignment) {
    CandidateRow CLEANUP(candidate_row_done) candidate = {0};
    int r = store_candidate_get(request->service->store, id, &candidate);
    if (r != 0)
        return r == STORE_NOT_FOUND ? OVCERT_ERROR_CANDIDATE_INVALID : core_fault(r);
    if (candidate.profile != assignment->profile.id || candidate.deadline <= request->now->real)
        return OVCERT_ERROR_CANDIDATE_INVALID;
    memcpy(assignment->candidate, candidate.id, sizeof assignment->candidate);
    assignment->proven = true;
    assignment->certificate = candidate.certificate;
    candidate.certificate = (CertificateRow){0};
    return 0;
}

static int assign_candidate(Request *request, const char *user, const char *id, const AssignOptions *options) {
    Assignment CLEANUP(assignment_done) assignment = {0};
    Verdict CLEANUP(verdict_done) verdict = {0};
    int r = request_profile(request, user, &assignment.profile);
    if (r != 0 || (r = request_unblocked(request, &assignment.profile)) != 0 ||
        (r = take_candidate(request, id, &assignment)) != 0)
        return r;
    r = service_judge(request->service, &assignment.certificate, request->now, &verdict);
    return r < 0 ? r : assign(request, &assignment, &verdict, options);
}

int service_assign(Service *service, const Actor *actor, const char *user, const char *candidate,
                   const AssignOptions *options, const Moment *now, Failure *failure) {
    Request CLEANUP(request_done) request = {
        .service = service,
        .actor = actor,
        .now = now,
        .failure = failure,
        .done = "assigned",
        .refused = "assign-refused",
    };
    int r = operations_lapse(service, now);
    if (r < 0 || (r = request_begin(&request)) < 0)
        return r;
    return request_end(&request, assign_candidate(&request, user, candidate, options));
}

/* --- without proof --- */

static int assign_judged(Request *request, const char *user, Judgement *judgement, const AssignOptions *options) {
    Assignment CLEANUP(assignment_done) assignment = {0};
    if (!request->actor->administrator)
        return OVCERT_ERROR_DENIED;
    int r = request_profile(request, user, &assignment.profile);
    if (r != 0 || (r = judgement_finish(request->service, judgement, request->now)) < 0)
        return r;
    if (!judgement->certificate)
        return request_refuse(request, &judgement->verdict);
    r = certificate_row_make(judgement->certificate, &judgement->verdict, &assignment.certificate);
    return r < 0 ? r : assign(request, &assignment, &judgement->verdict, options);
}

int service_assign_unproven(Service *service, const Actor *actor, const char *user, Judgement *judgement,
                            const AssignOptions *options, const Moment *now, Failure *failure) {
    Request CLEANUP(request_done) request = {
        .service = service,
        .actor = actor,
        .now = now,
        .failure = failure,
        .done = "assigned",
        .refused = "assign-refused",
    };
    int r = operations_lapse(service, now);
    if (r < 0 || (r = request_begin(&request)) < 0)
        return r;
    return request_end(&request, assign_judged(&request, user, judgement, options));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at certificates: CheckCertificate and FindByCertificate, once the pool has judged. Called by bus/; must never
 * say whose a certificate is to anybody but who may find it. */
#include "ovcertd/core/service_internal.h"

#include <errno.h>
#include <string.h>

#include "common/error.h"
#include "common/text.h"

void check_result_done(CheckResult *result) {
    (void) certificate_free(result->certificate); /* returns NULL */
    verdict_done(&result->verdict);
    *result = (CheckResult){0};
}

static void result_take(Judgement *judgement, CheckResult *ret) {
    *ret = (CheckResult){.certificate = TAKE_PTR(judgement->certificate), .verdict = judgement->verdict};
    judgement->verdict = (Verdict){0};
    judgement->result = -ECANCELED; /* nothing is left to look at */
}

static int add_unavailable(Service *service, const ProfileRow *profile, const CertificateFacts *facts,
                           Verdict *verdict) {
    AssociationRow CLEANUP(association_row_done) other = {0};
    int r = store_association_by_fingerprint(service->store, facts->fingerprint, &other);
    if (r != 0 && r != STORE_NOT_FOUND)
        return core_fault(r);
    bool taken = r == 0 && other.profile != profile->id;
    r = store_certificate_is_barred(service->store, facts->fingerprint);
    if (r == STORE_EXISTS || (r == 0 && taken))
        return verdict_add(verdict, VERDICT_UNAVAILABLE, 0, "barred, or assigned to another profile");
    return core_fault(r);
}

/* The rules of a profile, as they are for its owner. */
static int add_rules(Service *service, const ProfileRow *profile, CheckResult *result) {
    const CertificateFacts *facts = certificate_facts(result->certificate);
    const char *holder = result->verdict.holder;
    switch (service_holder(service, false, profile, holder, false)) {
    case OVCERT_ERROR_HOLDER_MISMATCH:
        return *holder ? verdict_add_wanted(&result->verdict, VERDICT_HOLDER_MISMATCH, 0, holder, profile->holder)
                       : verdict_add(&result->verdict, VERDICT_HOLDER, 0, "it names nobody");
    case OVCERT_ERROR_HOLDER_UNKNOWN:
        return verdict_add(&result->verdict, VERDICT_HOLDER_UNKNOWN, 0, "a profile without one");
    default:
        /* Without a holder (first-assign=user) every certificate fits: whether others have it is then not told. */
        return *profile->holder == '\0' ? 0 : add_unavailable(service, profile, facts, &result->verdict);
    }
}

static int check_for(Service *service, const char *user, CheckResult *result) {
    ProfileRow CLEANUP(profile_row_done) profile = {0};
    int r = text_is_user_name(user) ? store_profile_by_name(service->store, user, &profile) : STORE_NOT_FOUND;
    if (r != 0)
        return r == STORE_NOT_FOUND ? OVCERT_ERROR_NOT_FOUND : core_fault(r);
    return result->certificate ? add_rules(service, &profile, result) : 0;
}

int service_check(Service *service, Judgement *judgement, const char *user, const Moment *now, CheckResult *ret) {
    CheckResult CLEANUP(check_result_done) result = {0};
    int r = judgement_finish(service, judgement, now);
    if (r < 0)
        return r;
    result_take(judgement, &result);
    r = user ? check_for(service, user, &result) : 0;
    if (r != 0)
        return r;
    *ret = result;
    result = (CheckResult){0};
    return 0;
}

/* --- finding --- */

/* The profile and its name, for the answer and for the audit row. */
static int find_profile(Request *request, const CertificateFacts *facts, ProfileRow *ret) {
    Store *store = request->service->store;
    AssociationRow CLEANUP(association_row_done) association = {0};
    int r = store_association_by_fingerprint(store, facts->fingerprint, &association);
    if (r != 0)
        return r == STORE_NOT_FOUND ? OVCERT_ERROR_NOT_FOUND : core_fault(r);
    r = core_fault(store_profile_by_id(store, association.profile, ret));
    if (r < 0)
        return r;
    request->profile = strdup(ret->name);
    return request->profile ? request_subject(request, facts->subject) : -ENOMEM;
}

static int find_judged(Request *request, Judgement *judgement, ProfileRow *profile, CheckResult *result) {
    int r = judgement_finish(request->service, judgement, request->now);
    if (r < 0)
        return r;
    result_take(judgement, result);
    if (!verdict_accepted(&result->verdict))
        return request_refuse(request, &result->verdict);
    const CertificateFacts *facts = certificate_facts(result->certificate);
    r = store_certificate_is_barred(request->service->store, facts->fingerprint);
    if (r != 0)
        return r == STORE_EXISTS ? request_refuse_reason(request, VERDICT_UNAVAILABLE) : core_fault(r);
    if ((r = find_profile(request, facts, profile)) != 0)
        return r;
    return profile->blocked ? OVCERT_ERROR_PROFILE_BLOCKED : 0;
}

static int find_unjudged(Request *request, View der, ProfileRow *profile, CheckResult *result) {
    if (request->actor->uid != 0)
        return OVCERT_ERROR_DENIED;
    int r = certificate_parse(der, &result->certificate);
    if (r != 0)
        return r < 0 ? r : request_fail(request, OVCERT_ERROR_INVALID_ARGUMENT, "certificate");
    return find_profile(request, certificate_facts(result->certificate), profile);
}

static int find(Service *service, const Actor *actor, Judgement *judgement, View der, const Moment *now,
                char **ret_user, CheckResult *ret, Failure *failure) {
    Request CLEANUP(request_done) request = {
        .service = service,
        .actor = actor,
        .now = now,
        .failure = failure,
        .done = "certificate-found",
        .refused = "find-refused",
    };
    CheckResult CLEANUP(check_result_done) result = {0};
    ProfileRow CLEANUP(profile_row_done) profile = {0};
    int r = request_begin(&request);
    if (r < 0)
        return r;
    r = request_end(&request, judgement ? find_judged(&request, judgement, &profile, &result)
                                        : find_unjudged(&request, der, &profile, &result));
    if (r != 0)
        return r;
    *ret_user = TAKE_PTR(profile.name);
    *ret = result;
    result = (CheckResult){0};
    return 0;
}

int service_find(Service *service, const Actor *actor, Judgement *judgement, const Moment *now, char **ret_user,
                 CheckResult *ret, Failure *failure) {
    return find(service, actor, judgement, (View){0}, now, ret_user, ret, failure);
}

int service_find_unvalidated(Service *service, const Actor *actor, View certificate, const Moment *now, char **ret_user,
                             CheckResult *ret, Failure *failure) {
    return find(service, actor, NULL, certificate, now, ret_user, ret, failure);
}

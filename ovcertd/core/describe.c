/* SPDX-License-Identifier: BSD-2-Clause */
/* Describing profiles: everything that Describe tells, the certificate judged at that moment. Called by bus/ once the
 * caller may read, and by list.c; must never change anything. */
#include "ovcertd/core/service_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/text.h"

void profile_description_done(ProfileDescription *description) {
    profile_row_done(&description->profile);
    association_row_done(&description->association);
    verdict_done(&description->verdict);
    (void) operation_rows_free(description->operations, description->n_operations); /* returns NULL */
    (void) candidate_rows_free(description->candidates, description->n_candidates); /* returns NULL */
    free(description->candidate_kinds);
    (void) kinds_unref(description->kinds); /* returns NULL */
    *description = (ProfileDescription){0};
}

ProfileDescription *profile_descriptions_free(ProfileDescription *descriptions, size_t count) {
    for (size_t i = 0; i < count; i++)
        profile_description_done(&descriptions[i]);
    free(descriptions);
    return NULL;
}

const char *certificate_status_name(CertificateStatus status) {
    switch (status) {
    case CERTIFICATE_STATUS_NONE:
        return "none";
    case CERTIFICATE_STATUS_VALID:
        return "valid";
    case CERTIFICATE_STATUS_EXPIRING:
        return "expiring";
    case CERTIFICATE_STATUS_EXPIRED:
        return "expired";
    case CERTIFICATE_STATUS_NOT_YET_VALID:
        return "not-yet-valid";
    case CERTIFICATE_STATUS_REVOKED:
        return "revoked";
    case CERTIFICATE_STATUS_UNTRUSTED:
        return "untrusted";
    }
    return NULL;
}

const char *profile_state_name(const ProfileDescription *description) {
    if (description->profile.blocked)
        return "blocked";
    return description->has_certificate ? "assigned" : "unassigned";
}

static CertificateStatus status_of(const Service *service, const ProfileDescription *description, const Moment *now) {
    const Verdict *verdict = &description->verdict;
    if (verdict_has(verdict, VERDICT_REVOKED))
        return CERTIFICATE_STATUS_REVOKED;
    if (verdict_has(verdict, VERDICT_EXPIRED))
        return CERTIFICATE_STATUS_EXPIRED;
    if (verdict_has(verdict, VERDICT_NOT_YET_VALID))
        return CERTIFICATE_STATUS_NOT_YET_VALID;
    if (!verdict_accepted(verdict))
        return CERTIFICATE_STATUS_UNTRUSTED;
    return certificate_is_expiring(service, description->association.certificate.not_after, now)
               ? CERTIFICATE_STATUS_EXPIRING
               : CERTIFICATE_STATUS_VALID;
}

int description_read_association(Service *service, ProfileDescription *description) {
    int r = store_association_active(service->store, description->profile.id, &description->association);
    if (r != 0)
        return r == STORE_NOT_FOUND ? 0 : core_fault(r);
    description->has_certificate = true;
    return 0;
}

int description_judge(Service *service, const Moment *now, ProfileDescription *description) {
    if (!description->has_certificate)
        return 0;
    int r = service_judge(service, &description->association.certificate, now, &description->verdict);
    if (r < 0)
        return r;
    description->status = status_of(service, description, now);
    return 0;
}

/* What has passed its deadline is gone for everybody, though the tick has not come by yet. */
static int describe_operations(Service *service, const Moment *now, ProfileDescription *description) {
    size_t count = 0;
    int r = core_fault(
        store_operation_list_open(service->store, description->profile.id, &description->operations, &count));
    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++)
        if (description->operations[i].deadline > now->real)
            description->operations[description->n_operations++] = description->operations[i];
        else
            operation_row_done(&description->operations[i]);
    return 0;
}

static int describe_candidates(Service *service, const Moment *now, ProfileDescription *description) {
    size_t count = 0;
    int r = core_fault(store_candidate_list(service->store, description->profile.id, &description->candidates, &count));
    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++)
        if (description->candidates[i].deadline > now->real)
            description->candidates[description->n_candidates++] = description->candidates[i];
        else
            candidate_row_done(&description->candidates[i]);
    return 0;
}

static int find_kind(Service *service, const CertificateRow *row, const Kind **ret) {
    Certificate CLEANUP(certificate_freep) *certificate = NULL;
    int r = service_certificate(service, row, &certificate);
    return r < 0 ? r : kinds_find(trust_store_kinds(service->trust), certificate, ret);
}

static int describe_candidate_kinds(Service *service, ProfileDescription *description) {
    int r = 0;
    description->kinds = kinds_ref(trust_store_kinds(service->trust));
    description->candidate_kinds = calloc(description->n_candidates + 1, sizeof(const Kind *)); /* never of size 0 */
    if (!description->candidate_kinds)
        return -ENOMEM;
    for (size_t i = 0; r == 0 && description->kinds && i < description->n_candidates; i++)
        r = find_kind(service, &description->candidates[i].certificate, &description->candidate_kinds[i]);
    return r;
}

/* Fills what depends on description->profile. */
static int describe(Service *service, const Moment *now, ProfileDescription *description) {
    int r = description_read_association(service, description);
    if (r < 0 || (r = description_judge(service, now, description)) < 0 ||
        (r = describe_operations(service, now, description)) < 0 ||
        (r = describe_candidates(service, now, description)) < 0)
        return r;
    return describe_candidate_kinds(service, description);
}

int service_describe(Service *service, const char *user, const Moment *now, ProfileDescription *ret) {
    ProfileDescription CLEANUP(profile_description_done) description = {0};
    int r =
        text_is_user_name(user) ? store_profile_by_name(service->store, user, &description.profile) : STORE_NOT_FOUND;
    if (r != 0)
        return r == STORE_NOT_FOUND ? OVCERT_ERROR_NOT_FOUND : core_fault(r);
    r = describe(service, now, &description);
    if (r < 0)
        return r;
    *ret = description;
    description = (ProfileDescription){0};
    return 0;
}

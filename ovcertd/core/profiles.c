/* SPDX-License-Identifier: BSD-2-Clause */
/* Profiles: making, finding and blocking them, and who may manage which. Called by bus/ and by the other use cases;
 * must never let a caller without the right tell a missing profile from somebody else's. */
#include "ovcertd/core/service_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/text.h"
#include "trust/holder.h"

bool profile_is_owner(const ProfileRow *profile, uid_t uid) {
    return profile->kind == PROFILE_UNIX && uid != STORE_UID_NONE && profile->uid == uid;
}

/* STORE_NOT_FOUND also for what no profile can be called. */
static int profile_read(Service *service, const char *user, ProfileRow *ret) {
    return text_is_user_name(user) ? store_profile_by_name(service->store, user, ret) : STORE_NOT_FOUND;
}

bool service_is_owner(Service *service, const char *user, uid_t uid) {
    ProfileRow CLEANUP(profile_row_done) profile = {0};
    return profile_read(service, user, &profile) == 0 && profile_is_owner(&profile, uid);
}

int service_own_name(Service *service, uid_t uid, char **ret) {
    if (uid == STORE_UID_NONE)
        return OVCERT_ERROR_NOT_FOUND;
    ProfileRow CLEANUP(profile_row_done) profile = {0};
    int r = store_profile_by_uid(service->store, uid, &profile);
    if (r != 0)
        return r == STORE_NOT_FOUND ? OVCERT_ERROR_NOT_FOUND : core_fault(r);
    *ret = TAKE_PTR(profile.name);
    return 0;
}

int request_profile(Request *request, const char *user, ProfileRow *ret) {
    const Actor *actor = request->actor;
    ProfileRow CLEANUP(profile_row_done) profile = {0};
    int r = profile_read(request->service, user, &profile);
    if (r == STORE_NOT_FOUND)
        return actor->administrator ? OVCERT_ERROR_NOT_FOUND : OVCERT_ERROR_DENIED;
    if (r != 0)
        return core_fault(r);
    if (!(request->profile = strdup(profile.name)))
        return -ENOMEM;
    if (!actor->administrator && !profile_is_owner(&profile, actor->uid))
        return OVCERT_ERROR_DENIED;
    *ret = profile;
    profile = (ProfileRow){0};
    return 0;
}

int request_unblocked(const Request *request, const ProfileRow *profile) {
    return profile->blocked && !request->actor->administrator ? OVCERT_ERROR_PROFILE_BLOCKED : 0;
}

int profile_association(Service *service, int64_t profile, AssociationRow *ret) {
    int r = store_association_active(service->store, profile, ret);
    return r == STORE_NOT_FOUND ? OVCERT_ERROR_NO_CERTIFICATE : core_fault(r);
}

/* A uid is believed of root alone: everybody else could claim somebody else's. */
static int create_check(Request *request, const NewProfile *profile) {
    if (!request->actor->administrator)
        return OVCERT_ERROR_DENIED;
    if (!text_is_user_name(profile->name))
        return request_fail(request, OVCERT_ERROR_INVALID_ARGUMENT, "user");
    if (profile->kind != PROFILE_UNIX && profile->kind != PROFILE_PORTAL)
        return request_fail(request, OVCERT_ERROR_INVALID_ARGUMENT, "kind");
    if ((profile->kind == PROFILE_UNIX) != (profile->uid != STORE_UID_NONE))
        return request_fail(request, OVCERT_ERROR_INVALID_ARGUMENT, "uid");
    return profile->kind == PROFILE_UNIX && request->actor->uid != 0 ? OVCERT_ERROR_DENIED : 0;
}

static int create_holder(Request *request, const char *text, char **ret) {
    bool none = !text || *text == '\0';
    int r = none ? ((*ret = strdup("")) ? 0 : -ENOMEM) : holder_normalise(text, ret);
    return r == -EINVAL ? request_fail(request, OVCERT_ERROR_INVALID_ARGUMENT, "holder") : r;
}

static int create_store(Request *request, const NewProfile *profile) {
    ProfileRow CLEANUP(profile_row_done) row = {
        .kind = profile->kind,
        .uid = profile->uid,
        .created = request->now->real,
        .name = strdup(profile->name),
        .block_reason = strdup(""),
    };
    if (!row.name || !row.block_reason || !(request->profile = strdup(profile->name)))
        return -ENOMEM;
    int r = create_holder(request, profile->holder, &row.holder);
    if (r != 0)
        return r;
    r = store_profile_create(request->service->store, &row, &row.id);
    if (r != 0)
        return r == STORE_EXISTS ? OVCERT_ERROR_PROFILE_EXISTS : core_fault(r);
    return service_changed(request->service, &row);
}

int service_create_profile(Service *service, const Actor *actor, const NewProfile *profile, const Moment *now,
                           Failure *failure) {
    Request CLEANUP(request_done) request = {
        .service = service,
        .actor = actor,
        .now = now,
        .failure = failure,
        .done = "profile-created",
        .refused = "create-refused",
    };
    int r = request_begin(&request);
    if (r < 0)
        return r;
    r = create_check(&request, profile);
    return request_end(&request, r == 0 ? create_store(&request, profile) : r);
}

static int block_check(Request *request, const char *reason) {
    if (!request->actor->administrator)
        return OVCERT_ERROR_DENIED;
    View view = {(const uint8_t *) reason, strnlen(reason, BLOCK_REASON_MAX + 1)};
    if (view.size > BLOCK_REASON_MAX || !text_is_printable(view))
        return request_fail(request, OVCERT_ERROR_INVALID_ARGUMENT, "reason");
    return 0;
}

static int block_set(Request *request, const char *user, bool block, const char *reason) {
    ProfileRow CLEANUP(profile_row_done) profile = {0};
    int r = block_check(request, reason);
    if (r != 0 || (r = request_profile(request, user, &profile)) != 0)
        return r;
    r = core_fault(store_profile_set_block(request->service->store, profile.id, block, reason));
    return r < 0 ? r : service_changed(request->service, &profile);
}

int service_block(Service *service, const Actor *actor, const char *user, bool block, const char *reason,
                  const Moment *now, Failure *failure) {
    Request CLEANUP(request_done) request = {
        .service = service,
        .actor = actor,
        .now = now,
        .failure = failure,
        .done = block ? "profile-blocked" : "profile-unblocked",
        .refused = block ? "block-refused" : "unblock-refused",
    };
    int r = request_begin(&request);
    return r < 0 ? r : request_end(&request, block_set(&request, user, block, block && reason ? reason : ""));
}

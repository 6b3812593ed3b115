/* SPDX-License-Identifier: BSD-2-Clause */
/* Public keys for services that let users in by key, sshd above all. Called by bus/ once the caller may read them; must
 * never hand out a key that Login would not accept, nor say why there is none. */
#include "ovcertd/core/service_internal.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"

void public_key_done(PublicKey *key) {
    bytes_done(&key->spki);
    *key = (PublicKey){0};
}

/* As in Login: a Unix profile of this very user id (SECURITY 42), not blocked. */
static bool may_sign_in(const ProfileRow *profile, uint32_t uid) {
    return profile->kind == PROFILE_UNIX && profile->uid == uid && !profile->blocked;
}

static int key_of(Service *service, const CertificateRow *row, PublicKey *ret) {
    Certificate *CLEANUP(certificate_freep) certificate = NULL;
    int r = service_certificate(service, row, &certificate);
    if (r < 0 || (r = certificate_spki(certificate, &ret->spki)) < 0)
        return r;
    memcpy(ret->fingerprint, row->fingerprint, sizeof ret->fingerprint);
    return 1;
}

static int accepted_key(Service *service, const ProfileRow *profile, const Moment *now, PublicKey *ret) {
    AssociationRow CLEANUP(association_row_done) association = {0};
    Verdict CLEANUP(verdict_done) verdict = {0};
    int r = store_association_active(service->store, profile->id, &association);
    if (r != 0)
        return r == STORE_NOT_FOUND ? 0 : core_fault(r);
    r = service_judge(service, &association.certificate, now, &verdict);
    if (r < 0)
        return r;
    return verdict_accepted(&verdict) ? key_of(service, &association.certificate, ret) : 0;
}

int service_public_key(Service *service, const char *user, uint32_t uid, const Moment *now, PublicKey *ret) {
    ProfileRow CLEANUP(profile_row_done) profile = {0};
    int r = text_is_user_name(user) ? store_profile_by_name(service->store, user, &profile) : STORE_NOT_FOUND;
    if (r != 0)
        return r == STORE_NOT_FOUND ? 0 : core_fault(r);
    return may_sign_in(&profile, uid) ? accepted_key(service, &profile, now, ret) : 0;
}

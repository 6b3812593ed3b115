/* SPDX-License-Identifier: BSD-2-Clause */
/* The bar on certificates that no profile may have any more, since their key is lost: laid by an administrator's
 * Unlink, lifted by an administrator's Unbar. Must never say to anybody else what is barred. */
#include "ovcertd/core/service_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

/* The fingerprint goes into the row as it does into the table of bars: it outlives the profile, tells nothing to who
 * does not have the certificate, and is what Unbar needs. */
static int record_fingerprint(const uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE], char **ret) {
    *ret = hex_encode((View){fingerprint, CERTIFICATE_FINGERPRINT_SIZE});
    return *ret ? 0 : -ENOMEM;
}

int request_bar(Request *request, const ProfileRow *profile, const CertificateRow *certificate) {
    CLEANUP(free_pointer) char *fingerprint = NULL;
    int r = store_certificate_bar(request->service->store, certificate->fingerprint, request->now->real,
                                  request->actor->uid, "unlink");
    if (r < 0)
        return r; /* an outcome means that it was barred before */
    r = record_fingerprint(certificate->fingerprint, &fingerprint);
    if (r < 0)
        return r;
    r = request_record(request, "certificate-barred", certificate->subject, fingerprint);
    return r < 0 ? r : service_changed(request->service, profile);
}

/* The profile that still has it, if any: its certificate counts again. */
static int tell_profile(Request *request, const uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE]) {
    AssociationRow CLEANUP(association_row_done) association = {0};
    ProfileRow CLEANUP(profile_row_done) profile = {0};
    Store *store = request->service->store;
    int r = store_association_by_fingerprint(store, fingerprint, &association);
    if (r != 0)
        return r == STORE_NOT_FOUND ? 0 : core_fault(r);
    r = core_fault(store_profile_by_id(store, association.profile, &profile));
    if (r < 0 || (r = request_subject(request, association.certificate.subject)) < 0)
        return r;
    if (!(request->profile = strdup(profile.name)))
        return -ENOMEM;
    return service_changed(request->service, &profile);
}

static int lift(Request *request, const uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE]) {
    CLEANUP(free_pointer) char *text = NULL;
    if (!request->actor->administrator)
        return OVCERT_ERROR_DENIED;
    int r = store_certificate_unbar(request->service->store, fingerprint);
    if (r != 0)
        return r == STORE_NOT_FOUND ? OVCERT_ERROR_NOT_FOUND : core_fault(r);
    if ((r = record_fingerprint(fingerprint, &text)) < 0 || (r = request_note(request, text)) < 0)
        return r;
    return tell_profile(request, fingerprint);
}

int service_unbar(Service *service, const Actor *actor, const uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE],
                  const Moment *now, Failure *failure) {
    Request CLEANUP(request_done) request = {
        .service = service,
        .actor = actor,
        .now = now,
        .failure = failure,
        .done = "certificate-unbarred",
        .refused = "unbar-refused",
    };
    int r = request_begin(&request);
    return r < 0 ? r : request_end(&request, lift(&request, fingerprint));
}

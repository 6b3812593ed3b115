/* SPDX-License-Identifier: BSD-2-Clause */
/* Which trust anchors there are, in the audit log: whose certificates are accepted is the first thing that somebody who
 * reads it asks. Called at start, after each reload and by the tick; must never let what is remembered part from what
 * the log says. */
#include "ovcertd/core/service_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Fingerprints, one after the other, of the anchors that the log's rows add up to. */
#define SETTING_ANCHORS "anchors"
#define SIZE CERTIFICATE_FINGERPRINT_SIZE

static int read_known(Service *service, Bytes *ret) {
    int r = store_setting_get(service->store, SETTING_ANCHORS, ret);
    if (r == STORE_NOT_FOUND)
        return 0;
    if (r != 0)
        return core_fault(r);
    return ret->size % SIZE == 0 ? 0 : -EUCLEAN;
}

static int read_present(const TrustStore *trust, Bytes *ret) {
    for (size_t i = 0; i < trust_store_anchors(trust); i++) {
        int r = bytes_append(ret, (View){trust_store_anchor_facts(trust, i)->fingerprint, SIZE});
        if (r < 0)
            return r;
    }
    return 0;
}

static bool holds(const Bytes *anchors, const uint8_t *fingerprint) {
    for (size_t i = 0; i < anchors->size; i += SIZE)
        if (memcmp(anchors->data + i, fingerprint, SIZE) == 0)
            return true;
    return false;
}

/* One change; subject: NULL of one that is gone. */
typedef int (*ChangeFunction)(void *data, bool added, const char *fingerprint, const char *subject);

static int call(ChangeFunction function, void *data, bool added, const uint8_t *fingerprint, const char *subject) {
    CLEANUP(free_pointer) char *text = hex_encode((View){fingerprint, SIZE});
    return text ? function(data, added, text, subject) : -ENOMEM;
}

static int each_change(const TrustStore *trust, const Bytes *known, const Bytes *present, ChangeFunction function,
                       void *data) {
    int r = 0;
    for (size_t i = 0; i < known->size && r == 0; i += SIZE)
        if (!holds(present, known->data + i))
            r = call(function, data, false, known->data + i, NULL);
    for (size_t i = 0; i < trust_store_anchors(trust) && r == 0; i++) {
        const CertificateFacts *facts = trust_store_anchor_facts(trust, i);
        if (!holds(known, facts->fingerprint))
            r = call(function, data, true, facts->fingerprint, facts->subject);
    }
    return r;
}

static int record(void *data, bool added, const char *fingerprint, const char *subject) {
    Request *request = data;
    if (subject && strlen(subject) > SUBJECT_MAX)
        subject = NULL;
    return request_record(request, added ? "anchor-added" : "anchor-removed", subject, fingerprint);
}

static int keep(Service *service, const Actor *actor, const Moment *now, const Bytes *known, const Bytes *present) {
    Request CLEANUP(request_done) request = {.service = service, .actor = actor, .now = now};
    int r = request_begin(&request);
    if (r < 0)
        return r;
    r = each_change(service->trust, known, present, record, &request);
    if (r == 0)
        r = core_fault(store_setting_set(service->store, SETTING_ANCHORS, bytes_view(present)));
    return request_end(&request, r);
}

/* A function's address is no data. */
typedef struct Telling {
    AnchorNotice notice;
} Telling;

static int tell(void *data, bool added, const char *fingerprint, const char *subject) {
    const Telling *telling = data;
    telling->notice(added, fingerprint, subject);
    return 0;
}

static bool are_same(const Bytes *known, const Bytes *present) {
    bool same = known->size == present->size; /* no anchor is in either twice */
    for (size_t i = 0; i < present->size && same; i += SIZE)
        same = holds(known, present->data + i);
    return same;
}

/* Where nothing has happened yet the log stays empty: the database of a new machine gives way to a backup without
 * force. */
static int is_unused(Service *service) {
    uint64_t seq = 0;
    uint8_t hash[32];
    int r = service_log_head(service, &seq, hash);
    return r < 0 ? r : seq == 0;
}

int service_note_anchors(Service *service, uid_t by, const Moment *now, AnchorNotice notice) {
    Bytes CLEANUP(bytes_done) known = {0}, CLEANUP(bytes_done) present = {0};
    int r = read_known(service, &known);
    if (r == 0)
        r = read_present(service->trust, &present);
    if (r < 0 || are_same(&known, &present))
        return r;
    r = is_unused(service);
    if (r != 0)
        return r < 0 ? r : 0;
    r = keep(service, &(Actor){.uid = by}, now, &known, &present);
    if (r == 0)
        (void) each_change(service->trust, &known, &present, tell, &(Telling){notice}); /* the rows are there anyway */
    return r;
}

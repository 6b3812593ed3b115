/* SPDX-License-Identifier: BSD-2-Clause */
/* Judging certificates: those never seen before through a Judgement in the pool, stored ones along their chain at once.
 * Used by the use cases; judgement_run() must never touch anything but its Judgement. */
#include "ovcertd/core/service_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/protocol.h"
#include "ovcertd/core/policy.h"

/* One octet over the limit is all that is needed to see that a certificate is too large. */
static View clip(View der) {
    return (View){der.data, der.size > OVCERT_CERTIFICATE_MAX ? OVCERT_CERTIFICATE_MAX + 1 : der.size};
}

static int copy_inputs(Judgement *judgement, View leaf, const View *chain, size_t n_chain) {
    int r = bytes_copy(clip(leaf), &judgement->leaf);
    for (size_t i = 0; r == 0 && i < n_chain; i++)
        r = bytes_list_append(&judgement->chain, clip(chain[i]));
    return r;
}

int judgement_new(Service *service, View leaf, const View *chain, size_t n_chain, const Moment *now, Judgement **ret) {
    if (n_chain > OVCERT_CHAIN_MAX - 1)
        return OVCERT_ERROR_INVALID_ARGUMENT;
    Judgement *CLEANUP(judgement_freep) judgement = calloc(1, sizeof *judgement);
    if (!judgement)
        return -ENOMEM;
    judgement->result = -ECANCELED;
    judgement->now = now->real;
    judgement->trust = trust_store_ref(service->trust);
    int r = copy_inputs(judgement, leaf, chain, n_chain);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(judgement);
    return 0;
}

Judgement *judgement_free(Judgement *judgement) {
    if (!judgement)
        return NULL;
    (void) trust_store_unref(judgement->trust);      /* returns NULL */
    (void) certificate_free(judgement->certificate); /* returns NULL */
    bytes_done(&judgement->leaf);
    bytes_list_done(&judgement->chain);
    verdict_done(&judgement->verdict);
    free(judgement);
    return NULL;
}

/* Parsed certificates for one judgement: of the leaf and of what stands in the chain, as far as there are any. */
typedef struct Known {
    Certificate *items[1 + OVCERT_CHAIN_MAX]; /* references */
    size_t count;
} Known;

static void known_done(Known *known) {
    for (size_t i = 0; i < known->count; i++)
        (void) certificate_free(known->items[i]); /* returns NULL */
}

static int judge(const TrustStore *trust, View leaf, const BytesList *list, const Known *known, int64_t now,
                 Verdict *ret) {
    View chain[OVCERT_CHAIN_MAX];
    size_t n_chain = list->count < ELEMENTSOF(chain) ? list->count : ELEMENTSOF(chain);
    for (size_t i = 0; i < n_chain; i++)
        chain[i] = bytes_view(&list->items[i]);
    TrustQuery query = {
        .leaf = leaf,
        .chain = chain,
        .n_chain = n_chain,
        .known = known->items,
        .n_known = known->count,
        .now = now,
    };
    return trust_judge(trust, &query, ret);
}

/* The leaf that a Judgement has parsed, if it could. */
static Known known_leaf(const Judgement *judgement) {
    Known known = {0};
    if (judgement->certificate)
        known.items[known.count++] = certificate_ref(judgement->certificate);
    return known;
}

void judgement_run(Judgement *judgement) {
    int r = certificate_parse(bytes_view(&judgement->leaf), &judgement->certificate);
    Known CLEANUP(known_done) known = known_leaf(judgement);
    if (r >= 0) /* of a certificate that does not parse, the verdict says so */
        r = judge(judgement->trust, bytes_view(&judgement->leaf), &judgement->chain, &known, judgement->now,
                  &judgement->verdict);
    judgement->result = r;
}

/* The trust store knows the lists it has verified; this floor outlives it. */
static int judge_clock(const Service *service, const Moment *now, Verdict *verdict) {
    return now->real < service->clock_floor ? verdict_add(verdict, VERDICT_CLOCK_WRONG, 0, NULL) : 0;
}

/* What was accepted may have been revoked, or have ended, while it waited in the pool (SECURITY 17, 30): along the
 * chain that was found, judging again takes no longer than a login does. */
static int judge_again(const Service *service, Judgement *judgement, const Moment *now) {
    bool current = judgement->trust == service->trust && judgement->now == now->real;
    if (current || !verdict_accepted(&judgement->verdict))
        return 0;
    Verdict again = {0};
    Known CLEANUP(known_done) known = known_leaf(judgement);
    int r = judge(service->trust, bytes_view(&judgement->leaf), &judgement->verdict.chain, &known, now->real, &again);
    if (r < 0)
        return r;
    verdict_done(&judgement->verdict);
    judgement->verdict = again;
    return 0;
}

int judgement_finish(Service *service, Judgement *judgement, const Moment *now) {
    int r = judgement->result < 0 ? judgement->result : judge_again(service, judgement, now);
    return r < 0 ? r : judge_clock(service, now, &judgement->verdict);
}

int service_certificate(Service *service, const CertificateRow *row, Certificate **ret) {
    return core_fault(certificate_cache_leaf(service->certificates, row->fingerprint, bytes_view(&row->der), ret));
}

/* What does not parse is left out: the verdict says so. */
static int known_issuers(Service *service, const BytesList *chain, Known *ret) {
    for (size_t i = 0; i < chain->count && ret->count < ELEMENTSOF(ret->items); i++) {
        int r = certificate_cache_issuer(service->certificates, bytes_view(&chain->items[i]), &ret->items[ret->count]);
        if (r < 0)
            return r;
        ret->count += r == 0;
    }
    return 0;
}

static int known_row(Service *service, const CertificateRow *row, Known *ret) {
    int r = certificate_cache_leaf(service->certificates, row->fingerprint, bytes_view(&row->der), &ret->items[0]);
    if (r < 0)
        return r;
    ret->count = r == 0;
    return known_issuers(service, &row->chain, ret);
}

int service_judge(Service *service, const CertificateRow *row, const Moment *now, Verdict *ret) {
    Verdict CLEANUP(verdict_done) verdict = {0};
    Known CLEANUP(known_done) known = {0};
    int r = known_row(service, row, &known);
    if (r < 0 || (r = judge(service->trust, bytes_view(&row->der), &row->chain, &known, now->real, &verdict)) < 0 ||
        (r = judge_clock(service, now, &verdict)) < 0)
        return r;
    r = store_certificate_is_barred(service->store, row->fingerprint);
    if (r == STORE_EXISTS)
        r = verdict_add(&verdict, VERDICT_UNAVAILABLE, 0, "barred by an administrator");
    if (r != 0)
        return core_fault(r);
    *ret = verdict;
    verdict = (Verdict){0};
    return 0;
}

static int copy_facts(const CertificateFacts *facts, const char *holder, CertificateRow *row) {
    memcpy(row->fingerprint, facts->fingerprint, sizeof row->fingerprint);
    memcpy(row->spki_hash, facts->spki_hash, sizeof row->spki_hash);
    row->not_before = facts->not_before;
    row->not_after = facts->not_after;
    row->subject = strdup(facts->subject);
    row->issuer = strdup(facts->issuer);
    row->serial = strdup(facts->serial);
    row->holder = strdup(holder);
    return row->subject && row->issuer && row->serial && row->holder ? 0 : -ENOMEM;
}

int certificate_row_make(const Certificate *certificate, const Verdict *verdict, CertificateRow *ret) {
    CertificateRow CLEANUP(certificate_row_done) row = {0};
    int r = copy_facts(certificate_facts(certificate), verdict->holder, &row);
    if (r == 0)
        r = bytes_copy(certificate_der(certificate), &row.der);
    for (size_t i = 0; r == 0 && i < verdict->chain.count; i++)
        r = bytes_list_append(&row.chain, bytes_view(&verdict->chain.items[i]));
    if (r < 0)
        return r;
    *ret = row;
    row = (CertificateRow){0};
    return 0;
}

int service_certificate_holder(const Service *service, const Certificate *certificate, char **ret) {
    const Kind *kind;
    return kinds_judge(trust_store_kinds(service->trust), certificate, &kind, ret);
}

bool certificate_is_expiring(const Service *service, int64_t not_after, const Moment *now) {
    return not_after - now->real < (int64_t) service->warn_days * 24 * 60 * 60;
}

int service_holder(const Service *service, bool administrator, const ProfileRow *profile,
                   const char *certificate_holder, bool allow_holder_change) {
    bool first = *profile->holder == '\0' && *certificate_holder != '\0';
    if (first && service->first_assign_user)
        return 0;
    return policy_holder(profile->holder, certificate_holder, administrator, allow_holder_change);
}

static int refuse_barred(Request *request, const uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE]) {
    int r = store_certificate_is_barred(request->service->store, fingerprint);
    return r == STORE_EXISTS ? request_refuse_reason(request, VERDICT_UNAVAILABLE) : core_fault(r);
}

int request_admissible(Request *request, const ProfileRow *profile,
                       const uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE], const char *certificate_holder,
                       bool allow_holder_change) {
    int r = service_holder(request->service, request->actor->administrator, profile, certificate_holder,
                           allow_holder_change);
    if (r != 0 || (r = refuse_barred(request, fingerprint)) != 0)
        return r;
    AssociationRow CLEANUP(association_row_done) other = {0};
    r = store_association_by_fingerprint(request->service->store, fingerprint, &other);
    if (r != 0)
        return r == STORE_NOT_FOUND ? 0 : core_fault(r);
    return other.profile == profile->id ? OVCERT_ERROR_CERTIFICATE_ASSIGNED : OVCERT_ERROR_CERTIFICATE_TAKEN;
}

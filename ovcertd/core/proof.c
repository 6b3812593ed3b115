/* SPDX-License-Identifier: BSD-2-Clause */
/* Proof of possession: BeginProof, then Prove in two halves around the judgement in the pool, which ends in a
 * candidate. Called by bus/; must never change an association. */
#include "ovcertd/core/service_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/protocol.h"
#include "trust/signature.h"

struct ProofInProgress {
    Challenge challenge;
    int64_t profile;
    Judgement *judgement;
};

ProofInProgress *proof_free(ProofInProgress *proof) {
    if (!proof)
        return NULL;
    challenge_done(&proof->challenge);
    (void) judgement_free(proof->judgement); /* returns NULL */
    free(proof);
    return NULL;
}

Judgement *proof_judgement(ProofInProgress *proof) {
    return proof->judgement;
}

/* --- beginning --- */

static int refuse_unreadable(Request *request, int outcome) {
    return request_refuse_reason(request, outcome == CERTIFICATE_TOO_LARGE ? VERDICT_TOO_LARGE : VERDICT_MALFORMED);
}

/* The cheap rules, so that people learn before they sign. Whether somebody else has the certificate is told only once
 * possession is proven; a change of holder is no matter of proof, so an administrator is held to the rule as well. */
static int check_early(Request *request, const ProfileRow *profile, const AssociationRow *current, View leaf) {
    Certificate *CLEANUP(certificate_freep) certificate = NULL;
    int r = certificate_parse(leaf, &certificate);
    if (r != 0)
        return r < 0 ? r : refuse_unreadable(request, r);
    const CertificateFacts *facts = certificate_facts(certificate);
    r = request_subject(request, facts->subject);
    if (r < 0)
        return r;
    if (!signature_algorithm(certificate))
        return request_refuse_reason(request, VERDICT_WEAK_KEY);
    if (current->id != 0 && memcmp(current->certificate.fingerprint, facts->fingerprint, 32) == 0)
        return OVCERT_ERROR_CERTIFICATE_ASSIGNED;
    char *CLEANUP(free_pointer) holder = NULL;
    r = service_certificate_holder(request->service, certificate, &holder);
    return r < 0 ? r : service_holder(request->service, request->actor->administrator, profile, holder, false);
}

static int check_chain(Request *request, const View *chain, size_t n_chain) {
    bool fits = n_chain <= OVCERT_CHAIN_MAX - 1;
    for (size_t i = 0; fits && i < n_chain; i++)
        fits = chain[i].size <= OVCERT_CERTIFICATE_MAX;
    return fits ? 0 : request_fail(request, OVCERT_ERROR_INVALID_ARGUMENT, "chain");
}

static int draft_make(const ProfileRow *profile, const AssociationRow *current, View leaf, const View *chain,
                      size_t n_chain, Challenge *draft) {
    draft->purpose = STATEMENT_ASSIGN;
    draft->uid = profile->kind == PROFILE_UNIX ? profile->uid : STORE_UID_NONE;
    draft->has_replaced = current->id != 0;
    if (draft->has_replaced)
        memcpy(draft->replaced, current->certificate.fingerprint, sizeof draft->replaced);
    if (!(draft->user = strdup(profile->name)))
        return -ENOMEM;
    int r = bytes_copy(leaf, &draft->certificate);
    for (size_t i = 0; r == 0 && i < n_chain; i++)
        r = bytes_list_append(&draft->chain, chain[i]);
    return r;
}

typedef struct ProofInput {
    View leaf;
    const View *chain;
    size_t n_chain;
    const char *service;
    const char *tty;
} ProofInput;

static int begin(Request *request, const char *user, const ProofInput *input, ChallengeIssued *ret) {
    ProfileRow CLEANUP(profile_row_done) profile = {0};
    AssociationRow CLEANUP(association_row_done) current = {0};
    Challenge CLEANUP(challenge_done) draft = {0};
    int r = request_profile(request, user, &profile);
    if (r != 0 || (r = request_unblocked(request, &profile)) != 0 ||
        (r = check_chain(request, input->chain, input->n_chain)) != 0)
        return r;
    r = profile_association(request->service, profile.id, &current);
    if (r != 0 && r != OVCERT_ERROR_NO_CERTIFICATE)
        return r;
    r = check_early(request, &profile, &current, input->leaf);
    if (r != 0 || (r = draft_make(&profile, &current, input->leaf, input->chain, input->n_chain, &draft)) < 0)
        return r;
    return challenge_issue(request, &draft, input->service, input->tty, ret);
}

int service_begin_proof(Service *service, const Actor *actor, const char *user, View leaf, const View *chain,
                        size_t n_chain, const char *service_name, const char *tty, const Moment *now,
                        ChallengeIssued *ret, Failure *failure) {
    Request CLEANUP(request_done) request = {
        .service = service,
        .actor = actor,
        .now = now,
        .failure = failure,
        .refused = "prove-refused",
    };
    ProofInput input = {.leaf = leaf, .chain = chain, .n_chain = n_chain, .service = service_name, .tty = tty};
    int r = request_begin(&request);
    return r < 0 ? r : request_end(&request, begin(&request, user, &input, ret));
}

/* --- the answer --- */

static int check_answer(Service *service, const Challenge *challenge, const char *algorithm, View signature) {
    Certificate *CLEANUP(certificate_freep) certificate = NULL;
    int r = certificate_parse(bytes_view(&challenge->certificate), &certificate);
    if (r != 0)
        return r < 0 ? r : -EBADMSG; /* BeginProof has parsed it */
    return challenge_verify(service, challenge, certificate, algorithm, signature);
}

static int judge_later(Request *request, const Challenge *challenge, Judgement **ret) {
    View chain[OVCERT_CHAIN_MAX];
    assert(challenge->chain.count < ELEMENTSOF(chain)); /* check_chain() */
    for (size_t i = 0; i < challenge->chain.count; i++)
        chain[i] = bytes_view(&challenge->chain.items[i]);
    return judgement_new(request->service, bytes_view(&challenge->certificate), chain, challenge->chain.count,
                         request->now, ret);
}

static int answer(Request *request, const char *user, const char *id, const char *algorithm, View signature,
                  ProofInProgress *proof) {
    const Actor *actor = request->actor;
    ProfileRow CLEANUP(profile_row_done) profile = {0};
    int taken = challenge_table_take(request->service->challenges, id, actor->sender, actor->uid, STATEMENT_ASSIGN,
                                     request->now->boottime, &proof->challenge);
    int r = request_profile(request, user, &profile);
    if (r != 0 || (r = request_unblocked(request, &profile)) != 0)
        return r;
    if (taken != 0 || strcmp(proof->challenge.user, profile.name) != 0)
        return OVCERT_ERROR_CHALLENGE_INVALID;
    proof->profile = profile.id;
    r = check_answer(request->service, &proof->challenge, algorithm, signature);
    return r != 0 ? r : judge_later(request, &proof->challenge, &proof->judgement);
}

int service_prove_begin(Service *service, const Actor *actor, const char *user, const char *challenge,
                        const char *algorithm, View signature, const Moment *now, ProofInProgress **ret,
                        Failure *failure) {
    Request CLEANUP(request_done) request = {
        .service = service,
        .actor = actor,
        .now = now,
        .failure = failure,
        .refused = "prove-refused",
    };
    ProofInProgress *CLEANUP(proof_freep) proof = calloc(1, sizeof *proof);
    if (!proof)
        return -ENOMEM;
    int r = request_begin(&request);
    if (r < 0)
        return r;
    r = request_end(&request, answer(&request, user, challenge, algorithm, signature, proof));
    if (r == 0)
        *ret = TAKE_PTR(proof);
    return r;
}

/* --- the candidate --- */

/* What was signed says which certificate gives way: if that has changed meanwhile, so has what was meant. */
static int check_replaced(Request *request, const ProfileRow *profile, const Challenge *challenge) {
    AssociationRow CLEANUP(association_row_done) current = {0};
    int r = profile_association(request->service, profile->id, &current);
    if (r != 0 && r != OVCERT_ERROR_NO_CERTIFICATE)
        return r;
    bool same = challenge->has_replaced == (r == 0) &&
                (r != 0 || memcmp(challenge->replaced, current.certificate.fingerprint, 32) == 0);
    return same ? 0 : OVCERT_ERROR_CHALLENGE_INVALID;
}

static int drop_oldest(Request *request, const ProfileRow *profile) {
    CandidateRow *candidates = NULL;
    size_t count = 0;
    int r = core_fault(store_candidate_list(request->service->store, profile->id, &candidates, &count));
    for (size_t i = CANDIDATE_MAX; r == 0 && i < count; i++)
        r = core_fault(store_candidate_delete(request->service->store, candidates[i].id));
    (void) candidate_rows_free(candidates, count); /* returns NULL */
    return r;
}

static int keep_candidate(Request *request, const ProfileRow *profile, const Judgement *judgement,
                          char ret_candidate[STORE_ID_SIZE]) {
    CertificateRow CLEANUP(certificate_row_done) row = {0};
    Store *store = request->service->store;
    int64_t proven = request->now->real;
    int r = certificate_row_make(judgement->certificate, &judgement->verdict, &row);
    if (r < 0 || (r = core_fault(store_certificate_put(store, &row, &row.id))) < 0)
        return r;
    r = core_fault(store_candidate_create(store, profile->id, row.id, proven, proven + CANDIDATE_SECONDS,
                                          request->actor->uid, ret_candidate));
    return r < 0 ? r : drop_oldest(request, profile);
}

static int finish(Request *request, ProofInProgress *proof, char ret_candidate[STORE_ID_SIZE]) {
    ProfileRow CLEANUP(profile_row_done) profile = {0};
    Judgement *judgement = proof->judgement;
    int r = request_profile(request, proof->challenge.user, &profile);
    if (r != 0 || (r = request_unblocked(request, &profile)) != 0)
        return r;
    if (profile.id != proof->profile)
        return OVCERT_ERROR_CHALLENGE_INVALID;
    if ((r = check_replaced(request, &profile, &proof->challenge)) != 0 ||
        (r = judgement_finish(request->service, judgement, request->now)) < 0)
        return r;
    if (!judgement->certificate)
        return -EBADMSG; /* BeginProof has parsed it */
    const CertificateFacts *facts = certificate_facts(judgement->certificate);
    if ((r = request_subject(request, facts->subject)) < 0)
        return r;
    if (!verdict_accepted(&judgement->verdict))
        return request_refuse(request, &judgement->verdict);
    if ((r = request_note_service(request, proof->challenge.service)) < 0)
        return r;
    r = request_admissible(request, &profile, facts->fingerprint, judgement->verdict.holder, false);
    return r != 0 ? r : keep_candidate(request, &profile, judgement, ret_candidate);
}

int service_prove_finish(Service *service, const Actor *actor, ProofInProgress *proof, const Moment *now,
                         char ret_candidate[STORE_ID_SIZE], Failure *failure) {
    Request CLEANUP(request_done) request = {
        .service = service,
        .actor = actor,
        .now = now,
        .failure = failure,
        .done = "proven",
        .refused = "prove-refused",
    };
    int r = request_begin(&request);
    return r < 0 ? r : request_end(&request, finish(&request, proof, ret_candidate));
}

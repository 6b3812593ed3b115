/* SPDX-License-Identifier: BSD-2-Clause */
/* Proof of possession and assignment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/error.h"
#include "ovcertd/core/operation.h"
#include "tests/ovcertd/core/world.h"
#include "trust/signature.h"

typedef struct Fixture {
    World *world;
    PkiIdentity identity; /* of demo's holder */
    PkiIdentity fresh;    /* a renewed one */
    PkiIdentity foreign;  /* of another holder */
    char candidate[STORE_ID_SIZE];
    char operation[STORE_ID_SIZE];
} Fixture;

static int setup(void **state) {
    int r = world_setup(state);
    if (r != 0)
        return r;
    Fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    f->world = *state;
    world_leaf(f->world, HOLDER, 0, &f->identity);
    world_leaf(f->world, HOLDER, PKI_NOW + 1000 * DAY, &f->fresh);
    world_leaf(f->world, OTHER_HOLDER, 0, &f->foreign);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    Fixture *f = *state;
    void *world = f->world;
    int r = world_teardown(&world);
    pki_identity_done(&f->identity);
    pki_identity_done(&f->fresh);
    pki_identity_done(&f->foreign);
    free(f);
    return r;
}

static void assign_old(Fixture *f) {
    assert_int_equal(assign_unproven(f->world, &f->world->root_actor, "demo", &f->identity, false), 0);
}

static void open_swap(Fixture *f) {
    assert_int_equal(unlink_certificate(f->world, &f->world->demo, "demo", true, f->operation), 0);
    assert_int_equal(confirm(f->world, &f->world->demo, "demo", f->operation), 0);
}

/* --- proof --- */

static void test_begin_proof_refuses_unreadable_and_weak_certificates(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    static uint8_t large[70000];
    PkiIdentity CLEANUP(pki_identity_done) weak = {0};
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    PkiOptions options = {.serial_number = HOLDER, .key_type = PKI_KEY_RSA1024};
    pki_leaf(&world->issuer, &options, &weak);
    const struct {
        View der;
        const char *reason;
    } bad[] = {
        {{0}, "malformed"},
        {{(const uint8_t *) "nonsense", 8}, "malformed"},
        {{large, sizeof large}, "too-large"},
        {bytes_view(&weak.der), "weak-key"},
    };
    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        Failure CLEANUP(service_failure_done) failure = {0};
        assert_int_equal(service_begin_proof(world->service, &world->demo, "demo", bad[i].der, NULL, 0, "", "",
                                             &world->now, &issued, &failure),
                         OVCERT_ERROR_CERTIFICATE_REFUSED);
        assert_non_null(strstr(failure.detail, bad[i].reason));
    }
}

static void test_s14_begin_proof_refuses_long_chains_and_large_links(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    static uint8_t large[70000];
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    View chain[8] = {{large, sizeof large}};
    View leaf = bytes_view(&f->identity.der);
    assert_int_equal(
        service_begin_proof(world->service, &world->demo, "demo", leaf, chain, 1, "", "", &world->now, &issued, NULL),
        OVCERT_ERROR_INVALID_ARGUMENT);
    chain[0] = leaf;
    assert_int_equal(
        service_begin_proof(world->service, &world->demo, "demo", leaf, chain, 8, "", "", &world->now, &issued, NULL),
        OVCERT_ERROR_INVALID_ARGUMENT);
}

static void test_begin_proof_refuses_what_is_assigned_already(void **state) {
    Fixture *f = *state;
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    assign_old(f);
    assert_int_equal(begin_proof(f->world, &f->world->demo, "demo", &f->identity, &issued),
                     OVCERT_ERROR_CERTIFICATE_ASSIGNED);
}

static void test_statement_names_the_certificate_that_gives_way(void **state) {
    Fixture *f = *state;
    ChallengeIssued CLEANUP(challenge_issued_done) first = {0}, second = {0};
    assert_int_equal(begin_proof(f->world, &f->world->demo, "demo", &f->fresh, &first), 0);
    assert_false(first.statement.has_replaced);
    assert_int_equal(first.statement.purpose, STATEMENT_ASSIGN);
    assert_int_equal(first.statement.uid, DEMO_UID);
    assign_old(f);
    assert_int_equal(begin_proof(f->world, &f->world->demo, "demo", &f->fresh, &second), 0);
    assert_true(second.statement.has_replaced);
    Certificate *CLEANUP(certificate_freep) old = NULL;
    assert_int_equal(certificate_parse(bytes_view(&f->identity.der), &old), 0);
    assert_memory_equal(second.statement.replaced, certificate_facts(old)->fingerprint, 32);
}

static void test_s1_prove_needs_the_key_of_the_certificate(void **state) {
    Fixture *f = *state;
    ProofInProgress *CLEANUP(proof_freep) proof = NULL;
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    PkiIdentity CLEANUP(pki_identity_done) thief = {0};
    assert_int_equal(begin_proof(f->world, &f->world->demo, "demo", &f->identity, &issued), 0);
    world_leaf(f->world, HOLDER, 0, &thief);
    assert_int_equal(prove_begin(f->world, &f->world->demo, "demo", &issued, &thief, &proof),
                     OVCERT_ERROR_SIGNATURE_INVALID);
    assert_null(proof);
    assert_int_equal(prove_begin(f->world, &f->world->demo, "demo", &issued, &f->identity, &proof),
                     OVCERT_ERROR_CHALLENGE_INVALID);
}

static void test_s4_prove_from_another_connection_is_refused(void **state) {
    Fixture *f = *state;
    ProofInProgress *CLEANUP(proof_freep) proof = NULL;
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    Actor elsewhere = {.uid = DEMO_UID, .sender = ":1.99"};
    assert_int_equal(begin_proof(f->world, &f->world->demo, "demo", &f->identity, &issued), 0);
    assert_int_equal(prove_begin(f->world, &elsewhere, "demo", &issued, &f->identity, &proof),
                     OVCERT_ERROR_CHALLENGE_INVALID);
}

static void test_a_challenge_proves_for_its_own_profile_alone(void **state) {
    Fixture *f = *state;
    ProofInProgress *CLEANUP(proof_freep) proof = NULL;
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    assert_int_equal(begin_proof(f->world, &f->world->root_actor, "demo", &f->identity, &issued), 0);
    assert_int_equal(prove_begin(f->world, &f->world->root_actor, "other", &issued, &f->identity, &proof),
                     OVCERT_ERROR_CHALLENGE_INVALID);
}

static void test_a_login_challenge_proves_nothing(void **state) {
    Fixture *f = *state;
    ProofInProgress *CLEANUP(proof_freep) proof = NULL;
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    assert_int_equal(login_begin(f->world, &f->world->demo, "demo", 0, &issued), 0);
    assert_int_equal(prove_begin(f->world, &f->world->demo, "demo", &issued, &f->identity, &proof),
                     OVCERT_ERROR_CHALLENGE_INVALID);
}

static void test_prove_refuses_bad_certificates_with_their_reasons(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    const struct {
        PkiOptions options;
        int outcome;
        const char *reason;
    } bad[] = {
        {{.not_after = PKI_NOW - DAY}, OVCERT_ERROR_CERTIFICATE_EXPIRED, "expired"},
        {{.not_before = PKI_NOW + DAY}, OVCERT_ERROR_CERTIFICATE_REFUSED, "not-yet-valid"},
        {{.key_usage = "critical,nonRepudiation"}, OVCERT_ERROR_CERTIFICATE_REFUSED, "key-usage"},
        {{.extended_key_usage = "serverAuth"}, OVCERT_ERROR_CERTIFICATE_REFUSED, "extended-key-usage"},
    };
    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        PkiIdentity CLEANUP(pki_identity_done) identity = {0};
        PkiOptions options = bad[i].options;
        options.serial_number = HOLDER;
        pki_leaf(&world->issuer, &options, &identity);
        assert_int_equal(prove(world, &world->demo, "demo", &identity, f->candidate), bad[i].outcome);
        assert_non_null(strstr(world->failure.detail, bad[i].reason));
    }
    PkiIdentity CLEANUP(pki_identity_done) stranger = {0};
    pki_self_signed(&(PkiOptions){.serial_number = HOLDER}, &stranger);
    assert_int_equal(prove(world, &world->demo, "demo", &stranger, f->candidate), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_int_equal(count_rows(world, "proven"), 0);
}

static void test_prove_refuses_without_revocation_data(void **state) {
    Fixture *f = *state;
    world_pass(f->world, 30 * DAY);
    assert_int_equal(prove(f->world, &f->world->demo, "demo", &f->fresh, f->candidate),
                     OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_non_null(strstr(f->world->failure.detail, "revocation-stale"));
}

static void test_prove_refuses_somebody_elses_certificate_without_saying_whose(void **state) {
    Fixture *f = *state;
    world_profile(f->world, "twin", 1500, HOLDER);
    assert_int_equal(assign_unproven(f->world, &f->world->root_actor, "twin", &f->identity, false), 0);
    assert_int_equal(prove(f->world, &f->world->demo, "demo", &f->identity, f->candidate),
                     OVCERT_ERROR_CERTIFICATE_TAKEN);
    assert_null(f->world->failure.detail);
    assert_last_row(f->world, "prove-refused", "CertificateTaken", NULL);
}

static void test_s30_prove_reads_the_state_again_after_the_judgement(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    ProofInProgress *CLEANUP(proof_freep) proof = NULL;
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    assert_int_equal(begin_proof(world, &world->demo, "demo", &f->fresh, &issued), 0);
    assert_int_equal(prove_begin(world, &world->demo, "demo", &issued, &f->fresh, &proof), 0);
    judgement_run(proof_judgement(proof));
    assign_old(f); /* what was signed spoke of an unassigned profile */
    assert_int_equal(service_prove_finish(world->service, &world->demo, proof, &world->now, f->candidate, NULL),
                     OVCERT_ERROR_CHALLENGE_INVALID);
}

static void test_s30_a_profile_made_anew_while_prove_waits(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    ProofInProgress *CLEANUP(proof_freep) proof = NULL;
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    OperationOpened opened = {0};
    assert_int_equal(begin_proof(world, &world->demo, "demo", &f->fresh, &issued), 0);
    assert_int_equal(prove_begin(world, &world->demo, "demo", &issued, &f->fresh, &proof), 0);
    judgement_run(proof_judgement(proof));
    assert_int_equal(service_delete(world->service, &world->root_actor, "demo", &world->now, &opened, NULL), 0);
    assert_int_equal(confirm(world, &world->root_actor, "demo", opened.id), 0);
    world_profile(world, "demo", DEMO_UID, HOLDER);
    assert_int_equal(service_prove_finish(world->service, &world->demo, proof, &world->now, f->candidate, NULL),
                     OVCERT_ERROR_CHALLENGE_INVALID);
}

static void block_demo(World *world, bool block) {
    assert_int_equal(service_block(world->service, &world->administrator, "demo", block, "", &world->now, NULL), 0);
}

static void test_s30_blocked_while_a_proof_is_under_way(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    ProofInProgress *CLEANUP(proof_freep) proof = NULL;
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0}, again = {0};
    assert_int_equal(begin_proof(world, &world->demo, "demo", &f->fresh, &issued), 0);
    block_demo(world, true);
    assert_int_equal(prove_begin(world, &world->demo, "demo", &issued, &f->fresh, &proof),
                     OVCERT_ERROR_PROFILE_BLOCKED);
    block_demo(world, false);
    assert_int_equal(begin_proof(world, &world->demo, "demo", &f->fresh, &again), 0);
    assert_int_equal(prove_begin(world, &world->demo, "demo", &again, &f->fresh, &proof), 0);
    judgement_run(proof_judgement(proof));
    block_demo(world, true);
    assert_int_equal(service_prove_finish(world->service, &world->demo, proof, &world->now, f->candidate, NULL),
                     OVCERT_ERROR_PROFILE_BLOCKED);
}

static void test_a_judgement_that_did_not_run_accepts_nothing(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    ProofInProgress *CLEANUP(proof_freep) proof = NULL;
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    assert_int_equal(begin_proof(world, &world->demo, "demo", &f->fresh, &issued), 0);
    assert_int_equal(prove_begin(world, &world->demo, "demo", &issued, &f->fresh, &proof), 0);
    assert_true(service_prove_finish(world->service, &world->demo, proof, &world->now, f->candidate, NULL) < 0);
    assert_int_equal(count_rows(world, "proven"), 0);
}

static void test_candidates_are_few(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    for (int i = 0; i < 9; i++) {
        PkiIdentity CLEANUP(pki_identity_done) identity = {0};
        world_leaf(world, HOLDER, 0, &identity);
        world_pass(world, 1);
        assert_int_equal(prove(world, &world->demo, "demo", &identity, f->candidate), 0);
    }
    ProfileDescription CLEANUP(profile_description_done) description = {0};
    assert_int_equal(service_describe(world->service, "demo", &world->now, &description), 0);
    assert_int_equal(description.n_candidates, 8);
    assert_string_equal(description.candidates[0].id, f->candidate);
}

/* --- assignment --- */

static void test_assign_refuses_what_is_no_candidate(void **state) {
    Fixture *f = *state;
    assert_int_equal(assign(f->world, &f->world->demo, "demo", ""), OVCERT_ERROR_CANDIDATE_INVALID);
    assert_int_equal(assign(f->world, &f->world->demo, "demo", "ffffffffffffffffffffffffffffffff"),
                     OVCERT_ERROR_CANDIDATE_INVALID);
}

static void test_assign_refuses_another_profiles_candidate(void **state) {
    Fixture *f = *state;
    assert_int_equal(prove(f->world, &f->world->other, "other", &f->foreign, f->candidate), 0);
    assert_int_equal(assign(f->world, &f->world->demo, "demo", f->candidate), OVCERT_ERROR_CANDIDATE_INVALID);
}

static void test_assign_refuses_a_candidate_after_an_hour(void **state) {
    Fixture *f = *state;
    assert_int_equal(prove(f->world, &f->world->demo, "demo", &f->fresh, f->candidate), 0);
    world_pass(f->world, 3600);
    assert_int_equal(assign(f->world, &f->world->demo, "demo", f->candidate), OVCERT_ERROR_CANDIDATE_INVALID);
    assert_int_equal(service_tick(f->world->service, &f->world->now), 0);
    assert_int_equal(assign(f->world, &f->world->demo, "demo", f->candidate), OVCERT_ERROR_CANDIDATE_INVALID);
}

static void test_assign_without_confirmed_unlink_is_refused(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    assign_old(f);
    assert_int_equal(prove(world, &world->demo, "demo", &f->fresh, f->candidate), 0);
    assert_int_equal(assign(world, &world->demo, "demo", f->candidate), OVCERT_ERROR_CERTIFICATE_ASSIGNED);
    assert_int_equal(unlink_certificate(world, &world->demo, "demo", true, f->operation), 0);
    assert_int_equal(assign(world, &world->demo, "demo", f->candidate), OVCERT_ERROR_CERTIFICATE_ASSIGNED);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &f->fresh, false),
                     OVCERT_ERROR_CERTIFICATE_ASSIGNED);
    assert_assigned(world, "demo", &f->identity);
}

static void test_assign_does_not_complete_an_administrators_swap(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    assign_old(f);
    assert_int_equal(prove(world, &world->demo, "demo", &f->fresh, f->candidate), 0);
    assert_int_equal(unlink_certificate(world, &world->administrator, "demo", true, f->operation), 0);
    assert_int_equal(confirm(world, &world->administrator, "demo", f->operation), 0);
    assert_int_equal(assign(world, &world->demo, "demo", f->candidate), OVCERT_ERROR_CERTIFICATE_ASSIGNED);
    assert_int_equal(assign(world, &world->administrator, "demo", f->candidate), 0);
    assert_assigned(world, "demo", &f->fresh);
}

static void test_s17_revoked_between_prove_and_assign(void **state) {
    Fixture *f = *state;
    assign_old(f);
    assert_int_equal(prove(f->world, &f->world->demo, "demo", &f->fresh, f->candidate), 0);
    open_swap(f);
    world_revoke(f->world, &f->fresh);
    assert_int_equal(assign(f->world, &f->world->demo, "demo", f->candidate), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_last_row(f->world, "assign-refused", "CertificateRefused", "revoked");
    assert_assigned(f->world, "demo", &f->identity);
    assert_int_equal(login_demo(f->world, &f->identity), 0);
}

/* The tick has not come by yet. */
static void test_a_swap_ends_with_its_deadline(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    assign_old(f);
    open_swap(f);
    world_pass(world, OPERATION_CONFIRMED_SECONDS);
    assert_int_equal(prove(world, &world->demo, "demo", &f->fresh, f->candidate), 0);
    assert_int_equal(assign(world, &world->demo, "demo", f->candidate), OVCERT_ERROR_CERTIFICATE_ASSIGNED);
    assert_assigned(world, "demo", &f->identity);
}

static void test_a_swap_ends_with_its_deadline_for_administrators_too(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    assign_old(f);
    open_swap(f);
    world_pass(world, OPERATION_CONFIRMED_SECONDS);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &f->fresh, false),
                     OVCERT_ERROR_CERTIFICATE_ASSIGNED);
    assert_assigned(world, "demo", &f->identity);
}

static int assign_judged(World *world, Judgement *judgement) {
    AssignOptions options = {0};
    return service_assign_unproven(world->service, &world->root_actor, "demo", judgement, &options, &world->now, NULL);
}

static void test_s17_revoked_while_assign_waits_for_the_pool(void **state) {
    Fixture *f = *state;
    Judgement *CLEANUP(judgement_freep) waiting = judged(f->world, &f->fresh);
    world_revoke(f->world, &f->fresh);
    assert_int_equal(assign_judged(f->world, waiting), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_last_row(f->world, "assign-refused", "CertificateRefused", "revoked");
    assert_assigned(f->world, "demo", NULL);
}

static void test_s17_expired_while_assign_waits_for_the_pool(void **state) {
    Fixture *f = *state;
    PkiIdentity CLEANUP(pki_identity_done) ending = {0};
    world_leaf(f->world, HOLDER, f->world->now.real + 1, &ending);
    Judgement *CLEANUP(judgement_freep) waiting = judged(f->world, &ending);
    world_pass(f->world, 2);
    assert_int_equal(assign_judged(f->world, waiting), OVCERT_ERROR_CERTIFICATE_EXPIRED);
    assert_assigned(f->world, "demo", NULL);
}

static void test_s17_revoked_while_prove_waits_for_the_pool(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    ProofInProgress *CLEANUP(proof_freep) proof = NULL;
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    assert_int_equal(begin_proof(world, &world->demo, "demo", &f->fresh, &issued), 0);
    assert_int_equal(prove_begin(world, &world->demo, "demo", &issued, &f->fresh, &proof), 0);
    judgement_run(proof_judgement(proof));
    world_revoke(world, &f->fresh);
    assert_int_equal(service_prove_finish(world->service, &world->demo, proof, &world->now, f->candidate, NULL),
                     OVCERT_ERROR_CERTIFICATE_REFUSED);
}

static void test_s30_unlinked_and_reassigned_while_assign_waits(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    AssignOptions options = {0};
    PkiIdentity CLEANUP(pki_identity_done) third = {0};
    world_leaf(world, HOLDER, 0, &third);
    Judgement *CLEANUP(judgement_freep) waiting = judged(world, &f->fresh); /* while demo was unassigned */
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &third, false), 0);
    assert_int_equal(
        service_assign_unproven(world->service, &world->root_actor, "demo", waiting, &options, &world->now, NULL),
        OVCERT_ERROR_CERTIFICATE_ASSIGNED);
    assert_assigned(world, "demo", &third);
}

static void test_s30_swap_cancelled_by_an_administrator_while_assign_waits(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    char administrators[STORE_ID_SIZE];
    assign_old(f);
    assert_int_equal(prove(world, &world->demo, "demo", &f->fresh, f->candidate), 0);
    open_swap(f);
    assert_int_equal(unlink_certificate(world, &world->administrator, "demo", false, administrators), 0);
    assert_int_equal(assign(world, &world->demo, "demo", f->candidate), OVCERT_ERROR_CERTIFICATE_ASSIGNED);
    assert_assigned(world, "demo", &f->identity);
}

static void test_s30_somebody_else_was_faster(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    assert_int_equal(prove(world, &world->demo, "demo", &f->fresh, f->candidate), 0);
    world_profile(world, "twin", 1500, HOLDER);
    assert_int_equal(assign_unproven(world, &world->root_actor, "twin", &f->fresh, false), 0);
    assert_int_equal(assign(world, &world->demo, "demo", f->candidate), OVCERT_ERROR_CERTIFICATE_TAKEN);
    assert_assigned(world, "demo", NULL);
}

static void test_a_candidate_serves_once(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    assert_int_equal(prove(world, &world->demo, "demo", &f->fresh, f->candidate), 0);
    assert_int_equal(assign(world, &world->demo, "demo", f->candidate), 0);
    assert_int_equal(unlink_certificate(world, &world->demo, "demo", false, f->operation), 0);
    assert_int_equal(confirm(world, &world->demo, "demo", f->operation), 0);
    assert_int_equal(assign(world, &world->demo, "demo", f->candidate), OVCERT_ERROR_CANDIDATE_INVALID);
}

static void test_unproven_is_for_administrators_and_says_so(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    assert_int_equal(assign_unproven(world, &world->demo, "demo", &f->identity, false), OVCERT_ERROR_DENIED);
    assert_int_equal(assign_unproven(world, &world->administrator, "demo", &f->identity, false), 0);
    assert_last_row(world, "assigned", "ok", "unproven");
}

/* --- holders --- */

static void test_s41_as_user_another_holder_is_refused_before_signing(void **state) {
    Fixture *f = *state;
    assert_int_equal(prove(f->world, &f->world->demo, "demo", &f->foreign, f->candidate), OVCERT_ERROR_HOLDER_MISMATCH);
    assert_last_row(f->world, "prove-refused", "HolderMismatch", NULL);
}

static void test_s41_as_root_another_holder_is_refused_on_every_path(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    const Actor *const actors[] = {&world->root_actor, &world->administrator};
    for (size_t i = 0; i < ELEMENTSOF(actors); i++) {
        assert_int_equal(prove(world, actors[i], "demo", &f->foreign, f->candidate), OVCERT_ERROR_HOLDER_MISMATCH);
        assert_int_equal(assign_unproven(world, actors[i], "demo", &f->foreign, false), OVCERT_ERROR_HOLDER_MISMATCH);
    }
    assert_assigned(world, "demo", NULL);
    assert_holder(world, "demo", HOLDER_NORMAL);
}

static void test_s41_roots_own_profile_is_no_exception(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    world_profile(world, "root", 0, HOLDER);
    assert_int_equal(prove(world, &world->root_actor, "root", &f->foreign, f->candidate), OVCERT_ERROR_HOLDER_MISMATCH);
    assert_int_equal(assign_unproven(world, &world->root_actor, "root", &f->foreign, false),
                     OVCERT_ERROR_HOLDER_MISMATCH);
}

static void test_s41_the_explicit_option_changes_the_holder_and_leaves_a_row(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &f->foreign, true), 0);
    assert_holder(world, "demo", OTHER_HOLDER_NORMAL);
    assert_int_equal(count_rows(world, "holder-changed"), 1);
}

static void test_s41_the_option_is_nothing_in_a_users_hand(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    AssignOptions options = {.allow_holder_change = true};
    /* The profile's holder changes after the proof. */
    assert_int_equal(prove(world, &world->demo, "demo", &f->fresh, f->candidate), 0);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &f->foreign, true), 0);
    open_swap(f);
    assert_int_equal(service_assign(world->service, &world->demo, "demo", f->candidate, &options, &world->now, NULL),
                     OVCERT_ERROR_HOLDER_MISMATCH);
    assert_assigned(world, "demo", &f->foreign);
}

static void test_s41_a_first_certificate_needs_an_administrator(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    Actor owner = {.uid = 1500, .sender = ":1.50"};
    world_profile(world, "fresh", 1500, NULL);
    assert_int_equal(prove(world, &owner, "fresh", &f->identity, f->candidate), OVCERT_ERROR_HOLDER_UNKNOWN);
    assert_int_equal(assign_unproven(world, &world->administrator, "fresh", &f->identity, false), 0);
    assert_holder(world, "fresh", HOLDER_NORMAL);
    assert_int_equal(count_rows(world, "holder-set"), 1);
}

static void test_s41_the_holder_survives_unlink(void **state) {
    Fixture *f = *state;
    assign_old(f);
    assert_int_equal(unlink_certificate(f->world, &f->world->demo, "demo", false, f->operation), 0);
    assert_int_equal(confirm(f->world, &f->world->demo, "demo", f->operation), 0);
    assert_holder(f->world, "demo", HOLDER_NORMAL);
    assert_int_equal(prove(f->world, &f->world->demo, "demo", &f->foreign, f->candidate), OVCERT_ERROR_HOLDER_MISMATCH);
}

static void test_first_assignment_by_the_user_where_configured(void **state) {
    Fixture *f = *state;
    World *world = f->world;
    Actor owner = {.uid = 1500, .sender = ":1.50"};
    world_profile(world, "fresh", 1500, NULL);
    service_set_options(world->service, 30, true);
    assert_int_equal(prove(world, &owner, "fresh", &f->identity, f->candidate), 0);
    assert_int_equal(assign(world, &owner, "fresh", f->candidate), 0);
    assert_holder(world, "fresh", HOLDER_NORMAL);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_begin_proof_refuses_unreadable_and_weak_certificates),
        WITH_FIXTURE(test_s14_begin_proof_refuses_long_chains_and_large_links),
        WITH_FIXTURE(test_begin_proof_refuses_what_is_assigned_already),
        WITH_FIXTURE(test_statement_names_the_certificate_that_gives_way),
        WITH_FIXTURE(test_s1_prove_needs_the_key_of_the_certificate),
        WITH_FIXTURE(test_s4_prove_from_another_connection_is_refused),
        WITH_FIXTURE(test_a_challenge_proves_for_its_own_profile_alone),
        WITH_FIXTURE(test_a_login_challenge_proves_nothing),
        WITH_FIXTURE(test_prove_refuses_bad_certificates_with_their_reasons),
        WITH_FIXTURE(test_prove_refuses_without_revocation_data),
        WITH_FIXTURE(test_prove_refuses_somebody_elses_certificate_without_saying_whose),
        WITH_FIXTURE(test_s30_prove_reads_the_state_again_after_the_judgement),
        WITH_FIXTURE(test_s30_a_profile_made_anew_while_prove_waits),
        WITH_FIXTURE(test_s30_blocked_while_a_proof_is_under_way),
        WITH_FIXTURE(test_a_judgement_that_did_not_run_accepts_nothing),
        WITH_FIXTURE(test_candidates_are_few),
        WITH_FIXTURE(test_assign_refuses_what_is_no_candidate),
        WITH_FIXTURE(test_assign_refuses_another_profiles_candidate),
        WITH_FIXTURE(test_assign_refuses_a_candidate_after_an_hour),
        WITH_FIXTURE(test_assign_without_confirmed_unlink_is_refused),
        WITH_FIXTURE(test_assign_does_not_complete_an_administrators_swap),
        WITH_FIXTURE(test_a_swap_ends_with_its_deadline),
        WITH_FIXTURE(test_a_swap_ends_with_its_deadline_for_administrators_too),
        WITH_FIXTURE(test_s17_revoked_between_prove_and_assign),
        WITH_FIXTURE(test_s17_revoked_while_assign_waits_for_the_pool),
        WITH_FIXTURE(test_s17_expired_while_assign_waits_for_the_pool),
        WITH_FIXTURE(test_s17_revoked_while_prove_waits_for_the_pool),
        WITH_FIXTURE(test_s30_unlinked_and_reassigned_while_assign_waits),
        WITH_FIXTURE(test_s30_swap_cancelled_by_an_administrator_while_assign_waits),
        WITH_FIXTURE(test_s30_somebody_else_was_faster),
        WITH_FIXTURE(test_a_candidate_serves_once),
        WITH_FIXTURE(test_unproven_is_for_administrators_and_says_so),
        WITH_FIXTURE(test_s41_as_user_another_holder_is_refused_before_signing),
        WITH_FIXTURE(test_s41_as_root_another_holder_is_refused_on_every_path),
        WITH_FIXTURE(test_s41_roots_own_profile_is_no_exception),
        WITH_FIXTURE(test_s41_the_explicit_option_changes_the_holder_and_leaves_a_row),
        WITH_FIXTURE(test_s41_the_option_is_nothing_in_a_users_hand),
        WITH_FIXTURE(test_s41_a_first_certificate_needs_an_administrator),
        WITH_FIXTURE(test_s41_the_holder_survives_unlink),
        WITH_FIXTURE(test_first_assignment_by_the_user_where_configured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

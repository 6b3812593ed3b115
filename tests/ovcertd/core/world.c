/* SPDX-License-Identifier: BSD-2-Clause */
/* Called by every test of the service; never does what the service does itself. */
#include "tests/ovcertd/core/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trust/signature.h"

static void start(World *world) {
    char *CLEANUP(free_pointer) path = NULL, *problem = NULL;
    assert_true(asprintf(&path, "%s/ovcert.db", world->folder) > 0);
    StoreOptions store = {.path = path};
    int r = store_open(&store, &world->store, &problem);
    if (r != 0)
        fail_msg("store_open: %d, %s", r, problem ? problem : "");
    ServiceOptions options = {
        .store = world->store,
        .trust = world->trust,
        .host_id = {1},
        .boot_id = {2},
        .warn_days = 30,
    };
    assert_int_equal(service_new(&options, &world->service), 0);
}

static void load_trust(World *world) {
    TrustOptions options = {.anchors_dir = world->anchors, .crls_dir = world->crls, .kinds = world->kinds};
    TrustProblems problems = {0};
    TrustStore *loaded = NULL;
    assert_int_equal(trust_store_load(&options, NULL, world->now.real, &loaded, &problems), 0);
    assert_int_equal(problems.count, 0);
    trust_problems_done(&problems);
    (void) trust_store_unref(world->trust); /* returns NULL */
    world->trust = loaded;
    if (world->service)
        service_set_trust(world->service, loaded);
}

void world_publish(World *world) {
    PkiCrlOptions options = {
        .this_update = world->now.real - 3600,
        .next_update = world->now.real + 7 * DAY,
        .revoked = world->revoked,
        .n_revoked = world->n_revoked,
    };
    Bytes CLEANUP(bytes_done) users = {0};
    pki_crl(&world->issuer, &options, &users);
    pki_write(world->crls, "users.crl", bytes_view(&users));
    Bytes CLEANUP(bytes_done) root = {0};
    options.n_revoked = 0;
    pki_crl(&world->root, &options, &root);
    pki_write(world->crls, "root.crl", bytes_view(&root));
    load_trust(world);
}

void world_revoke(World *world, const PkiIdentity *identity) {
    assert_true(world->n_revoked < WORLD_REVOKED_MAX);
    world->revoked[world->n_revoked++] = identity;
    world_publish(world);
}

int world_setup(void **state) {
    World *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->now = (Moment){.real = PKI_NOW, .boottime = UINT64_C(1000000000)};
    world->demo = (Actor){.uid = DEMO_UID, .sender = ":1.10"};
    world->other = (Actor){.uid = OTHER_UID, .sender = ":1.11"};
    world->root_actor = (Actor){.uid = 0, .sender = ":1.1", .administrator = true};
    world->administrator = (Actor){.uid = 500, .sender = ":1.5", .administrator = true};
    world->folder = pki_folder();
    world->anchors = pki_folder();
    world->crls = pki_folder();
    pki_root(&(PkiOptions){.not_after = PKI_NOW + 3650 * DAY}, &world->root);
    pki_intermediate(&world->root, &(PkiOptions){.not_after = PKI_NOW + 3650 * DAY}, &world->issuer);
    pki_write(world->anchors, "root.der", bytes_view(&world->root.der));
    world_publish(world);
    start(world);
    world_profile(world, "demo", DEMO_UID, HOLDER);
    world_profile(world, "other", OTHER_UID, OTHER_HOLDER);
    *state = world;
    return 0;
}

static void end(World *world) {
    world->service = service_free(world->service);
    world->store = store_close(world->store);
}

int world_teardown(void **state) {
    World *world = *state;
    end(world);
    (void) trust_store_unref(world->trust);
    (void) kinds_unref(world->kinds);
    service_failure_done(&world->failure);
    pki_identity_done(&world->root);
    pki_identity_done(&world->issuer);
    pki_folder_free(world->folder);
    pki_folder_free(world->anchors);
    pki_folder_free(world->crls);
    free(world);
    return 0;
}

void world_crash(World *world) {
    end(world);
    start(world);
}

void world_restart(World *world) {
    assert_int_equal(service_stop(world->service, &world->now), 0);
    world_crash(world);
}

void world_pass(World *world, int64_t seconds) {
    world->now.real += seconds;
    world->now.boottime += (uint64_t) seconds * 1000000;
}

void world_leaf(World *world, const char *holder, int64_t not_after, PkiIdentity *ret) {
    PkiOptions options = {
        .serial_number = holder,
        .not_before = PKI_NOW - 365 * DAY,
        .not_after = not_after ? not_after : PKI_NOW + 365 * DAY,
    };
    pki_leaf(&world->issuer, &options, ret);
}

static Failure *fresh_failure(World *world) {
    service_failure_done(&world->failure);
    return &world->failure;
}

void world_profile(World *world, const char *user, uint32_t uid, const char *holder) {
    NewProfile profile = {.name = user, .kind = PROFILE_UNIX, .uid = uid, .holder = holder};
    assert_int_equal(
        service_create_profile(world->service, &world->root_actor, &profile, &world->now, fresh_failure(world)), 0);
    assert_int_equal(service_commit(world->service), 0);
}

/* --- proof --- */

int begin_proof(World *world, const Actor *actor, const char *user, const PkiIdentity *identity, ChallengeIssued *ret) {
    View chain = bytes_view(&world->issuer.der);
    return service_begin_proof(world->service, actor, user, bytes_view(&identity->der), &chain, 1, "ovcertctl",
                               "/dev/pts/0", &world->now, ret, fresh_failure(world));
}

void sign_statement(const ChallengeIssued *issued, const PkiIdentity *identity, const char **ret_algorithm,
                    Bytes *ret) {
    Certificate *CLEANUP(certificate_freep) certificate = NULL;
    assert_int_equal(certificate_parse(bytes_view(&identity->der), &certificate), 0);
    Statement statement = issued->statement;
    memcpy(statement.fingerprint, certificate_facts(certificate)->fingerprint, sizeof statement.fingerprint);
    Bytes CLEANUP(bytes_done) encoded = {0};
    assert_int_equal(statement_encode(&statement, &encoded), 0);
    *ret_algorithm = signature_algorithm(certificate);
    pki_sign(identity->key, *ret_algorithm, bytes_view(&encoded), ret);
}

int prove_begin(World *world, const Actor *actor, const char *user, const ChallengeIssued *issued,
                const PkiIdentity *identity, ProofInProgress **ret) {
    Bytes CLEANUP(bytes_done) signature = {0};
    const char *algorithm = NULL;
    sign_statement(issued, identity, &algorithm, &signature);
    return service_prove_begin(world->service, actor, user, issued->id, algorithm, bytes_view(&signature), &world->now,
                               ret, fresh_failure(world));
}

int prove(World *world, const Actor *actor, const char *user, const PkiIdentity *identity,
          char ret_candidate[STORE_ID_SIZE]) {
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    ProofInProgress *CLEANUP(proof_freep) proof = NULL;
    int r = begin_proof(world, actor, user, identity, &issued);
    if (r != 0)
        return r;
    r = prove_begin(world, actor, user, &issued, identity, &proof);
    if (r != 0)
        return r;
    judgement_run(proof_judgement(proof));
    return service_prove_finish(world->service, actor, proof, &world->now, ret_candidate, fresh_failure(world));
}

/* --- assignment --- */

Judgement *judged(World *world, const PkiIdentity *identity) {
    Judgement *judgement = NULL;
    View chain = bytes_view(&world->issuer.der);
    assert_int_equal(judgement_new(world->service, bytes_view(&identity->der), &chain, 1, &world->now, &judgement), 0);
    judgement_run(judgement);
    return judgement;
}

int assign(World *world, const Actor *actor, const char *user, const char *candidate) {
    AssignOptions options = {0};
    return service_assign(world->service, actor, user, candidate, &options, &world->now, fresh_failure(world));
}

int assign_unproven(World *world, const Actor *actor, const char *user, const PkiIdentity *identity,
                    bool allow_holder_change) {
    AssignOptions options = {.allow_holder_change = allow_holder_change};
    Judgement *CLEANUP(judgement_freep) judgement = judged(world, identity);
    return service_assign_unproven(world->service, actor, user, judgement, &options, &world->now, fresh_failure(world));
}

int unlink_certificate(World *world, const Actor *actor, const char *user, bool until_assign, char ret[STORE_ID_SIZE]) {
    OperationOpened opened = {0};
    int r =
        service_unlink(world->service, actor, user, until_assign, false, &world->now, &opened, fresh_failure(world));
    memcpy(ret, opened.id, STORE_ID_SIZE);
    return r;
}

int confirm(World *world, const Actor *actor, const char *user, const char *operation) {
    return service_confirm(world->service, actor, user, operation, &world->now, fresh_failure(world));
}

int cancel(World *world, const Actor *actor, const char *user, const char *operation) {
    return service_cancel(world->service, actor, user, operation, &world->now, fresh_failure(world));
}

/* --- login --- */

int login_begin(World *world, const Actor *actor, const char *user, uint32_t uid, ChallengeIssued *ret) {
    LoginContext context = {.has_uid = actor->uid == 0, .uid = uid, .service = "su", .tty = "/dev/tty1"};
    return service_login_begin(world->service, actor, user, &context, &world->now, ret, fresh_failure(world));
}

int login_finish(World *world, const Actor *actor, const ChallengeIssued *issued, const PkiIdentity *identity) {
    Bytes CLEANUP(bytes_done) signature = {0};
    LoginResult CLEANUP(login_result_done) result = {0};
    const char *algorithm = NULL;
    sign_statement(issued, identity, &algorithm, &signature);
    return service_login_finish(world->service, actor, issued->id, bytes_view(&identity->der), algorithm,
                                bytes_view(&signature), &world->now, &result, fresh_failure(world));
}

int login(World *world, const Actor *actor, const char *user, uint32_t uid, const PkiIdentity *identity) {
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    int r = login_begin(world, actor, user, uid, &issued);
    return r != 0 ? r : login_finish(world, actor, &issued, identity);
}

int login_demo(World *world, const PkiIdentity *identity) {
    return login(world, &world->root_actor, "demo", DEMO_UID, identity);
}

/* --- looking --- */

void assert_assigned(World *world, const char *user, const PkiIdentity *identity) {
    ProfileDescription CLEANUP(profile_description_done) description = {0};
    assert_int_equal(service_describe(world->service, user, &world->now, &description), 0);
    assert_int_equal(description.has_certificate, identity != NULL);
    if (identity)
        assert_true(view_equal(bytes_view(&description.association.certificate.der), bytes_view(&identity->der)));
}

void assert_holder(World *world, const char *user, const char *holder) {
    ProfileDescription CLEANUP(profile_description_done) description = {0};
    assert_int_equal(service_describe(world->service, user, &world->now, &description), 0);
    assert_string_equal(description.profile.holder, holder);
}

void assert_last_row(World *world, const char *event, const char *outcome, const char *detail) {
    AuditRow *rows = NULL;
    size_t count = 0;
    uint64_t head = 0;
    uint8_t hash[32];
    assert_int_equal(service_log_head(world->service, &head, hash), 0);
    assert_int_equal(service_read_log(world->service, NULL, head - 1, 1, &rows, &count), 0);
    assert_int_equal(count, 1);
    assert_string_equal(rows[0].event, event);
    assert_string_equal(rows[0].outcome, outcome);
    if (detail)
        assert_string_equal(rows[0].detail, detail);
    (void) audit_rows_free(rows, count);
}

size_t count_rows(World *world, const char *event) {
    size_t found = 0;
    for (uint64_t after = 0;;) {
        AuditRow *rows = NULL;
        size_t count = 0;
        assert_int_equal(service_read_log(world->service, NULL, after, 1000, &rows, &count), 0);
        for (size_t i = 0; i < count; i++)
            found += strcmp(rows[i].event, event) == 0;
        after = count > 0 ? rows[count - 1].seq : after;
        (void) audit_rows_free(rows, count);
        if (count == 0)
            return found;
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/error.h"
#include "tests/ovcertd/core/world.h"
#include "trust/signature.h"

/* A world in which demo has a certificate. */
typedef struct Fixture {
    World *world;
    PkiIdentity identity;
    ChallengeIssued issued;
} Fixture;

static void fixture_init(Fixture *fixture, void **state, int64_t not_after) {
    *fixture = (Fixture){.world = *state};
    World *world = fixture->world;
    world_leaf(world, HOLDER, not_after, &fixture->identity);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &fixture->identity, false), 0);
}

static void fixture_done(Fixture *fixture) {
    pki_identity_done(&fixture->identity);
    challenge_issued_done(&fixture->issued);
}

static void begin_demo(Fixture *f) {
    challenge_issued_done(&f->issued);
    assert_int_equal(login_begin(f->world, &f->world->root_actor, "demo", DEMO_UID, &f->issued), 0);
}

static int finish_raw(World *world, const Actor *actor, const char *challenge, View certificate, const char *algorithm,
                      View signature) {
    LoginResult CLEANUP(login_result_done) result = {0};
    service_failure_done(&world->failure);
    return service_login_finish(world->service, actor, challenge, certificate, algorithm, signature, &world->now,
                                &result, &world->failure);
}

static void test_s1_no_signature_no_login(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    static const uint8_t zeros[256] = {0};
    static const View signatures[] = {{0}, {zeros, 64}, {zeros, 256}, {zeros, sizeof zeros}};
    for (size_t i = 0; i < ELEMENTSOF(signatures); i++) {
        begin_demo(&f);
        assert_int_equal(finish_raw(f.world, &f.world->root_actor, f.issued.id, bytes_view(&f.identity.der),
                                    SIGNATURE_ECDSA_SHA256, signatures[i]),
                         OVCERT_ERROR_SIGNATURE_INVALID);
    }
    assert_last_row(f.world, "login-refused", "SignatureInvalid", NULL);
}

/* Each field of the statement that the signer changes makes the signature worthless. */
static void test_s2_every_field_of_the_statement_counts(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    for (int field = 0; field < 9; field++) {
        begin_demo(&f);
        Statement *statement = &f.issued.statement;
        statement->nonce[0] ^= field == 0;
        statement->user = field == 1 ? "other" : statement->user;
        statement->uid ^= field == 2;
        statement->service = field == 3 ? "sudo" : statement->service;
        statement->tty = field == 4 ? "" : statement->tty;
        statement->host_id[0] ^= field == 5;
        statement->boot_id[0] ^= field == 6;
        statement->deadline ^= field == 7;
        statement->purpose = field == 8 ? STATEMENT_ASSIGN : statement->purpose;
        assert_int_equal(login_finish(f.world, &f.world->root_actor, &f.issued, &f.identity),
                         OVCERT_ERROR_SIGNATURE_INVALID);
    }
}

static void test_s3_replay_is_refused(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    begin_demo(&f);
    assert_int_equal(login_finish(f.world, &f.world->root_actor, &f.issued, &f.identity), 0);
    assert_int_equal(login_finish(f.world, &f.world->root_actor, &f.issued, &f.identity),
                     OVCERT_ERROR_CHALLENGE_INVALID);
}

static void test_s3_after_the_deadline_is_refused(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    begin_demo(&f);
    f.world->now.boottime += UINT64_C(30) * 1000000;
    assert_int_equal(login_finish(f.world, &f.world->root_actor, &f.issued, &f.identity),
                     OVCERT_ERROR_CHALLENGE_INVALID);
}

static void test_s3_the_wall_clock_does_not_prolong_a_challenge(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    begin_demo(&f);
    f.world->now.boottime += UINT64_C(31) * 1000000;
    f.world->now.real -= 1800;
    assert_int_equal(login_finish(f.world, &f.world->root_actor, &f.issued, &f.identity),
                     OVCERT_ERROR_CHALLENGE_INVALID);
}

static void test_s3_the_wall_clock_does_not_end_a_challenge(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    begin_demo(&f);
    f.world->now.boottime += UINT64_C(29) * 1000000;
    f.world->now.real += 3600;
    assert_int_equal(login_finish(f.world, &f.world->root_actor, &f.issued, &f.identity), 0);
}

static void test_s4_answer_from_another_connection_is_refused(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    Actor elsewhere = {.uid = 0, .sender = ":1.99", .administrator = true};
    begin_demo(&f);
    assert_int_equal(login_finish(f.world, &elsewhere, &f.issued, &f.identity), OVCERT_ERROR_CHALLENGE_INVALID);
    assert_int_equal(login_finish(f.world, &f.world->root_actor, &f.issued, &f.identity), 0);
}

static void test_s4_a_connection_that_is_gone_cannot_answer(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    begin_demo(&f);
    service_sender_gone(f.world->service, f.world->root_actor.sender);
    assert_int_equal(login_finish(f.world, &f.world->root_actor, &f.issued, &f.identity),
                     OVCERT_ERROR_CHALLENGE_INVALID);
}

static void test_s5_a_hundred_answers_and_one_success(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    begin_demo(&f);
    int accepted = 0;
    for (int i = 0; i < 100; i++)
        accepted += login_finish(f.world, &f.world->root_actor, &f.issued, &f.identity) == 0;
    assert_int_equal(accepted, 1);
    assert_int_equal(count_rows(f.world, "login-accepted"), 1);
}

static void test_s5_a_bad_answer_uses_the_challenge_up(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    begin_demo(&f);
    assert_int_equal(
        finish_raw(f.world, &f.world->root_actor, f.issued.id, bytes_view(&f.identity.der), "none", (View){0}),
        OVCERT_ERROR_SIGNATURE_INVALID);
    assert_int_equal(login_finish(f.world, &f.world->root_actor, &f.issued, &f.identity),
                     OVCERT_ERROR_CHALLENGE_INVALID);
}

static void test_s6_a_flood_of_one_uid_and_of_su_does_not_keep_others_out(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    World *world = f.world;
    char sender[32];
    for (unsigned i = 0; i < CHALLENGE_MAX; i++) {
        ChallengeIssued CLEANUP(challenge_issued_done) of_su = {0}, of_user = {0};
        (void) snprintf(sender, sizeof sender, ":2.%u", i);
        Actor su = {.uid = 0, .sender = sender, .administrator = true};
        Actor flooder = {.uid = OTHER_UID, .sender = sender};
        (void) login_begin(world, &su, "other", OTHER_UID, &of_su);
        (void) login_begin(world, &flooder, "other", OTHER_UID, &of_user);
    }
    assert_int_equal(login_demo(world, &f.identity), 0);
}

/* Past ten refusals a minute for a user nothing is written; the number is, and a place that gets free is given. */
static void test_s6_s33_a_crowd_without_room_is_refused_counted_and_writes_nothing(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    World *world = f.world;
    char sender[32];
    for (unsigned i = 0; i < CHALLENGE_MAX; i++) {
        ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
        (void) snprintf(sender, sizeof sender, ":2.%u", i);
        Actor su = {.uid = 0, .sender = sender, .administrator = true};
        char user[16];
        (void) snprintf(user, sizeof user, "user%u", i);
        assert_int_equal(login_begin(world, &su, user, 5000 + i, &issued), 0);
    }
    assert_int_equal(service_commit(world->service), 0);
    size_t rows = count_rows(world, "login-refused");
    for (unsigned i = 0; i < 15; i++) {
        ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
        assert_int_equal(login_begin(world, &world->root_actor, "demo", DEMO_UID, &issued),
                         OVCERT_ERROR_LIMIT_EXCEEDED);
        if (i == 9)
            assert_int_equal(service_commit(world->service), 0);
    }
    assert_false(service_needs_commit(world->service));
    assert_int_equal(count_rows(world, "login-refused"), rows + 10);
    service_sender_gone(world->service, ":2.0");
    assert_int_equal(login_demo(world, &f.identity), 0);
    assert_int_equal(service_stop(world->service, &world->now), 0);
    assert_last_row(world, "refusals-suppressed", "counted", "5");
}

static void test_s7_the_client_does_not_choose_the_algorithm(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    static const char *const algorithms[] = {"", "none", "ecdsa-sha1", "rsa-pkcs1-sha256", "ecdsa-sha384", "ed25519"};
    for (size_t i = 0; i < ELEMENTSOF(algorithms); i++) {
        Bytes CLEANUP(bytes_done) signature = {0};
        const char *fitting = NULL;
        begin_demo(&f);
        sign_statement(&f.issued, &f.identity, &fitting, &signature);
        assert_int_equal(finish_raw(f.world, &f.world->root_actor, f.issued.id, bytes_view(&f.identity.der),
                                    algorithms[i], bytes_view(&signature)),
                         OVCERT_ERROR_SIGNATURE_INVALID);
    }
}

static void test_s15_another_certificate_of_the_same_name_and_holder_is_refused(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    PkiIdentity CLEANUP(pki_identity_done) twin = {0};
    fixture_init(&f, state, 0);
    world_leaf(f.world, HOLDER, 0, &twin);
    assert_int_equal(login_demo(f.world, &twin), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_null(f.world->failure.detail);
    assert_last_row(f.world, "login-refused", "CertificateRefused", NULL);
}

static void test_login_with_a_revoked_certificate_is_refused_with_the_reason(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    world_revoke(f.world, &f.identity);
    assert_int_equal(login_demo(f.world, &f.identity), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_non_null(strstr(f.world->failure.detail, "revoked"));
}

static void test_expired_is_told_only_once_possession_is_proven(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, PKI_NOW + 10 * DAY);
    world_pass(f.world, 11 * DAY);
    world_publish(f.world);
    begin_demo(&f);
    assert_int_equal(finish_raw(f.world, &f.world->root_actor, f.issued.id, bytes_view(&f.identity.der),
                                SIGNATURE_ECDSA_SHA256, (View){0}),
                     OVCERT_ERROR_SIGNATURE_INVALID);
    assert_null(f.world->failure.detail);
    assert_int_equal(login_demo(f.world, &f.identity), OVCERT_ERROR_CERTIFICATE_EXPIRED);
    assert_non_null(f.world->failure.detail);
}

static void test_expired_and_revoked_is_not_just_expired(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, PKI_NOW + 10 * DAY);
    world_pass(f.world, 11 * DAY);
    world_revoke(f.world, &f.identity);
    assert_int_equal(login_demo(f.world, &f.identity), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_last_row(f.world, "login-refused", "CertificateRefused", NULL);
}

/* Renewal would not help then: the next certificate of that issuer is as bad. */
static void test_an_expired_issuer_alone_is_not_an_expired_certificate(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) issuer = {0}, identity = {0};
    pki_intermediate(&world->root, &(PkiOptions){.common_name = "AC BREVE", .not_after = PKI_NOW + DAY}, &issuer);
    pki_leaf(&issuer, &(PkiOptions){.serial_number = HOLDER}, &identity);
    Bytes CLEANUP(bytes_done) list = {0};
    pki_crl(&issuer, &(PkiCrlOptions){.this_update = PKI_NOW - 3600}, &list);
    pki_write(world->crls, "brief.crl", bytes_view(&list));
    world_publish(world);
    View chain = bytes_view(&issuer.der);
    Judgement *CLEANUP(judgement_freep) judgement = NULL;
    assert_int_equal(judgement_new(world->service, bytes_view(&identity.der), &chain, 1, &world->now, &judgement), 0);
    judgement_run(judgement);
    assert_int_equal(service_assign_unproven(world->service, &world->root_actor, "demo", judgement, &(AssignOptions){0},
                                             &world->now, NULL),
                     0);
    assert_int_equal(login_demo(world, &identity), 0);
    world_pass(world, 2 * DAY);
    assert_int_equal(login_demo(world, &identity), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_last_row(world, "login-refused", "CertificateRefused", "expired@1");
}

static void test_s23_unknown_and_unassigned_get_the_same_answers(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    World *world = f.world;
    static const struct {
        const char *user;
        uint32_t uid;
    } users[] = {{"other", OTHER_UID}, {"missing", 4711}};
    for (size_t i = 0; i < ELEMENTSOF(users); i++) {
        assert_int_equal(login(world, &world->root_actor, users[i].user, users[i].uid, &f.identity),
                         OVCERT_ERROR_NO_CERTIFICATE);
        assert_null(world->failure.detail);
        assert_last_row(world, "login-refused", "NoCertificate", "su");
    }
}

static void hint(World *world, const Actor *actor, const char *user, uint32_t uid, LoginHint *ret) {
    LoginContext context = {.has_uid = actor->uid == 0, .uid = uid, .service = "su", .tty = ""};
    assert_int_equal(service_login_hint(world->service, actor, user, &context, &world->now, ret), 0);
}

static void test_s23_made_up_hints_are_stable_over_restarts_and_differ(void **state) {
    World *world = *state;
    LoginHint missing, again, other;
    hint(world, &world->root_actor, "missing", 4711, &missing);
    hint(world, &world->root_actor, "other", OTHER_UID, &other);
    world_restart(world);
    hint(world, &world->root_actor, "missing", 4711, &again);
    assert_memory_equal(missing.fingerprint, again.fingerprint, sizeof missing.fingerprint);
    assert_memory_not_equal(missing.fingerprint, other.fingerprint, sizeof missing.fingerprint);
    assert_true(missing.has_fingerprint);
    assert_string_equal(missing.key_type, other.key_type);
}

static void test_hint_is_the_assigned_certificate(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    LoginHint real;
    Certificate *CLEANUP(certificate_freep) certificate = NULL;
    fixture_init(&f, state, 0);
    assert_int_equal(certificate_parse(bytes_view(&f.identity.der), &certificate), 0);
    hint(f.world, &f.world->root_actor, "demo", DEMO_UID, &real);
    assert_memory_equal(real.fingerprint, certificate_facts(certificate)->fingerprint, 32);
    assert_string_equal(real.key_type, "ecdsa");
    hint(f.world, &f.world->demo, "demo", 0, &real);
    assert_memory_equal(real.fingerprint, certificate_facts(certificate)->fingerprint, 32);
}

static void test_hint_of_somebody_else_is_made_up(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    LoginHint before, after;
    hint(*state, &((World *) *state)->other, "demo", 0, &before);
    fixture_init(&f, state, 0);
    hint(f.world, &f.world->other, "demo", 0, &after);
    assert_memory_equal(before.fingerprint, after.fingerprint, sizeof before.fingerprint);
}

static void test_hint_for_nobody_is_roots_and_empty(void **state) {
    World *world = *state;
    LoginHint empty;
    LoginContext context = {.service = "gdm-password", .tty = ""};
    hint(world, &world->root_actor, "", 0, &empty);
    assert_false(empty.has_fingerprint);
    assert_int_equal(service_login_hint(world->service, &world->demo, "", &context, &world->now, &empty),
                     OVCERT_ERROR_INVALID_ARGUMENT);
}

static void test_s25_odd_names_are_refused(void **state) {
    World *world = *state;
    static char huge[65537];
    memset(huge, 'a', sizeof huge - 1);
    const char *const names[] = {"", "root\n", "\xff\xfe", "a:b", "../x", huge};
    for (size_t i = 0; i < ELEMENTSOF(names); i++) {
        ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
        assert_int_equal(login_begin(world, &world->root_actor, names[i], 1000, &issued),
                         OVCERT_ERROR_INVALID_ARGUMENT);
    }
    assert_int_equal(count_rows(world, "login-refused"), ELEMENTSOF(names));
}

static void test_s28_a_uid_is_roots_to_name_and_root_has_to(void **state) {
    World *world = *state;
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    LoginContext with = {.has_uid = true, .uid = DEMO_UID, .service = "", .tty = ""};
    LoginContext without = {.service = "", .tty = ""};
    assert_int_equal(service_login_begin(world->service, &world->demo, "demo", &with, &world->now, &issued, NULL),
                     OVCERT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(
        service_login_begin(world->service, &world->root_actor, "demo", &without, &world->now, &issued, NULL),
        OVCERT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(service_login_begin(world->service, &world->demo, "demo", &without, &world->now, &issued, NULL),
                     0);
    assert_int_equal(issued.statement.uid, DEMO_UID);
}

static void test_s2_the_statement_names_host_boot_and_context(void **state) {
    World *world = *state;
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0}, next = {0};
    assert_int_equal(login_begin(world, &world->root_actor, "demo", DEMO_UID, &issued), 0);
    const Statement *statement = &issued.statement;
    assert_int_equal(statement->purpose, STATEMENT_LOGIN);
    assert_string_equal(statement->user, "demo");
    assert_string_equal(statement->service, "su");
    assert_string_equal(statement->tty, "/dev/tty1");
    assert_int_equal(statement->host_id[0], 1);
    assert_int_equal(statement->boot_id[0], 2);
    assert_int_equal(statement->deadline, world->now.boottime + UINT64_C(30) * 1000000);
    assert_int_equal(login_begin(world, &world->root_actor, "demo", DEMO_UID, &next), 0);
    assert_memory_not_equal(statement->nonce, next.statement.nonce, sizeof statement->nonce);
    assert_string_not_equal(issued.id, next.id);
}

static void test_a_user_signs_in_as_himself_alone(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    assert_int_equal(login(f.world, &f.world->demo, "demo", 0, &f.identity), 0);
    assert_last_row(f.world, "login-accepted", "ok", ""); /* what a user calls his service is free text */
    assert_int_equal(login(f.world, &f.world->other, "demo", 0, &f.identity), OVCERT_ERROR_NO_CERTIFICATE);
}

static void test_over_long_context_is_refused(void **state) {
    World *world = *state;
    static char text[STATEMENT_TEXT_MAX + 2];
    memset(text, 'x', sizeof text - 1);
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    LoginContext context = {.service = text, .tty = ""};
    assert_int_equal(service_login_begin(world->service, &world->demo, "demo", &context, &world->now, &issued, NULL),
                     OVCERT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(
        service_login_begin(world->service, &world->demo, "my-passphrase", &context, &world->now, &issued, NULL),
        OVCERT_ERROR_INVALID_ARGUMENT);
    AuditRow *rows = NULL;
    size_t count = 0;
    assert_int_equal(service_read_log(world->service, "my-passphrase", 0, 10, &rows, &count), 0);
    assert_int_equal(count, 0);
    (void) audit_rows_free(rows, count);
}

static void test_portal_profiles_do_not_sign_in(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    NewProfile portal = {.name = "portal", .kind = PROFILE_PORTAL, .uid = STORE_UID_NONE, .holder = HOLDER};
    world_leaf(world, HOLDER, 0, &identity);
    assert_int_equal(service_create_profile(world->service, &world->root_actor, &portal, &world->now, NULL), 0);
    assert_int_equal(assign_unproven(world, &world->root_actor, "portal", &identity, false), 0);
    assert_int_equal(login(world, &world->root_actor, "portal", 1000, &identity), OVCERT_ERROR_NO_CERTIFICATE);
    assert_int_equal(login(world, &world->root_actor, "portal", STORE_UID_NONE, &identity),
                     OVCERT_ERROR_INVALID_ARGUMENT);
}

static void test_s39_a_clock_before_verified_revocation_data_refuses(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    assert_int_equal(login_demo(f.world, &f.identity), 0);
    f.world->now.real -= 2 * DAY;
    assert_int_equal(login_demo(f.world, &f.identity), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_non_null(strstr(f.world->failure.detail, "clock-wrong"));
}

static void test_s39_a_reload_does_not_lower_the_floor(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    assert_int_equal(login_demo(f.world, &f.identity), 0);
    f.world->now.real -= 2 * DAY;
    world_publish(f.world); /* older lists, and a trust store that knows no others */
    assert_int_equal(service_tick(f.world->service, &f.world->now), 0);
    assert_int_equal(login_demo(f.world, &f.identity), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_non_null(strstr(f.world->failure.detail, "clock-wrong"));
}

static void test_s39_the_facts_name_the_floor_and_what_is_used(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    assert_int_equal(login_demo(f.world, &f.identity), 0);
    ServiceFacts facts = service_facts(f.world->service);
    assert_int_equal(facts.clock_floor, PKI_NOW - 3600);
    assert_int_equal(facts.anchors, 1);
    assert_int_equal(facts.revocation_lists, 2);
}

static void test_s39_the_clock_floor_survives_a_restart(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    int64_t floor = 0;
    fixture_init(&f, state, 0);
    assert_int_equal(login_demo(f.world, &f.identity), 0);
    assert_int_equal(service_tick(f.world->service, &f.world->now), 0);
    assert_int_equal(service_commit(f.world->service), 0);
    world_crash(f.world);
    assert_int_equal(service_clock_floor(f.world->store, &floor), 0);
    assert_int_equal(floor, PKI_NOW - 3600);
}

static void test_s42_a_recycled_user_name_inherits_nothing(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    LoginHint made_up, real;
    fixture_init(&f, state, 0);
    World *world = f.world;
    assert_int_equal(login(world, &world->root_actor, "demo", DEMO_UID + 500, &f.identity),
                     OVCERT_ERROR_ACCOUNT_CHANGED);
    assert_last_row(world, "login-refused", "AccountChanged", NULL);
    hint(world, &world->root_actor, "demo", DEMO_UID + 500, &made_up);
    hint(world, &world->root_actor, "demo", DEMO_UID, &real);
    assert_memory_not_equal(made_up.fingerprint, real.fingerprint, sizeof made_up.fingerprint);
    Actor recycled = {.uid = DEMO_UID + 500, .sender = ":1.77"};
    assert_int_equal(login(world, &recycled, "demo", 0, &f.identity), OVCERT_ERROR_NO_CERTIFICATE);
}

static void delete_demo(World *world) {
    OperationOpened opened = {0};
    assert_int_equal(service_delete(world->service, &world->root_actor, "demo", &world->now, &opened, NULL), 0);
    assert_int_equal(confirm(world, &world->root_actor, "demo", opened.id), 0);
}

static void test_s42_begin_tells_root_of_a_recycled_name(void **state) {
    World *world = *state;
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    assert_int_equal(login_begin(world, &world->root_actor, "demo", DEMO_UID + 500, &issued),
                     OVCERT_ERROR_ACCOUNT_CHANGED);
}

static void test_s42_a_name_recycled_between_begin_and_finish(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    begin_demo(&f);
    delete_demo(f.world);
    world_profile(f.world, "demo", DEMO_UID + 500, HOLDER);
    assert_int_equal(login_finish(f.world, &f.world->root_actor, &f.issued, &f.identity), OVCERT_ERROR_ACCOUNT_CHANGED);
}

static void test_s30_blocked_between_begin_and_finish(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    begin_demo(&f);
    assert_int_equal(
        service_block(f.world->service, &f.world->administrator, "demo", true, "lost", &f.world->now, NULL), 0);
    assert_int_equal(login_finish(f.world, &f.world->root_actor, &f.issued, &f.identity), OVCERT_ERROR_PROFILE_BLOCKED);
}

/* Signs in often enough that everything that is kept is kept. */
static void warm_up(Fixture *f) {
    for (int i = 0; i < 2; i++)
        assert_int_equal(login_demo(f->world, &f->identity), 0);
}

static void test_s17_a_certificate_that_was_accepted_before_is_judged_anew(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, PKI_NOW + DAY);
    warm_up(&f);
    world_revoke(f.world, &f.identity);
    assert_int_equal(login_demo(f.world, &f.identity), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_last_row(f.world, "login-refused", "CertificateRefused", NULL);
    f.world->n_revoked = 0;
    world_publish(f.world);
    assert_int_equal(login_demo(f.world, &f.identity), 0);
    world_pass(f.world, DAY + 1);
    world_publish(f.world);
    assert_int_equal(login_demo(f.world, &f.identity), OVCERT_ERROR_CERTIFICATE_EXPIRED);
}

static void test_s1_s15_a_certificate_that_was_accepted_before_needs_its_signature_and_its_profile(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    fixture_init(&f, state, 0);
    PkiIdentity CLEANUP(pki_identity_done) others = {0};
    static const uint8_t zeros[64] = {0};
    world_leaf(f.world, OTHER_HOLDER, 0, &others);
    assert_int_equal(assign_unproven(f.world, &f.world->root_actor, "other", &others, false), 0);
    warm_up(&f);
    assert_int_equal(login(f.world, &f.world->root_actor, "other", OTHER_UID, &others), 0);
    assert_int_equal(login_demo(f.world, &others), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_int_equal(login(f.world, &f.world->root_actor, "other", OTHER_UID, &f.identity),
                     OVCERT_ERROR_CERTIFICATE_REFUSED);
    begin_demo(&f);
    assert_int_equal(finish_raw(f.world, &f.world->root_actor, f.issued.id, bytes_view(&f.identity.der),
                                SIGNATURE_ECDSA_SHA256, (View){zeros, sizeof zeros}),
                     OVCERT_ERROR_SIGNATURE_INVALID);
}

static void test_success_is_recorded_and_counted(void **state) {
    Fixture CLEANUP(fixture_done) f = {0};
    Bytes CLEANUP(bytes_done) signature = {0};
    LoginResult CLEANUP(login_result_done) result = {0};
    const char *algorithm = NULL;
    uint64_t accepted, refused;
    fixture_init(&f, state, PKI_NOW + 10 * DAY + 5);
    World *world = f.world;
    begin_demo(&f);
    sign_statement(&f.issued, &f.identity, &algorithm, &signature);
    assert_int_equal(service_login_finish(world->service, &world->root_actor, f.issued.id, bytes_view(&f.identity.der),
                                          algorithm, bytes_view(&signature), &world->now, &result, NULL),
                     0);
    assert_string_equal(result.user, "demo");
    assert_int_equal(result.not_after, PKI_NOW + 10 * DAY + 5);
    assert_int_equal(result.days_left, 10);
    assert_true(result.expiring);
    assert_last_row(world, "login-accepted", "ok", "su");
    service_counters(world->service, &accepted, &refused);
    assert_int_equal(accepted, 1);
    assert_int_equal(refused, 0);
    ProfileDescription CLEANUP(profile_description_done) description = {0};
    assert_int_equal(service_describe(world->service, "demo", &world->now, &description), 0);
    assert_int_equal(description.profile.last_login, world->now.real);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_s1_no_signature_no_login),
        IN_WORLD(test_s2_every_field_of_the_statement_counts),
        IN_WORLD(test_s2_the_statement_names_host_boot_and_context),
        IN_WORLD(test_s3_replay_is_refused),
        IN_WORLD(test_s3_after_the_deadline_is_refused),
        IN_WORLD(test_s3_the_wall_clock_does_not_prolong_a_challenge),
        IN_WORLD(test_s3_the_wall_clock_does_not_end_a_challenge),
        IN_WORLD(test_s4_answer_from_another_connection_is_refused),
        IN_WORLD(test_s4_a_connection_that_is_gone_cannot_answer),
        IN_WORLD(test_s5_a_hundred_answers_and_one_success),
        IN_WORLD(test_s5_a_bad_answer_uses_the_challenge_up),
        IN_WORLD(test_s6_a_flood_of_one_uid_and_of_su_does_not_keep_others_out),
        IN_WORLD(test_s6_s33_a_crowd_without_room_is_refused_counted_and_writes_nothing),
        IN_WORLD(test_s7_the_client_does_not_choose_the_algorithm),
        IN_WORLD(test_s15_another_certificate_of_the_same_name_and_holder_is_refused),
        IN_WORLD(test_login_with_a_revoked_certificate_is_refused_with_the_reason),
        IN_WORLD(test_expired_is_told_only_once_possession_is_proven),
        IN_WORLD(test_expired_and_revoked_is_not_just_expired),
        IN_WORLD(test_an_expired_issuer_alone_is_not_an_expired_certificate),
        IN_WORLD(test_s23_unknown_and_unassigned_get_the_same_answers),
        IN_WORLD(test_s23_made_up_hints_are_stable_over_restarts_and_differ),
        IN_WORLD(test_hint_is_the_assigned_certificate),
        IN_WORLD(test_hint_of_somebody_else_is_made_up),
        IN_WORLD(test_hint_for_nobody_is_roots_and_empty),
        IN_WORLD(test_s25_odd_names_are_refused),
        IN_WORLD(test_s28_a_uid_is_roots_to_name_and_root_has_to),
        IN_WORLD(test_a_user_signs_in_as_himself_alone),
        IN_WORLD(test_over_long_context_is_refused),
        IN_WORLD(test_portal_profiles_do_not_sign_in),
        IN_WORLD(test_s39_a_clock_before_verified_revocation_data_refuses),
        IN_WORLD(test_s39_a_reload_does_not_lower_the_floor),
        IN_WORLD(test_s39_the_facts_name_the_floor_and_what_is_used),
        IN_WORLD(test_s39_the_clock_floor_survives_a_restart),
        IN_WORLD(test_s42_a_recycled_user_name_inherits_nothing),
        IN_WORLD(test_s42_begin_tells_root_of_a_recycled_name),
        IN_WORLD(test_s42_a_name_recycled_between_begin_and_finish),
        IN_WORLD(test_s30_blocked_between_begin_and_finish),
        IN_WORLD(test_s17_a_certificate_that_was_accepted_before_is_judged_anew),
        IN_WORLD(test_s1_s15_a_certificate_that_was_accepted_before_needs_its_signature_and_its_profile),
        IN_WORLD(test_success_is_recorded_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

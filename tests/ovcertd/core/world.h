/* SPDX-License-Identifier: BSD-2-Clause */
/* The world of a test of the service: a real store in a folder of its own, a real trust store over a test authority
 * with an intermediate, the service over both, and the clock as a plain value. Functions named after a use case return
 * its outcome; the others end the test when something goes wrong. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ovcertd/core/service.h"
#include "tests/trust/pki.h"

#define DAY PKI_DAY
#define HOLDER "IDCES-99999999R"
#define HOLDER_NORMAL "ES:99999999R"
#define OTHER_HOLDER "IDCES-00000000T"
#define OTHER_HOLDER_NORMAL "ES:00000000T"
#define DEMO_UID 1000u
#define OTHER_UID 1001u
#define WORLD_REVOKED_MAX 8u

typedef struct World {
    char *folder; /* database */
    char *anchors;
    char *crls;
    PkiIdentity root;
    PkiIdentity issuer;
    const PkiIdentity *revoked[WORLD_REVOKED_MAX];
    size_t n_revoked;
    Store *store;
    TrustStore *trust;
    Kinds *kinds; /* a reference, used from the next world_publish() on; NULL: none are asked for */
    Service *service;
    Moment now;
    Actor demo;  /* the owner of the profile "demo" */
    Actor other; /* the owner of the profile "other" */
    Actor root_actor;
    Actor administrator; /* not root */
    Failure failure;     /* of the last use case */
} World;

int world_setup(void **state); /* profiles demo (HOLDER) and other (OTHER_HOLDER), both without a certificate */
int world_teardown(void **state);
void world_crash(World *world);   /* nothing is committed any more; then a new start */
void world_restart(World *world); /* a clean stop and a new start */
void world_publish(World *world); /* fresh revocation lists as of now, with what was revoked, and a reload */
void world_revoke(World *world, const PkiIdentity *identity); /* borrowed until the end; publishes */
void world_pass(World *world, int64_t seconds);               /* both clocks */

/* A certificate of the intermediate: for HOLDER or another, valid from a year ago until the given time (0: for a year
 * more). */
void world_leaf(World *world, const char *holder, int64_t not_after, PkiIdentity *ret);
void world_profile(World *world, const char *user, uint32_t uid, const char *holder);

int begin_proof(World *world, const Actor *actor, const char *user, const PkiIdentity *identity, ChallengeIssued *ret);
/* Signs what was issued, as the helper does. */
void sign_statement(const ChallengeIssued *issued, const PkiIdentity *identity, const char **ret_algorithm, Bytes *ret);
int prove_begin(World *world, const Actor *actor, const char *user, const ChallengeIssued *issued,
                const PkiIdentity *identity, ProofInProgress **ret);
int prove(World *world, const Actor *actor, const char *user, const PkiIdentity *identity,
          char ret_candidate[STORE_ID_SIZE]);
Judgement *judged(World *world, const PkiIdentity *identity);
int assign(World *world, const Actor *actor, const char *user, const char *candidate);
int assign_unproven(World *world, const Actor *actor, const char *user, const PkiIdentity *identity,
                    bool allow_holder_change);
int unlink_certificate(World *world, const Actor *actor, const char *user, bool until_assign, char ret[STORE_ID_SIZE]);
int confirm(World *world, const Actor *actor, const char *user, const char *operation);
int cancel(World *world, const Actor *actor, const char *user, const char *operation);

int login_begin(World *world, const Actor *actor, const char *user, uint32_t uid, ChallengeIssued *ret);
int login_finish(World *world, const Actor *actor, const ChallengeIssued *issued, const PkiIdentity *identity);
int login(World *world, const Actor *actor, const char *user, uint32_t uid, const PkiIdentity *identity);
int login_demo(World *world, const PkiIdentity *identity); /* by root, as PAM does */

/* The certificate that is assigned to the user, or none at all when NULL. */
void assert_assigned(World *world, const char *user, const PkiIdentity *identity);
void assert_holder(World *world, const char *user, const char *holder);
/* The newest audit row. detail NULL: not looked at. */
void assert_last_row(World *world, const char *event, const char *outcome, const char *detail);
size_t count_rows(World *world, const char *event);

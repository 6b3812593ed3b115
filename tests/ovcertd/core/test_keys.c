/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the public keys for sshd: exactly when Login would accept the certificate, and no word why not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/error.h"
#include "tests/ovcertd/core/world.h"

/* 1 when there is a key, and it is the certificate's. */
static int key_of(World *world, const char *user, uint32_t uid, const PkiIdentity *identity) {
    PublicKey CLEANUP(public_key_done) key = {0};
    unsigned char *wanted = NULL;
    int r = service_public_key(world->service, user, uid, &world->now, &key);
    if (r != 1) {
        assert_null(key.spki.data);
        return r;
    }
    int size = i2d_PUBKEY(identity->key, &wanted);
    assert_true(view_equal(bytes_view(&key.spki), (View){wanted, (size_t) size}));
    OPENSSL_free(wanted);
    return r;
}

static void assigned(World *world, int64_t not_after, PkiIdentity *ret) {
    world_leaf(world, HOLDER, not_after, ret);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", ret, false), 0);
    assert_int_equal(key_of(world, "demo", DEMO_UID, ret), 1);
}

static void test_unknown_unassigned_and_impossible_users_have_none(void **state) {
    World *world = *state;
    assert_int_equal(key_of(world, "demo", DEMO_UID, NULL), 0);
    assert_int_equal(key_of(world, "nosuch", DEMO_UID, NULL), 0);
    assert_int_equal(key_of(world, "", 0, NULL), 0);
    assert_int_equal(key_of(world, "root\n", 0, NULL), 0);
}

static void test_s42_a_recycled_user_name_has_none(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    assigned(world, 0, &identity);
    assert_int_equal(key_of(world, "demo", DEMO_UID + 5000, NULL), 0);
    assert_int_equal(key_of(world, "other", DEMO_UID, NULL), 0);
}

static void test_s17_an_expired_certificate_has_none(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    assigned(world, world->now.real + DAY, &identity);
    world_pass(world, DAY);
    assert_int_equal(key_of(world, "demo", DEMO_UID, &identity), 1);
    world_pass(world, 1);
    assert_int_equal(key_of(world, "demo", DEMO_UID, &identity), 0);
}

static void test_a_revoked_certificate_has_none(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    assigned(world, 0, &identity);
    world_revoke(world, &identity);
    assert_int_equal(key_of(world, "demo", DEMO_UID, &identity), 0);
}

static void test_s9_without_current_revocation_data_there_is_none(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    assigned(world, 0, &identity);
    world_pass(world, 60 * DAY);
    assert_int_equal(key_of(world, "demo", DEMO_UID, &identity), 0);
}

static void test_s39_with_a_clock_that_is_wrong_there_is_none(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    assigned(world, 0, &identity);
    world->now.real -= 5 * DAY;
    assert_int_equal(key_of(world, "demo", DEMO_UID, &identity), 0);
}

static void test_a_blocked_profile_has_none_until_it_is_unblocked(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    assigned(world, 0, &identity);
    assert_int_equal(service_block(world->service, &world->root_actor, "demo", true, "lost", &world->now, NULL), 0);
    assert_int_equal(key_of(world, "demo", DEMO_UID, &identity), 0);
    assert_int_equal(service_block(world->service, &world->root_actor, "demo", false, "", &world->now, NULL), 0);
    assert_int_equal(key_of(world, "demo", DEMO_UID, &identity), 1);
}

static void test_a_barred_certificate_has_none(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    OperationOpened opened;
    assigned(world, 0, &identity);
    assert_int_equal(
        service_unlink(world->service, &world->root_actor, "demo", false, true, &world->now, &opened, NULL), 0);
    assert_int_equal(key_of(world, "demo", DEMO_UID, &identity), 0);
}

static void test_an_unlinked_certificate_has_none(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    char operation[STORE_ID_SIZE];
    assigned(world, 0, &identity);
    assert_int_equal(unlink_certificate(world, &world->demo, "demo", false, operation), 0);
    assert_int_equal(key_of(world, "demo", DEMO_UID, &identity), 1);
    assert_int_equal(confirm(world, &world->demo, "demo", operation), 0);
    assert_int_equal(key_of(world, "demo", DEMO_UID, &identity), 0);
}

static void test_a_portal_profile_has_none(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    const NewProfile portal = {.name = "web", .kind = PROFILE_PORTAL, .uid = STORE_UID_NONE, .holder = HOLDER};
    assert_int_equal(service_create_profile(world->service, &world->root_actor, &portal, &world->now, NULL), 0);
    world_leaf(world, HOLDER, 0, &identity);
    assert_int_equal(assign_unproven(world, &world->root_actor, "web", &identity, false), 0);
    assert_int_equal(key_of(world, "web", STORE_UID_NONE, &identity), 0);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_unknown_unassigned_and_impossible_users_have_none),
        IN_WORLD(test_s42_a_recycled_user_name_has_none),
        IN_WORLD(test_s17_an_expired_certificate_has_none),
        IN_WORLD(test_a_revoked_certificate_has_none),
        IN_WORLD(test_s9_without_current_revocation_data_there_is_none),
        IN_WORLD(test_s39_with_a_clock_that_is_wrong_there_is_none),
        IN_WORLD(test_a_blocked_profile_has_none_until_it_is_unblocked),
        IN_WORLD(test_a_barred_certificate_has_none),
        IN_WORLD(test_an_unlinked_certificate_has_none),
        IN_WORLD(test_a_portal_profile_has_none),
    };
    return cmocka_run_group_tests_name("core: keys", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The main job, start to end, at the level of the service: the guide's own order, the swap, and both again with the
 * daemon gone in the middle. At every step there is a certificate, or the user has asked for none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/error.h"
#include "tests/ovcertd/core/world.h"

typedef struct Story {
    World *world;
    PkiIdentity old; /* has expired when a story begins */
    PkiIdentity fresh;
    char operation[STORE_ID_SIZE];
    char candidate[STORE_ID_SIZE];
} Story;

static int setup(void **state) {
    int r = world_setup(state);
    Story *story = calloc(1, sizeof *story);
    if (r != 0 || !story)
        return -1;
    World *world = story->world = *state;
    world_leaf(world, HOLDER, PKI_NOW + 10 * DAY, &story->old);
    world_leaf(world, HOLDER, PKI_NOW + 1000 * DAY, &story->fresh);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &story->old, false), 0);
    assert_int_equal(login_demo(world, &story->old), 0);
    world_pass(world, 11 * DAY);
    world_publish(world);
    *state = story;
    return 0;
}

static int teardown(void **state) {
    Story *story = *state;
    void *world = story->world;
    int r = world_teardown(&world);
    pki_identity_done(&story->old);
    pki_identity_done(&story->fresh);
    free(story);
    return r;
}

/* Replies are sent after the commit; then the power goes. */
static void reply_and_crash(Story *story, bool crash) {
    assert_int_equal(service_commit(story->world->service), 0);
    if (crash)
        world_crash(story->world);
}

static void play_swap(Story *story, bool crash) {
    World *world = story->world;
    const Actor *demo = &world->demo;
    assert_int_equal(login_demo(world, &story->old), OVCERT_ERROR_CERTIFICATE_EXPIRED);
    assert_int_equal(prove(world, demo, "demo", &story->fresh, story->candidate), 0);
    reply_and_crash(story, crash);
    assert_int_equal(unlink_certificate(world, demo, "demo", true, story->operation), 0);
    reply_and_crash(story, crash);
    assert_assigned(world, "demo", &story->old);
    assert_int_equal(confirm(world, demo, "demo", story->operation), 0);
    reply_and_crash(story, crash);
    assert_assigned(world, "demo", &story->old);
    assert_int_equal(assign(world, demo, "demo", story->candidate), 0);
    reply_and_crash(story, crash);
    assert_assigned(world, "demo", &story->fresh);
    assert_int_equal(login_demo(world, &story->fresh), 0);
    assert_int_equal(login_demo(world, &story->old), OVCERT_ERROR_CERTIFICATE_REFUSED);
}

static void test_swap_order(void **state) {
    play_swap(*state, false);
}

static void test_swap_order_with_a_restart_after_every_step(void **state) {
    play_swap(*state, true);
}

static void test_a_crash_before_the_commit_of_assign_leaves_the_old_one(void **state) {
    Story *story = *state;
    World *world = story->world;
    const Actor *demo = &world->demo;
    assert_int_equal(prove(world, demo, "demo", &story->fresh, story->candidate), 0);
    assert_int_equal(unlink_certificate(world, demo, "demo", true, story->operation), 0);
    assert_int_equal(confirm(world, demo, "demo", story->operation), 0);
    reply_and_crash(story, false);
    assert_int_equal(assign(world, demo, "demo", story->candidate), 0);
    world_crash(world);
    assert_assigned(world, "demo", &story->old);
    assert_int_equal(assign(world, demo, "demo", story->candidate), 0); /* goes on where it was */
    assert_assigned(world, "demo", &story->fresh);
}

static void play_guide(Story *story, bool crash) {
    World *world = story->world;
    const Actor *demo = &world->demo;
    assert_int_equal(unlink_certificate(world, demo, "demo", false, story->operation), 0);
    reply_and_crash(story, crash);
    assert_assigned(world, "demo", &story->old);
    assert_int_equal(confirm(world, demo, "demo", story->operation), 0);
    reply_and_crash(story, crash);
    assert_assigned(world, "demo", NULL);
    assert_int_equal(login_demo(world, &story->old), OVCERT_ERROR_NO_CERTIFICATE);
    assert_int_equal(prove(world, demo, "demo", &story->fresh, story->candidate), 0);
    reply_and_crash(story, crash);
    assert_int_equal(assign(world, demo, "demo", story->candidate), 0);
    reply_and_crash(story, crash);
    assert_assigned(world, "demo", &story->fresh);
    assert_int_equal(login_demo(world, &story->fresh), 0);
}

static void test_guides_own_order(void **state) {
    play_guide(*state, false);
}

static void test_guides_own_order_with_a_restart_after_every_step(void **state) {
    play_guide(*state, true);
}

static void test_the_same_certificate_cannot_be_renewed_with_itself(void **state) {
    Story *story = *state;
    World *world = story->world;
    assert_int_equal(prove(world, &world->demo, "demo", &story->old, story->candidate),
                     OVCERT_ERROR_CERTIFICATE_ASSIGNED);
}

static void test_a_swap_leaves_the_rows_that_tell_of_it(void **state) {
    Story *story = *state;
    play_swap(story, false);
    World *world = story->world;
    assert_int_equal(count_rows(world, "proven"), 1);
    assert_int_equal(count_rows(world, "unlink-requested"), 1);
    assert_int_equal(count_rows(world, "unlink-confirmed"), 1);
    assert_int_equal(count_rows(world, "unlinked"), 1);
    assert_int_equal(count_rows(world, "assigned"), 2);
    ProfileDescription CLEANUP(profile_description_done) description = {0};
    assert_int_equal(service_describe(world->service, "demo", &world->now, &description), 0);
    assert_int_equal(description.n_operations, 0);
    assert_int_equal(description.n_candidates, 0);
    assert_true(description.association.proven);
}

static void test_after_a_swap_the_next_renewal_starts_anew(void **state) {
    Story *story = *state;
    World *world = story->world;
    PkiIdentity CLEANUP(pki_identity_done) next = {0};
    play_swap(story, false);
    world_leaf(world, HOLDER, PKI_NOW + 2000 * DAY, &next);
    assert_int_equal(prove(world, &world->demo, "demo", &next, story->candidate), 0);
    assert_int_equal(assign(world, &world->demo, "demo", story->candidate), OVCERT_ERROR_CERTIFICATE_ASSIGNED);
    assert_int_equal(unlink_certificate(world, &world->demo, "demo", true, story->operation), 0);
    assert_int_equal(confirm(world, &world->demo, "demo", story->operation), 0);
    assert_int_equal(assign(world, &world->demo, "demo", story->candidate), 0);
    assert_assigned(world, "demo", &next);
}

/* Though the tick has not come by yet. */
static void test_what_has_lapsed_is_not_described(void **state) {
    Story *story = *state;
    World *world = story->world;
    ProfileDescription CLEANUP(profile_description_done) before = {0}, after = {0};
    assert_int_equal(prove(world, &world->demo, "demo", &story->fresh, story->candidate), 0);
    assert_int_equal(unlink_certificate(world, &world->demo, "demo", true, story->operation), 0);
    assert_int_equal(service_describe(world->service, "demo", &world->now, &before), 0);
    assert_int_equal(before.n_operations, 1);
    assert_int_equal(before.n_candidates, 1);
    world_pass(world, 3600);
    assert_int_equal(service_describe(world->service, "demo", &world->now, &after), 0);
    assert_int_equal(after.n_operations, 0);
    assert_int_equal(after.n_candidates, 0);
}

static void test_a_lapsed_candidate_that_was_revoked_does_not_stop_confirm(void **state) {
    Story *story = *state;
    World *world = story->world;
    assert_int_equal(prove(world, &world->demo, "demo", &story->fresh, story->candidate), 0);
    world_pass(world, 3600);
    world_revoke(world, &story->fresh);
    assert_int_equal(unlink_certificate(world, &world->demo, "demo", true, story->operation), 0);
    assert_int_equal(confirm(world, &world->demo, "demo", story->operation), 0);
}

#define WITH_STORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_STORY(test_the_same_certificate_cannot_be_renewed_with_itself),
        WITH_STORY(test_a_crash_before_the_commit_of_assign_leaves_the_old_one),
        WITH_STORY(test_swap_order),
        WITH_STORY(test_swap_order_with_a_restart_after_every_step),
        WITH_STORY(test_guides_own_order),
        WITH_STORY(test_guides_own_order_with_a_restart_after_every_step),
        WITH_STORY(test_a_swap_leaves_the_rows_that_tell_of_it),
        WITH_STORY(test_after_a_swap_the_next_renewal_starts_anew),
        WITH_STORY(test_what_has_lapsed_is_not_described),
        WITH_STORY(test_a_lapsed_candidate_that_was_revoked_does_not_stop_confirm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

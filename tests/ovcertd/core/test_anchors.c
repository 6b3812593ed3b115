/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the rows about trust anchors: each change once, whoever made it, over restarts and reloads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"
#include "tests/ovcertd/core/world.h"

#define DAEMON_UID 900u

/* What the notices said; they have no data of their own. */
static struct {
    unsigned added, removed;
    char *subject;
} told;

static void notice(bool added, const char *fingerprint, const char *subject) {
    assert_int_equal(strlen(fingerprint), 2 * CERTIFICATE_FINGERPRINT_SIZE);
    *(added ? &told.added : &told.removed) += 1;
    free(told.subject);
    told.subject = subject ? strdup(subject) : NULL;
}

static void note(World *world, unsigned added, unsigned removed) {
    told.added = told.removed = 0;
    assert_int_equal(service_note_anchors(world->service, DAEMON_UID, &world->now, notice), 0);
    assert_int_equal(service_commit(world->service), 0);
    assert_int_equal(told.added, added);
    assert_int_equal(told.removed, removed);
}

static int setup(void **state) {
    int r = world_setup(state);
    if (r == 0)
        note(*state, 1, 0);
    return r;
}

static int teardown(void **state) {
    free(told.subject);
    told.subject = NULL;
    return world_teardown(state);
}

static void add_another(World *world, PkiIdentity *ret) {
    pki_root(&(PkiOptions){.common_name = "AC OTRA RAIZ"}, ret);
    pki_write(world->anchors, "other.der", bytes_view(&ret->der));
    world_publish(world);
}

static void assert_fingerprint_in_last_row(World *world, const char *event, const PkiIdentity *identity) {
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    assert_int_equal(certificate_parse(bytes_view(&identity->der), &certificate), 0);
    CLEANUP(free_pointer)
    char *hex = hex_encode((View){certificate_facts(certificate)->fingerprint, CERTIFICATE_FINGERPRINT_SIZE});
    assert_non_null(hex);
    assert_last_row(world, event, "ok", hex);
}

static void test_an_empty_log_stays_empty(void **state) {
    World *world = *state;
    CLEANUP(free_pointer) char *path = NULL, *problem = NULL;
    Store CLEANUP(store_closep) *store = NULL;
    Service CLEANUP(service_freep) *service = NULL;
    uint64_t seq = 1;
    uint8_t hash[32];
    assert_true(asprintf(&path, "%s/empty.db", world->folder) > 0);
    assert_int_equal(store_open(&(StoreOptions){.path = path}, &store, &problem), 0);
    assert_int_equal(service_new(&(ServiceOptions){.store = store, .trust = world->trust}, &service), 0);
    told.added = 0;
    assert_int_equal(service_note_anchors(service, DAEMON_UID, &world->now, notice), 0);
    assert_int_equal(told.added, 0);
    assert_int_equal(store_audit_head(store, &seq, hash), 0);
    assert_int_equal(seq, 0);
}

static void test_the_first_call_records_what_there_is(void **state) {
    World *world = *state;
    assert_int_equal(count_rows(world, "anchor-added"), 1);
    assert_fingerprint_in_last_row(world, "anchor-added", &world->root);
}

static void test_the_same_set_is_recorded_once(void **state) {
    World *world = *state;
    note(world, 0, 0);
    world_publish(world);
    note(world, 0, 0);
    world_restart(world);
    note(world, 0, 0);
    assert_int_equal(count_rows(world, "anchor-added"), 1);
}

static void test_s36_what_comes_and_goes_has_its_row_with_fingerprint_and_actor(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) other = {0};
    AuditRow *rows = NULL;
    size_t count = 0;
    add_another(world, &other);
    note(world, 1, 0);
    assert_non_null(strstr(told.subject, "AC OTRA RAIZ"));
    assert_fingerprint_in_last_row(world, "anchor-added", &other);
    pki_remove(world->anchors, "other.der");
    world_publish(world);
    note(world, 0, 1);
    assert_fingerprint_in_last_row(world, "anchor-removed", &other);
    assert_int_equal(store_audit_list(world->store, NULL, 0, 1000, &rows, &count), 0);
    assert_int_equal(rows[count - 1].actor, DAEMON_UID);
    assert_non_null(strstr(rows[count - 2].subject, "AC OTRA RAIZ"));
    (void) audit_rows_free(rows, count);
}

static void test_one_for_another_is_two_rows(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) other = {0};
    pki_remove(world->anchors, "root.der");
    add_another(world, &other);
    note(world, 1, 1);
    note(world, 0, 0);
}

static void test_a_change_while_the_daemon_was_down_is_recorded_at_its_start(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) other = {0};
    pki_root(&(PkiOptions){.common_name = "AC OTRA RAIZ"}, &other);
    pki_write(world->anchors, "other.der", bytes_view(&other.der));
    world_restart(world);
    world_publish(world);
    note(world, 1, 0);
}

static void test_s36_what_is_not_committed_is_recorded_again(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) other = {0};
    add_another(world, &other);
    assert_int_equal(service_note_anchors(world->service, DAEMON_UID, &world->now, notice), 0);
    world_crash(world);
    assert_int_equal(count_rows(world, "anchor-added"), 1);
    note(world, 1, 0);
    assert_int_equal(count_rows(world, "anchor-added"), 2);
}

#define ANCHORS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        ANCHORS_TEST(test_an_empty_log_stays_empty),
        ANCHORS_TEST(test_the_first_call_records_what_there_is),
        ANCHORS_TEST(test_the_same_set_is_recorded_once),
        ANCHORS_TEST(test_s36_what_comes_and_goes_has_its_row_with_fingerprint_and_actor),
        ANCHORS_TEST(test_one_for_another_is_two_rows),
        ANCHORS_TEST(test_a_change_while_the_daemon_was_down_is_recorded_at_its_start),
        ANCHORS_TEST(test_s36_what_is_not_committed_is_recorded_again),
    };
    return cmocka_run_group_tests_name("core: anchors", tests, NULL, NULL);
}

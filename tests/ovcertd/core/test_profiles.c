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

static int create(World *world, const Actor *actor, const NewProfile *profile) {
    service_failure_done(&world->failure);
    return service_create_profile(world->service, actor, profile, &world->now, &world->failure);
}

static void test_create_is_for_administrators(void **state) {
    World *world = *state;
    NewProfile profile = {.name = "new", .kind = PROFILE_PORTAL, .uid = STORE_UID_NONE};
    assert_int_equal(create(world, &world->demo, &profile), OVCERT_ERROR_DENIED);
    assert_last_row(world, "create-refused", "Denied", NULL);
    assert_int_equal(create(world, &world->administrator, &profile), 0);
}

static void test_create_believes_a_uid_of_root_alone(void **state) {
    World *world = *state;
    NewProfile profile = {.name = "new", .kind = PROFILE_UNIX, .uid = 1500};
    assert_int_equal(create(world, &world->administrator, &profile), OVCERT_ERROR_DENIED);
    assert_int_equal(create(world, &world->root_actor, &profile), 0);
}

static void test_create_refuses_values_that_do_not_fit(void **state) {
    World *world = *state;
    static const struct {
        NewProfile profile;
        const char *detail;
    } bad[] = {
        {{.name = "", .kind = PROFILE_UNIX, .uid = 1500}, "user"},
        {{.name = "root\n", .kind = PROFILE_UNIX, .uid = 1500}, "user"},
        {{.name = "a/b", .kind = PROFILE_UNIX, .uid = 1500}, "user"},
        {{.name = "\xff", .kind = PROFILE_UNIX, .uid = 1500}, "user"},
        {{.name = "new", .kind = PROFILE_UNIX, .uid = STORE_UID_NONE}, "uid"},
        {{.name = "new", .kind = PROFILE_PORTAL, .uid = 1500}, "uid"},
        {{.name = "new", .kind = (ProfileKind) 9, .uid = 1500}, "kind"},
        {{.name = "new", .kind = PROFILE_UNIX, .uid = 1500, .holder = "99999999A"}, "holder"},
    };
    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        assert_int_equal(create(world, &world->root_actor, &bad[i].profile), OVCERT_ERROR_INVALID_ARGUMENT);
        assert_string_equal(world->failure.detail, bad[i].detail);
    }
}

static void test_create_refuses_a_name_or_uid_that_is_there(void **state) {
    World *world = *state;
    NewProfile same_name = {.name = "demo", .kind = PROFILE_UNIX, .uid = 1500};
    NewProfile same_uid = {.name = "new", .kind = PROFILE_UNIX, .uid = DEMO_UID};
    assert_int_equal(create(world, &world->root_actor, &same_name), OVCERT_ERROR_PROFILE_EXISTS);
    assert_int_equal(create(world, &world->root_actor, &same_uid), OVCERT_ERROR_PROFILE_EXISTS);
}

static void test_holder_is_normalised(void **state) {
    World *world = *state;
    assert_holder(world, "demo", HOLDER_NORMAL);
    world_profile(world, "bare", 1500, "12345678Z");
    assert_holder(world, "bare", "ES:12345678Z");
    world_profile(world, "none", 1501, NULL);
    assert_holder(world, "none", "");
}

static void test_owner_is_who_has_the_uid(void **state) {
    World *world = *state;
    NewProfile portal = {.name = "portal", .kind = PROFILE_PORTAL, .uid = STORE_UID_NONE};
    assert_int_equal(create(world, &world->root_actor, &portal), 0);
    assert_true(service_is_owner(world->service, "demo", DEMO_UID));
    assert_false(service_is_owner(world->service, "demo", OTHER_UID));
    assert_false(service_is_owner(world->service, "demo", 0));
    assert_false(service_is_owner(world->service, "missing", DEMO_UID));
    assert_false(service_is_owner(world->service, "root\n", DEMO_UID));
    assert_false(service_is_owner(world->service, "portal", (uid_t) STORE_UID_NONE));
}

static void test_own_name_is_found_by_uid(void **state) {
    World *world = *state;
    char *CLEANUP(free_pointer) name = NULL;
    assert_int_equal(service_own_name(world->service, 4711, &name), OVCERT_ERROR_NOT_FOUND);
    assert_int_equal(service_own_name(world->service, (uid_t) -1, &name), OVCERT_ERROR_NOT_FOUND);
    assert_int_equal(service_own_name(world->service, DEMO_UID, &name), 0);
    assert_string_equal(name, "demo");
}

static void test_s27_a_stranger_gets_the_same_answer_for_missing_and_foreign(void **state) {
    World *world = *state;
    char operation[STORE_ID_SIZE];
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    world_leaf(world, HOLDER, 0, &identity);
    static const char *const users[] = {"demo", "missing", "root\n"};
    for (size_t i = 0; i < ELEMENTSOF(users); i++) {
        const char *user = users[i];
        assert_int_equal(unlink_certificate(world, &world->other, user, false, operation), OVCERT_ERROR_DENIED);
        assert_int_equal(confirm(world, &world->other, user, "x"), OVCERT_ERROR_DENIED);
        assert_int_equal(cancel(world, &world->other, user, "x"), OVCERT_ERROR_DENIED);
        assert_int_equal(begin_proof(world, &world->other, user, &identity, &issued), OVCERT_ERROR_DENIED);
        assert_int_equal(assign(world, &world->other, user, "x"), OVCERT_ERROR_DENIED);
        assert_null(world->failure.detail);
    }
    assert_int_equal(unlink_certificate(world, &world->administrator, "missing", false, operation),
                     OVCERT_ERROR_NOT_FOUND);
}

static int block(World *world, const Actor *actor, bool on, const char *reason) {
    service_failure_done(&world->failure);
    return service_block(world->service, actor, "demo", on, reason, &world->now, &world->failure);
}

static void test_block_is_for_administrators(void **state) {
    World *world = *state;
    assert_int_equal(block(world, &world->demo, true, ""), OVCERT_ERROR_DENIED);
    assert_int_equal(block(world, &world->administrator, true, "line\nbreak"), OVCERT_ERROR_INVALID_ARGUMENT);
}

static void test_a_blocked_profile_is_closed_to_its_owner(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    char operation[STORE_ID_SIZE], second[STORE_ID_SIZE];
    world_leaf(world, HOLDER, 0, &identity);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &identity, false), 0);
    assert_int_equal(unlink_certificate(world, &world->demo, "demo", false, operation), 0);
    assert_int_equal(block(world, &world->administrator, true, "lost card"), 0);
    OperationOpened opened;
    assert_int_equal(service_delete(world->service, &world->demo, "demo", &world->now, &opened, NULL),
                     OVCERT_ERROR_PROFILE_BLOCKED);
    assert_int_equal(unlink_certificate(world, &world->demo, "demo", false, second), OVCERT_ERROR_PROFILE_BLOCKED);
    assert_int_equal(confirm(world, &world->demo, "demo", operation), OVCERT_ERROR_PROFILE_BLOCKED);
    assert_int_equal(begin_proof(world, &world->demo, "demo", &identity, &issued), OVCERT_ERROR_PROFILE_BLOCKED);
    assert_int_equal(assign(world, &world->demo, "demo", "x"), OVCERT_ERROR_PROFILE_BLOCKED);
    assert_int_equal(login_demo(world, &identity), OVCERT_ERROR_PROFILE_BLOCKED);
    assert_int_equal(cancel(world, &world->demo, "demo", operation), 0);
    assert_int_equal(block(world, &world->administrator, false, NULL), 0);
    assert_int_equal(login_demo(world, &identity), 0);
}

static void test_describe_tells_state_and_certificate(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) identity = {0};
    world_leaf(world, HOLDER, PKI_NOW + 60 * DAY, &identity);
    static const struct {
        int64_t pass;
        const char *status;
    } steps[] = {{0, "valid"}, {31 * DAY, "expiring"}, {30 * DAY, "expired"}};
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &identity, false), 0);
    for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
        ProfileDescription CLEANUP(profile_description_done) description = {0};
        world_pass(world, steps[i].pass);
        world_publish(world);
        assert_int_equal(service_describe(world->service, "demo", &world->now, &description), 0);
        assert_string_equal(profile_state_name(&description), "assigned");
        assert_string_equal(certificate_status_name(description.status), steps[i].status);
        assert_false(description.association.proven);
    }
}

static const char *status_of(World *world, const char *user) {
    ProfileDescription CLEANUP(profile_description_done) description = {0};
    assert_int_equal(service_describe(world->service, user, &world->now, &description), 0);
    return certificate_status_name(description.status);
}

static void test_describe_tells_revoked_untrusted_and_none(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) revoked = {0}, stale = {0};
    world_leaf(world, HOLDER, 0, &revoked);
    world_leaf(world, OTHER_HOLDER, 0, &stale);
    assert_string_equal(status_of(world, "demo"), "none");
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &revoked, false), 0);
    assert_int_equal(assign_unproven(world, &world->root_actor, "other", &stale, false), 0);
    world_revoke(world, &revoked);
    world_pass(world, 30 * DAY); /* with it, the list is too old; revoked stays revoked */
    assert_string_equal(status_of(world, "demo"), "revoked");
    assert_string_equal(status_of(world, "other"), "untrusted");
}

static void test_describe_of_a_missing_profile_finds_nothing(void **state) {
    World *world = *state;
    ProfileDescription CLEANUP(profile_description_done) description = {0};
    assert_int_equal(service_describe(world->service, "missing", &world->now, &description), OVCERT_ERROR_NOT_FOUND);
    assert_int_equal(service_describe(world->service, "", &world->now, &description), OVCERT_ERROR_NOT_FOUND);
}

/* Every name that the filter lets through, in order, each with a space behind it; caller frees. */
static char *listed(World *world, const ListFilter *filter, uint32_t limit, size_t *ret_pages) {
    char *names = strdup(""), *after = strdup("");
    assert_true(names && after);
    for (*ret_pages = 0; *ret_pages == 0 || *after != '\0'; (*ret_pages)++) {
        ProfileDescription *rows = NULL;
        size_t count = 0;
        char *next = NULL, *longer = NULL;
        assert_int_equal(service_list(world->service, filter, after, limit, &world->now, &rows, &count, &next), 0);
        assert_true(count <= limit);
        for (size_t i = 0; i < count; i++) {
            assert_true(asprintf(&longer, "%s%s ", names, rows[i].profile.name) > 0);
            free(names);
            names = longer;
        }
        assert_true(*next == '\0' || strcmp(next, after) > 0);
        (void) profile_descriptions_free(rows, count);
        free(after);
        after = next;
    }
    free(after);
    return names;
}

static void assert_listed(World *world, const ListFilter *filter, const char *wanted) {
    size_t pages;
    char *CLEANUP(free_pointer) names = listed(world, filter, 1000, &pages);
    assert_string_equal(names, wanted);
}

static void many_profiles(World *world, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        char name[32];
        (void) snprintf(name, sizeof name, "u%03u", i);
        world_profile(world, name, 5000 + i, NULL);
    }
}

static size_t count_names(const char *names) {
    size_t count = 0;
    for (; *names; names++)
        count += *names == ' ';
    return count;
}

static void test_list_refuses_a_filter_that_no_profile_can_fit(void **state) {
    World *world = *state;
    const ListFilter bad[] = {
        {.state = "Assigned"},
        {.state = "expired"},
        {.certificate_status = "assigned"},
        {.has_expiring = true, .expiring_within = -1},
        {.has_expiring = true, .expiring_within = INT64_MAX},
    };
    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        ProfileDescription *rows = NULL;
        size_t count = 0;
        char *next = NULL;
        assert_false(list_filter_is_valid(&bad[i]));
        assert_int_equal(service_list(world->service, &bad[i], "", 10, &world->now, &rows, &count, &next),
                         OVCERT_ERROR_INVALID_ARGUMENT);
    }
}

static void test_list_goes_page_by_page(void **state) {
    World *world = *state;
    size_t pages;
    many_profiles(world, SERVICE_LIST_MAX);
    char *CLEANUP(free_pointer) all = listed(world, &(ListFilter){0}, 1000, &pages);
    assert_int_equal(count_names(all), SERVICE_LIST_MAX + 2);
    assert_int_equal(pages, 2);
    char *CLEANUP(free_pointer) again = listed(world, &(ListFilter){0}, 7, &pages);
    assert_string_equal(again, all);
}

static void test_list_finds_a_profile_behind_pages_of_others(void **state) {
    World *world = *state;
    Failure CLEANUP(service_failure_done) failure = {0};
    size_t pages;
    many_profiles(world, SERVICE_LIST_SCAN + 1);
    assert_int_equal(service_block(world->service, &world->administrator, "u256", true, "lost", &world->now, &failure),
                     0);
    char *CLEANUP(free_pointer) blocked = listed(world, &(ListFilter){.state = "blocked"}, 1000, &pages);
    assert_string_equal(blocked, "u256 ");
    assert_int_equal(pages, 2);
}

static void test_list_filters_by_state_status_and_remaining_time(void **state) {
    World *world = *state;
    PkiIdentity CLEANUP(pki_identity_done) soon = {0}, later = {0};
    world_leaf(world, HOLDER, world->now.real + 20 * DAY, &soon);
    world_leaf(world, OTHER_HOLDER, world->now.real + 200 * DAY, &later);
    world_profile(world, "empty", 1500, NULL);
    assert_int_equal(assign_unproven(world, &world->root_actor, "demo", &soon, false), 0);
    assert_int_equal(assign_unproven(world, &world->root_actor, "other", &later, false), 0);
    assert_listed(world, &(ListFilter){0}, "demo empty other ");
    assert_listed(world, &(ListFilter){.state = "unassigned"}, "empty ");
    assert_listed(world, &(ListFilter){.certificate_status = "valid"}, "other ");
    assert_listed(world, &(ListFilter){.certificate_status = "none"}, "empty ");
    assert_listed(world, &(ListFilter){.has_expiring = true, .expiring_within = 20 * DAY - 1}, "");
    assert_listed(world, &(ListFilter){.has_expiring = true, .expiring_within = 20 * DAY}, "demo ");
    assert_listed(world, &(ListFilter){.has_expiring = true, .expiring_within = 300 * DAY}, "demo other ");
    assert_listed(world, &(ListFilter){.state = "unassigned", .has_expiring = true, .expiring_within = DAY}, "");
    world_pass(world, 21 * DAY);
    assert_listed(world, &(ListFilter){.has_expiring = true}, "demo "); /* has ended */
}

static void drain_changed(World *world) {
    uint32_t uid;
    for (char *name = service_take_changed(world->service, &uid); name;
         name = service_take_changed(world->service, &uid))
        free(name);
}

static void test_changed_profiles_are_told_once(void **state) {
    World *world = *state;
    uint32_t uid = 0;
    drain_changed(world);
    assert_int_equal(block(world, &world->administrator, true, ""), 0);
    assert_int_equal(block(world, &world->administrator, false, ""), 0);
    char *CLEANUP(free_pointer) name = service_take_changed(world->service, &uid);
    assert_string_equal(name, "demo");
    assert_int_equal(uid, DEMO_UID);
    assert_null(service_take_changed(world->service, &uid));
}

static void test_delete_removes_the_profile_and_its_name(void **state) {
    World *world = *state;
    OperationOpened opened;
    ProfileDescription CLEANUP(profile_description_done) description = {0};
    assert_int_equal(service_delete(world->service, &world->demo, "demo", &world->now, &opened, NULL), 0);
    assert_int_equal(confirm(world, &world->demo, "demo", opened.id), 0);
    assert_int_equal(service_commit(world->service), 0);
    assert_int_equal(service_describe(world->service, "demo", &world->now, &description), OVCERT_ERROR_NOT_FOUND);
    assert_last_row(world, "profile-deleted", "ok", NULL);
    AuditRow *rows = NULL;
    size_t count = 0;
    assert_int_equal(service_read_log(world->service, "demo", 0, 1000, &rows, &count), 0);
    assert_int_equal(count, 0);
    (void) audit_rows_free(rows, count);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create_is_for_administrators, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_create_believes_a_uid_of_root_alone, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_create_refuses_values_that_do_not_fit, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_create_refuses_a_name_or_uid_that_is_there, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_holder_is_normalised, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_owner_is_who_has_the_uid, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_own_name_is_found_by_uid, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_s27_a_stranger_gets_the_same_answer_for_missing_and_foreign, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_block_is_for_administrators, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_a_blocked_profile_is_closed_to_its_owner, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_describe_tells_state_and_certificate, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_describe_tells_revoked_untrusted_and_none, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_describe_of_a_missing_profile_finds_nothing, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_list_refuses_a_filter_that_no_profile_can_fit, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_list_goes_page_by_page, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_list_finds_a_profile_behind_pages_of_others, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_list_filters_by_state_status_and_remaining_time, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_changed_profiles_are_told_once, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_delete_removes_the_profile_and_its_name, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

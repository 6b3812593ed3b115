/* SPDX-License-Identifier: BSD-2-Clause */
/* The server on a real bus, in front of the real service and store; polkit alone is played. The caller is an ordinary
 * user who owns one profile. */
#include "ovcertd/bus/server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"
#include "common/protocol.h"
#include "ovcertd/bus/request.h"
#include "tests/ovcertd/bus/direct.h"
#include "tests/ovcertd/bus/private_bus.h"
#include "tests/ovcertd/core/world.h"

#define ERROR(name) "org.ovcert1.Error." name

typedef struct Scene {
    PrivateBus bus;
    World *world;
    sd_event *event;
    Pool *pool;
    sd_bus *daemon;
    Server *server;
    sd_bus *client;
    FakePolkit polkit;
    const char *foreign; /* a profile of somebody else's */
} Scene;

static void make_own_profile(Scene *scene) {
    CLEANUP(free_pointer) char *own = NULL;
    if (service_own_name(scene->world->service, getuid(), &own) != 0)
        world_profile(scene->world, "self", getuid(), HOLDER);
    scene->foreign = getuid() == OTHER_UID ? "demo" : "other";
    /* Nobody is told of what was made here. */
    uint32_t owner;
    char *changed;
    while ((changed = service_take_changed(scene->world->service, &owner)))
        free(changed);
}

static int set_up(void **state) {
    static Scene scene;
    scene = (Scene){0};
    private_bus_start(&scene.bus);
    void *world = NULL;
    assert_int_equal(world_setup(&world), 0);
    scene.world = world;
    make_own_profile(&scene);
    assert_int_equal(pool_new(&scene.pool), 0);
    assert_true(sd_event_new(&scene.event) >= 0);
    scene.daemon = private_bus_connect(&scene.bus);
    assert_true(sd_bus_attach_event(scene.daemon, scene.event, SD_EVENT_PRIORITY_NORMAL) >= 0);
    ServerOptions options = {
        .bus = scene.daemon,
        .event = scene.event,
        .service = scene.world->service,
        .pool = scene.pool,
        .backend = "sqlite",
    };
    assert_int_equal(server_new(&options, &scene.server), 0);
    assert_true(sd_bus_request_name(scene.daemon, OVCERT_BUS_NAME, 0) >= 0);
    scene.client = private_bus_connect(&scene.bus);
    fake_polkit_init(&scene.polkit, &scene.bus);
    *state = &scene;
    return 0;
}

static int tear_down(void **state) {
    Scene *scene = *state;
    fake_polkit_done(&scene->polkit);
    scene->client = sd_bus_flush_close_unref(scene->client);
    assert_int_equal(server_stop(scene->server), 0);
    scene->pool = pool_free(scene->pool);
    scene->server = server_free(scene->server);
    scene->daemon = sd_bus_flush_close_unref(scene->daemon);
    scene->event = sd_event_unref(scene->event);
    void *world = scene->world;
    assert_int_equal(world_teardown(&world), 0);
    private_bus_stop(&scene->bus);
    return 0;
}

/* --- calling --- */

static void turn(Scene *scene) {
    assert_true(sd_event_run(scene->event, 1000) >= 0);
    assert_true(sd_bus_process(scene->polkit.bus, NULL) >= 0);
    if (scene->client)
        assert_true(sd_bus_process(scene->client, NULL) >= 0);
}

static void turn_until(Scene *scene, const unsigned *counter, unsigned wanted) {
    time_t end = time(NULL) + 10;
    while (*counter < wanted) {
        turn(scene);
        assert_true(time(NULL) < end);
    }
}

static sd_bus_message *new_call(Scene *scene, const char *path, const char *interface, const char *member) {
    sd_bus_message *call = NULL;
    assert_true(sd_bus_message_new_method_call(scene->client, &call, OVCERT_BUS_NAME, path, interface, member) >= 0);
    return call;
}

static sd_bus_message *manager_call(Scene *scene, const char *member) {
    return new_call(scene, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, member);
}

static sd_bus_message *profile_call(Scene *scene, const char *user, const char *member) {
    CLEANUP(free_pointer) char *path = NULL;
    assert_true(sd_bus_path_encode(OVCERT_PROFILE_PREFIX, user, &path) >= 0);
    return new_call(scene, path, OVCERT_PROFILE_INTERFACE, member);
}

typedef struct Answer {
    unsigned here;
    sd_bus_message *reply;
} Answer;

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
    Answer *answer = userdata;
    (void) error;
    answer->here++;
    sd_bus_message_unref(answer->reply);
    answer->reply = sd_bus_message_ref(reply);
    return 1;
}

static void send_call(Scene *scene, sd_bus_message *call, Answer *answer) {
    assert_true(sd_bus_call_async(scene->client, NULL, call, on_reply, answer, 20u * 1000000u) >= 0);
    sd_bus_message_unref(call);
}

static sd_bus_message *reply_to(Scene *scene, sd_bus_message *call) {
    Answer answer = {0};
    send_call(scene, call, &answer);
    turn_until(scene, &answer.here, 1);
    return answer.reply;
}

/* "" for a reply that is no error. Caller frees. */
static char *error_of(Scene *scene, sd_bus_message *call) {
    sd_bus_message *reply = reply_to(scene, call);
    const sd_bus_error *error = sd_bus_message_get_error(reply);
    char *name = strdup(error ? error->name : "");
    sd_bus_message_unref(reply);
    return name;
}

static void assert_error(Scene *scene, sd_bus_message *call, const char *name) {
    CLEANUP(free_pointer) char *seen = error_of(scene, call);
    assert_string_equal(seen, name);
}

/* --- who asks --- */

static void test_s28_a_message_without_a_sender_is_denied(void **state) {
    Scene *scene = *state;
    Direct direct = {0};
    direct_init(&direct);
    ServerOptions options = {.bus = direct.server, .service = scene->world->service};
    Server *server = NULL;
    assert_int_equal(server_new(&options, &server), 0);
    sd_bus_message *call = NULL;
    assert_true(sd_bus_message_new_method_call(direct.client, &call, NULL, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE,
                                               "GetProfile") >= 0);
    assert_true(sd_bus_message_append(call, "s", "") >= 0);
    sd_bus_message *reply = direct_call(&direct, call);
    assert_true(sd_bus_message_is_method_error(reply, ERROR("Denied")));
    sd_bus_message_unref(reply);
    sd_bus_message_unref(call);
    (void) server_free(server);
    direct_done(&direct);
}

static void test_s27_a_foreign_profile_and_a_missing_one_are_asked_for_and_denied_alike(void **state) {
    Scene *scene = *state;
    const char *const users[] = {scene->foreign, "missing"};
    scene->polkit.answer = POLKIT_NO;
    for (size_t i = 0; i < ELEMENTSOF(users); i++) {
        assert_error(scene, profile_call(scene, users[i], "Describe"), ERROR("Denied"));
        assert_string_equal(scene->polkit.action, OVCERT_ACTION_READ_ANY);
        sd_bus_message *call = manager_call(scene, "GetProfile");
        assert_true(sd_bus_message_append(call, "s", users[i]) >= 0);
        assert_error(scene, call, ERROR("Denied"));
        assert_string_equal(scene->polkit.action, OVCERT_ACTION_READ_ANY);
        call = profile_call(scene, users[i], "Unlink");
        assert_true(sd_bus_message_append(call, "a{sv}", 0) >= 0);
        assert_error(scene, call, ERROR("Denied"));
        assert_string_equal(scene->polkit.action, OVCERT_ACTION_MANAGE_ANY);
    }
}

static sd_bus_message *property_call(Scene *scene, const char *user, const char *name) {
    CLEANUP(free_pointer) char *path = NULL;
    assert_true(sd_bus_path_encode(OVCERT_PROFILE_PREFIX, user, &path) >= 0);
    sd_bus_message *call = new_call(scene, path, "org.freedesktop.DBus.Properties", "Get");
    assert_true(sd_bus_message_append(call, "ss", OVCERT_PROFILE_INTERFACE, name) >= 0);
    return call;
}

static void test_s27_properties_are_for_the_owner_and_deny_missing_and_foreign_alike(void **state) {
    Scene *scene = *state;
    CLEANUP(free_pointer) char *own = NULL;
    assert_int_equal(service_own_name(scene->world->service, getuid(), &own), 0);
    assert_error(scene, property_call(scene, scene->foreign, "State"), ERROR("Denied"));
    assert_error(scene, property_call(scene, "missing", "State"), ERROR("Denied"));
    assert_error(scene, property_call(scene, scene->foreign, "CertificateStatus"), ERROR("Denied"));
    assert_error(scene, property_call(scene, own, "State"), "");
    assert_error(scene, property_call(scene, own, "CertificateStatus"), "");
    assert_int_equal(scene->polkit.asked, 0);
}

static void test_a_uid_is_believed_of_root_alone(void **state) {
    Scene *scene = *state;
    scene->polkit.answer = POLKIT_YES;
    sd_bus_message *call = manager_call(scene, "CreateProfile");
    assert_true(sd_bus_message_append(call, "sa{sv}a{sv}", "new", 1, "uid", "u", 4000, 0) >= 0);
    assert_error(scene, call, ERROR("Denied"));
    call = new_call(scene, OVCERT_OBJECT_PATH, OVCERT_LOGIN_INTERFACE, "Begin");
    assert_true(sd_bus_message_append(call, "sa{sv}", "self", 1, "uid", "u", getuid()) >= 0);
    assert_error(scene, call, ERROR("Denied"));
    assert_int_equal(scene->polkit.asked, 0);
    call = profile_call(scene, "self", "Unlink");
    assert_true(sd_bus_message_append(call, "a{sv}", 1, "uid", "u", getuid()) >= 0);
    assert_error(scene, call, ERROR("Denied"));
}

static void test_the_owner_needs_no_more_than_read_own(void **state) {
    Scene *scene = *state;
    CLEANUP(free_pointer) char *own = NULL;
    assert_int_equal(service_own_name(scene->world->service, getuid(), &own), 0);
    scene->polkit.answer = POLKIT_YES;
    assert_error(scene, profile_call(scene, own, "Describe"), "");
    assert_string_equal(scene->polkit.action, OVCERT_ACTION_READ_OWN);
}

/* --- limits --- */

static void append_zeros(sd_bus_message *call, size_t size) {
    void *octets = NULL;
    assert_true(sd_bus_message_append_array_space(call, 'y', size, &octets) >= 0);
    memset(octets, 0, size);
}

static sd_bus_message *check_call(Scene *scene, size_t certificate, size_t n_chain, size_t issuer) {
    sd_bus_message *call = manager_call(scene, "CheckCertificate");
    append_zeros(call, certificate);
    assert_true(sd_bus_message_open_container(call, 'a', "ay") >= 0);
    for (size_t i = 0; i < n_chain; i++)
        append_zeros(call, issuer);
    assert_true(sd_bus_message_close_container(call) >= 0);
    assert_true(sd_bus_message_append(call, "a{sv}", 0) >= 0);
    return call;
}

static void test_s32_certificates_and_chains_past_their_size_are_refused(void **state) {
    Scene *scene = *state;
    scene->polkit.answer = POLKIT_YES;
    assert_error(scene, check_call(scene, 0, 0, 0), ERROR("InvalidArgument"));
    assert_error(scene, check_call(scene, OVCERT_CERTIFICATE_MAX + 1, 0, 0), ERROR("InvalidArgument"));
    assert_error(scene, check_call(scene, 1, OVCERT_CHAIN_MAX, 1), ERROR("InvalidArgument"));
    assert_error(scene, check_call(scene, 1, 1, OVCERT_CERTIFICATE_MAX + 1), ERROR("InvalidArgument"));
    assert_int_equal(scene->polkit.asked, 0);
    assert_error(scene, check_call(scene, OVCERT_CERTIFICATE_MAX, OVCERT_CHAIN_MAX - 1, OVCERT_CERTIFICATE_MAX), "");
}

static void test_s32_a_signature_past_its_size_is_refused(void **state) {
    Scene *scene = *state;
    sd_bus_message *call = profile_call(scene, "self", "Prove");
    assert_true(sd_bus_message_append(call, "ss", "0", "RSA") >= 0);
    append_zeros(call, OVCERT_SIGNATURE_MAX + 1);
    assert_error(scene, call, ERROR("InvalidArgument"));
    assert_int_equal(scene->polkit.asked, 0);
}

static void test_s32_a_fingerprint_of_another_size_is_refused(void **state) {
    Scene *scene = *state;
    static const size_t sizes[] = {0, 31, 33, 64};
    for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
        sd_bus_message *call = manager_call(scene, "Unbar");
        append_zeros(call, sizes[i]);
        assert_true(sd_bus_message_append(call, "a{sv}", 0) >= 0);
        assert_error(scene, call, ERROR("InvalidArgument"));
    }
    assert_int_equal(scene->polkit.asked, 0);
}

static void test_a_filter_that_no_profile_can_fit_is_refused(void **state) {
    Scene *scene = *state;
    static const char *const keys[] = {"state", "certificate-status"};
    for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
        sd_bus_message *call = manager_call(scene, "ListProfiles");
        assert_true(sd_bus_message_append(call, "a{sv}su", 1, keys[i], "s", "splendid", "", 10u) >= 0);
        assert_error(scene, call, ERROR("InvalidArgument"));
    }
    sd_bus_message *call = manager_call(scene, "ListProfiles");
    assert_true(sd_bus_message_append(call, "a{sv}su", 1, "expiring-within", "x", INT64_C(-1), "", 10u) >= 0);
    assert_error(scene, call, ERROR("InvalidArgument"));
    assert_int_equal(scene->polkit.asked, 0);
}

static void test_s32_a_mistyped_message_is_refused(void **state) {
    Scene *scene = *state;
    sd_bus_message *call = manager_call(scene, "GetProfile");
    assert_true(sd_bus_message_append(call, "u", 1) >= 0);
    assert_error(scene, call, SD_BUS_ERROR_INVALID_ARGS);
}

static void test_s32_unknown_repeated_and_mistyped_options_are_refused(void **state) {
    Scene *scene = *state;
    sd_bus_message *call = profile_call(scene, "self", "Unlink");
    assert_true(sd_bus_message_append(call, "a{sv}", 1, "frobnicate", "b", 1) >= 0);
    assert_error(scene, call, ERROR("InvalidArgument"));
    call = profile_call(scene, "self", "Unlink");
    assert_true(sd_bus_message_append(call, "a{sv}", 2, "until-assign", "b", 1, "until-assign", "b", 0) >= 0);
    assert_error(scene, call, ERROR("InvalidArgument"));
    call = profile_call(scene, "self", "Unlink");
    assert_true(sd_bus_message_append(call, "a{sv}", 1, "until-assign", "s", "yes") >= 0);
    assert_error(scene, call, ERROR("InvalidArgument"));
    call = profile_call(scene, "self", "Delete");
    assert_true(sd_bus_message_append(call, "a{sv}", 1, "until-assign", "b", 1) >= 0);
    assert_error(scene, call, ERROR("InvalidArgument"));
    assert_int_equal(scene->polkit.asked, 0);
}

static void test_s25_names_that_no_user_can_have_are_refused(void **state) {
    Scene *scene = *state;
    char long_name[70000];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    const char *const names[] = {"root\n", "-x", "a:b", "a/b", "..", "1234", "x\xe2\x80\xae", long_name};
    for (size_t i = 0; i < ELEMENTSOF(names); i++) {
        sd_bus_message *call = manager_call(scene, "GetProfile");
        assert_true(sd_bus_message_append(call, "s", names[i]) >= 0);
        assert_error(scene, call, ERROR("InvalidArgument"));
    }
    assert_int_equal(scene->polkit.asked, 0);
}

static void test_more_waiting_requests_than_the_limit_are_refused_and_all_end_with_their_caller(void **state) {
    Scene *scene = *state;
    Answer waiting = {0};
    scene->polkit.answer = POLKIT_SILENT;
    for (unsigned i = 0; i < REQUESTS_PER_UID; i++)
        send_call(scene, profile_call(scene, "missing", "Describe"), &waiting);
    turn_until(scene, &scene->polkit.asked, REQUESTS_PER_UID);
    assert_error(scene, profile_call(scene, "missing", "Describe"), ERROR("LimitExceeded"));
    assert_int_equal(waiting.here, 0);
    /* What is answered at once goes on. */
    sd_bus_message *call = new_call(scene, OVCERT_OBJECT_PATH, OVCERT_LOGIN_INTERFACE, "Hint");
    assert_true(sd_bus_message_append(call, "sa{sv}", "self", 0) >= 0);
    assert_error(scene, call, "");
    scene->client = sd_bus_close_unref(scene->client);
    turn_until(scene, &scene->polkit.cancelled, REQUESTS_PER_UID);
    assert_int_equal(scene->polkit.asked, REQUESTS_PER_UID);
}

/* --- answers --- */

static sd_bus_message *create_call(Scene *scene, const char *user) {
    sd_bus_message *call = manager_call(scene, "CreateProfile");
    assert_true(sd_bus_message_append(call, "sa{sv}a{sv}", user, 1, "kind", "s", "portal", 0) >= 0);
    return call;
}

static void test_a_change_that_cannot_be_stored_is_answered_with_storage_and_did_not_happen(void **state) {
    Scene *scene = *state;
    struct rlimit all;
    scene->polkit.answer = POLKIT_YES;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = all.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    CLEANUP(free_pointer) char *seen = error_of(scene, create_call(scene, "lost"));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
    assert_string_equal(seen, ERROR("Storage"));
    assert_error(scene, profile_call(scene, "lost", "Describe"), ERROR("NotFound"));
    assert_error(scene, create_call(scene, "lost"), "");
}

static void test_a_change_is_answered_when_it_is_committed(void **state) {
    Scene *scene = *state;
    Answer answers = {0};
    scene->polkit.answer = POLKIT_YES;
    for (unsigned i = 0; i < 10; i++) {
        char user[16];
        (void) snprintf(user, sizeof user, "portal%u", i);
        send_call(scene, create_call(scene, user), &answers);
    }
    while (answers.here == 0)
        turn(scene);
    assert_false(sd_bus_message_is_method_error(answers.reply, NULL));
    turn_until(scene, &answers.here, 10);
    assert_false(service_needs_commit(scene->world->service));
    sd_bus_message_unref(answers.reply);
}

static int on_signal(sd_bus_message *signal, void *userdata, sd_bus_error *error) {
    (void) signal, (void) error;
    (*(unsigned *) userdata)++;
    return 0;
}

static void test_s27_signals_reach_nobody_but_root_and_the_owner(void **state) {
    Scene *scene = *state;
    unsigned seen = 0;
    scene->polkit.answer = POLKIT_YES;
    assert_true(
        sd_bus_add_match(scene->client, NULL, "type='signal',path_namespace='/org/ovcert1'", on_signal, &seen) >= 0);
    assert_error(scene, create_call(scene, "portal"), "");
    /* Messages of one connection keep their order: the signal would have come before this answer. */
    assert_error(scene, profile_call(scene, "portal", "Describe"), "");
    assert_int_equal(seen, 0);
}

static void test_the_owner_is_told_that_his_properties_changed(void **state) {
    Scene *scene = *state;
    unsigned seen = 0;
    CLEANUP(free_pointer) char *own = NULL;
    assert_int_equal(service_own_name(scene->world->service, getuid(), &own), 0);
    scene->polkit.answer = POLKIT_YES;
    assert_true(
        sd_bus_add_match(scene->client, NULL, "type='signal',path_namespace='/org/ovcert1'", on_signal, &seen) >= 0);
    sd_bus_message *call = profile_call(scene, own, "Block");
    assert_true(sd_bus_message_append(call, "a{sv}", 0) >= 0);
    assert_error(scene, call, "");
    turn_until(scene, &seen, 1);
}

#define ON_BUS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BUS(test_s28_a_message_without_a_sender_is_denied),
        ON_BUS(test_s27_a_foreign_profile_and_a_missing_one_are_asked_for_and_denied_alike),
        ON_BUS(test_s27_properties_are_for_the_owner_and_deny_missing_and_foreign_alike),
        ON_BUS(test_a_uid_is_believed_of_root_alone),
        ON_BUS(test_the_owner_needs_no_more_than_read_own),
        ON_BUS(test_s32_certificates_and_chains_past_their_size_are_refused),
        ON_BUS(test_s32_a_signature_past_its_size_is_refused),
        ON_BUS(test_s32_a_fingerprint_of_another_size_is_refused),
        ON_BUS(test_a_filter_that_no_profile_can_fit_is_refused),
        ON_BUS(test_s32_a_mistyped_message_is_refused),
        ON_BUS(test_s32_unknown_repeated_and_mistyped_options_are_refused),
        ON_BUS(test_s25_names_that_no_user_can_have_are_refused),
        ON_BUS(test_more_waiting_requests_than_the_limit_are_refused_and_all_end_with_their_caller),
        ON_BUS(test_a_change_that_cannot_be_stored_is_answered_with_storage_and_did_not_happen),
        ON_BUS(test_a_change_is_answered_when_it_is_committed),
        ON_BUS(test_s27_signals_reach_nobody_but_root_and_the_owner),
        ON_BUS(test_the_owner_is_told_that_his_properties_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

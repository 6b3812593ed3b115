/* SPDX-License-Identifier: BSD-2-Clause */
/* Authority on a real bus: whatever is not a complete yes of polkit's is a no (SECURITY 29). */
#include "ovcertd/bus/authority.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "tests/ovcertd/bus/private_bus.h"

typedef struct Scene {
    PrivateBus bus;
    sd_bus *daemon;
    bool answered;
    bool granted;
} Scene;

static int set_up(void **state) {
    static Scene scene;
    scene = (Scene){0};
    private_bus_start(&scene.bus);
    scene.daemon = private_bus_connect(&scene.bus);
    *state = &scene;
    return 0;
}

static int tear_down(void **state) {
    Scene *scene = *state;
    scene->daemon = sd_bus_flush_close_unref(scene->daemon);
    private_bus_stop(&scene->bus);
    return 0;
}

static void on_answer(void *data, bool granted) {
    Scene *scene = data;
    scene->answered = true;
    scene->granted = granted;
}

static Authorization *ask(Scene *scene, bool interactive) {
    AuthorityQuestion question = {.sender = ":1.99", .action = "org.ovcert1.manage-own", .interactive = interactive};
    Authorization *authorization = NULL;
    scene->answered = scene->granted = false;
    assert_int_equal(authority_ask(scene->daemon, &question, on_answer, scene, &authorization), 0);
    return authorization;
}

static bool is_granted(Scene *scene, FakePolkit *polkit) {
    Authorization *authorization = ask(scene, false);
    sd_bus *connections[] = {scene->daemon, polkit->bus};
    private_bus_drive(connections, polkit->bus ? 2 : 1, &scene->answered);
    (void) authorization_free(authorization);
    return scene->granted;
}

static void test_s29_polkit_absent_denies(void **state) {
    FakePolkit none = {0};
    assert_false(is_granted(*state, &none));
}

static void test_s29_anything_but_a_complete_yes_denies(void **state) {
    static const PolkitAnswer answers[] = {POLKIT_NO, POLKIT_CHALLENGE, POLKIT_ERROR, POLKIT_GARBLED, POLKIT_SHORT};
    Scene *scene = *state;
    FakePolkit polkit;
    fake_polkit_init(&polkit, &scene->bus);
    for (size_t i = 0; i < ELEMENTSOF(answers); i++) {
        polkit.answer = answers[i];
        assert_false(is_granted(scene, &polkit));
    }
    assert_int_equal(polkit.asked, ELEMENTSOF(answers));
    fake_polkit_done(&polkit);
}

static void test_s29_polkit_that_dies_during_a_check_denies(void **state) {
    Scene *scene = *state;
    FakePolkit polkit;
    fake_polkit_init(&polkit, &scene->bus);
    polkit.answer = POLKIT_SILENT;
    Authorization *authorization = ask(scene, true);
    while (polkit.asked == 0)
        assert_true(sd_bus_process(polkit.bus, NULL) >= 0 && sd_bus_process(scene->daemon, NULL) >= 0);
    assert_false(scene->answered);
    fake_polkit_done(&polkit);
    private_bus_drive(&scene->daemon, 1, &scene->answered);
    assert_false(scene->granted);
    (void) authorization_free(authorization);
}

static void test_s29_silence_denies_after_five_seconds_and_takes_the_question_back(void **state) {
    Scene *scene = *state;
    FakePolkit polkit;
    fake_polkit_init(&polkit, &scene->bus);
    polkit.answer = POLKIT_SILENT;
    assert_false(is_granted(scene, &polkit));
    while (polkit.cancelled == 0)
        assert_true(sd_bus_process(polkit.bus, NULL) >= 0 && sd_bus_process(scene->daemon, NULL) >= 0);
    fake_polkit_done(&polkit);
}

static void test_a_question_given_up_is_taken_back_and_never_answered(void **state) {
    Scene *scene = *state;
    FakePolkit polkit;
    fake_polkit_init(&polkit, &scene->bus);
    polkit.answer = POLKIT_SILENT;
    (void) authorization_free(ask(scene, true));
    while (polkit.cancelled == 0)
        assert_true(sd_bus_process(polkit.bus, NULL) >= 0 && sd_bus_process(scene->daemon, NULL) >= 0);
    assert_false(scene->answered);
    fake_polkit_done(&polkit);
}

static void test_a_yes_grants_and_the_subject_is_the_bus_name(void **state) {
    Scene *scene = *state;
    FakePolkit polkit;
    fake_polkit_init(&polkit, &scene->bus);
    polkit.answer = POLKIT_YES;
    assert_true(is_granted(scene, &polkit));
    assert_string_equal(polkit.subject, "system-bus-name");
    assert_string_equal(polkit.name, ":1.99");
    assert_string_equal(polkit.action, "org.ovcert1.manage-own");
    assert_int_equal(polkit.flags, 0);
    fake_polkit_done(&polkit);
}

static void test_polkit_may_ask_the_user_only_when_the_caller_allows(void **state) {
    Scene *scene = *state;
    FakePolkit polkit;
    fake_polkit_init(&polkit, &scene->bus);
    polkit.answer = POLKIT_YES;
    Authorization *authorization = ask(scene, true);
    sd_bus *connections[] = {scene->daemon, polkit.bus};
    private_bus_drive(connections, 2, &scene->answered);
    (void) authorization_free(authorization);
    assert_true(scene->granted);
    assert_int_equal(polkit.flags, 1);
    fake_polkit_done(&polkit);
}

#define ON_BUS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BUS(test_s29_polkit_absent_denies),
        ON_BUS(test_s29_anything_but_a_complete_yes_denies),
        ON_BUS(test_s29_polkit_that_dies_during_a_check_denies),
        ON_BUS(test_s29_silence_denies_after_five_seconds_and_takes_the_question_back),
        ON_BUS(test_a_question_given_up_is_taken_back_and_never_answered),
        ON_BUS(test_a_yes_grants_and_the_subject_is_the_bus_name),
        ON_BUS(test_polkit_may_ask_the_user_only_when_the_caller_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

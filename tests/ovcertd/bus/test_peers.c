/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers on a real bus: more connections than fit at first, in whatever order they speak and leave. */
#include "ovcertd/bus/peers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/ovcertd/bus/private_bus.h"

#define CLIENTS 40u

typedef struct Scene {
    PrivateBus bus;
    sd_bus *daemon;
    sd_bus *clients[CLIENTS];
    Peers *peers;
    bool heard;
    int result; /* of peers_uid() for what was heard last */
    uid_t uid;
} Scene;

static int on_message(sd_bus_message *message, void *data, sd_bus_error *error) {
    Scene *scene = data;
    (void) error;
    if (!sd_bus_message_is_signal(message, "org.example.Test", "Here"))
        return 0;
    scene->result = peers_uid(scene->peers, message, &scene->uid);
    scene->heard = true;
    return 1;
}

static int set_up(void **state) {
    static Scene scene;
    scene = (Scene){0};
    private_bus_start(&scene.bus);
    scene.daemon = private_bus_connect(&scene.bus);
    assert_true(sd_bus_add_filter(scene.daemon, NULL, on_message, &scene) >= 0);
    for (size_t i = 0; i < CLIENTS; i++)
        scene.clients[i] = private_bus_connect(&scene.bus);
    scene.peers = peers_new();
    assert_non_null(scene.peers);
    *state = &scene;
    return 0;
}

static int tear_down(void **state) {
    Scene *scene = *state;
    (void) peers_free(scene->peers);
    for (size_t i = 0; i < CLIENTS; i++)
        sd_bus_flush_close_unref(scene->clients[i]);
    sd_bus_flush_close_unref(scene->daemon);
    private_bus_stop(&scene->bus);
    return 0;
}

static const char *name_of(sd_bus *bus) {
    const char *name = NULL;
    assert_true(sd_bus_get_unique_name(bus, &name) >= 0);
    return name;
}

/* The client speaks, and is known from then on. */
static void speak(Scene *scene, size_t client) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
    sd_bus *bus = scene->clients[client];
    scene->heard = false;
    scene->uid = (uid_t) -1;
    assert_true(sd_bus_message_new_signal(bus, &signal, "/org/example/Test", "org.example.Test", "Here") >= 0);
    assert_true(sd_bus_send_to(bus, signal, name_of(scene->daemon), NULL) >= 0);
    private_bus_drive((sd_bus *const[]){bus, scene->daemon}, 2, &scene->heard);
    assert_int_equal(scene->result, 0);
    assert_int_equal(scene->uid, getuid());
}

static bool is_known(const Scene *scene, const char *name) {
    size_t found = 0;
    for (size_t i = 0; i < peers_count(scene->peers); i++) {
        uid_t uid;
        found += strcmp(peers_get(scene->peers, i, &uid), name) == 0;
    }
    assert_true(found <= 1);
    return found == 1;
}

static void test_who_leaves_is_forgotten_and_nobody_else(void **state) {
    Scene *scene = *state;
    for (size_t i = 0; i < CLIENTS; i++)
        speak(scene, (i * 7) % CLIENTS);
    peers_drop(scene->peers, ":1.nobody");
    for (size_t i = 0; i < CLIENTS; i += 3)
        peers_drop(scene->peers, name_of(scene->clients[i]));
    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(is_known(scene, name_of(scene->clients[i])), i % 3 != 0);
    for (size_t i = 0; i < CLIENTS; i++)
        peers_drop(scene->peers, name_of(scene->clients[i]));
    assert_int_equal(peers_count(scene->peers), 0);
}

static void test_everybody_is_there_once_however_often_he_speaks(void **state) {
    Scene *scene = *state;
    for (size_t i = 0; i < 2 * CLIENTS; i++)
        speak(scene, (i * 7) % CLIENTS);
    assert_int_equal(peers_count(scene->peers), CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++)
        assert_true(is_known(scene, name_of(scene->clients[i])));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_leaves_is_forgotten_and_nobody_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_everybody_is_there_once_however_often_he_speaks, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

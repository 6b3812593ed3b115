/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of client/client: whatever state the bus or the service is in, calls come back by their deadline with one of
 * the outcomes that the header lists. */
#include "client/client.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/error.h"
#include "common/frame.h"
#include "common/protocol.h"
#include "tests/client/bus.h"

#define MILLISECOND UINT64_C(1000)
#define BRIEF (200 * MILLISECOND)  /* what a call may take that is meant to fail */
#define AMPLE (5000 * MILLISECOND) /* SECURITY 19 */

/* Answers by the member's name. */
static int answer(sd_bus_message *message, void *userdata, sd_bus_error *error) {
    (void) userdata;
    (void) error;
    const char *member = sd_bus_message_get_member(message);
    if (!sd_bus_message_is_method_call(message, OVCERT_MANAGER_INTERFACE, NULL))
        return 0;
    if (strcmp(member, "Silent") == 0)
        return 1;
    if (strcmp(member, "Die") == 0)
        _exit(0);
    if (strcmp(member, "Refuse") == 0)
        return sd_bus_reply_method_errorf(message, "org.ovcert1.Error.CertificateRefused", "%s",
                                          "expired (certificate): \\x01\nrevoked\033[31m");
    if (strcmp(member, "Odd") == 0)
        return sd_bus_reply_method_errorf(message, "org.example.Odd", "%s", "");
    if (strcmp(member, "Interactive") == 0)
        return sd_bus_reply_method_return(message, "b", sd_bus_message_get_allow_interactive_authorization(message));
    return sd_bus_reply_method_return(message, "s", "here");
}

typedef struct Fixture {
    TestBus bus;
    pid_t service;
} Fixture;

static int setup(void **state) {
    Fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->bus = test_bus_start();
    fixture->service = test_service_start(&fixture->bus, answer);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    Fixture *fixture = *state;
    test_child_end(fixture->service);
    test_bus_end(&fixture->bus);
    free(fixture);
    return 0;
}

static Client *connected(const Fixture *fixture) {
    Client *client = NULL;
    assert_int_equal(client_new(fixture->bus.address, frame_now() + AMPLE, &client), 0);
    return client;
}

static int call(Client *client, const char *member, uint64_t duration, sd_bus_message **ret_reply) {
    sd_bus_message *message = NULL;
    assert_int_equal(client_message(client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, member, &message), 0);
    int r = client_call(client, message, frame_now() + duration, ret_reply);
    (void) sd_bus_message_unref(message);
    return r;
}

static void test_missing_bus_is_unavailable(void **state) {
    (void) state;
    Client *client = NULL;
    assert_int_equal(client_new("unix:path=/nonexistent/bus", frame_now() + AMPLE, &client), OVCERT_ERROR_UNAVAILABLE);
    assert_null(client);
    assert_int_equal(client_new("nonsense", frame_now() + AMPLE, &client), OVCERT_ERROR_UNAVAILABLE);
    assert_null(client_free(NULL));
}

static void test_s19_stopped_bus_is_unavailable_by_the_deadline_when_connecting(void **state) {
    Fixture *fixture = *state;
    test_bus_signal(&fixture->bus, SIGSTOP);
    uint64_t began = frame_now();
    Client *client = NULL;
    assert_int_equal(client_new(fixture->bus.address, began + BRIEF, &client), OVCERT_ERROR_UNAVAILABLE);
    assert_true(frame_now() - began < AMPLE);
    test_bus_signal(&fixture->bus, SIGCONT);
}

static void test_s19_stopped_bus_is_unavailable_by_the_deadline_when_calling_and_closing(void **state) {
    Fixture *fixture = *state;
    Client *client = connected(fixture);
    test_bus_signal(&fixture->bus, SIGSTOP);
    uint64_t began = frame_now();
    assert_int_equal(call(client, "Ping", BRIEF, NULL), OVCERT_ERROR_UNAVAILABLE);
    assert_int_equal(call(client, "Ping", BRIEF, NULL), OVCERT_ERROR_UNAVAILABLE);
    assert_null(client_free(client));
    assert_true(frame_now() - began < AMPLE);
    test_bus_signal(&fixture->bus, SIGCONT);
}

/* A service that listens and never accepts: even the backlog may be full. */
static void test_s19_listener_that_never_accepts_is_unavailable_by_the_deadline(void **state) {
    Fixture *fixture = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void) snprintf(address.sun_path, sizeof address.sun_path, "%s/mute", fixture->bus.folder);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *) &address, sizeof address), 0);
    assert_int_equal(listen(listener, 0), 0);
    char *text = NULL;
    assert_true(asprintf(&text, "unix:path=%s", address.sun_path) > 0);
    uint64_t began = frame_now();
    Client *clients[3] = {NULL};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(client_new(text, frame_now() + BRIEF, &clients[i]), OVCERT_ERROR_UNAVAILABLE);
    assert_true(frame_now() - began < AMPLE);
    free(text);
    assert_int_equal(close(listener), 0);
    assert_int_equal(unlink(address.sun_path), 0);
}

static void test_s19_silent_service_is_unavailable_by_the_deadline_and_the_client_lives_on(void **state) {
    Client *client = connected(*state);
    uint64_t began = frame_now();
    assert_int_equal(call(client, "Silent", BRIEF, NULL), OVCERT_ERROR_UNAVAILABLE);
    assert_true(frame_now() - began < AMPLE);
    assert_string_not_equal(client_failure(client), "");
    assert_int_equal(call(client, "Ping", AMPLE, NULL), 0);
    assert_string_equal(client_failure(client), "");
    (void) client_free(client);
}

static void test_deadline_in_the_past_sends_nothing(void **state) {
    Client *client = connected(*state);
    assert_int_equal(call(client, "Die", 0, NULL), OVCERT_ERROR_UNAVAILABLE);
    assert_int_equal(call(client, "Ping", AMPLE, NULL), 0);
    (void) client_free(client);
    assert_int_equal(client_new(((Fixture *) *state)->bus.address, 1, &client), OVCERT_ERROR_UNAVAILABLE);
}

static void test_service_that_dies_is_unavailable(void **state) {
    Fixture *fixture = *state;
    Client *client = connected(fixture);
    assert_int_equal(call(client, "Die", AMPLE, NULL), OVCERT_ERROR_UNAVAILABLE);
    assert_int_equal(call(client, "Ping", AMPLE, NULL), OVCERT_ERROR_UNAVAILABLE); /* ServiceUnknown */
    (void) client_free(client);
}

static void test_bus_that_dies_is_unavailable(void **state) {
    Fixture *fixture = *state;
    Client *client = connected(fixture);
    test_bus_end(&fixture->bus);
    assert_int_equal(call(client, "Ping", AMPLE, NULL), OVCERT_ERROR_UNAVAILABLE);
    assert_int_equal(call(client, "Ping", AMPLE, NULL), OVCERT_ERROR_UNAVAILABLE);
    (void) client_free(client);
    fixture->bus = test_bus_start();
}

static void test_bus_policy_refusal_is_denied(void **state) {
    Client *client = connected(*state);
    assert_int_equal(call(client, "Forbidden", AMPLE, NULL), OVCERT_ERROR_DENIED);
    (void) client_free(client);
}

static void test_error_of_ours_is_its_outcome_with_an_escaped_detail(void **state) {
    Client *client = connected(*state);
    assert_int_equal(call(client, "Refuse", AMPLE, NULL), OVCERT_ERROR_CERTIFICATE_REFUSED);
    assert_string_equal(client_failure(client), "expired (certificate): \\x01\nrevoked\\x1b[31m");
    (void) client_free(client);
}

static void test_unknown_error_is_unavailable_and_named(void **state) {
    Client *client = connected(*state);
    assert_int_equal(call(client, "Odd", AMPLE, NULL), OVCERT_ERROR_UNAVAILABLE);
    assert_string_equal(client_failure(client), "org.example.Odd");
    (void) client_free(client);
}

static void test_interrupt_ends_a_call(void **state) {
    Client *client = connected(*state);
    int interrupt = eventfd(1, EFD_CLOEXEC);
    assert_true(interrupt >= 0);
    client_set_interrupt(client, interrupt);
    assert_int_equal(call(client, "Silent", AMPLE, NULL), -EINTR);
    client_set_interrupt(client, -1);
    assert_int_equal(call(client, "Ping", AMPLE, NULL), 0);
    (void) client_free(client);
    assert_int_equal(close(interrupt), 0);
}

static void test_interactive_authorization_is_off_until_asked_for(void **state) {
    Client *client = connected(*state);
    for (int wanted = 0; wanted <= 1; wanted++) {
        sd_bus_message *reply = NULL;
        int got = -1;
        client_set_interactive(client, wanted);
        assert_int_equal(call(client, "Interactive", AMPLE, &reply), 0);
        assert_true(sd_bus_message_read(reply, "b", &got) > 0);
        assert_int_equal(got, wanted);
        (void) sd_bus_message_unref(reply);
    }
    (void) client_free(client);
}

static void test_profile_message_refuses_what_is_no_user_name(void **state) {
    Client *client = connected(*state);
    sd_bus_message *message = NULL;
    assert_int_equal(client_profile_message(client, "", "Describe", &message), -EINVAL);
    assert_int_equal(client_profile_message(client, "a/b", "Describe", &message), -EINVAL);
    assert_int_equal(client_profile_message(client, "demo\n", "Describe", &message), -EINVAL);
    assert_int_equal(client_profile_message(client, "a.b", "Describe", &message), 0);
    assert_string_equal(sd_bus_message_get_path(message), "/org/ovcert1/profile/a_2eb");
    (void) sd_bus_message_unref(message);
    (void) client_free(client);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missing_bus_is_unavailable),
        TEST(test_s19_stopped_bus_is_unavailable_by_the_deadline_when_connecting),
        TEST(test_s19_stopped_bus_is_unavailable_by_the_deadline_when_calling_and_closing),
        TEST(test_s19_listener_that_never_accepts_is_unavailable_by_the_deadline),
        TEST(test_s19_silent_service_is_unavailable_by_the_deadline_and_the_client_lives_on),
        TEST(test_deadline_in_the_past_sends_nothing),
        TEST(test_service_that_dies_is_unavailable),
        TEST(test_bus_that_dies_is_unavailable),
        TEST(test_bus_policy_refusal_is_denied),
        TEST(test_error_of_ours_is_its_outcome_with_an_escaped_detail),
        TEST(test_unknown_error_is_unavailable_and_named),
        TEST(test_interrupt_ends_a_call),
        TEST(test_interactive_authorization_is_off_until_asked_for),
        TEST(test_profile_message_refuses_what_is_no_user_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

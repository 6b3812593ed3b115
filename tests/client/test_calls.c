/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of client/calls: a challenge that is not for what was asked, or a reply of another shape, never gets through.
 */
#include "client/client.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/error.h"
#include "common/frame.h"
#include "common/protocol.h"
#include "tests/client/bus.h"

#define AMPLE UINT64_C(5000000)
#define UID 4711u

static const uint8_t octets[64] = {1, 2, 3};

/* How the answer to a user of this name strays from the right one. */
typedef struct Answer {
    const char *name;
    const char *user, *purpose, *service, *tty;
    bool other_uid, text_uid, no_deadline, tty_twice, more;
    size_t nonce, host_id, boot_id, replaced;
} Answer;

static const Answer answers[] = {
    {.name = "right"},
    {.name = "more", .more = true},
    {.name = "replaces", .replaced = 32},
    {.name = "other-user", .user = "demo"},
    {.name = "other-service", .service = "sshd"},
    {.name = "other-tty", .tty = "tty9"},
    {.name = "other-uid", .other_uid = true},
    {.name = "other-purpose", .purpose = "renew"},
    {.name = "login", .purpose = "login"},
    {.name = "assign", .purpose = "assign"},
    {.name = "text-uid", .text_uid = true},
    {.name = "no-deadline", .no_deadline = true},
    {.name = "tty-twice", .tty_twice = true},
    {.name = "short-nonce", .nonce = 31},
    {.name = "long-nonce", .nonce = 33},
    {.name = "short-host-id", .host_id = 15},
    {.name = "short-boot-id", .boot_id = 15},
    {.name = "short-replaced", .replaced = 31},
    {.name = "octet", .replaced = 1},
    {.name = "stub", .replaced = 31},
    {.name = "excess", .replaced = 33},
};

static const Answer *find_answer(const char *user) {
    for (size_t i = 0; i < ELEMENTSOF(answers); i++)
        if (strcmp(answers[i].name, user) == 0)
            return &answers[i];
    return &answers[0];
}

static int append_octets(sd_bus_message *reply, const char *key, size_t size) {
    int r;
    if ((r = sd_bus_message_open_container(reply, 'e', "sv")) < 0 || (r = sd_bus_message_append(reply, "s", key)) < 0 ||
        (r = sd_bus_message_open_container(reply, 'v', "ay")) < 0 ||
        (r = sd_bus_message_append_array(reply, 'y', octets, size)) < 0 ||
        (r = sd_bus_message_close_container(reply)) < 0)
        return r;
    return sd_bus_message_close_container(reply);
}

/* The right answers to the context that the tests below send. */
static int append_fields(sd_bus_message *reply, const Answer *answer, const char *user, const char *purpose) {
    int r;
    uint32_t uid = geteuid() == 0 ? UID : geteuid();
    if ((r = sd_bus_message_open_container(reply, 'a', "{sv}")) < 0)
        return r;
    r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}", "purpose", "s", answer->purpose ? answer->purpose : purpose,
                              "user", "s", answer->user ? answer->user : user, "service", "s",
                              answer->service ? answer->service : "login", "tty", "s",
                              answer->tty ? answer->tty : "tty1");
    if (r >= 0)
        r = answer->text_uid ? sd_bus_message_append(reply, "{sv}", "uid", "s", "4711")
                             : sd_bus_message_append(reply, "{sv}", "uid", "u", uid + (answer->other_uid ? 1 : 0));
    if (r >= 0)
        r = append_octets(reply, "host-id", answer->host_id ? answer->host_id : 16);
    if (r >= 0)
        r = append_octets(reply, "boot-id", answer->boot_id ? answer->boot_id : 16);
    if (r >= 0 && answer->replaced > 0)
        r = append_octets(reply, "replaced", answer->replaced);
    if (r >= 0 && answer->tty_twice)
        r = sd_bus_message_append(reply, "{sv}", "tty", "s", "tty1");
    if (r >= 0 && answer->more)
        r = sd_bus_message_append(reply, "{sv}", "more", "a{sv}", 1, "inside", "as", 1, "x");
    if (r >= 0 && !answer->no_deadline)
        r = sd_bus_message_append(reply, "{sv}", "deadline", "t", UINT64_C(99));
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int answer_challenge(sd_bus_message *message, const char *user, const char *purpose) {
    const Answer *answer = find_answer(user);
    sd_bus_message *reply = NULL;
    int r;
    if ((r = sd_bus_message_new_method_return(message, &reply)) < 0 ||
        (r = sd_bus_message_append(reply, "s", "the-id")) < 0 ||
        (r = sd_bus_message_append_array(reply, 'y', octets, answer->nonce ? answer->nonce : 32)) < 0 ||
        (r = append_fields(reply, answer, user, purpose)) < 0)
        return r;
    r = sd_bus_send(NULL, reply, NULL);
    (void) sd_bus_message_unref(reply);
    return r < 0 ? r : 1;
}

static int answer_hint(sd_bus_message *message, const char *user) {
    sd_bus_message *reply = NULL;
    if (strcmp(user, "text") == 0)
        return sd_bus_reply_method_return(message, "a{sv}", 1, "fingerprint", "s", "0123");
    if (strcmp(user, "missing") == 0)
        return sd_bus_reply_method_return(message, "a{sv}", 0);
    if (strcmp(user, "array") == 0)
        return sd_bus_reply_method_return(message, "as", 0);
    if (strcmp(user, "nothing") == 0)
        return sd_bus_reply_method_return(message, "");
    int r;
    if ((r = sd_bus_message_new_method_return(message, &reply)) < 0 ||
        (r = sd_bus_message_open_container(reply, 'a', "{sv}")) < 0 ||
        (r = append_octets(reply, "fingerprint", strcmp(user, "short") == 0 ? 31 : 32)) < 0 ||
        (r = sd_bus_message_close_container(reply)) < 0)
        return r;
    r = sd_bus_send(NULL, reply, NULL);
    (void) sd_bus_message_unref(reply);
    return r < 0 ? r : 1;
}

/* Says back what it has got, so that the test sees that the message had the contract's form. */
static int answer_finish(sd_bus_message *message) {
    const char *id, *algorithm;
    const void *certificate, *issuer, *signature;
    size_t size[3];
    int r;
    if ((r = sd_bus_message_read(message, "s", &id)) < 0 ||
        (r = sd_bus_message_read_array(message, 'y', &certificate, &size[0])) < 0 ||
        (r = sd_bus_message_enter_container(message, 'a', "ay")) < 0 ||
        (r = sd_bus_message_read_array(message, 'y', &issuer, &size[1])) < 0 ||
        (r = sd_bus_message_exit_container(message)) < 0 || (r = sd_bus_message_read(message, "s", &algorithm)) < 0 ||
        (r = sd_bus_message_read_array(message, 'y', &signature, &size[2])) < 0 ||
        (r = sd_bus_message_skip(message, "a{sv}")) < 0)
        return r;
    if (strcmp(id, "the-id") != 0 || strcmp(algorithm, "ed25519") != 0 || size[0] != 3 || size[1] != 2 || size[2] != 1)
        return sd_bus_reply_method_errorf(message, "org.ovcert1.Error.InvalidArgument", "not what was sent");
    return sd_bus_reply_method_return(message, "a{sv}", 5, "user", "s", "right", "not-after", "x", INT64_C(1000),
                                      "days-left", "x", INT64_C(-3), "expiring", "b", 1, "warnings", "as", 0);
}

static int answer(sd_bus_message *message, void *userdata, sd_bus_error *error) {
    (void) userdata;
    (void) error;
    const char *user = NULL;
    if (sd_bus_message_is_method_call(message, OVCERT_LOGIN_INTERFACE, "Finish"))
        return answer_finish(message);
    if (sd_bus_message_is_method_call(message, OVCERT_PROFILE_INTERFACE, "BeginProof"))
        return answer_challenge(message, strrchr(sd_bus_message_get_path(message), '/') + 1, "assign");
    if (sd_bus_message_is_method_call(message, OVCERT_PROFILE_INTERFACE, "Prove"))
        return sd_bus_reply_method_return(message, "s", "the-candidate");
    if (!sd_bus_message_is_method_call(message, OVCERT_LOGIN_INTERFACE, NULL))
        return 0;
    int r = sd_bus_message_read(message, "s", &user);
    if (r < 0)
        return r;
    return sd_bus_message_is_method_call(message, NULL, "Hint") ? answer_hint(message, user)
                                                                : answer_challenge(message, user, "login");
}

typedef struct Fixture {
    TestBus bus;
    pid_t service;
    Client *client;
} Fixture;

static int setup(void **state) {
    Fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->bus = test_bus_start();
    fixture->service = test_service_start(&fixture->bus, answer);
    assert_int_equal(client_new(fixture->bus.address, frame_now() + AMPLE, &fixture->client), 0);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    Fixture *fixture = *state;
    (void) client_free(fixture->client);
    test_child_end(fixture->service);
    test_bus_end(&fixture->bus);
    free(fixture);
    return 0;
}

static const ClientContext context = {.uid = UID, .service = "login", .tty = "tty1"};

static int hint(Fixture *fixture, const char *user) {
    uint8_t fingerprint[32];
    return client_login_hint(fixture->client, user, &context, frame_now() + AMPLE, fingerprint);
}

static int begin(Fixture *fixture, const char *user) {
    ClientChallenge challenge = {0};
    int r = client_login_begin(fixture->client, user, &context, frame_now() + AMPLE, &challenge);
    client_challenge_done(&challenge);
    return r;
}

static int begin_proof(Fixture *fixture, const char *user) {
    ClientChallenge challenge = {0};
    int r = client_begin_proof(fixture->client, user, (View){octets, 3}, NULL, "login", "tty1", frame_now() + AMPLE,
                               &challenge);
    client_challenge_done(&challenge);
    return r;
}

static void test_hint_of_another_shape_is_unavailable(void **state) {
    assert_int_equal(hint(*state, "text"), OVCERT_ERROR_UNAVAILABLE);
    assert_int_equal(hint(*state, "missing"), OVCERT_ERROR_UNAVAILABLE);
    assert_int_equal(hint(*state, "short"), OVCERT_ERROR_UNAVAILABLE);
    assert_int_equal(hint(*state, "array"), OVCERT_ERROR_UNAVAILABLE);
    assert_int_equal(hint(*state, "nothing"), OVCERT_ERROR_UNAVAILABLE);
}

static void test_s25_text_that_is_not_utf8_is_not_sent(void **state) {
    assert_int_equal(hint(*state, "\xff"), -EINVAL);
    assert_int_equal(begin(*state, "demo\xc3"), -EINVAL);
    assert_int_equal(hint(*state, "right"), 0);
}

static void test_challenge_for_something_else_is_unavailable(void **state) {
    static const char *const wrong[] = {"other-user", "other-service", "other-tty",     "other-uid", "other-purpose",
                                        "assign",     "text-uid",      "no-deadline",   "tty-twice", "short-nonce",
                                        "long-nonce", "short-host-id", "short-boot-id", "replaces",  "short-replaced"};
    for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
        assert_int_equal(begin(*state, wrong[i]), OVCERT_ERROR_UNAVAILABLE);
}

static void test_proof_challenge_for_something_else_is_unavailable(void **state) {
    static const char *const wrong[] = {"login", "octet", "stub", "excess"}; /* names that need no escape in a path */
    for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
        assert_int_equal(begin_proof(*state, wrong[i]), OVCERT_ERROR_UNAVAILABLE);
}

static void test_hint_is_the_fingerprint(void **state) {
    Fixture *fixture = *state;
    uint8_t fingerprint[32] = {0};
    assert_int_equal(client_login_hint(fixture->client, "right", &context, frame_now() + AMPLE, fingerprint), 0);
    assert_memory_equal(fingerprint, octets, sizeof fingerprint);
}

static void test_begin_fills_the_statement(void **state) {
    Fixture *fixture = *state;
    ClientChallenge challenge = {0};
    assert_int_equal(client_login_begin(fixture->client, "right", &context, frame_now() + AMPLE, &challenge), 0);
    assert_string_equal(challenge.id, "the-id");
    const Statement *statement = &challenge.statement;
    assert_int_equal(statement->purpose, STATEMENT_LOGIN);
    assert_string_equal(statement->user, "right");
    assert_string_equal(statement->service, "login");
    assert_string_equal(statement->tty, "tty1");
    assert_int_equal(statement->uid, geteuid() == 0 ? UID : geteuid());
    assert_memory_equal(statement->nonce, octets, sizeof statement->nonce);
    assert_memory_equal(statement->host_id, octets, sizeof statement->host_id);
    assert_false(statement->has_replaced);
    assert_int_equal(statement->deadline, 99);
    client_challenge_done(&challenge);
    assert_int_equal(begin(fixture, "more"), 0); /* keys of a later version do no harm */
}

static void test_finish_sends_the_contract_and_reads_the_result(void **state) {
    Fixture *fixture = *state;
    uint8_t issuer[2] = {7, 8};
    BytesList chain = {0};
    assert_int_equal(bytes_list_append(&chain, (View){issuer, 2}), 0);
    ClientChallenge challenge = {0};
    ClientLogin login = {0};
    assert_int_equal(client_login_begin(fixture->client, "right", &context, frame_now() + AMPLE, &challenge), 0);
    assert_int_equal(client_login_finish(fixture->client, &challenge, (View){octets, 3}, &chain, "ed25519",
                                         (View){octets, 1}, frame_now() + AMPLE, &login),
                     0);
    assert_string_equal(login.user, "right");
    assert_int_equal(login.not_after, 1000);
    assert_int_equal(login.days_left, -3);
    assert_true(login.expiring);
    client_login_done(&login);
    client_challenge_done(&challenge);
    bytes_list_done(&chain);
}

static void test_finish_for_another_user_is_unavailable(void **state) {
    Fixture *fixture = *state;
    BytesList chain = {0};
    uint8_t issuer[2] = {7, 8};
    assert_int_equal(bytes_list_append(&chain, (View){issuer, 2}), 0);
    ClientChallenge challenge = {0};
    ClientLogin login = {0};
    assert_int_equal(client_login_begin(fixture->client, "more", &context, frame_now() + AMPLE, &challenge), 0);
    assert_int_equal(client_login_finish(fixture->client, &challenge, (View){octets, 3}, &chain, "ed25519",
                                         (View){octets, 1}, frame_now() + AMPLE, &login),
                     OVCERT_ERROR_UNAVAILABLE);
    client_challenge_done(&challenge);
    bytes_list_done(&chain);
}

static void test_proof_carries_what_it_replaces(void **state) {
    Fixture *fixture = *state;
    ClientChallenge challenge = {0};
    char *candidate = NULL;
    assert_int_equal(client_begin_proof(fixture->client, "replaces", (View){octets, 3}, NULL, "login", "tty1",
                                        frame_now() + AMPLE, &challenge),
                     0);
    assert_true(challenge.statement.has_replaced);
    assert_memory_equal(challenge.statement.replaced, octets, sizeof challenge.statement.replaced);
    assert_int_equal(client_prove(fixture->client, "replaces", &challenge, "ed25519", (View){octets, 1},
                                  frame_now() + AMPLE, &candidate),
                     0);
    assert_string_equal(candidate, "the-candidate");
    free(candidate);
    client_challenge_done(&challenge);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hint_of_another_shape_is_unavailable),
        cmocka_unit_test(test_s25_text_that_is_not_utf8_is_not_sent),
        cmocka_unit_test(test_challenge_for_something_else_is_unavailable),
        cmocka_unit_test(test_proof_challenge_for_something_else_is_unavailable),
        cmocka_unit_test(test_hint_is_the_fingerprint),
        cmocka_unit_test(test_begin_fills_the_statement),
        cmocka_unit_test(test_finish_sends_the_contract_and_reads_the_result),
        cmocka_unit_test(test_finish_for_another_user_is_unavailable),
        cmocka_unit_test(test_proof_carries_what_it_replaces),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

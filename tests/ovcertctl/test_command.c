/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the whole ovcertctl, as a process, against a bus without the service and one with a service of this file:
 * exit statuses, what goes to which stream, tables and JSON. The first argument is the program. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "common/macros.h"
#include "common/protocol.h"
#include "ovcertctl/exit_status.h"
#include "tests/client/bus.h"

static const uint8_t fingerprint[32] = {0xab, 0xcd};

/* --- the service --- */

static int append_octets(sd_bus_message *reply, const char *key, const uint8_t *octets, size_t size) {
    int r;
    if ((r = sd_bus_message_open_container(reply, 'e', "sv")) < 0 || (r = sd_bus_message_append(reply, "s", key)) < 0 ||
        (r = sd_bus_message_open_container(reply, 'v', "ay")) < 0 ||
        (r = sd_bus_message_append_array(reply, 'y', octets, size)) < 0 ||
        (r = sd_bus_message_close_container(reply)) < 0)
        return r;
    return sd_bus_message_close_container(reply);
}

/* The entries of an assigned certificate; one that is not accepted has two reasons, one of them from the future. */
static int append_certificate(sd_bus_message *reply, bool accepted) {
    int r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}", "subject", "s", "CN=EIDAS CERTIFICADO PRUEBAS",
                                  "holder", "s", "ES:99999999R", "not-before", "x", INT64_C(1600000000), "not-after",
                                  "x", INT64_C(4000000000), "accepted", "b", (int) accepted);
    if (r < 0)
        return r;
    r = append_octets(reply, "fingerprint", fingerprint, sizeof fingerprint);
    if (r < 0 || accepted)
        return r;
    return sd_bus_message_append(reply, "{sv}", "reasons", "aa{sv}", 2, 3, "name", "s", "revoked", "depth", "u", 1u,
                                 "detail", "s", "of yesterday", 2, "name", "s", "from-the-future", "depth", "u", 0u);
}

static int append_profile(sd_bus_message *reply, const char *user) {
    bool assigned = strcmp(user, "none") != 0;
    bool accepted = strcmp(user, "refused") != 0;
    int r;
    if ((r = sd_bus_message_open_container(reply, 'a', "{sv}")) < 0 ||
        (r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}", "user", "s", user, "uid", "u", 4711u, "state", "s",
                                   assigned ? "assigned" : "unassigned", "certificate-status", "s",
                                   !assigned  ? "none"
                                   : accepted ? "valid"
                                              : "revoked")) < 0)
        return r;
    if (assigned) {
        if ((r = sd_bus_message_open_container(reply, 'e', "sv")) < 0 ||
            (r = sd_bus_message_append(reply, "s", "certificate")) < 0 ||
            (r = sd_bus_message_open_container(reply, 'v', "a{sv}")) < 0 ||
            (r = sd_bus_message_open_container(reply, 'a', "{sv}")) < 0 ||
            (r = append_certificate(reply, accepted)) < 0 || (r = sd_bus_message_close_container(reply)) < 0 ||
            (r = sd_bus_message_close_container(reply)) < 0 || (r = sd_bus_message_close_container(reply)) < 0)
            return r;
    }
    return sd_bus_message_close_container(reply);
}

static int send_reply(sd_bus_message *reply, int r) {
    if (r >= 0)
        r = sd_bus_send(NULL, reply, NULL);
    (void) sd_bus_message_unref(reply);
    return r < 0 ? r : 1;
}

static int describe(sd_bus_message *message, const char *user) {
    sd_bus_message *reply = NULL;
    if (strcmp(user, "denied") == 0)
        return sd_bus_reply_method_errorf(message, "org.ovcert1.Error.Denied", "%s", "");
    if (strcmp(user, "missing") == 0)
        return sd_bus_reply_method_errorf(message, "org.ovcert1.Error.NotFound", "%s", "");
    if (strcmp(user, "nonsense") == 0)
        return sd_bus_reply_method_return(message, "a{sv}", 1, "user", "u", 1u);
    int r = sd_bus_message_new_method_return(message, &reply);
    return send_reply(reply, r < 0 ? r : append_profile(reply, user));
}

/* Two pages, "a" and "b"; a filter for what ends within a day is an error that repeats it. */
static int list(sd_bus_message *message) {
    const char *after, *key;
    int64_t within;
    sd_bus_message *reply = NULL;
    int r = sd_bus_message_enter_container(message, 'a', "{sv}");
    if (r >= 0 && sd_bus_message_at_end(message, false) == 0) {
        r = sd_bus_message_read(message, "{sv}", &key, "x", &within);
        if (r >= 0 && within == 86400)
            return sd_bus_reply_method_errorf(message, "org.ovcert1.Error.InvalidArgument", "%s", key);
    }
    if (r < 0 || (r = sd_bus_message_exit_container(message)) < 0 ||
        (r = sd_bus_message_read(message, "s", &after)) < 0)
        return r;
    const char *user = strcmp(after, "a") == 0 ? "b" : "a";
    if ((r = sd_bus_message_new_method_return(message, &reply)) >= 0 &&
        (r = sd_bus_message_open_container(reply, 'a', "(sa{sv})")) >= 0 &&
        (r = sd_bus_message_open_container(reply, 'r', "sa{sv}")) >= 0 &&
        (r = sd_bus_message_append(reply, "s", user)) >= 0 && (r = append_profile(reply, user)) >= 0 &&
        (r = sd_bus_message_close_container(reply)) >= 0 && (r = sd_bus_message_close_container(reply)) >= 0)
        r = sd_bus_message_append(reply, "s", strcmp(user, "a") == 0 ? "a" : "");
    return send_reply(reply, r);
}

/* Five rows, two a page. */
static int read_log(sd_bus_message *message) {
    uint64_t after;
    sd_bus_message *reply = NULL;
    int r;
    if ((r = sd_bus_message_skip(message, "a{sv}")) < 0 || (r = sd_bus_message_read(message, "t", &after)) < 0)
        return r;
    uint64_t last = after + 2 > 5 ? 5 : after + 2;
    r = sd_bus_message_new_method_return(message, &reply);
    if (r >= 0)
        r = sd_bus_message_open_container(reply, 'a', "(ta{sv})");
    for (uint64_t seq = after + 1; r >= 0 && seq <= last; seq++)
        r = sd_bus_message_append(reply, "(ta{sv})", seq, 4, "time", "x", (int64_t) seq, "event", "s", "assigned",
                                  "actor", "u", 4294967294u, "outcome", "s", "ok");
    if (r >= 0)
        r = sd_bus_message_close_container(reply);
    if (r >= 0)
        r = sd_bus_message_append(reply, "t", last);
    return send_reply(reply, r);
}

/* Whole up to row 1000, broken behind it; who asks for one row is after the head, as ReadLog has it. */
static int verify_log(sd_bus_message *message) {
    uint64_t after;
    uint32_t limit;
    sd_bus_message *reply = NULL;
    int r = sd_bus_message_read(message, "tu", &after, &limit);
    if (r < 0)
        return r;
    bool broken = after >= 1000;
    if ((r = sd_bus_message_new_method_return(message, &reply)) >= 0 &&
        (r = sd_bus_message_append(reply, "tst", broken ? UINT64_C(1001) : UINT64_C(1000),
                                   broken ? "row 1001 was changed" : "", limit == 1 ? UINT64_C(5) : UINT64_C(1500))) >=
            0)
        r = sd_bus_message_append_array(reply, 'y', fingerprint, sizeof fingerprint);
    return send_reply(reply, r);
}

/* Options of one text are repeated as the error's detail. */
static int repeat_option(sd_bus_message *message) {
    const char *key, *value = "";
    int r = sd_bus_message_enter_container(message, 'a', "{sv}");
    if (r >= 0 && sd_bus_message_at_end(message, false) == 0)
        r = sd_bus_message_read(message, "{sv}", &key, "s", &value);
    if (r < 0)
        return r;
    return value[0] == '\0' ? sd_bus_reply_method_return(message, "")
                            : sd_bus_reply_method_errorf(message, "org.ovcert1.Error.InvalidArgument", "%s", value);
}

static int answer(sd_bus_message *message, void *userdata, sd_bus_error *error) {
    (void) userdata;
    (void) error;
    const char *path = sd_bus_message_get_path(message);
    if (sd_bus_message_is_method_call(message, OVCERT_MANAGER_INTERFACE, "GetProfile"))
        return sd_bus_reply_method_return(message, "o", "/org/ovcert1/profile/valid");
    if (sd_bus_message_is_method_call(message, OVCERT_PROFILE_INTERFACE, "Describe"))
        return describe(message, strrchr(path, '/') + 1);
    if (sd_bus_message_is_method_call(message, OVCERT_PROFILE_INTERFACE, "Unlink"))
        return sd_bus_reply_method_errorf(message, "org.ovcert1.Error.OperationPending", "%s", "the-open-one");
    if (sd_bus_message_is_method_call(message, OVCERT_PROFILE_INTERFACE, "Block") ||
        sd_bus_message_is_method_call(message, OVCERT_PROFILE_INTERFACE, "Unblock"))
        return repeat_option(message);
    if (sd_bus_message_is_method_call(message, OVCERT_PROFILE_INTERFACE, "Delete"))
        return strcmp(strrchr(path, '/') + 1, "pending") == 0
                   ? sd_bus_reply_method_errorf(message, "org.ovcert1.Error.OperationPending", "%s", "the-open-one")
                   : sd_bus_reply_method_return(message, "st", "the-new-one", UINT64_C(4000000000));
    if (sd_bus_message_is_method_call(message, OVCERT_PROFILE_INTERFACE, "Confirm"))
        return sd_bus_reply_method_return(message, "");
    if (sd_bus_message_is_method_call(message, OVCERT_MANAGER_INTERFACE, "Unbar"))
        return sd_bus_reply_method_errorf(message, "org.ovcert1.Error.NotFound", "%s", "");
    if (sd_bus_message_is_method_call(message, OVCERT_MANAGER_INTERFACE, "ListProfiles"))
        return list(message);
    if (sd_bus_message_is_method_call(message, OVCERT_MANAGER_INTERFACE, "ReadLog"))
        return read_log(message);
    if (sd_bus_message_is_method_call(message, OVCERT_MANAGER_INTERFACE, "VerifyLog"))
        return verify_log(message);
    return 0;
}

/* --- running the program --- */

typedef struct Fixture {
    const char *program;
    TestBus bus;
    pid_t service;
    char out[16384];
    char error[16384];
} Fixture;

static int setup(void **state) {
    Fixture *fixture = *state;
    fixture->bus = test_bus_start();
    fixture->service = test_service_start(&fixture->bus, answer);
    assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", fixture->bus.address, 1), 0);
    return 0;
}

static int teardown(void **state) {
    Fixture *fixture = *state;
    test_child_end(fixture->service);
    test_bus_end(&fixture->bus);
    return 0;
}

static void read_back(int fd, char *buffer, size_t size) {
    ssize_t n = pread(fd, buffer, size - 1, 0);
    assert_true(n >= 0);
    buffer[n] = '\0';
    assert_int_equal(close(fd), 0);
}

/* Without a controlling terminal; words without spaces. */
static pid_t start(const Fixture *fixture, const char *line, int out, int error) {
    char *words = strdup(line), *argv[16] = {strdup("ovcertctl"), strdup("--no-ask-password")}, *rest = NULL;
    size_t n = 2;
    for (char *word = strtok_r(words, " ", &rest); word && n < 15; word = strtok_r(NULL, " ", &rest))
        argv[n++] = word;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (setsid() < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(error, STDERR_FILENO) < 0)
            _exit(99);
        (void) execv(fixture->program, argv);
        _exit(99);
    }
    free(argv[0]);
    free(argv[1]);
    free(words);
    return pid;
}

/* The exit status. */
static int run(Fixture *fixture, const char *line) {
    int out = memfd_create("out", MFD_CLOEXEC), error = memfd_create("error", MFD_CLOEXEC), status;
    assert_true(out >= 0 && error >= 0);
    pid_t pid = start(fixture, line, out, error);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    read_back(out, fixture->out, sizeof fixture->out);
    read_back(error, fixture->error, sizeof fixture->error);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_usage_errors_end_with_2_and_say_where_help_is(void **state) {
    Fixture *fixture = *state;
    static const char *const wrong[] = {"",
                                        "frobnicate",
                                        "check",
                                        "status a b",
                                        "profile",
                                        "profile frob",
                                        "profile create",
                                        "status --lines=1",
                                        "list demo",
                                        "renew --verify",
                                        "--json=x list",
                                        "confirm a b",
                                        "assign x",
                                        "status a --user=b",
                                        "change x",
                                        "find",
                                        "block",
                                        "unblock",
                                        "unbar",
                                        "list --state=x",
                                        "list --status=",
                                        "list --expiring=30",
                                        "unbar a b",
                                        "log --verify -f",
                                        "block a b",
                                        "explain --certificate=a b"};
    for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
        assert_int_equal(run(fixture, wrong[i]), EXIT_USAGE);
        assert_string_equal(fixture->out, "");
        assert_non_null(strchr(fixture->error, '\n'));
    }
}

static void test_too_many_operands_are_told_with_what_the_verb_takes(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "status a b"), EXIT_USAGE);
    assert_non_null(strstr(fixture->error, "\"status [USER]\""));
    assert_int_equal(run(fixture, "log a"), EXIT_USAGE);
    assert_non_null(strstr(fixture->error, "\"log\""));
}

static void test_unknown_verb_is_named_with_the_one_that_was_meant(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "renwe"), EXIT_USAGE);
    assert_non_null(strstr(fixture->error, "\"renwe\""));
    assert_non_null(strstr(fixture->error, "\"ovcertctl renew\""));
    assert_int_equal(run(fixture, "profile crate demo"), EXIT_USAGE);
    assert_non_null(strstr(fixture->error, "\"profile crate\""));
    assert_non_null(strstr(fixture->error, "\"ovcertctl profile create\""));
    assert_int_equal(run(fixture, "\033[2Jfrobnicate-and-a-very-long-word-behind-it"), EXIT_USAGE);
    assert_non_null(strstr(fixture->error, "\\x1b[2Jfrob"));
    assert_null(strstr(fixture->error, "Did you mean"));
}

static void test_help_is_everywhere_and_needs_no_daemon(void **state) {
    Fixture *fixture = *state;
    static const char *const verbs[] = {
        "",      "status", "renew",   "unlink",         "confirm",     "cancel",        "assign",
        "check", "list",   "profile", "profile create", "log",         "change",        "explain",
        "find",  "block",  "unblock", "unbar",          "credentials", "profile delete"};
    assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent", 1), 0);
    for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
        char line[64];
        (void) snprintf(line, sizeof line, "%s --help", verbs[i]);
        assert_int_equal(run(fixture, line), EXIT_DONE);
        assert_non_null(strstr(fixture->out, "ovcertctl"));
        assert_string_equal(fixture->error, "");
    }
    assert_int_equal(run(fixture, "--version"), EXIT_DONE);
}

static void test_missing_bus_ends_with_5_and_advice(void **state) {
    Fixture *fixture = *state;
    static const char *const verbs[] = {"status",      "renew",   "unlink",    "confirm",         "cancel",
                                        "assign",      "list",    "log",       "change",          "explain",
                                        "credentials", "block a", "unblock a", "profile delete a"};
    assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent", 1), 0);
    for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
        assert_int_equal(run(fixture, verbs[i]), EXIT_UNAVAILABLE);
        assert_non_null(strstr(fixture->error, "ovcertd"));
        assert_string_equal(fixture->out, "");
    }
}

static void test_missing_service_ends_with_5(void **state) {
    Fixture *fixture = *state;
    test_child_end(fixture->service);
    assert_int_equal(run(fixture, "status"), EXIT_UNAVAILABLE);
    fixture->service = test_service_start(&fixture->bus, answer);
}

static void test_nonsense_from_the_service_ends_with_5(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "status nonsense"), EXIT_UNAVAILABLE);
    assert_non_null(strstr(fixture->error, "promised form"));
}

static void test_denial_ends_with_4_and_a_missing_profile_with_3(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "status denied"), EXIT_DENIED);
    assert_int_equal(run(fixture, "status missing"), EXIT_NOT_FOUND);
    assert_string_equal(fixture->out, "");
}

static void test_s25_names_that_no_user_can_have_are_not_sent(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "status a/b"), EXIT_USAGE);
    assert_int_equal(run(fixture, "status \xff"), EXIT_USAGE);
    assert_int_equal(run(fixture, "unlink --user=1000"), EXIT_USAGE);
}

static void test_status_without_a_certificate_ends_with_3(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "status none"), EXIT_NOT_FOUND);
    assert_non_null(strstr(fixture->out, "no certificate"));
    assert_int_equal(run(fixture, "profile show none"), EXIT_DONE);
}

static void test_status_shows_every_reason_also_unknown_ones(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "status refused"), EXIT_FAILED);
    assert_non_null(strstr(fixture->out, "revoked by its issuer. (issuer 1) (of yesterday)"));
    assert_non_null(strstr(fixture->out, "from-the-future"));
}

static void test_own_status_is_found_by_the_daemon(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "status"), EXIT_DONE);
    assert_non_null(strstr(fixture->out, "My profile"));
    assert_non_null(strstr(fixture->out, "ES:99999999R"));
    assert_null(strchr(fixture->out, '\033'));
    assert_int_equal(run(fixture, "status -q"), EXIT_DONE);
    assert_string_equal(fixture->out, "");
}

static void test_status_as_json_is_the_whole_answer(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "--json=short status refused"), EXIT_FAILED);
    assert_string_equal(fixture->error, "");
    assert_non_null(strstr(fixture->out, "\"certificate-status\":\"revoked\""));
    assert_non_null(strstr(fixture->out, "\"fingerprint\":\"abcd000000"));
    assert_non_null(strstr(fixture->out, "\"not-after\":4000000000"));
    assert_non_null(strstr(fixture->out, "{\"name\":\"revoked\",\"depth\":1,\"detail\":\"of yesterday\"}"));
    struct json_object *parsed = json_tokener_parse(fixture->out);
    assert_non_null(parsed);
    assert_int_equal(json_object_put(parsed), 1);
    assert_int_equal(run(fixture, "--json=pretty status"), EXIT_DONE);
    assert_non_null(strchr(fixture->out, ' '));
}

static void test_error_of_the_service_comes_with_its_detail_and_advice(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "unlink"), EXIT_FAILED);
    assert_string_equal(fixture->error,
                        "ovcertctl: An operation is open already.\n  the-open-one\n"
                        "Go on with \"ovcertctl confirm\", or drop it with \"ovcertctl cancel\".\n");
}

static void test_confirm_without_an_open_operation_says_so(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "confirm"), EXIT_NOT_FOUND);
    assert_non_null(strstr(fixture->error, "no open operation"));
    assert_int_equal(run(fixture, "cancel"), EXIT_NOT_FOUND);
}

static void test_renew_without_a_terminal_says_what_is_missing_and_asks_nothing(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "renew"), EXIT_FAILED);
    assert_non_null(strstr(fixture->error, "--yes"));
    assert_int_equal(run(fixture, "assign"), EXIT_FAILED);
    assert_non_null(strstr(fixture->error, "certificate already"));
}

static void test_list_goes_through_all_pages(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "list"), EXIT_DONE);
    const char *first = strstr(fixture->out, "\na "), *second = strstr(fixture->out, "\nb ");
    assert_true(first && second && first < second);
    assert_non_null(strstr(fixture->out, "VALID UNTIL"));
    assert_int_equal(run(fixture, "list --no-legend"), EXIT_DONE);
    assert_null(strstr(fixture->out, "VALID UNTIL"));
    assert_int_equal(run(fixture, "list --json=short"), EXIT_DONE);
    assert_int_equal(fixture->out[0], '[');
}

static void test_log_shows_the_newest_lines_in_order(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "log --no-legend"), EXIT_DONE);
    assert_non_null(strstr(fixture->out, "1 "));
    assert_int_equal(run(fixture, "log --json=short --lines=3"), EXIT_DONE);
    const char *third = strstr(fixture->out, "\"seq\":3"), *fifth = strstr(fixture->out, "\"seq\":5");
    assert_null(strstr(fixture->out, "\"seq\":2"));
    assert_true(third && fifth && third < fifth);
}

/* Reads until the text has come; the test's own time limit ends a wait in vain. */
static void wait_for_text(int fd, char *buffer, size_t size, const char *text) {
    size_t have = 0;
    while (have < size - 1 && !strstr(buffer, text)) {
        ssize_t n = read(fd, buffer + have, size - 1 - have);
        assert_true(n > 0);
        have += (size_t) n;
        buffer[have] = '\0';
    }
}

static void test_log_follow_prints_a_line_an_entry_at_once_and_ends_well_when_interrupted(void **state) {
    Fixture *fixture = *state;
    int out[2], error = memfd_create("error", MFD_CLOEXEC), status;
    fixture->out[0] = '\0';
    assert_true(error >= 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid_t pid = start(fixture, "log --follow --lines=2 --json=short", out[1], error);
    assert_int_equal(close(out[1]), 0);
    wait_for_text(out[0], fixture->out, sizeof fixture->out, "\"seq\":5}\n");
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_DONE);
    assert_int_equal(fixture->out[0], '{');
    assert_null(strstr(fixture->out, "\"seq\":3"));
    assert_non_null(strstr(fixture->out, "\"seq\":4}\n{"));
    assert_int_equal(close(out[0]), 0);
    assert_int_equal(close(error), 0);
}

static void test_log_follow_ends_when_nobody_reads_any_more(void **state) {
    Fixture *fixture = *state;
    int out[2], error = memfd_create("error", MFD_CLOEXEC), status;
    fixture->out[0] = '\0';
    assert_true(error >= 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid_t pid = start(fixture, "log -f -n1", out[1], error);
    assert_int_equal(close(out[1]), 0);
    wait_for_text(out[0], fixture->out, sizeof fixture->out, "assigned");
    assert_int_equal(close(out[0]), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(close(error), 0);
}

static void test_list_filters_are_checked_here_and_sent(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "list --status=fine"), EXIT_USAGE);
    assert_non_null(strstr(fixture->error, "not-yet-valid"));
    assert_int_equal(run(fixture, "list --expiring=1d"), EXIT_FAILED);
    assert_non_null(strstr(fixture->error, "expiring-within"));
    assert_int_equal(run(fixture, "list --expiring=24h"), EXIT_FAILED);
    assert_int_equal(run(fixture, "list --expiring=30d"), EXIT_DONE);
}

static void test_explain_ends_as_the_verdict_is_and_shows_every_reason(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "explain none"), EXIT_NOT_FOUND);
    assert_int_equal(run(fixture, "explain refused"), EXIT_FAILED);
    assert_non_null(strstr(fixture->out, "revoked by its issuer. (issuer 1) (of yesterday)"));
    assert_non_null(strstr(fixture->out, "from-the-future"));
    assert_int_equal(run(fixture, "explain"), EXIT_DONE);
    assert_non_null(strstr(fixture->out, "is accepted"));
    assert_int_equal(run(fixture, "explain --json=short refused"), EXIT_FAILED);
    assert_non_null(strstr(fixture->out, "{\"accepted\":false,\"profile\":{"));
}

static void test_what_explain_takes_for_a_file_is_never_taken_for_a_user(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "explain ./missing.pem"), EXIT_NOT_FOUND);
    assert_non_null(strstr(fixture->error, "missing.pem"));
    assert_int_equal(run(fixture, "explain /dev/null"), EXIT_FAILED);
    assert_non_null(strstr(fixture->error, "regular file"));
}

static void test_block_sends_its_reason(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "block demo --reason=lost"), EXIT_FAILED);
    assert_non_null(strstr(fixture->error, "\n  lost\n"));
    assert_int_equal(run(fixture, "block demo"), EXIT_DONE);
    assert_non_null(strstr(fixture->out, "unblock demo"));
    assert_int_equal(run(fixture, "unblock demo --json=short"), EXIT_DONE);
    assert_string_equal(fixture->out, "{\"user\":\"demo\",\"state\":\"unblocked\"}\n");
}

static void test_unbar_takes_a_fingerprint_or_a_file_and_says_when_nothing_is_barred(void **state) {
    Fixture *fixture = *state;
    static const char line[] =
        "unbar AB:cd:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:ff";
    assert_int_equal(run(fixture, line), EXIT_NOT_FOUND);
    assert_non_null(strstr(fixture->error, "is not barred"));
    assert_int_equal(run(fixture, "unbar abcd"), EXIT_NOT_FOUND);
    assert_non_null(strstr(fixture->error, "abcd cannot be used"));
}

static void test_profile_delete_without_an_answer_only_prepares(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "profile delete demo"), EXIT_DONE);
    assert_non_null(strstr(fixture->out, "\"ovcertctl confirm --user demo the-new-one\""));
    assert_int_equal(run(fixture, "profile delete"), EXIT_DONE);
    assert_non_null(strstr(fixture->out, "\"ovcertctl confirm the-new-one\""));
    assert_int_equal(run(fixture, "profile delete pending"), EXIT_FAILED);
    assert_non_null(strstr(fixture->error, "the-open-one"));
}

static void test_profile_delete_with_yes_goes_on_with_what_is_open(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "profile delete pending --yes --json=short"), EXIT_DONE);
    assert_string_equal(fixture->out, "{\"operation\":\"the-open-one\",\"state\":\"confirmed\"}\n");
    assert_non_null(strstr(fixture->error, "is deleted"));
}

static void test_s37_broken_log_ends_with_1_and_names_the_row(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "log --verify"), EXIT_FAILED);
    assert_non_null(strstr(fixture->error, "row 1001 was changed"));
    assert_string_equal(fixture->out, "");
}

static void test_output_that_cannot_be_written_is_a_failure(void **state) {
    Fixture *fixture = *state;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (dup2(full, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
            _exit(99);
        (void) execl(fixture->program, "ovcertctl", "--help", (char *) NULL);
        _exit(99);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_FAILED);
    assert_int_equal(close(full), 0);
}

int main(int argc, char *argv[]) {
    if (argc != 2)
        return 2;
    static Fixture fixture; /* large */
    fixture.program = argv[1];
#define TEST(name)                                                                                                     \
    { #name, name, setup, teardown, &fixture }
    const struct CMUnitTest tests[] = {
        TEST(test_usage_errors_end_with_2_and_say_where_help_is),
        TEST(test_too_many_operands_are_told_with_what_the_verb_takes),
        TEST(test_unknown_verb_is_named_with_the_one_that_was_meant),
        TEST(test_help_is_everywhere_and_needs_no_daemon),
        TEST(test_missing_bus_ends_with_5_and_advice),
        TEST(test_missing_service_ends_with_5),
        TEST(test_nonsense_from_the_service_ends_with_5),
        TEST(test_denial_ends_with_4_and_a_missing_profile_with_3),
        TEST(test_s25_names_that_no_user_can_have_are_not_sent),
        TEST(test_status_without_a_certificate_ends_with_3),
        TEST(test_status_shows_every_reason_also_unknown_ones),
        TEST(test_own_status_is_found_by_the_daemon),
        TEST(test_status_as_json_is_the_whole_answer),
        TEST(test_error_of_the_service_comes_with_its_detail_and_advice),
        TEST(test_confirm_without_an_open_operation_says_so),
        TEST(test_renew_without_a_terminal_says_what_is_missing_and_asks_nothing),
        TEST(test_list_goes_through_all_pages),
        TEST(test_log_shows_the_newest_lines_in_order),
        TEST(test_log_follow_prints_a_line_an_entry_at_once_and_ends_well_when_interrupted),
        TEST(test_log_follow_ends_when_nobody_reads_any_more),
        TEST(test_list_filters_are_checked_here_and_sent),
        TEST(test_explain_ends_as_the_verdict_is_and_shows_every_reason),
        TEST(test_what_explain_takes_for_a_file_is_never_taken_for_a_user),
        TEST(test_block_sends_its_reason),
        TEST(test_unbar_takes_a_fingerprint_or_a_file_and_says_when_nothing_is_barred),
        TEST(test_profile_delete_without_an_answer_only_prepares),
        TEST(test_profile_delete_with_yes_goes_on_with_what_is_open),
        TEST(test_s37_broken_log_ends_with_1_and_names_the_row),
        TEST(test_output_that_cannot_be_written_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

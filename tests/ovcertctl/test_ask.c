/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of ovcertctl/ask, on a pseudoterminal: what is secret is not shown, and the terminal is always given back as it
 * was. */
#include "ovcertctl/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

/* A person at the other end: types the lines one by one, each after a prompt has been shown. */
typedef struct Fixture {
    int master;
    int interrupt;
    Ask *ask;
    struct termios before;
    pid_t person;
} Fixture;

static int setup(void **state) {
    Fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(fixture->master >= 0);
    assert_int_equal(grantpt(fixture->master), 0);
    assert_int_equal(unlockpt(fixture->master), 0);
    fixture->interrupt = eventfd(0, EFD_CLOEXEC);
    assert_true(fixture->interrupt >= 0);
    assert_int_equal(ask_open(ptsname(fixture->master), fixture->interrupt, &fixture->ask), 0);
    assert_int_equal(tcgetattr(ask_descriptor(fixture->ask), &fixture->before), 0);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    Fixture *fixture = *state;
    struct termios after;
    assert_int_equal(tcgetattr(ask_descriptor(fixture->ask), &after), 0);
    assert_int_equal(after.c_lflag, fixture->before.c_lflag);
    assert_memory_equal(after.c_cc, fixture->before.c_cc, sizeof after.c_cc);
    if (fixture->person > 0) { /* may wait for a prompt that never comes */
        assert_int_equal(kill(fixture->person, SIGKILL), 0);
        assert_int_equal(waitpid(fixture->person, NULL, 0), fixture->person);
    }
    assert_null(ask_close(fixture->ask));
    assert_int_equal(close(fixture->master), 0);
    assert_int_equal(close(fixture->interrupt), 0);
    free(fixture);
    return 0;
}

/* Reads until the text that ends a prompt has been shown. */
static void wait_for_prompt(int master) {
    char shown = '\0';
    while (shown != ':' && shown != ']')
        if (read(master, &shown, 1) != 1)
            _exit(1);
}

static void person_types(Fixture *fixture, const char *const *lines) {
    fixture->person = fork();
    assert_true(fixture->person >= 0);
    if (fixture->person > 0)
        return;
    for (; *lines; lines++) {
        wait_for_prompt(fixture->master);
        if (write(fixture->master, *lines, strlen(*lines)) < 0)
            _exit(1);
    }
    _exit(0);
}

#define TYPES(fixture, ...) person_types(fixture, (const char *const[]){__VA_ARGS__, NULL})

/* What has been shown and not been read by the person. */
static void read_shown(const Fixture *fixture, char *buffer, size_t size) {
    size_t used = 0;
    struct pollfd watched = {.fd = fixture->master, .events = POLLIN};
    while (used + 1 < size && poll(&watched, 1, 0) > 0) {
        ssize_t n = read(fixture->master, buffer + used, size - 1 - used);
        if (n <= 0)
            break;
        used += (size_t) n;
    }
    buffer[used] = '\0';
}

static void test_what_is_no_terminal_is_refused(void **state) {
    (void) state;
    Ask *ask = NULL;
    assert_int_equal(ask_open("/dev/null", -1, &ask), -ENXIO);
    assert_int_equal(ask_open("/nonexistent", -1, &ask), -ENOENT);
    assert_null(ask);
    assert_null(ask_close(NULL));
}

static void test_interrupt_ends_a_secret_prompt_with_the_echo_back(void **state) {
    Fixture *fixture = *state;
    Secret *secret = NULL;
    assert_int_equal(eventfd_write(fixture->interrupt, 1), 0);
    assert_int_equal(ask_secret(fixture->ask, "Passphrase: ", &secret), -EINTR);
    assert_null(secret);
}

static void test_end_of_file_is_no_secret(void **state) {
    Fixture *fixture = *state;
    Secret *secret = NULL;
    TYPES(fixture, "\004");
    assert_int_equal(ask_secret(fixture->ask, "Passphrase: ", &secret), -ECANCELED);
}

static void test_s24_secret_is_read_and_never_shown(void **state) {
    Fixture *fixture = *state;
    Secret *secret = NULL;
    char shown[256];
    TYPES(fixture, "no one knows\n");
    assert_int_equal(ask_secret(fixture->ask, "Passphrase: ", &secret), 0);
    assert_int_equal(secret_view(secret).size, 12);
    assert_memory_equal(secret_view(secret).data, "no one knows", 12);
    read_shown(fixture, shown, sizeof shown);
    assert_null(strstr(shown, "knows"));
    (void) secret_free(secret);
}

static void test_empty_secret_is_one(void **state) {
    Fixture *fixture = *state;
    Secret *secret = NULL;
    TYPES(fixture, "\n");
    assert_int_equal(ask_secret(fixture->ask, "Passphrase: ", &secret), 0);
    assert_int_equal(secret_view(secret).size, 0);
    (void) secret_free(secret);
}

static void test_nonsense_three_times_is_no_answer(void **state) {
    Fixture *fixture = *state;
    TYPES(fixture, "perhaps\n", "\n", "0\n");
    assert_int_equal(ask_yes(fixture->ask, "Sure?"), -ECANCELED);
}

static void test_no_is_no(void **state) {
    Fixture *fixture = *state;
    TYPES(fixture, "n\n");
    assert_int_equal(ask_yes(fixture->ask, "Sure?"), 0);
}

static void test_yes_is_yes_after_a_slip_too(void **state) {
    Fixture *fixture = *state;
    TYPES(fixture, "?\n", "yes\n");
    assert_int_equal(ask_yes(fixture->ask, "Sure?"), 1);
}

static void test_interrupt_ends_a_question(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(eventfd_write(fixture->interrupt, 1), 0);
    assert_int_equal(ask_yes(fixture->ask, "Sure?"), -EINTR);
}

static void test_number_out_of_range_is_asked_again(void **state) {
    Fixture *fixture = *state;
    size_t number = 0;
    TYPES(fixture, "0\n", "4\n", "3\n");
    assert_int_equal(ask_number(fixture->ask, "Number (1-3): ", 3, &number), 0);
    assert_int_equal(number, 3);
}

static void test_a_line_is_read_as_it_is_and_may_be_empty(void **state) {
    Fixture *fixture = *state;
    CLEANUP(free_pointer) char *first = NULL, *second = NULL;
    TYPES(fixture, "/root/a file \n", "\n");
    assert_int_equal(ask_text(fixture->ask, "File: ", &first), 0);
    assert_string_equal(first, "/root/a file ");
    assert_int_equal(ask_text(fixture->ask, "File: ", &second), 0);
    assert_string_equal(second, "");
}

static void test_interrupt_ends_the_wait_for_a_line(void **state) {
    Fixture *fixture = *state;
    char *line = NULL;
    assert_int_equal(eventfd_write(fixture->interrupt, 1), 0);
    assert_int_equal(ask_text(fixture->ask, "File: ", &line), -EINTR);
    assert_null(line);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_terminal_is_refused),
        TEST(test_interrupt_ends_a_secret_prompt_with_the_echo_back),
        TEST(test_end_of_file_is_no_secret),
        TEST(test_s24_secret_is_read_and_never_shown),
        TEST(test_empty_secret_is_one),
        TEST(test_nonsense_three_times_is_no_answer),
        TEST(test_no_is_no),
        TEST(test_yes_is_yes_after_a_slip_too),
        TEST(test_interrupt_ends_a_question),
        TEST(test_number_out_of_range_is_asked_again),
        TEST(test_a_line_is_read_as_it_is_and_may_be_empty),
        TEST(test_interrupt_ends_the_wait_for_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of client/helper_process.h. This program is the child too, by its first argument. */
#include "client/helper_process.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/credential.h"
#include "common/frame.h"

#define LINGERS_SECONDS 5

/* --- the child --- */

/* As its debugger: it stops at its exit, where it stays until we have gone. */
static int hold(pid_t child, int ready) {
    (void) close(CREDENTIAL_SOCKET_FD); /* the child's alone */
    if (ptrace(PTRACE_SEIZE, child, NULL, PTRACE_O_TRACEEXIT) < 0 || write(ready, "", 1) != 1)
        return 1;
    (void) sleep(LINGERS_SECONDS);
    return 0;
}

/* Cannot be killed for a while, as on a dead file server. */
static int linger(void) {
    int pipes[2];
    char octet;
    if (pipe(pipes) < 0)
        return 1;
    (void) prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* where Yama restricts debuggers; elsewhere there is none */
    pid_t child = getpid();
    if (fork() == 0)
        _exit(hold(child, pipes[1]));
    (void) close(pipes[1]);
    if (read(pipes[0], &octet, 1) != 1 || send(CREDENTIAL_SOCKET_FD, "", 1, MSG_NOSIGNAL) != 1)
        return 1;
    for (;;)
        (void) pause();
}

/* --- the tests --- */

static void start(const char *program, const char *how, HelperProcess *ret) {
    char *arguments[] = {strdup(program), strdup(how), NULL};
    assert_int_equal(helper_process_start(program, arguments, ret), 0);
    free(arguments[0]);
    free(arguments[1]);
}

static void on_alarm(int number) {
    (void) number; /* interrupting is all that it does */
}

static void interrupt_every(suseconds_t microseconds) {
    const struct sigaction action = {.sa_handler = microseconds > 0 ? on_alarm : SIG_DFL}; /* without SA_RESTART */
    const struct itimerval often = {.it_interval.tv_usec = microseconds, .it_value.tv_usec = microseconds};
    if (microseconds > 0)
        assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    if (microseconds == 0)
        assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
}

static void test_s19_a_child_that_does_not_die_keeps_no_host_with_a_ticking_clock_waiting(void **state) {
    HelperProcess process;
    char octet;
    start(*state, "linger", &process);
    assert_int_equal(recv(process.socket, &octet, 1, 0), 1);
    interrupt_every(100000);
    uint64_t began = frame_now();
    helper_process_end(&process);
    uint64_t took = frame_now() - began;
    interrupt_every(0);
    assert_in_range(took, 900000, 3000000);
    assert_int_equal(process.socket, -1);
    assert_int_equal(process.pidfd, -1);
    assert_true(waitpid(-1, NULL, 0) > 0); /* it goes in the end */
}

/* Or other children of the host would inherit it, and hold it when ours has gone. */
static void test_what_the_host_holds_is_closed_on_exec(void **state) {
    HelperProcess process;
    start(*state, "pause", &process);
    assert_int_equal(fcntl(process.socket, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(process.pidfd, F_GETFD), FD_CLOEXEC);
    helper_process_end(&process);
}

static void test_a_child_is_killed_and_reaped_at_once(void **state) {
    HelperProcess process;
    start(*state, "pause", &process);
    uint64_t began = frame_now();
    helper_process_end(&process);
    assert_true(frame_now() - began < 900000);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

int main(int argc, char *argv[]) {
    if (argc == 2 && strcmp(argv[1], "linger") == 0)
        return linger();
    if (argc == 2)
        return pause();
    char program[] = "/proc/self/exe";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_what_the_host_holds_is_closed_on_exec, program),
        cmocka_unit_test_prestate(test_a_child_is_killed_and_reaped_at_once, program),
        cmocka_unit_test_prestate(test_s19_a_child_that_does_not_die_keeps_no_host_with_a_ticking_clock_waiting,
                                  program),
    };
    return cmocka_run_group_tests_name("client: helper_process", tests, NULL, NULL);
}

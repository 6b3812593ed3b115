/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of ovcert-credential/process.h, each in a child that is confined for good. What shows from outside, and only
 * once all steps have been taken, test_helper.c looks at. */
#include "ovcert-credential/process.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/credential.h"
#include "common/macros.h"

#define DEADLINE 60

/* The status of a child that runs check() with a socket as descriptor 3; its exit code is 0 for true. */
static int run(bool (*check)(void)) {
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        int sockets[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) < 0 ||
            (sockets[0] != CREDENTIAL_SOCKET_FD && dup2(sockets[0], CREDENTIAL_SOCKET_FD) < 0))
            _exit(125);
        _exit(check() ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void expect_true(bool (*check)(void)) {
    int status = run(check);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static bool refuses_a_file(void) {
    return dup2(open("/dev/null", O_RDWR), CREDENTIAL_SOCKET_FD) >= 0 && process_isolate(DEADLINE, false) == -ENOTSOCK;
}

static bool refuses_datagrams(void) {
    return dup2(socket(AF_UNIX, SOCK_DGRAM, 0), CREDENTIAL_SOCKET_FD) >= 0 &&
           process_isolate(DEADLINE, false) == -EPROTOTYPE;
}

static bool refuses_the_network(void) {
    return dup2(socket(AF_INET, SOCK_STREAM, 0), CREDENTIAL_SOCKET_FD) >= 0 &&
           process_isolate(DEADLINE, false) == -EPROTOTYPE;
}

static bool refuses_nothing_at_all(void) {
    return close(CREDENTIAL_SOCKET_FD) == 0 && process_isolate(DEADLINE, false) == -EBADF;
}

static void test_what_is_no_local_stream_socket_is_refused(void **state) {
    (void) state;
    expect_true(refuses_a_file);
    expect_true(refuses_datagrams);
    expect_true(refuses_the_network);
    expect_true(refuses_nothing_at_all);
}

static bool hangs_with_alarms_off(void) {
    sigset_t all;

    (void) sigfillset(&all);
    (void) sigprocmask(SIG_SETMASK, &all, NULL);
    (void) signal(SIGALRM, SIG_IGN);
    if (process_isolate(1, false) < 0)
        return false;
    (void) sleep(20); /* as on a dead file server */
    return true;
}

static void test_s20_a_hanging_process_is_ended_even_where_alarms_were_off(void **state) {
    int status = run(hangs_with_alarms_off);

    (void) state;
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGALRM);
}

static bool is_undumpable_once_isolated(void) {
    struct rlimit core;

    return process_isolate(DEADLINE, false) == 0 && prctl(PR_GET_DUMPABLE) == 0 && getrlimit(RLIMIT_CORE, &core) == 0 &&
           core.rlim_max == 0;
}

static bool is_undumpable_once_sealed(void) {
    return prctl(PR_SET_DUMPABLE, 1) == 0 && process_seal(getppid()) == 0 && prctl(PR_GET_DUMPABLE) == 0;
}

static void test_s24_each_of_the_two_steps_makes_it_undumpable(void **state) {
    (void) state;
    expect_true(is_undumpable_once_isolated);
    expect_true(is_undumpable_once_sealed);
}

static bool refuses_another_parent(void) {
    return process_seal(getppid() + 1) == -ESRCH;
}

static void test_a_parent_that_has_gone_is_noticed(void **state) {
    (void) state;
    expect_true(refuses_another_parent);
}

static bool is_limited_to(unsigned resource, rlim_t value) {
    struct rlimit limit;

    return getrlimit(resource, &limit) == 0 && limit.rlim_cur == value && limit.rlim_max == value;
}

static bool is_limited(void) {
    bool memory = true;

    if (process_isolate(DEADLINE, false) < 0)
        return false;
#ifndef __SANITIZE_ADDRESS__
    memory = is_limited_to(RLIMIT_AS, 512u * 1024u * 1024u);
#endif
    return memory && is_limited_to(RLIMIT_CPU, 20) && is_limited_to(RLIMIT_NOFILE, 64) &&
           is_limited_to(RLIMIT_FSIZE, 0);
}

static bool keeps_lower_limits(void) {
    return setrlimit(RLIMIT_CPU, &(struct rlimit){7, 9}) == 0 && process_isolate(DEADLINE, false) == 0 &&
           is_limited_to(RLIMIT_CPU, 9);
}

static void test_s20_processor_memory_and_files_are_limited(void **state) {
    (void) state;
    expect_true(is_limited);
    expect_true(keeps_lower_limits);
}

static bool fills_standard_descriptors(void) {
    for (int fd = 0; fd < CREDENTIAL_SOCKET_FD; fd++)
        (void) close(fd); /* that is the point */
    if (process_isolate(DEADLINE, false) < 0)
        return false;
    for (int fd = 0; fd < CREDENTIAL_SOCKET_FD; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            return false;
    return true;
}

static bool keeps_no_other_descriptor(void) {
    if (dup2(CREDENTIAL_SOCKET_FD, 20) < 0 || process_isolate(DEADLINE, false) < 0)
        return false;
    return fcntl(20, F_GETFD) < 0 && fcntl(CREDENTIAL_SOCKET_FD, F_GETFD) == FD_CLOEXEC;
}

static void test_descriptors_are_the_first_four(void **state) {
    (void) state;
    expect_true(fills_standard_descriptors);
    expect_true(keeps_no_other_descriptor);
}

static bool leaves_the_folder_of_the_caller(void) {
    char folder[16];

    return chdir("/tmp") == 0 && process_isolate(DEADLINE, false) == 0 && getcwd(folder, sizeof folder) &&
           strcmp(folder, "/") == 0;
}

static void test_the_folder_of_the_caller_is_left(void **state) {
    (void) state;
    expect_true(leaves_the_folder_of_the_caller);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_local_stream_socket_is_refused),
        cmocka_unit_test(test_s20_a_hanging_process_is_ended_even_where_alarms_were_off),
        cmocka_unit_test(test_s24_each_of_the_two_steps_makes_it_undumpable),
        cmocka_unit_test(test_a_parent_that_has_gone_is_noticed),
        cmocka_unit_test(test_s20_processor_memory_and_files_are_limited),
        cmocka_unit_test(test_descriptors_are_the_first_four),
        cmocka_unit_test(test_the_folder_of_the_caller_is_left),
    };
    return cmocka_run_group_tests_name("credential: process", tests, NULL, NULL);
}

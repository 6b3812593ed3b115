/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of SECURITY 26: the module survives repetition, dlclose(3), threads and fork(2); host.c is the host. */
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <security/_pam_types.h>

#include "common/macros.h"
#include "tests/client/bus.h"
#include "tests/pam_ovcert/scripted_service.h"

static struct { char *host, *module, *helper; } given;

static void assert_host_lives(const char *bus, unsigned loads, int code) {
    char load_count[16], expected[16];
    char *address = strdup(bus);
    assert_non_null(address);
    (void) snprintf(load_count, sizeof load_count, "%u", loads); /* both fit */
    (void) snprintf(expected, sizeof expected, "%d", code);
    char *arguments[] = {given.host, given.module, address, given.helper, load_count, expected, NULL};
    pid_t child;
    int status;
    assert_int_equal(posix_spawn(&child, given.host, NULL, NULL, arguments, environ), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    free(address);
}

static void test_s26_a_thousand_loads_without_a_bus_leave_nothing_behind(void **state) {
    (void) state;
    assert_host_lives("unix:path=/nonexistent/bus", 1000, PAM_AUTHINFO_UNAVAIL);
}

static void test_s26_a_thousand_loads_with_a_bus_leave_nothing_behind(void **state) {
    (void) state;
    TestBus bus = test_bus_start();
    assert_host_lives(bus.address, 1000, PAM_AUTHINFO_UNAVAIL);
    test_bus_end(&bus);
}

static void test_s26_whole_sign_ins_leave_nothing_behind(void **state) {
    (void) state;
    TestBus bus = test_bus_start();
    pid_t service = test_service_start(&bus, scripted_service);
    assert_host_lives(bus.address, 100, PAM_SUCCESS);
    test_child_end(service);
    test_bus_end(&bus);
}

int main(int argc, char *argv[]) {
    if (argc != 4)
        return 2;
    given.module = argv[1];
    given.helper = argv[2];
    given.host = argv[3];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s26_a_thousand_loads_without_a_bus_leave_nothing_behind),
        cmocka_unit_test(test_s26_a_thousand_loads_with_a_bus_leave_nothing_behind),
        cmocka_unit_test(test_s26_whole_sign_ins_leave_nothing_behind),
    };
    return cmocka_run_group_tests_name("pam_ovcert/repetition", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of SECURITY 19: whatever hangs, the bus keeps nobody waiting for more than five seconds in all. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/frame.h"
#include "tests/client/bus.h"
#include "tests/pam_ovcert/script.h"
#include "tests/pam_ovcert/scripted_service.h"
#include "tests/pam_ovcert/stack.h"

/* The rest is for the helper's two processes on a busy machine. */
#define LIMIT_MICROSECONDS (7u * UINT64_C(1000000))

static struct {
    const char *module, *helper;
    TestBus bus;
    pid_t service;
} world;

static int setup(void **state) {
    (void) state;
    world.bus = test_bus_start();
    world.service = test_service_start(&world.bus, scripted_service);
    return 0;
}

static int teardown(void **state) {
    (void) state;
    test_child_end(world.service);
    test_bus_end(&world.bus);
    return 0;
}

static void assert_unavailable_in_time(const char *tty) {
    Stack *stack = stack_new_scripted(world.module, world.bus.address, world.helper, "one", "");
    stack_begin(stack, stack_own_name(), tty);
    uint64_t start = frame_now();
    int code = stack_authenticate(stack, (const char *const[]){SCRIPT_PASSPHRASE, NULL});
    assert_true(frame_now() - start < LIMIT_MICROSECONDS);
    assert_int_equal(code, PAM_AUTHINFO_UNAVAIL);
    stack_free(stack);
}

static void test_s19_a_stopped_bus_is_unavailable_in_five_seconds(void **state) {
    (void) state;
    test_bus_signal(&world.bus, SIGSTOP);
    assert_unavailable_in_time(NULL);
    test_bus_signal(&world.bus, SIGCONT);
}

static void test_s19_a_silent_daemon_is_unavailable_in_five_seconds(void **state) {
    (void) state;
    assert_unavailable_in_time("Hint:silent");
}

/* Three seconds of Hint, and Begin never answers. */
static void test_s19_all_calls_share_the_five_seconds(void **state) {
    (void) state;
    assert_unavailable_in_time("Hint:slow Begin:silent");
}

int main(int argc, char *argv[]) {
    if (argc != 3)
        return 2;
    world.module = argv[1];
    world.helper = argv[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_s19_a_stopped_bus_is_unavailable_in_five_seconds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s19_a_silent_daemon_is_unavailable_in_five_seconds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s19_all_calls_share_the_five_seconds, setup, teardown),
    };
    return cmocka_run_group_tests_name("pam_ovcert/deadline", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of ovcert-credential/filter.h in the program as its clients start it, but for what probe.c does in the place of
 * the dialogue. That what the helper has to do is not denied, all its other tests show. The argument is the program. */
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"
#include "tests/ovcert-credential/support.h"

#define OTHER_USER 65534

/* What takes a file apart has no use for any of it; a module may need the rest. */
#define LEFT_TO_TOKENS "network\nwrite\ncreate\nunlink\nsignal\ncode\nmprotect\ndone\n"
#define LEFT_TO_FILES "done\n"

static void expect_left(const char *program, char *const *arguments, void (*prepare)(void), const char *wanted) {
    Run run = run_start(&(RunOptions){.program = program, .arguments = arguments, .prepare = prepare});
    char said[1024] = "";
    size_t size = 0;
    ssize_t n;

    while ((n = recv(run.socket, said + size, sizeof said - 1 - size, 0)) > 0)
        size += (size_t) n;
    assert_string_equal(said, wanted);
    assert_int_equal(run_end(&run), 0);
}

static void become_other(void) {
    if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(OTHER_USER) < 0 || setuid(OTHER_USER) < 0))
        _exit(125);
}

static void test_s20_no_call_is_left_to_a_file_but_those_that_read_it(void **state) {
    char deadline[] = "60", id[] = "65534", name[] = "demo", home[] = "/nonexistent";

    if (geteuid() != 0)
        skip(); /* others' helpers drive tokens too */
    expect_left(*state, (char *const[]){deadline, id, id, name, home, NULL}, NULL, LEFT_TO_FILES);
}

static void test_s21_s24_a_module_starts_nothing_looks_into_nothing_and_cannot_be_dumped(void **state) {
    char deadline[] = "60", word[] = "tokens";

    expect_left(*state, (char *const[]){deadline, word, NULL}, NULL, LEFT_TO_TOKENS);
}

static void test_s21_s24_nor_does_it_as_the_caller(void **state) {
    char deadline[] = "60";

    expect_left(*state, (char *const[]){deadline, NULL}, become_other, LEFT_TO_TOKENS);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_s20_no_call_is_left_to_a_file_but_those_that_read_it, argv[1]),
        cmocka_unit_test_prestate(test_s21_s24_a_module_starts_nothing_looks_into_nothing_and_cannot_be_dumped,
                                  argv[1]),
        cmocka_unit_test_prestate(test_s21_s24_nor_does_it_as_the_caller, argv[1]),
    };

    return argc == 2 ? cmocka_run_group_tests_name("credential: filter", tests, NULL, NULL) : 2;
}

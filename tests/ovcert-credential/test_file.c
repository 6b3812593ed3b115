/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of ovcert-credential/file.h, on real files. */
#include "ovcert-credential/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/credential.h"
#include "common/macros.h"
#include "tests/ovcert-credential/support.h"

static int set_up(void **state) {
    *state = home_new(geteuid());
    return 0;
}

static int tear_down(void **state) {
    home_free(*state);
    return 0;
}

static void refuse(const char *path, uid_t owner, int outcome) {
    char *CLEANUP(free_pointer) detail = NULL;
    int fd = -1;

    assert_int_equal(file_open(path, owner, &fd, &detail), outcome);
    assert_int_equal(fd, -1);
    assert_non_null(detail);
}

static char *put(const char *home, const char *name, const char *text) {
    return home_put(home, name, (View){(const uint8_t *) text, strlen(text)}, geteuid());
}

static void test_a_missing_file_is_not_found(void **state) {
    char *CLEANUP(free_pointer) path = home_path(*state, "none.p12");
    char *CLEANUP(free_pointer) below = home_path(*state, "a.p12/b");

    free(put(*state, "a.p12", "x"));
    refuse(path, geteuid(), CREDENTIAL_OUTCOME_NOT_FOUND);
    refuse(below, geteuid(), CREDENTIAL_OUTCOME_NOT_FOUND);
}

static void test_s20_a_symbolic_link_is_refused_wherever_it_points(void **state) {
    char *CLEANUP(free_pointer) own = put(*state, "own.p12", "x");
    char *CLEANUP(free_pointer) to_own = home_path(*state, "link.p12");
    char *CLEANUP(free_pointer) to_root = home_path(*state, "root.p12");
    char *CLEANUP(free_pointer) to_nothing = home_path(*state, "dangling.p12");

    assert_int_equal(symlink(own, to_own), 0);
    assert_int_equal(symlink("/etc/shadow", to_root), 0);
    assert_int_equal(symlink("/nonexistent", to_nothing), 0);
    refuse(to_own, geteuid(), CREDENTIAL_OUTCOME_NOT_REGULAR);
    refuse(to_root, geteuid(), CREDENTIAL_OUTCOME_NOT_REGULAR);
    refuse(to_nothing, geteuid(), CREDENTIAL_OUTCOME_NOT_REGULAR);
}

static void test_s20_a_fifo_is_refused_without_waiting(void **state) {
    char *CLEANUP(free_pointer) path = home_path(*state, "fifo.p12");

    assert_int_equal(mkfifo(path, 0600), 0);
    refuse(path, geteuid(), CREDENTIAL_OUTCOME_NOT_REGULAR);
}

static void test_folders_sockets_and_devices_are_refused(void **state) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char *CLEANUP(free_pointer) path = home_path(*state, "socket.p12");
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(strlen(path) < sizeof address.sun_path);
    strcpy(address.sun_path, path);
    assert_int_equal(bind(listener, (const struct sockaddr *) &address, sizeof address), 0);
    refuse(path, geteuid(), CREDENTIAL_OUTCOME_NOT_REGULAR);
    refuse(*state, geteuid(), CREDENTIAL_OUTCOME_NOT_REGULAR);
    refuse("/dev/null", geteuid(), CREDENTIAL_OUTCOME_NOT_REGULAR);
    assert_int_equal(close(listener), 0);
}

static void test_s20_somebody_else_s_file_is_refused(void **state) {
    char *CLEANUP(free_pointer) path = put(*state, "a.p12", "x");

    assert_int_equal(chmod(path, 0644), 0);
    refuse(path, geteuid() + 1, CREDENTIAL_OUTCOME_NOT_OWNER);
}

static void test_s20_a_file_over_the_limit_is_refused(void **state) {
    char *CLEANUP(free_pointer) path = put(*state, "a.p12", "x");
    char *CLEANUP(free_pointer) detail = NULL;
    int fd = -1;

    assert_int_equal(truncate(path, (off_t) FILE_SIZE_MAX + 1), 0);
    refuse(path, geteuid(), CREDENTIAL_OUTCOME_TOO_LARGE);
    assert_int_equal(truncate(path, (off_t) FILE_SIZE_MAX), 0);
    assert_int_equal(file_open(path, geteuid(), &fd, &detail), 0);
    assert_int_equal(close(fd), 0);
}

static void test_s20_a_file_that_grows_after_the_check_is_refused(void **state) {
    char *CLEANUP(free_pointer) path = put(*state, "a.p12", "x");
    char *CLEANUP(free_pointer) detail = NULL;
    Bytes CLEANUP(bytes_done) contents = {0};
    int fd = -1;

    assert_int_equal(file_open(path, geteuid(), &fd, &detail), 0);
    assert_int_equal(truncate(path, (off_t) FILE_SIZE_MAX + 1), 0);
    assert_int_equal(file_read(fd, &contents, &detail), CREDENTIAL_OUTCOME_TOO_LARGE);
    assert_int_equal(close(fd), 0);
}

static void test_s20_swapping_the_name_after_the_check_changes_nothing(void **state) {
    char *CLEANUP(free_pointer) path = put(*state, "a.p12", "the one that was checked");
    char *CLEANUP(free_pointer) other = put(*state, "b", "another");
    char *CLEANUP(free_pointer) detail = NULL;
    Bytes CLEANUP(bytes_done) contents = {0};
    int fd = -1;

    assert_int_equal(file_open(path, geteuid(), &fd, &detail), 0);
    assert_int_equal(rename(other, path), 0);
    assert_int_equal(file_read(fd, &contents, &detail), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(contents.size, strlen("the one that was checked"));
    assert_memory_equal(contents.data, "the one that was checked", contents.size);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_missing_file_is_not_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_s20_a_symbolic_link_is_refused_wherever_it_points, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_s20_a_fifo_is_refused_without_waiting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folders_sockets_and_devices_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_s20_somebody_else_s_file_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_s20_a_file_over_the_limit_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_s20_a_file_that_grows_after_the_check_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_s20_swapping_the_name_after_the_check_changes_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("credential: file", tests, NULL, NULL);
}

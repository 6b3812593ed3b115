/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of ovcertctl/file: no pipe, device or huge file is ever read. */
#include "ovcertctl/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ovcertctl/exit_status.h"
#include "tests/trust/pki.h"

static char *in(const char *folder, const char *name) {
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
    return path;
}

static int setup(void **state) {
    *state = pki_folder();
    return 0;
}

static int teardown(void **state) {
    pki_folder_free(*state);
    return 0;
}

static void test_missing_file_is_not_found(void **state) {
    Bytes leaf = {0};
    BytesList chain = {0};
    char *path = in(*state, "nothing.pem");
    assert_int_equal(file_read(path, FILE_SIZE_MAX, &leaf), -ENOENT);
    assert_int_equal(file_read_certificates(path, &leaf, &chain), EXIT_NOT_FOUND);
    free(path);
}

static void test_pipe_folder_and_device_are_refused_at_once(void **state) {
    Bytes contents = {0};
    char *path = in(*state, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(file_read(path, FILE_SIZE_MAX, &contents), -EINVAL);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(file_read(*state, FILE_SIZE_MAX, &contents), -EINVAL);
    assert_int_equal(file_read("/dev/zero", FILE_SIZE_MAX, &contents), -EINVAL);
    free(path);
}

static void test_huge_file_is_refused_unread(void **state) {
    Bytes contents = {0};
    char *path = in(*state, "huge.pem");
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, FILE_SIZE_MAX), 0);
    assert_int_equal(file_read(path, FILE_SIZE_MAX, &contents), 0);
    assert_int_equal(contents.size, FILE_SIZE_MAX);
    bytes_done(&contents);
    assert_int_equal(ftruncate(fd, (off_t) 1 << 40), 0);
    assert_int_equal(file_read(path, FILE_SIZE_MAX, &contents), -EFBIG);
    assert_int_equal(close(fd), 0);
    free(path);
}

static void test_file_without_a_certificate_is_refused(void **state) {
    Bytes leaf = {0};
    BytesList chain = {0};
    char *path = in(*state, "text.pem");
    pki_write(*state, "text.pem", (View){(const uint8_t *) "hello\n", 6});
    assert_int_equal(file_read_certificates(path, &leaf, &chain), EXIT_FAILED);
    assert_int_equal(leaf.size, 0);
    free(path);
}

static void write_certificates(const char *folder, const PkiIdentity *identity, size_t count) {
    Bytes pem = {0};
    for (size_t i = 0; i < count; i++)
        pki_pem("CERTIFICATE", bytes_view(&identity->der), &pem);
    pki_write(folder, "chain.pem", bytes_view(&pem));
    bytes_done(&pem);
}

static void test_first_certificate_is_the_leaf_and_at_most_seven_follow(void **state) {
    PkiIdentity root = {0};
    Bytes leaf = {0};
    BytesList chain = {0};
    char *path = in(*state, "chain.pem");
    pki_root(NULL, &root);
    write_certificates(*state, &root, 9);
    assert_int_equal(file_read_certificates(path, &leaf, &chain), EXIT_FAILED);
    write_certificates(*state, &root, 8);
    assert_int_equal(file_read_certificates(path, &leaf, &chain), 0);
    assert_true(view_equal(bytes_view(&leaf), bytes_view(&root.der)));
    assert_int_equal(chain.count, 7);
    bytes_done(&leaf);
    bytes_list_done(&chain);
    pki_identity_done(&root);
    free(path);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_missing_file_is_not_found),
        TEST(test_pipe_folder_and_device_are_refused_at_once),
        TEST(test_huge_file_is_refused_unread),
        TEST(test_file_without_a_certificate_is_refused),
        TEST(test_first_certificate_is_the_leaf_and_at_most_seven_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

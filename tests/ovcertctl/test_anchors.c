/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the folder of trust anchors: one is taken out of its file alone, and all else stays as it was. */
#include "ovcertctl/anchors.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ovcertctl/file.h"
#include "tests/trust/pki.h"

#define BEFORE "# The old one, until 2030.\r\n"
#define BETWEEN "\n# Its successor:\n  not a line of PEM\n"
#define AFTER "-- the end, without a newline"

typedef struct Stage {
    char *folder;
    PkiIdentity first, second;
    Certificate *certificate; /* the first one */
} Stage;

static int set_up(void **state) {
    static Stage stage;
    stage = (Stage){.folder = pki_folder()};
    pki_root(NULL, &stage.first);
    pki_root(NULL, &stage.second);
    assert_int_equal(certificate_parse(bytes_view(&stage.first.der), &stage.certificate), 0);
    *state = &stage;
    return 0;
}

static int tear_down(void **state) {
    Stage *stage = *state;
    (void) certificate_free(stage->certificate); /* returns NULL */
    pki_identity_done(&stage->first);
    pki_identity_done(&stage->second);
    pki_folder_free(stage->folder);
    return 0;
}

static char *path_of(const Stage *stage, const char *name) {
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", stage->folder, name) > 0);
    return path;
}

static void add_text(Bytes *file, const char *text) {
    assert_int_equal(bytes_append(file, (View){(const uint8_t *) text, strlen(text)}), 0);
}

static void assert_holds(const Stage *stage, const char *name, const Bytes *wanted) {
    CLEANUP(free_pointer) char *path = path_of(stage, name);
    CLEANUP(bytes_done) Bytes contents = {0};
    assert_int_equal(file_read(path, FILE_SIZE_MAX, &contents), 0);
    assert_true(view_equal(bytes_view(&contents), bytes_view(wanted)));
}

static bool is_there(const Stage *stage, const char *name) {
    CLEANUP(free_pointer) char *path = path_of(stage, name);
    return access(path, F_OK) == 0;
}

static void test_the_rest_of_the_file_its_owner_and_its_mode_stay(void **state) {
    Stage *stage = *state;
    CLEANUP(bytes_done) Bytes file = {0}, rest = {0};
    CLEANUP(free_pointer) char *path = path_of(stage, "both.pem");
    struct stat before, after;
    add_text(&file, BEFORE);
    pki_pem("CERTIFICATE", bytes_view(&stage->first.der), &file);
    add_text(&file, BETWEEN);
    pki_pem("CERTIFICATE", bytes_view(&stage->second.der), &file);
    pki_pem("CERTIFICATE", bytes_view(&stage->first.der), &file); /* once more */
    add_text(&file, AFTER);
    add_text(&rest, BEFORE BETWEEN);
    pki_pem("CERTIFICATE", bytes_view(&stage->second.der), &rest);
    add_text(&rest, AFTER);
    pki_write(stage->folder, "both.pem", bytes_view(&file));
    pki_write(stage->folder, ".both.pem.new", (View){0}); /* as after a crash */
    if (geteuid() == 0)
        assert_int_equal(chown(path, 4711, 4712), 0);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(anchors_remove(stage->folder, "both.pem", stage->certificate), 0);
    assert_holds(stage, "both.pem", &rest);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_mode, before.st_mode);
    assert_true(after.st_uid == before.st_uid && after.st_gid == before.st_gid);
    assert_true(after.st_ino != before.st_ino); /* a new file in its place: never half of one */
    assert_false(is_there(stage, ".both.pem.new"));
}

static void test_a_file_with_nothing_else_but_text_goes(void **state) {
    Stage *stage = *state;
    CLEANUP(bytes_done) Bytes file = {0};
    add_text(&file, BEFORE);
    pki_pem("CERTIFICATE", bytes_view(&stage->first.der), &file);
    pki_write(stage->folder, "one.pem", bytes_view(&file));
    pki_write(stage->folder, "one.der", bytes_view(&stage->first.der));
    assert_int_equal(anchors_remove(stage->folder, "one.pem", stage->certificate), 0);
    assert_int_equal(anchors_remove(stage->folder, "one.der", stage->certificate), 0);
    assert_false(is_there(stage, "one.pem") || is_there(stage, "one.der"));
}

static void test_a_key_in_the_file_is_not_lost(void **state) {
    Stage *stage = *state;
    CLEANUP(bytes_done) Bytes file = {0}, key = {0};
    pki_pem("PRIVATE KEY", (View){(const uint8_t *) "key", 3}, &key);
    pki_pem("PRIVATE KEY", (View){(const uint8_t *) "key", 3}, &file);
    pki_pem("CERTIFICATE", bytes_view(&stage->first.der), &file);
    pki_write(stage->folder, "key.pem", bytes_view(&file));
    assert_int_equal(anchors_remove(stage->folder, "key.pem", stage->certificate), 0);
    assert_holds(stage, "key.pem", &key);
}

static void test_a_file_without_it_and_a_link_stay_as_they_are(void **state) {
    Stage *stage = *state;
    CLEANUP(bytes_done) Bytes file = {0};
    CLEANUP(free_pointer) char *link = path_of(stage, "link.pem");
    pki_pem("CERTIFICATE", bytes_view(&stage->second.der), &file);
    pki_write(stage->folder, "other.pem", bytes_view(&file));
    assert_int_equal(symlink("other.pem", link), 0);
    assert_int_equal(anchors_remove(stage->folder, "other.pem", stage->certificate), -ENODATA);
    assert_int_equal(anchors_remove(stage->folder, "link.pem", stage->certificate), -EINVAL);
    assert_int_equal(anchors_remove(stage->folder, "missing.pem", stage->certificate), -ENOENT);
    assert_holds(stage, "other.pem", &file);
    assert_int_equal(unlink(link), 0);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_the_rest_of_the_file_its_owner_and_its_mode_stay),
        TEST(test_a_file_with_nothing_else_but_text_goes),
        TEST(test_a_key_in_the_file_is_not_lost),
        TEST(test_a_file_without_it_and_a_link_stay_as_they_are),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

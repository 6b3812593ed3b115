/* SPDX-License-Identifier: BSD-2-Clause */
/* The watch of the trust folders, with a real folder and a real event loop. */
#include "ovcertd/watch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_USEC UINT64_C(5000000)

typedef struct Folder {
    char path[64];
    char file[96];
    sd_event *event;
    Watch *watch;
    unsigned changes;
} Folder;

static void on_changed(void *data) {
    Folder *folder = data;
    folder->changes++;
}

static int set_up(void **state) {
    Folder *folder = calloc(1, sizeof *folder);
    assert_non_null(folder);
    (void) snprintf(folder->path, sizeof folder->path, "/tmp/ovcert-watch-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    (void) snprintf(folder->file, sizeof folder->file, "%s/list.crl", folder->path);
    assert_true(sd_event_new(&folder->event) >= 0);
    *state = folder;
    return 0;
}

static int tear_down(void **state) {
    Folder *folder = *state;
    (void) watch_free(folder->watch);
    sd_event_unref(folder->event);
    (void) unlink(folder->file); /* some tests leave none */
    assert_int_equal(rmdir(folder->path), 0);
    free(folder);
    return 0;
}

static void start(Folder *folder) {
    const char *const folders[] = {"/nonexistent/ovcert", folder->path};
    assert_int_equal(watch_new(folder->event, folders, 2, on_changed, folder, &folder->watch), 0);
}

static void write_file(const Folder *folder) {
    int fd = open(folder->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(close(fd), 0);
}

/* Runs the loop until something was reported, or nothing has been for long enough. */
static void wait_for_change(Folder *folder, unsigned changes) {
    while (folder->changes < changes)
        assert_true(sd_event_run(folder->event, PATIENCE_USEC) > 0);
}

static void test_a_missing_folder_is_not_watched(void **state) {
    Folder *folder = *state;
    const char *const folders[] = {"/nonexistent/ovcert"};
    assert_int_equal(watch_new(folder->event, folders, 1, on_changed, folder, &folder->watch), 0);
}

static void test_several_changes_are_reported_once(void **state) {
    Folder *folder = *state;
    start(folder);
    for (unsigned i = 0; i < 5; i++)
        write_file(folder);
    wait_for_change(folder, 1);
    assert_int_equal(sd_event_run(folder->event, 0), 0);
    assert_int_equal(folder->changes, 1);
}

static void test_a_removal_is_reported_too(void **state) {
    Folder *folder = *state;
    write_file(folder);
    start(folder);
    assert_int_equal(unlink(folder->file), 0);
    wait_for_change(folder, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_missing_folder_is_not_watched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_several_changes_are_reported_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_removal_is_reported_too, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes such folders. */
#include "tests/ovcertctl/pam_root.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char root[] = "/tmp/ovcert-pam-XXXXXX";

static void make_folder(const char *name) {
    char path[256];
    assert_true(snprintf(path, sizeof path, "%s/%s", root, name) < (int) sizeof path);
    assert_int_equal(mkdir(path, 0755), 0);
}

const char *pam_root_new(void) {
    (void) strcpy(root, "/tmp/ovcert-pam-XXXXXX");
    assert_non_null(mkdtemp(root));
    make_folder("etc");
    make_folder("etc/pam.d");
    return root;
}

void pam_root_touch(const char *path) {
    pam_root_write_path(path, "");
}

void pam_root_chmod(const char *path, unsigned mode) {
    char whole[512];
    assert_true(snprintf(whole, sizeof whole, "%s%s", root, path) < (int) sizeof whole);
    assert_int_equal(chmod(whole, (mode_t) mode), 0);
}

void pam_root_write_path(const char *path, const char *text) {
    char whole[512];
    assert_true(snprintf(whole, sizeof whole, "%s%s", root, path) < (int) sizeof whole);
    for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        (void) mkdir(whole, 0755); /* may be there */
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(whole, 0644), 0);
}

void pam_root_write(const char *name, const char *text) {
    char path[256];
    assert_true(snprintf(path, sizeof path, "%s/etc/pam.d/%s", root, name) < (int) sizeof path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void) status, (void) kind, (void) where;
    return remove(path);
}

void pam_root_remove(void) {
    assert_int_equal(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

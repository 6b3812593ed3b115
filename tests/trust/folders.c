/* SPDX-License-Identifier: BSD-2-Clause */
/* See folders.h. Linked by test programs only. */
#include "tests/trust/folders.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/trust/pki.h"

static char *subfolder(const char *folder) {
    char *path = NULL;

    assert_true(asprintf(&path, "%s/" KINDS_FOLDER, folder) > 0);
    assert_int_equal(mkdir(path, 0700), 0);
    return path;
}

int folders_setup(void **state) {
    Folders *folders = calloc(1, sizeof(*folders));

    assert_non_null(folders);
    folders->etc = pki_folder();
    folders->vendor = pki_folder();
    folders->etc_kinds = subfolder(folders->etc);
    folders->vendor_kinds = subfolder(folders->vendor);
    *state = folders;
    return 0;
}

int folders_teardown(void **state) {
    Folders *folders = *state;

    pki_folder_free(folders->etc_kinds);
    if (unlink(folders->vendor_kinds) == 0) /* folders_ship() has made it a link */
        free(folders->vendor_kinds);
    else
        pki_folder_free(folders->vendor_kinds);
    pki_folder_free(folders->etc);
    pki_folder_free(folders->vendor);
    free(folders->problem);
    free(folders);
    return 0;
}

void folders_write(const Folders *folders, bool etc, const char *name, const char *text) {
    pki_write(etc ? folders->etc_kinds : folders->vendor_kinds, name,
              (View){.data = (const uint8_t *) text, .size = strlen(text)});
}

void folders_ship(Folders *folders) {
    const char *shipped = getenv("OVCERT_KINDS");

    assert_non_null(shipped);
    assert_int_equal(rmdir(folders->vendor_kinds), 0);
    assert_int_equal(symlink(shipped, folders->vendor_kinds), 0);
}

int folders_load(Folders *folders, Kinds **ret) {
    const char *const order[] = {folders->etc, NULL, folders->vendor};

    free(folders->problem);
    folders->problem = NULL;
    return kinds_load(order, ELEMENTSOF(order), ret, &folders->problem);
}

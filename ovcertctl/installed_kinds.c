/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the daemon's files with the daemon's reader, so that both say the same. */
#include "ovcertctl/installed_kinds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config.h"

int installed_kinds_load(const char *root, Kinds **ret, char **ret_problem) {
    static const char *const folders[] = {OVCERT_CONFIG_DIR, "/run/ovcert", OVCERT_VENDOR_CONFIG_DIR};
    char *below[ELEMENTSOF(folders)] = {NULL};
    int r = 0;
    for (size_t i = 0; r == 0 && i < ELEMENTSOF(folders); i++)
        if (asprintf(&below[i], "%s%s", root, folders[i]) < 0) {
            below[i] = NULL; /* unspecified after a failure */
            r = -ENOMEM;
        }
    if (r == 0)
        r = kinds_load((const char *const *) below, ELEMENTSOF(below), ret, ret_problem);
    for (size_t i = 0; i < ELEMENTSOF(below); i++)
        free(below[i]);
    return r;
}

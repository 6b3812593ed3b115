/* SPDX-License-Identifier: BSD-2-Clause */
/* Folders of kinds for tests: as an administrator's /etc/ovcert and the vendor's. A function that fails ends the test.
 */
#pragma once

#include "trust/kinds.h"

typedef struct Folders {
    char *etc, *vendor;             /* each with KINDS_FOLDER in it */
    char *etc_kinds, *vendor_kinds; /* those */
    char *problem;                  /* of the last folders_load() */
} Folders;

/* cmocka set-up and tear-down of one test. */
int folders_setup(void **state);
int folders_teardown(void **state);
/* One file of each: in etc, or in the vendor's folder. */
void folders_write(const Folders *folders, bool etc, const char *name, const char *text);
/* The vendor's are those that ovcert ships. */
void folders_ship(Folders *folders);
int folders_load(Folders *folders, Kinds **ret);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Public path-validation suites as files: a folder with an index.jsonl, one case a line, and the files that it names.
 * Read for the tests of the trust library and of the command. A function that fails ends the program with a message. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct SuiteCase {
    char *id;
    char *leaf, *intermediates, *roots, *crls; /* paths; NULL: none */
    int64_t time; /* seconds; where the case leaves it open, a time that suits all of them */
    bool accept;
    bool check_crls;
    char *purpose; /* an OID; NULL: any */
    char **policies;
    size_t n_policies;
    bool explicit_policy, inhibit_any_policy, inhibit_policy_mapping;
    int max_depth;   /* -1: no limit */
    char *deviation; /* why we refuse what it accepts; NULL when we do not */
} SuiteCase;

typedef struct Suite {
    SuiteCase *cases;
    size_t count;
} Suite;

/* False when the folder (SUITES/NAME; SUITES is the environment's OVCERT_SUITES if that is set) is not there. Lines of
 * the deviation file are "ID  argument"; "#" begins a comment. One about a case that NAME does not have, or that it
 * does not accept, or that has no argument, is a mistake. */
bool suite_read(const char *suites, const char *name, const char *deviations, Suite *ret);
void suite_done(Suite *suite);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings of the helper, from the root-owned file credential.conf alone (SECURITY 21); never from environment or
 * arguments. Syntax: common/ini.h. Everything has a default, and the file may be missing.
 *
 *   [pkcs12]
 *   files=PATTERN ...      glob(7) patterns separated by white space, absolute; %h is the user's home, %u the user's
 *                          name, %% a per cent sign; a "?" fits a space. Default: all .p12 and .pfx in %h/.ovcert
 *   max-iterations=N       key-derivation rounds that one file may ask for in all, 1 to 100000000. Default: 1000000
 *
 *   [pkcs11]
 *   modules=MODULE ...     PKCS#11 modules: absolute paths, or names of files in p11-kit's module folder, separated by
 *                          white space. Default: opensc-pkcs11.so, where it is installed; empty: no tokens
 *   environment=NAME=VALUE ...
 *                          what the modules find in their environment, SOFTHSM2_CONF for example. OPENSC_CONF names a
 *                          file of ovcert's that switches OpenSC's file cache off, unless it is given here */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Zero-initialise; settings_done(). */
typedef struct Settings {
    char **patterns;
    size_t n_patterns;
    uint64_t max_iterations;
    char **modules; /* absolute paths */
    size_t n_modules;
    bool modules_optional; /* nobody asked for them by name, so they may be missing */
    char **environment;    /* NAME=VALUE */
    size_t n_environment;
} Settings;

void settings_done(Settings *settings);

/* owner: the uid that must own the file (root's; a parameter for the tests), which group and others may not write.
 * 0; CREDENTIAL_OUTCOME_CONFIGURATION with file, line and reason in *ret_detail; -ENOMEM. */
int settings_load(const char *path, uid_t owner, Settings *ret, char **ret_detail);

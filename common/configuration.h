/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration of ovcertd: ini files in the order of the UAPI Configuration Files Specification.
 *
 * The main file ovcertd.conf is taken from the first folder that has it (etc, run, vendor); then
 * ovcertd.conf.d/NAME.conf of all three, by name, each name from the first folder that has it. Later files win, key by
 * key. An empty file or a link to /dev/null masks. Keys are those of data/ovcertd.conf; everything has a default. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct Config {
    char *store_path;
    char *anchors_dir;
    char *crls_dir;
    bool soft_revocation;
    uint32_t max_stale_days;
    uint32_t warn_days;
    bool first_assign_user;
} Config;

/* Each may be NULL: not looked at. */
typedef struct ConfigFolders {
    const char *etc;
    const char *run;
    const char *vendor;
} ConfigFolders;

void config_done(Config *config);

typedef enum ConfigOutcome {
    CONFIG_INVALID = 1, /* *ret_problem (caller frees): "FILE:LINE: what is wrong" */
} ConfigOutcome;

/* 0 with *ret filled, CONFIG_INVALID, or -ENOMEM; *ret is untouched unless 0. */
int config_load(const ConfigFolders *folders, Config *ret, char **ret_problem);
/* The same from one file alone, which has to exist. */
int config_load_file(const char *path, Config *ret, char **ret_problem);

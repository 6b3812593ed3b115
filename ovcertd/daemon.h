/* SPDX-License-Identifier: BSD-2-Clause */
/* Daemon: opens the parts in their order, runs the event loop, reloads, and closes them in the reverse order. */
#pragma once

#include "common/configuration.h"

/* The configuration; what is wrong with it has been logged. 0, CONFIG_INVALID, or a negative errno. */
int daemon_load_config(const char *config_file, Config *ret);

/* config_file: read this one alone; NULL for the usual files. SIGTERM, SIGINT and SIGHUP are blocked in the caller.
 * Returns main()'s exit status, EX_CONFIG when another start would fail alike until somebody mends the configuration or
 * the database; every failure has been logged in one line. */
int daemon_run(const char *config_file);
/* Whether a daemon would take configuration, kinds and the folder of the anchors as they are, for who has it reload
 * them: EXIT_SUCCESS, EX_CONFIG or EXIT_FAILURE; likewise. */
int daemon_check(const char *config_file);

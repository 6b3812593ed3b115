/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies: whole databases beside the store's own, for backups, before migrations, and while one is restored. A copy is
 * a file of its own, without a log, when it is finished. Nothing here takes the lock: its owner has it. Internal to
 * store/. */
#pragma once

#include "ovcertd/store/database.h"

/* Copies what is committed behind the connection into an empty file (sqlite3_backup_init()), durably. 0 or a negative
 * errno. Does not look for damage. */
int copy_database(sqlite3 *source, const char *path);
/* Opens the copy as a Store of its own, as store_open() does: damage is found, an old one migrated. 0, STORE_CORRUPT,
 * STORE_NEWER, or a negative errno. */
int copy_open(const char *path, Store **ret, char **ret_reason);
/* The whole audit chain: 0, STORE_CORRUPT, or a negative errno. */
int copy_check_log(Store *store, char **ret_reason);
/* Closes it, whatever the result; 0 when it is one durable file. */
int copy_finish(Store *store);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Place: the folder and files of the database. Promises that the folder is ours alone and that no file in it that
 * SQLite will open is a symbolic link, somebody else's or readable by others; holds the lock against a second daemon.
 * Internal to store/. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macros.h"

typedef struct Place {
    int folder;  /* descriptor */
    int lock;    /* descriptor, -1 until place_lock() */
    char *path;  /* as SQLite shall open it: the folder's real path and the name */
    char *name;  /* in the folder */
    bool exists; /* set by place_check() */
} Place;

#define PLACE_NONE                                                                                                     \
    { .folder = -1, .lock = -1 }

/* What stands beside the database is named by a suffix to its name. */
#define PLACE_NEW ".new"             /* a new database until it is whole */
#define PLACE_COPY ".copying"        /* a copy of the database until it is whole */
#define PLACE_RESTORING ".restoring" /* a backup that is being restored */
#define PLACE_RESTORED ".restored"   /* the same, whole: from then on it is the database */
#define PLACE_REPLACED ".replaced-"  /* and a number: what was the database before */
#define PLACE_SCHEMA ".schema-"      /* and a number: the database before it was migrated from that version */

/* 0, STORE_INSECURE, or a negative errno. As in the others, *ret_reason (caller frees) says what is wrong when the
 * result is not 0 and there is something to say. */
int place_open(const char *path, Place *ret, char **ret_reason);
/* 0, STORE_LOCKED, STORE_INSECURE, or a negative errno. */
int place_lock(Place *place, char **ret_reason);
/* 0, STORE_INSECURE, STORE_CORRUPT (an empty database, or its log without it), or a negative errno. */
int place_check(Place *place, char **ret_reason);
/* Removes the database with this suffix and SQLite's files beside it; they may be missing. */
int place_remove(const Place *place, const char *suffix);
/* Makes it an empty private file, after removing what a crash has left of an earlier one. *ret_path: as SQLite shall
 * open it; caller frees. */
int place_make(const Place *place, const char *suffix, char **ret_path);
/* Gives a finished file its name, durably, in place of one that has it already if replace; else -EEXIST. */
int place_publish(const Place *place, const char *suffix, const char *final_suffix, bool replace);
/* Whether a restored database waits to become the database: then what is there now moves aside, and it does. Whenever
 * this is interrupted, the next call ends it. 1 when it was so, *ret_kept (caller frees; NULL when nothing was there)
 * naming what was the database; 0 when not; STORE_INSECURE or a negative errno. After place_lock(). */
int place_finish_restore(const Place *place, char **ret_kept, char **ret_reason);
/* Removes, durably, all that has been kept beside the database of former ones: before migrations, and by restores.
 * Folders, and names that ovcert does not give, stay. 0, or the errno of the last one that could not be removed, which
 * kept no other. */
int place_remove_kept(const Place *place);
char *place_name(const char *name, const char *suffix, uint64_t number); /* "NAME.replaced-1"; caller frees; or NULL */
void place_done(Place *place);

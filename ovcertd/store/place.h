/* SPDX-License-Identifier: BSD-2-Clause */
/* Place: the folder and files of the database. Promises that the folder is ours alone and that no file in it that
 * SQLite will open is a symbolic link, somebody else's or readable by others; holds the lock against a second daemon.
 * Internal to store/. */
#pragma once

#include <stdbool.h>

#include "common/macros.h"

typedef struct Place {
    int folder;     /* descriptor */
    int lock;       /* descriptor, -1 until place_lock() */
    char *path;     /* as SQLite shall open it: the folder's real path and the name */
    char *name;     /* in the folder */
    char *new_path; /* where a new database is made before it gets its name */
    bool exists;    /* set by place_check() */
} Place;

/* 0, STORE_INSECURE, or a negative errno. As in the others, *ret_reason (caller frees) says what is wrong when the
 * result is not 0 and there is something to say. */
int place_open(const char *path, Place *ret, char **ret_reason);
/* 0, STORE_LOCKED, STORE_INSECURE, or a negative errno. */
int place_lock(Place *place, char **ret_reason);
/* 0, STORE_INSECURE, STORE_CORRUPT (an empty database, or its log without it), or a negative errno. */
int place_check(Place *place, char **ret_reason);
/* Makes new_path an empty private file, after removing what a crash has left of an earlier one. */
int place_prepare_new(const Place *place);
/* Gives the finished new database its name, durably; -EEXIST when there is one. */
int place_publish_new(const Place *place);
void place_done(Place *place);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Ini: files of "[Section]" and "key = value" lines, UTF-8, comments in lines of their own that begin with '#' or ';'.
 * Spaces around names and values do not count; there is no quoting and no continuation, so that a value may hold
 * anything but a line's end. What is not one of these lines is an error with its number. */
#pragma once

#include <stddef.h>

#define INI_SIZE_MAX (1024u * 1024u)

/* One assignment. 0; a positive number of the caller's, which ends the reading, with *ret_what (freed by ini_read's
 * caller) saying what is wrong; or a negative errno. section: "" before the first. */
typedef int (*IniAssign)(void *data, const char *section, const char *key, const char *value, char **ret_what);

#define INI_MALFORMED 1 /* or what the callback returned */

/* One assignment with its place, line and columns from 1, columns in octets. Strings are valid during the call. */
typedef struct IniEntry {
    const char *section, *key, *value;
    unsigned line, key_column, value_column;
} IniEntry;

/* As above. *column is where the value stands; a callback that finds a fault elsewhere in the line says where. */
typedef int (*IniAssignEntry)(void *data, const IniEntry *entry, unsigned *column, char **ret_what);

/* Reads text (size octets and a NUL behind them; overwritten). 0, INI_MALFORMED or what assign returned, with the line
 * (from 1) and what is wrong (caller frees); or -ENOMEM. */
int ini_read(char *text, size_t size, IniAssign assign, void *data, unsigned *ret_line, char **ret_what);
/* The same for who wants places. ret_column: of the fault. */
int ini_read_entries(char *text, size_t size, IniAssignEntry assign, void *data, unsigned *ret_line,
                     unsigned *ret_column, char **ret_what);

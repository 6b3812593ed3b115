/* SPDX-License-Identifier: BSD-2-Clause */
/* ConfigFiles: where the UAPI Configuration Files Specification looks for drop-ins, and how their text is read. Knows
 * nothing of what stands in them. */
#pragma once

#include <stddef.h>

#include "common/bytes.h"
#include "common/macros.h"

/* Paths in the order in which they are to be read: by name, each name from the first folder that has it.
 * Zero-initialise; config_files_done(). */
typedef struct ConfigFiles {
    char **paths;
    size_t count;
} ConfigFiles;

void config_files_done(ConfigFiles *files);

/* FOLDER/name/ANY.conf of each folder, highest priority first; folders may be NULL, and one that is missing holds
 * nothing. 0; -errno with *ret_folder (caller frees) the one that cannot be read, or NULL when out of memory. */
int config_files_find(const char *const *folders, size_t n_folders, const char *name, ConfigFiles *ret,
                      char **ret_folder);

/* The text and a NUL behind it, as ini_read() wants it; ret->size counts the NUL. 0 or -errno: -EFBIG above
 * INI_SIZE_MAX, -EISDIR and -EINVAL for what is no file. /dev/null, which masks, is empty. */
int config_file_read(const char *path, Bytes *ret);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Files: the person's certificate files through runs of the helper (client/helper.h), as that person.
 *
 * int results as of client/helper.h: 0, a CredentialOutcome with *ret_detail (may be NULL; caller frees), or a negative
 * errno. */
#pragma once

#include <stddef.h>

#include "client/helper.h"
#include "common/macros.h"
#include "pam_ovcert/person.h"

#define FILES_LIST_SECONDS 10u
#define FILES_OPEN_SECONDS 30u /* key derivation, the daemon's challenge and the signature */

/* Zero-initialise; files_done(). */
typedef struct Files {
    HelperSource *items; /* those that may be offered come first */
    size_t count;
    size_t n_usable;
} Files;

/* Zero-initialise; open_file_done(). The helper waits to sign. */
typedef struct OpenFile {
    Helper *helper;
    HelperCertificate *certificates;
    size_t count;
} OpenFile;

void files_done(Files *files);
int files_list(const char *helper_path, const Person *person, Files *ret, char **ret_detail);

void open_file_done(OpenFile *file);
/* One try with this secret. */
int files_open(const char *helper_path, const Person *person, const HelperSource *source, const Secret *secret,
               OpenFile *ret, char **ret_detail);
/* NULL when it is not in the file. Borrowed. */
const HelperCertificate *open_file_find(const OpenFile *file, const uint8_t fingerprint[32]);

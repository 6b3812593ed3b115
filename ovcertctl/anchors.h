/* SPDX-License-Identifier: BSD-2-Clause */
/* Anchors: the folder of trust anchors as an administrator sees it: what is in its files, and adding and removing one,
 * whole or not at all. The daemon notices by itself. Knows nothing of questions. */
#pragma once

#include <stddef.h>

#include "common/bytes.h"
#include "trust/certificate.h"

typedef struct Anchor {
    Certificate *certificate;
    char *file;    /* its name in the folder */
    size_t beside; /* other certificates in that file */
} Anchor;

/* Zero-initialise; anchors_done(). */
typedef struct Anchors {
    char *folder;
    Anchor *items; /* in the order of the files */
    size_t count;
    char **faulty; /* names of files that hold no certificate, or a damaged one */
    size_t n_faulty;
} Anchors;

void anchors_done(Anchors *anchors);

/* The folder that the configuration of ovcertd names. 0; 1 with *ret_problem (caller frees): the configuration is not
 * valid; or -errno, of the folder (folder is set) or -ENOMEM. */
int anchors_read(Anchors *ret, char **ret_problem);
/* Why it is no anchor to trust, in words of trust/ (caller frees), "" when it is one; NULL when out of memory. now:
 * seconds since the epoch. */
char *anchors_problem(const Certificate *certificate, int64_t now);
/* A new file of its own. 0 or -errno (-EEXIST). */
int anchors_add(const char *folder, const Certificate *certificate);
/* Takes the certificate out of the file, whose other contents, owner and mode stay; the file goes when nothing but text
 * is left. 0 or -errno: -EBADMSG when it cannot be taken out alone. */
int anchors_remove(const char *folder, const char *file, const Certificate *certificate);

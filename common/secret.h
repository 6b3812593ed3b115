/* SPDX-License-Identifier: BSD-2-Clause */
/* Secret: passphrases and PINs in pages that are locked, kept out of core dumps and children, and wiped
 * when freed (mlock(2), madvise(2) MADV_DONTDUMP and MADV_WIPEONFORK). Uses libc alone, since the PAM module links it.
 */
#pragma once

#include <stddef.h>

#include "common/bytes.h"
#include "common/macros.h"

typedef struct Secret Secret;

#define SECRET_SIZE_MAX 4096u

/* Copies size octets (0 is allowed). -EMSGSIZE past SECRET_SIZE_MAX, -ENOMEM. The source is the caller's to wipe. */
int secret_new(const void *octets, size_t size, Secret **ret);
View secret_view(const Secret *secret);
/* Wipes and unmaps; accepts NULL, returns NULL. */
Secret *secret_free(Secret *secret);
DEFINE_CLEANUP(Secret *, secret_free)

/* Wipes memory that is not a Secret (what libpam handed over, say). Accepts NULL. */
void secret_wipe(void *memory, size_t size);
void secret_wipe_string(char *string);

/* Makes this process undumpable, untraceable by its own user and without core files
 * (prctl(2) PR_SET_DUMPABLE, setrlimit(2) RLIMIT_CORE). For whole programs, never from a library. */
int secret_harden_process(void);

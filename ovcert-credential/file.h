/* SPDX-License-Identifier: BSD-2-Clause */
/* A user's credential file: opened once, judged by its descriptor, read by that descriptor, so that swapping the name
 * in between changes nothing (SECURITY 20). */
#pragma once

#include <sys/types.h>

#include "common/bytes.h"

#define FILE_SIZE_MAX (1024u * 1024u)

/* Opens path (the last component never followed, never waited for). 0 with a descriptor in *ret; NOT_FOUND,
 * NOT_REGULAR, NOT_OWNER (owner is not the given uid), UNREADABLE or TOO_LARGE of CredentialOutcome. */
int file_open(const char *path, uid_t owner, int *ret, char **ret_detail);
/* All of it. 0; TOO_LARGE when it grew past the limit; UNREADABLE; -ENOMEM. */
int file_read(int fd, Bytes *ret, char **ret_detail);

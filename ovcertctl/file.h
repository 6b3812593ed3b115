/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificate files that the user names: read whole, but never a device, a pipe or something huge. */
#pragma once

#include "common/bytes.h"

#define FILE_SIZE_MAX (1024u * 1024u)

/* 0; -EFBIG past max octets; -EINVAL when it is not a regular file; other negative errno of open(2) and read(2). */
int file_read(const char *path, size_t max, Bytes *ret);
/* The certificates of a PEM or DER file: the first one in *ret_leaf, the others, its issuers, in *ret_chain. 0, or an
 * ExitStatus, said. */
int file_read_certificates(const char *path, Bytes *ret_leaf, BytesList *ret_chain);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Credential: the user's .p12 file, chosen and unlocked through the helper, ready to sign once. The passphrase goes to
 * the helper and nowhere else. */
#pragma once

#include <stddef.h>

#include "client/helper.h"
#include "common/macros.h"
#include "ovcertctl/tool.h"

/* Zero-initialise; credential_done() frees, and ends the helper. */
typedef struct Credential {
    char *label; /* for people, printable */
    Helper *helper;
    HelperCertificate *certificates;
    size_t n_certificates;
} Credential;

void credential_done(Credential *credential);

/* --credential, or what the person chooses among the files that the helper finds. 0, or an ExitStatus, said. */
int credential_open(Tool *tool, Credential *ret);
/* 0, or an ExitStatus, said. */
int credential_sign(Credential *credential, const Statement *statement, char **ret_algorithm, Bytes *ret_signature);

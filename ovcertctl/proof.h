/* SPDX-License-Identifier: BSD-2-Clause */
/* Proof: from a credential to a candidate that the daemon knows to be good: choose, check, prove. Changes no
 * association. */
#pragma once

#include "ovcertctl/description.h"
#include "ovcertctl/tool.h"

/* Zero-initialise; proof_done(). */
typedef struct Proof {
    char *candidate;
    CertificateInfo certificate;
} Proof;

void proof_done(Proof *proof);

/* The live candidate of the profile, unless --credential names a file; then and otherwise a new proof. 0, or an
 * ExitStatus, said. */
int proof_obtain(Tool *tool, const ProfileInfo *profile, Proof *ret);
/* Assigns it. A result of client/. */
int proof_assign(Tool *tool, const char *user, const Proof *proof);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Policy: pure decisions. Who needs which authorization for what, and what the holder rules say. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

typedef enum PolicyRequest {
    POLICY_READ_PROFILE,   /* Describe, GetProfile */
    POLICY_MANAGE_PROFILE, /* Unlink, Confirm, Cancel, BeginProof, Assign, Delete of one's own */
    POLICY_ADMINISTER,     /* CreateProfile, Block, Unblock, Assign without proof, another holder */
    POLICY_READ_ALL,       /* ListProfiles, ReadLog, VerifyLog, Diagnose */
    POLICY_FIND,           /* FindByCertificate */
    POLICY_READ_KEYS,      /* GetPublicKeys */
} PolicyRequest;

/* The polkit action that the caller needs, or NULL when he needs none (root). owner: the caller's uid is the profile's.
 * A missing profile has no owner, so that missing and foreign ones are asked for alike. */
const char *policy_action(PolicyRequest request, uid_t caller, bool owner);

/* May a certificate with this holder go to a profile with that one? Strings may be "" (not known). administrator:
 * manage-any was granted; allow_holder_change: his explicit option. 0, OVCERT_ERROR_HOLDER_MISMATCH or
 * OVCERT_ERROR_HOLDER_UNKNOWN. SECURITY 41: root is no exception. */
int policy_holder(const char *profile_holder, const char *certificate_holder, bool administrator,
                  bool allow_holder_change);

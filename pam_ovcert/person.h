/* SPDX-License-Identifier: BSD-2-Clause */
/* Person: the user who signs in, as PAM and the account database know that name. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <security/pam_modules.h>

typedef struct Person {
    bool known;       /* has an account */
    const char *name; /* libpam's */
    uid_t uid;
    gid_t gid;
    const char *home; /* libpam's, or static */
} Person;

/* PAM_SUCCESS with *ret filled. A user without an account is filled as somebody who owns nothing, so that the caller
 * does the same work as for everybody else (SECURITY 23), and refuses in the end. PAM_AUTHINFO_UNAVAIL for a name that
 * Unix does not allow (SECURITY 25); PAM_INCOMPLETE when the conversation wants to be called again; pam_get_user(3)'s
 * other codes. */
int person_find(pam_handle_t *pam, Person *ret);

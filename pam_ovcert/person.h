/* SPDX-License-Identifier: BSD-2-Clause */
/* Person: the user who signs in, as PAM and the account database name him. */
#pragma once

#include <sys/types.h>

#include <security/pam_modules.h>

typedef struct Person {
    const char *name; /* libpam's */
    uid_t uid;
    gid_t gid;
    const char *home; /* libpam's, or static */
} Person;

/* PAM_SUCCESS with *ret filled. A user without an account is filled as somebody who owns nothing, so that he costs the
 * same work as everybody else (SECURITY 23). PAM_AUTHINFO_UNAVAIL for a name that Unix does not allow (SECURITY 25);
 * PAM_INCOMPLETE when the conversation wants to be called again; pam_get_user(3)'s other codes. */
int person_find(pam_handle_t *pam, Person *ret);

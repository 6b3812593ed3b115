/* SPDX-License-Identifier: BSD-2-Clause */
/* Person: the user who signs in, as PAM and the account database know that name. Zero-initialise; person_done(). */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <security/pam_modules.h>

typedef struct Person {
    bool known; /* has an account */
    char *name; /* a copy: libpam's own goes when the host sets another one */
    uid_t uid;
    gid_t gid;
    const char *home; /* libpam's until the handle ends, or static */
} Person;

void person_done(Person *person);
/* PAM_SUCCESS with *ret filled. A user without an account is filled as somebody who owns nothing, so that the caller
 * does the same work as for everybody else (SECURITY 23), and refuses in the end. PAM_AUTHINFO_UNAVAIL for a name that
 * Unix does not allow (SECURITY 25); PAM_INCOMPLETE when the conversation wants to be called again; PAM_BUF_ERR;
 * pam_get_user(3)'s other codes. */
int person_find(pam_handle_t *pam, Person *ret);
/* Is PAM_USER still that name? Hosts and modules may change it while we ask. */
bool person_is_current(pam_handle_t *pam, const Person *person);

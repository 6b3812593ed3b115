/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the person. Called first by auth and account; must never hand on a name that was not checked. */
#include "pam_ovcert/person.h"

#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <security/pam_modutil.h>

#include "common/text.h"

/* "nobody", by number: root may have to start the helper as somebody. */
static const Person stranger = {.uid = 65534, .gid = 65534, .home = "/nonexistent"};

void person_done(Person *person) {
    free(person->name);
    *person = (Person){0};
}

int person_find(pam_handle_t *pam, Person *ret) {
    const char *name = NULL;
    int code = pam_get_user(pam, &name, NULL);
    if (code == PAM_CONV_AGAIN)
        return PAM_INCOMPLETE;
    if (code != PAM_SUCCESS)
        return code == PAM_IGNORE ? PAM_SYSTEM_ERR : code;
    if (!name || !text_is_user_name(name))
        return PAM_AUTHINFO_UNAVAIL;
    char *copy = strdup(name);
    if (!copy)
        return PAM_BUF_ERR;
    const struct passwd *entry = pam_modutil_getpwnam(pam, copy);
    *ret = stranger;
    if (entry)
        *ret = (Person){.known = true, .uid = entry->pw_uid, .gid = entry->pw_gid, .home = entry->pw_dir};
    ret->name = copy;
    return PAM_SUCCESS;
}

bool person_is_current(pam_handle_t *pam, const Person *person) {
    const void *user = NULL;
    return pam_get_item(pam, PAM_USER, &user) == PAM_SUCCESS && user && strcmp(user, person->name) == 0;
}

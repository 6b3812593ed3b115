/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom the helper works for, and becoming that user before any of his files is opened (SECURITY 20) or any module of
 * somebody else's code is loaded: root drives no token. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "ovcert-credential/arguments.h"

/* Zero-initialise; account_done(). */
typedef struct Account {
    uid_t uid;
    char *name;
    char *home;    /* absolute; "" where only tokens are driven */
    bool confined; /* started by root for this user: only the configured files may be opened */
} Account;

/* With a user in the arguments: groups, gid and uid (real, effective, saved) become that user's for good, which only
 * root can ask for. Root may name root, and nothing is dropped then. Without: the caller's own identity stays; that is
 * refused when real and effective ids differ, since then it is not clear whose it is.
 * For tokens alone: root becomes system_user, and its group memberships count; anybody else stays.
 * 0; CREDENTIAL_OUTCOME_NO_ACCOUNT when there is no system_user, or it is root; -EPERM; -ENOENT for a caller without an
 * account; -errno. */
int account_become(const Arguments *arguments, const char *system_user, Account *ret);
void account_done(Account *account);

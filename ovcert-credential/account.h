/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom the helper works for, and becoming that user before any of his files is opened (SECURITY 20). */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "ovcert-credential/arguments.h"

/* Zero-initialise; account_done(). */
typedef struct Account {
    uid_t uid;
    char *name;
    char *home;    /* absolute */
    bool confined; /* started by root for this user: only the configured files may be opened */
} Account;

/* With a user in the arguments: groups, gid and uid (real, effective, saved) become that user's for good, which only
 * root can ask for. Root may name root, and nothing is dropped then. Without: the caller's own identity stays; that is
 * refused when real and effective ids differ, since then it is not clear whose it is.
 * 0; -EPERM; -ENOENT for a caller without an account; -errno. */
int account_become(const Arguments *arguments, Account *ret);
void account_done(Account *account);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Becomes the user. Called by main() once, before files and requests; must never open anything of the user's, nor go on
 * when a right of root may be left. */
#include "ovcert-credential/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void account_done(Account *account) {
    free(account->name);
    free(account->home);
    *account = (Account){0};
}

static int check_identity(uid_t uid, gid_t gid) {
    uid_t real_uid, effective_uid, saved_uid;
    gid_t real_gid, effective_gid, saved_gid;

    if (getresuid(&real_uid, &effective_uid, &saved_uid) < 0 || getresgid(&real_gid, &effective_gid, &saved_gid) < 0)
        return -errno;
    if (real_uid != uid || effective_uid != uid || saved_uid != uid || real_gid != gid || effective_gid != gid ||
        saved_gid != gid)
        return -EPERM;
    /* A host program may have kept capabilities over the change (capabilities(7), SECBIT_NO_SETUID_FIXUP). */
    if (uid != 0 && (setresuid(0, 0, 0) == 0 || setresuid((uid_t) -1, 0, (uid_t) -1) == 0))
        return -EPERM;
    return 0;
}

static int drop_to(const Arguments *arguments) {
    if (geteuid() != 0)
        return -EPERM;
    if (initgroups(arguments->user, arguments->gid) < 0)
        return -errno;
    if (setresgid(arguments->gid, arguments->gid, arguments->gid) < 0)
        return -errno;
    if (setresuid(arguments->uid, arguments->uid, arguments->uid) < 0)
        return -errno;
    return check_identity(arguments->uid, arguments->gid);
}

static int fill(uid_t uid, const char *name, const char *home, bool confined, Account *ret) {
    Account account = {.uid = uid, .name = strdup(name), .home = strdup(home), .confined = confined};

    if (!account.name || !account.home) {
        account_done(&account);
        return -ENOMEM;
    }
    *ret = account;
    return 0;
}

static int stay_caller(Account *ret) {
    const struct passwd *entry;
    uid_t uid = getuid();

    if (geteuid() != uid || getegid() != getgid())
        return -EPERM;
    errno = 0;
    entry = getpwuid(uid);
    if (!entry)
        return errno ? -errno : -ENOENT;
    if (entry->pw_dir[0] != '/')
        return -ENOENT;
    return fill(uid, entry->pw_name, entry->pw_dir, false, ret);
}

int account_become(const Arguments *arguments, Account *ret) {
    int r;

    if (!arguments->for_user)
        return stay_caller(ret);
    r = drop_to(arguments);
    if (r < 0)
        return r;
    return fill(arguments->uid, arguments->user, arguments->home, true, ret);
}

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

#include "common/credential.h"

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

static int drop_to(const char *user, uid_t uid, gid_t gid) {
    if (geteuid() != 0)
        return -EPERM;
    if (initgroups(user, gid) < 0)
        return -errno;
    if (setresgid(gid, gid, gid) < 0)
        return -errno;
    if (setresuid(uid, uid, uid) < 0)
        return -errno;
    return check_identity(uid, gid);
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

static bool ids_agree(void) {
    return geteuid() == getuid() && getegid() == getgid();
}

static int become_system_user(const char *name, Account *ret) {
    const struct passwd *entry;
    uid_t uid;
    int r;

    errno = 0;
    entry = getpwnam(name);
    if (!entry && errno != 0 && errno != ENOENT)
        return -errno;
    if (!entry || entry->pw_uid == 0 || entry->pw_gid == 0)
        return (int) CREDENTIAL_OUTCOME_NO_ACCOUNT;
    uid = entry->pw_uid;
    r = drop_to(name, uid, entry->pw_gid);
    return r < 0 ? r : fill(uid, name, "", true, ret);
}

static int stay_for_tokens(Account *ret) {
    return ids_agree() ? fill(getuid(), "", "", true, ret) : -EPERM;
}

static int stay_caller(Account *ret) {
    const struct passwd *entry;
    uid_t uid = getuid();

    if (!ids_agree())
        return -EPERM;
    errno = 0;
    entry = getpwuid(uid);
    if (!entry)
        return errno ? -errno : -ENOENT;
    if (entry->pw_dir[0] != '/')
        return -ENOENT;
    return fill(uid, entry->pw_name, entry->pw_dir, false, ret);
}

int account_become(const Arguments *arguments, const char *system_user, Account *ret) {
    int r;

    if (arguments->tokens)
        return geteuid() == 0 ? become_system_user(system_user, ret) : stay_for_tokens(ret);
    if (!arguments->for_user)
        return stay_caller(ret);
    r = drop_to(arguments->user, arguments->uid, arguments->gid);
    if (r < 0)
        return r;
    return fill(arguments->uid, arguments->user, arguments->home, true, ret);
}

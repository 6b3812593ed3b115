/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of ovcert-credential/account.h for tokens, each in a child that changes for good. Working for another user's
 * files is test_helper.c's. */
#include "ovcert-credential/account.h"

#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/credential.h"

static const Arguments for_tokens = {.deadline = 60, .tokens = true};

static void expect_true(bool (*check)(void)) {
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        _exit(check() ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static bool become_nobody(void) {
    return geteuid() != 0 || (setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
}

static bool stays_who_it_is(void) {
    Account account = {0};
    uid_t uid;
    bool is;

    if (!become_nobody())
        return false;
    uid = getuid();
    is = account_become(&for_tokens, "no-such-user", &account) == 0 && account.uid == uid && geteuid() == uid;
    account_done(&account);
    return is;
}

static void test_anybody_but_root_stays_for_tokens(void **state) {
    (void) state;
    expect_true(stays_who_it_is);
}

/* From here on: for root. */

static bool refuses_without_a_system_user(void) {
    Account account = {0};

    return account_become(&for_tokens, "no-such-user", &account) == (int) CREDENTIAL_OUTCOME_NO_ACCOUNT &&
           geteuid() == 0;
}

static void test_root_without_the_system_user_is_told(void **state) {
    (void) state;
    expect_true(refuses_without_a_system_user);
}

static bool refuses_root(void) {
    Account account = {0};

    return account_become(&for_tokens, "root", &account) == (int) CREDENTIAL_OUTCOME_NO_ACCOUNT;
}

static void test_root_is_no_system_user_for_tokens(void **state) {
    (void) state;
    expect_true(refuses_root);
}

static bool becomes_nobody_in_full(void) {
    Account account = {0};
    uid_t ids[3];
    gid_t groups[8];
    bool is;

    if (setgroups(3, (const gid_t[]){0, 4, 6}) < 0)
        return false;
    is = account_become(&for_tokens, "nobody", &account) == 0 && account.uid == 65534 &&
         getresuid(&ids[0], &ids[1], &ids[2]) == 0 && ids[0] == 65534 && ids[1] == 65534 && ids[2] == 65534 &&
         getegid() == 65534 && getgroups(8, groups) == 1 && setuid(0) < 0 && errno == EPERM;
    account_done(&account);
    return is;
}

static void test_root_becomes_the_system_user_in_full(void **state) {
    (void) state;
    expect_true(becomes_nobody_in_full);
}

static bool set_user_id_host_is_refused(void) {
    Account account = {0};

    return setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65533, 65533) == 0 &&
           account_become(&for_tokens, "nobody", &account) == -EPERM;
}

static void test_a_host_with_two_identities_is_refused(void **state) {
    (void) state;
    expect_true(set_user_id_host_is_refused);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_anybody_but_root_stays_for_tokens),
        /* For root alone. */
        cmocka_unit_test(test_root_without_the_system_user_is_told),
        cmocka_unit_test(test_root_is_no_system_user_for_tokens),
        cmocka_unit_test(test_root_becomes_the_system_user_in_full),
        cmocka_unit_test(test_a_host_with_two_identities_is_refused),
    };
    return _cmocka_run_group_tests("credential: account", tests, geteuid() == 0 ? sizeof tests / sizeof tests[0] : 1,
                                   NULL, NULL);
}

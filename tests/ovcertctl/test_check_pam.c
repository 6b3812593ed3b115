/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of what "doctor" says of PAM stacks: each trap, and good stacks, about which it says nothing. */
#include "ovcertctl/check_pam.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"
#include "tests/ovcertctl/pam_root.h"

/* What pam-auth-update makes of the profile, pam_unix.so and the usual additional modules. */
#define COMMON_AUTH                                                                                                    \
    "auth [success=2 auth_err=die default=ignore] pam_ovcert.so\n"                                                     \
    "auth [success=1 default=ignore] pam_unix.so nullok try_first_pass\n"                                              \
    "auth requisite pam_deny.so\n"                                                                                     \
    "auth required pam_permit.so\n"                                                                                    \
    "auth optional pam_cap.so\n"                                                                                       \
    "auth optional pam_group.so\n"
#define COMMON_ACCOUNT                                                                                                 \
    "account [success=ignore ignore=ignore module_unknown=ignore default=die] pam_ovcert.so renew=login,su\n"          \
    "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n"                                           \
    "account requisite pam_deny.so\n"                                                                                  \
    "account required pam_permit.so\n"
#define GOOD_ACCOUNT(options)                                                                                          \
    "account [success=ignore ignore=ignore module_unknown=ignore default=die] pam_ovcert.so " options                  \
    "\n"                                                                                                               \
    "account required pam_unix.so\n"
#define GOOD_AUTH                                                                                                      \
    "auth [success=done auth_err=die cred_expired=ignore default=ignore] pam_ovcert.so\n"                              \
    "auth required pam_unix.so\n"

static Machine machine;
static Findings findings;

static int set_up(void **state) {
    (void) state;
    machine = (Machine){.root = pam_root_new()};
    pam_root_touch(OVCERT_PAM_MODULE_DIR "/pam_ovcert.so");
    return 0;
}

static int tear_down(void **state) {
    (void) state;
    findings_done(&findings);
    pam_root_remove();
    return 0;
}

/* Looks again; `text` becomes the service "login". */
static void check(const char *text) {
    pam_root_write("login", text);
    findings_done(&findings);
    check_pam(&machine, &findings);
    assert_int_equal(findings.fault, 0);
}

static const Finding *find(const char *part) {
    for (size_t i = 0; i < findings.count; i++)
        if (strstr(findings.items[i].text, part))
            return &findings.items[i];
    return NULL;
}

static void expect(const char *part, FindingState state) {
    const Finding *finding = find(part);
    if (!finding) {
        for (size_t i = 0; i < findings.count; i++)
            print_message("%s\n", findings.items[i].text);
        fail_msg("nothing is said like \"%s\"", part);
    } else {
        assert_int_equal(finding->state, state);
        assert_true(state == FINDING_OK || finding->advice);
    }
}

static void expect_good(void) {
    if (findings.count != 1 || findings.items[0].state != FINDING_OK)
        fail_msg("%s", findings.items[0].text);
}

/* --- good ones --- */

static void test_the_stack_of_the_readme_is_good(void **state) {
    (void) state;
    check(GOOD_AUTH GOOD_ACCOUNT("renew=login,su,gdm-password"));
    expect_good();
}

static void test_what_pam_auth_update_makes_is_good_wherever_it_is_included(void **state) {
    (void) state;
    pam_root_write("common-auth", COMMON_AUTH);
    pam_root_write("common-account", COMMON_ACCOUNT);
    pam_root_write("su", "auth sufficient pam_rootok.so\n@include common-auth\n@include common-account\n");
    pam_root_write("sshd", "@include common-auth\naccount required pam_nologin.so\n@include common-account\n");
    pam_root_write("gdm-password",
                   "auth requisite pam_nologin.so\nauth required pam_succeed_if.so user != root quiet_success\n"
                   "@include common-auth\nauth optional pam_gnome_keyring.so\n@include common-account\n");
    pam_root_write("system", "auth substack common-auth\nauth optional pam_mail.so\naccount substack common-account\n");
    check(
        "auth optional pam_faildelay.so delay=3000000\nauth requisite pam_nologin.so\n@include common-auth\n"
        "auth optional pam_group.so\naccount requisite pam_time.so\n@include common-account\n");
    expect_good();
    assert_non_null(strstr(findings.items[0].text, "7"));
}

static void test_the_weakest_good_stack_is_sufficient_and_then_the_password(void **state) {
    (void) state;
    check("auth sufficient pam_ovcert.so\nauth required pam_unix.so\n");
    expect_good();
}

static void test_a_stack_for_cards_alone_that_exempts_root_is_good(void **state) {
    (void) state;
    check(
        "auth [success=1 default=ignore] pam_succeed_if.so uid = 0\nauth [success=done default=die] pam_ovcert.so\n"
        "auth required pam_unix.so\n" GOOD_ACCOUNT(""));
    expect_good();
}

static void test_gdms_prompt_for_cards_is_good_since_the_password_has_one_of_its_own(void **state) {
    (void) state;
    pam_root_write(
        "gdm-smartcard",
        "auth required pam_ovcert.so card-user wait=30\nauth required pam_succeed_if.so user != root quiet_success\n"
        "auth requisite pam_nologin.so\n-auth optional pam_gnome_keyring.so\naccount required pam_unix.so\n");
    check(GOOD_AUTH GOOD_ACCOUNT(""));
    expect_good();
}

static void test_whom_gdms_prompt_for_cards_lets_in_or_refuses_is_looked_at_all_the_same(void **state) {
    (void) state;
    pam_root_write(
        "gdm-smartcard",
        "auth [default=1] pam_ovcert.so card-user\nauth requisite pam_deny.so\nauth required pam_permit.so\n");
    pam_root_write("gdm-smartcard-mine", "auth requisite pam_ovcert.so card-user\nauth requisite pam_deny.so\n");
    check(GOOD_AUTH GOOD_ACCOUNT(""));
    expect("gdm-smartcard:1: a sign-in that fails gets in here", FINDING_ERROR);
    expect("gdm-smartcard-mine:1: who signs in with a certificate does not get in here", FINDING_ERROR);
}

static void test_below_the_password_is_good_when_it_uses_that_password(void **state) {
    (void) state;
    check("auth sufficient pam_unix.so\nauth sufficient pam_ovcert.so use_first_pass\nauth requisite pam_deny.so\n");
    expect_good();
}

static void test_a_requirement_in_a_whole_stack_is_good(void **state) {
    (void) state;
    check(GOOD_AUTH GOOD_ACCOUNT("require=login exempt-group=guests"));
    expect_good();
}

static void test_files_that_are_no_services_are_left_out(void **state) {
    (void) state;
    static const char *const names[] = {"login.dpkg-old", "login~", ".login.swp", "login.bak", "common-auth.pam-old"};
    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        pam_root_write(names[i], "auth required pam_ovcert.so\n");
    check(GOOD_AUTH GOOD_ACCOUNT(""));
    expect_good();
}

static void test_a_machine_without_the_module_is_told_how_to_turn_it_on(void **state) {
    (void) state;
    check("auth required pam_unix.so\nauth [nonsense] pam_foo.so\n");
    assert_int_equal(findings.count, 1);
    expect("nobody signs in", FINDING_WARNING);
}

/* --- traps --- */

static void test_a_certificate_only_stack_has_no_way_in_for_root(void **state) {
    (void) state;
    static const char *const texts[] = {
        "auth [success=done default=die] pam_ovcert.so\n",
        "auth required pam_ovcert.so\n",
        "auth required pam_ovcert.so\nauth required pam_unix.so\n",
        "auth sufficient pam_ovcert.so\nauth requisite pam_deny.so\n",
        "auth sufficient pam_ovcert.so\nauth optional pam_cap.so\n",
        "auth [success=done auth_err=die] pam_ovcert.so\nauth required pam_unix.so\n", /* default=ignore is missing */
    };
    for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
        check(texts[i]);
        expect("login:1: while ovcertd is not running nobody gets in here, root neither", FINDING_ERROR);
    }
}

static void test_a_missing_file_must_not_lock_out(void **state) {
    (void) state;
    check("auth [success=done authinfo_unavail=ignore default=die] pam_ovcert.so\nauth required pam_unix.so\n");
    expect("should the module's file go missing", FINDING_ERROR);
    check(GOOD_AUTH "account required pam_ovcert.so\naccount required pam_unix.so\n");
    expect("login:3: should the module's file go missing", FINDING_ERROR);
    check(GOOD_AUTH "-account required pam_ovcert.so\naccount required pam_unix.so\n"); /* the '-' does not help */
    expect("should the module's file go missing", FINDING_ERROR);
}

static void test_an_account_line_must_not_lock_out_who_has_no_certificate(void **state) {
    (void) state;
    check(GOOD_AUTH "account [success=ignore default=die] pam_ovcert.so\naccount required pam_unix.so\n");
    expect("who has no certificate does not get in", FINDING_ERROR);
}

static void test_an_option_that_the_module_refuses_is_named(void **state) {
    (void) state;
    check(GOOD_AUTH GOOD_ACCOUNT("renw=login"));
    expect("refuses an option, and does nothing: renw=login", FINDING_ERROR);
    check("auth sufficient pam_ovcert.so wait=never\nauth required pam_unix.so\n");
    expect("wait=never", FINDING_ERROR);
}

static void test_a_module_that_is_not_installed_is_named(void **state) {
    (void) state;
    check("auth sufficient /opt/lib/pam_ovcert.so\nauth required pam_unix.so\n");
    expect("/opt/lib/pam_ovcert.so", FINDING_ERROR);
}

static void test_a_failed_sign_in_must_not_get_in(void **state) {
    (void) state;
    check("auth [success=1 default=1] pam_ovcert.so\nauth required pam_unix.so\nauth required pam_permit.so\n");
    expect("gets in here, without any password", FINDING_ERROR);
}

static void test_a_wrong_number_of_lines_to_skip_keeps_certificates_out(void **state) {
    (void) state;
    check(
        "auth [success=1 default=ignore] pam_ovcert.so\nauth [success=1 default=ignore] pam_unix.so\n"
        "auth requisite pam_deny.so\nauth required pam_permit.so\n");
    expect("who signs in with a certificate does not get in", FINDING_ERROR);
    check("auth [success=9 default=ignore] pam_ovcert.so\nauth required pam_unix.so\n");
    expect("who signs in with a certificate does not get in", FINDING_ERROR);
}

static void test_done_inside_an_include_skips_what_comes_behind(void **state) {
    (void) state;
    pam_root_write("common-auth",
                   "auth [success=done auth_err=die default=ignore] pam_ovcert.so\n"
                   "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n"
                   "auth required pam_permit.so\nauth optional pam_cap.so\n");
    check("@include common-auth\nauth optional pam_group.so\n");
    expect("common-auth:1: after a sign-in with a certificate this is skipped: pam_cap.so (in common-auth, login)",
           FINDING_WARNING);
    expect("skipped: pam_group.so (in login)", FINDING_WARNING);
}

static void test_done_inside_a_substack_skips_nothing_behind_it(void **state) {
    (void) state;
    pam_root_write("certificates", "auth [success=done default=ignore] pam_ovcert.so\nauth required pam_unix.so\n");
    check("auth substack certificates\nauth optional pam_group.so\n");
    expect_good();
}

static void test_below_the_password_is_too_late(void **state) {
    (void) state;
    check("auth sufficient pam_unix.so\nauth sufficient pam_ovcert.so\nauth requisite pam_deny.so\n");
    expect("login:2: the password is asked for before", FINDING_WARNING);
}

static void test_an_account_line_below_the_end_is_never_reached(void **state) {
    (void) state;
    check(GOOD_AUTH "account sufficient pam_unix.so\naccount required pam_ovcert.so renew=login\n");
    expect("login:4: this line is never reached", FINDING_ERROR);
}

static void test_an_account_line_below_pam_unix_is_not_reached_with_an_old_password(void **state) {
    (void) state;
    check(GOOD_AUTH
          "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n"
          "account requisite pam_deny.so\naccount required pam_permit.so\n"
          "account [success=ignore ignore=ignore module_unknown=ignore default=die] pam_ovcert.so renew=login\n");
    expect("login:6: this line is not reached while a password has to be changed", FINDING_WARNING);
}

static void test_require_needs_a_control_that_refuses(void **state) {
    (void) state;
    check(GOOD_AUTH "account optional pam_ovcert.so require=login\naccount required pam_unix.so\n");
    expect("require= keeps nobody out", FINDING_ERROR);
    check(GOOD_AUTH
          "account [perm_denied=die default=ignore] pam_ovcert.so require=login\naccount required pam_unix.so\n");
    expect("require= keeps nobody out", FINDING_ERROR); /* not while the daemon is away */
}

static void test_require_looks_at_each_service_that_it_names(void **state) {
    (void) state;
    pam_root_write("screen", "auth required pam_unix.so\n" GOOD_ACCOUNT("require=login,screen"));
    pam_root_write("cron", "auth required pam_unix.so\n" GOOD_ACCOUNT("require=cron"));
    pam_root_write("sshd", GOOD_AUTH GOOD_ACCOUNT("require=sshd"));
    check(GOOD_AUTH GOOD_ACCOUNT("require=login,screen,su"));
    expect("login:3: nobody is asked for a certificate, so who has one is kept out, in a service of require=: screen",
           FINDING_ERROR);
    expect("login:3: the account lines do not have this option in a service of require=: su", FINDING_WARNING);
    expect("cron:2: nobody is there to prove a certificate in a service of require=: cron", FINDING_WARNING);
    expect("public key is kept out as well in a service of require=: sshd", FINDING_WARNING);
}

static void test_a_renewal_in_the_password_stack_has_to_get_there(void **state) {
    (void) state;
    check(GOOD_AUTH GOOD_ACCOUNT("password=renew"));
    expect("login:3: password=renew does not go with what the line does", FINDING_WARNING);
#define PASSED_ON                                                                                                      \
    "account [success=ok new_authtok_reqd=ok ignore=ignore module_unknown=ignore default=die] pam_ovcert.so "          \
    "password=renew\naccount required pam_unix.so\n"
    check(GOOD_AUTH PASSED_ON "password required pam_unix.so\n");
    expect("password=renew leads nowhere: the password lines do not have it", FINDING_WARNING);
    check(GOOD_AUTH PASSED_ON
          "password [success=done default=ignore] pam_ovcert.so password=renew\n"
          "password required pam_unix.so\n");
    expect_good();
#undef PASSED_ON
}

static void test_a_broken_line_beside_the_module_is_named(void **state) {
    (void) state;
    check(GOOD_AUTH "@include nosuch\n" GOOD_ACCOUNT(""));
    expect("login:3: PAM fails at this line: an include that cannot be read: nosuch", FINDING_ERROR);
}

static void test_many_services_of_one_line_are_counted(void **state) {
    (void) state;
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    pam_root_write("common-auth", "auth required pam_ovcert.so\n");
    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        pam_root_write(names[i], "@include common-auth\n");
    check("@include common-auth\n");
    expect(
        "common-auth:1: while ovcertd is not running nobody gets in here, root neither (in a, b, c, common-auth and 4 "
        "more)",
        FINDING_ERROR);
}

static void test_s16_names_from_files_are_escaped(void **state) {
    (void) state;
    check("auth sufficient pam_ovcert.so w\033[31mait\nauth required pam_unix.so\n");
    expect("w\\x1b[31mait", FINDING_ERROR);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_the_stack_of_the_readme_is_good),
        TEST(test_what_pam_auth_update_makes_is_good_wherever_it_is_included),
        TEST(test_the_weakest_good_stack_is_sufficient_and_then_the_password),
        TEST(test_a_stack_for_cards_alone_that_exempts_root_is_good),
        TEST(test_gdms_prompt_for_cards_is_good_since_the_password_has_one_of_its_own),
        TEST(test_whom_gdms_prompt_for_cards_lets_in_or_refuses_is_looked_at_all_the_same),
        TEST(test_below_the_password_is_good_when_it_uses_that_password),
        TEST(test_a_requirement_in_a_whole_stack_is_good),
        TEST(test_files_that_are_no_services_are_left_out),
        TEST(test_a_machine_without_the_module_is_told_how_to_turn_it_on),
        TEST(test_a_certificate_only_stack_has_no_way_in_for_root),
        TEST(test_a_missing_file_must_not_lock_out),
        TEST(test_an_account_line_must_not_lock_out_who_has_no_certificate),
        TEST(test_an_option_that_the_module_refuses_is_named),
        TEST(test_a_module_that_is_not_installed_is_named),
        TEST(test_a_failed_sign_in_must_not_get_in),
        TEST(test_a_wrong_number_of_lines_to_skip_keeps_certificates_out),
        TEST(test_done_inside_an_include_skips_what_comes_behind),
        TEST(test_done_inside_a_substack_skips_nothing_behind_it),
        TEST(test_below_the_password_is_too_late),
        TEST(test_an_account_line_below_the_end_is_never_reached),
        TEST(test_an_account_line_below_pam_unix_is_not_reached_with_an_old_password),
        TEST(test_require_needs_a_control_that_refuses),
        TEST(test_require_looks_at_each_service_that_it_names),
        TEST(test_a_renewal_in_the_password_stack_has_to_get_there),
        TEST(test_a_broken_line_beside_the_module_is_named),
        TEST(test_many_services_of_one_line_are_counted),
        TEST(test_s16_names_from_files_are_escaped),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

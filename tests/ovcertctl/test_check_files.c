/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of what "doctor" says of settings, owners, modes and room. Whoever runs them stands for root and the daemon's
 * user. */
#include "ovcertctl/check_files.h"

#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"
#include "tests/ovcertctl/pam_root.h"

#define MODULE OVCERT_PAM_MODULE_DIR "/pam_ovcert.so"
#define DATABASE OVCERT_STATE_DIR "/ovcert.db"

static Machine machine;
static Findings findings;
static Config config;

/* A machine where everything is as it has to be. */
static int set_up(void **state) {
    static char name[64];
    const struct passwd *me = getpwuid(geteuid());
    (void) state;
    assert_non_null(me);
    (void) snprintf(name, sizeof name, "%s", me->pw_name);
    machine = (Machine){.root = pam_root_new(), .administrator = geteuid(), .daemon = name, .credential = name};
    pam_root_touch(OVCERT_HELPER_PATH);
    pam_root_touch(OVCERT_DAEMON_PATH);
    pam_root_touch(MODULE);
    pam_root_touch(OVCERT_CONFIG_DIR "/anchors.d/root.pem");
    pam_root_touch(OVCERT_CONFIG_DIR "/crls.d/root.crl");
    pam_root_touch(OVCERT_CONFIG_DIR "/kinds.d/60-local.conf");
    pam_root_touch(DATABASE);
    pam_root_chmod(DATABASE, 0600);
    pam_root_chmod(OVCERT_STATE_DIR, 0700);
    char *problem = NULL;
    assert_int_equal(config_load(&(ConfigFolders){0}, &config, &problem), 0);
    return 0;
}

static int tear_down(void **state) {
    (void) state;
    findings_done(&findings);
    config_done(&config);
    pam_root_remove();
    return 0;
}

static void expect(FindingState state, const char *part) {
    for (size_t i = 0; i < findings.count; i++)
        if (findings.items[i].state == state && strstr(findings.items[i].text, part)) {
            findings_done(&findings);
            return;
        }
    for (size_t i = 0; i < findings.count; i++)
        print_message("%d %s\n", (int) findings.items[i].state, findings.items[i].text);
    fail_msg("no \"%s\"", part);
}

static void test_a_machine_in_order_has_one_line_each(void **state) {
    (void) state;
    Config loaded = {0};
    assert_int_equal(check_configuration(&machine, &findings, &loaded), 0);
    config_done(&loaded);
    check_accounts(&machine, &findings);
    check_files(&machine, &config, &findings);
    assert_int_equal(findings.count, 3);
    assert_int_equal(findings_worst(&findings), FINDING_OK);
}

static void test_a_mistake_is_named_with_file_and_line_and_the_rest_uses_the_defaults(void **state) {
    (void) state;
    CLEANUP(config_done) Config loaded = {0};
    pam_root_write_path(OVCERT_CONFIG_DIR "/ovcertd.conf", "[Trust]\nmax-stale = 1\n");
    pam_root_write_path(OVCERT_CONFIG_DIR "/ovcertd.conf.d/10.conf", "[Trust]\n\nnosuch = 1\n");
    assert_int_equal(check_configuration(&machine, &findings, &loaded), 0);
    assert_int_equal(loaded.max_stale_days, 7);
    expect(FINDING_ERROR, "10.conf:3: unknown key nosuch");
}

static void test_missing_users_are_errors(void **state) {
    (void) state;
    machine.daemon = "no-such-user-of-ovcert";
    check_accounts(&machine, &findings);
    expect(FINDING_ERROR, "no-such-user-of-ovcert");
}

static void test_s34_what_others_may_use_is_an_error(void **state) {
    (void) state;
    static const struct {
        const char *path;
        unsigned bad, good;
    } cases[] = {
        {OVCERT_STATE_DIR, 0750, 0700},
        {DATABASE, 0640, 0600},
        {MODULE, 0664, 0644},
        {OVCERT_HELPER_PATH, 04755, 0755},
        {OVCERT_DAEMON_PATH, 02755, 0755},
        {OVCERT_CONFIG_DIR, 0777, 0755},
        {OVCERT_CONFIG_DIR "/anchors.d", 0775, 0755},
        {OVCERT_CONFIG_DIR "/anchors.d/root.pem", 0646, 0644},
        {OVCERT_CONFIG_DIR "/crls.d/root.crl", 0666, 0644},
        {OVCERT_CONFIG_DIR "/kinds.d/60-local.conf", 0664, 0644},
    };
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        pam_root_chmod(cases[i].path, cases[i].bad);
        check_files(&machine, &config, &findings);
        expect(FINDING_ERROR, cases[i].path);
        pam_root_chmod(cases[i].path, cases[i].good);
    }
    check_files(&machine, &config, &findings);
    assert_int_equal(findings_worst(&findings), FINDING_OK);
}

static void test_what_belongs_to_somebody_else_is_an_error(void **state) {
    (void) state;
    machine.administrator = geteuid() + 1;
    check_files(&machine, &config, &findings);
    expect(FINDING_ERROR, OVCERT_CONFIG_DIR "/anchors.d/root.pem belongs to");
}

static void test_what_is_missing_is_an_error_where_it_has_to_be(void **state) {
    (void) state;
    char path[512];
    (void) snprintf(path, sizeof path, "%s%s", machine.root, MODULE); /* fits */
    assert_int_equal(unlink(path), 0);
    check_files(&machine, &config, &findings);
    expect(FINDING_ERROR, MODULE);
}

static void test_a_link_is_not_taken_for_the_file(void **state) {
    (void) state;
    char path[512];
    (void) snprintf(path, sizeof path, "%s%s", machine.root, OVCERT_HELPER_PATH); /* fits */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/bin/true", path), 0);
    check_files(&machine, &config, &findings);
    expect(FINDING_ERROR, OVCERT_HELPER_PATH " is not a regular file");
}

static void test_room_is_told_and_a_folder_that_is_not_there_is_not_guessed(void **state) {
    (void) state;
    check_disk(&machine, &config, &findings);
    assert_int_equal(findings.count, 1);
    assert_non_null(strstr(findings.items[0].text, "MiB are free"));
    findings_done(&findings);
    machine.root = "/nosuch";
    check_disk(&machine, &config, &findings);
    assert_int_equal(findings.items[0].state, FINDING_UNKNOWN);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_a_machine_in_order_has_one_line_each),
        TEST(test_a_mistake_is_named_with_file_and_line_and_the_rest_uses_the_defaults),
        TEST(test_missing_users_are_errors),
        TEST(test_s34_what_others_may_use_is_an_error),
        TEST(test_what_belongs_to_somebody_else_is_an_error),
        TEST(test_what_is_missing_is_an_error_where_it_has_to_be),
        TEST(test_a_link_is_not_taken_for_the_file),
        TEST(test_room_is_told_and_a_folder_that_is_not_there_is_not_guessed),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

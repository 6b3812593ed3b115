/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of what "doctor" says of the kinds of certificate. */
#include "ovcertctl/check_kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"
#include "tests/ovcertctl/pam_root.h"

#define SHIPPED OVCERT_VENDOR_CONFIG_DIR "/kinds.d/10-test.conf"
#define LOCAL OVCERT_CONFIG_DIR "/kinds.d/60-test.conf"

static Machine machine;

static int set_up(void **state) {
    (void) state;
    machine = (Machine){.root = pam_root_new()};
    pam_root_write_path(SHIPPED, "[one]\nmatch = <KU>digitalSignature\n[two]\nmatch = <EKU>clientAuth\n");
    return 0;
}

static int tear_down(void **state) {
    (void) state;
    pam_root_remove();
    return 0;
}

static void expect(FindingState state, const char *part) {
    CLEANUP(findings_done) Findings findings = {0};
    check_kinds(&machine, &findings);
    assert_int_equal(findings.fault, 0);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.items[0].state, state);
    assert_string_equal(findings.items[0].check, "kinds");
    assert_non_null(strstr(findings.items[0].text, part));
    assert_true(state == FINDING_OK || findings.items[0].advice);
}

static void test_a_faulty_file_is_an_error_with_line_and_column(void **state) {
    (void) state;
    pam_root_write_path(LOCAL, "[one]\nlogin = perhaps\n");
    expect(FINDING_ERROR, LOCAL ":2:9: login wants");
}

static void test_no_kind_at_all_is_an_error(void **state) {
    (void) state;
    pam_root_write_path(SHIPPED, "");
    expect(FINDING_ERROR, "no kinds");
}

static void test_valid_ones_are_counted(void **state) {
    (void) state;
    pam_root_write_path(LOCAL, "[one]\nlogin = yes\n[three]\nmatch = <POLICY>1.2.3\n");
    expect(FINDING_OK, "3 kinds");
}

int main(void) {
    static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_a_faulty_file_is_an_error_with_line_and_column),
        TEST(test_no_kind_at_all_is_an_error),
        TEST(test_valid_ones_are_counted),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

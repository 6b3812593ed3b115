/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of what "doctor" says of trust anchors and revocation lists. */
#include "ovcertctl/check_trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/trust/scene.h"

static const Machine machine = {.root = ""};

static Findings check_at(const Scene *scene, int64_t now, bool soft, TrustCounts *ret) {
    Config config = {
        .anchors_dir = scene->anchors,
        .crls_dir = scene->crls,
        .soft_revocation = soft,
        .max_stale_days = 7,
        .warn_days = 30,
    };
    Findings findings = {0};
    check_trust(&machine, &config, now, &findings, ret);
    assert_int_equal(findings.fault, 0);
    return findings;
}

static void expect(const Scene *scene, int64_t now, bool soft, FindingState state, const char *check,
                   const char *part) {
    TrustCounts counts;
    CLEANUP(findings_done) Findings findings = check_at(scene, now, soft, &counts);
    for (size_t i = 0; i < findings.count; i++)
        if (findings.items[i].state == state && strcmp(findings.items[i].check, check) == 0 &&
            strstr(findings.items[i].text, part))
            return;
    for (size_t i = 0; i < findings.count; i++)
        print_message("%d %s: %s\n", (int) findings.items[i].state, findings.items[i].check, findings.items[i].text);
    fail_msg("no \"%s\"", part);
}

static void test_good_ones_are_counted(void **state) {
    const Scene *scene = *state;
    TrustCounts counts;
    CLEANUP(findings_done) Findings findings = check_at(scene, PKI_NOW, false, &counts);
    assert_int_equal(findings_worst(&findings), FINDING_OK);
    assert_int_equal(findings.count, 2);
    assert_true(counts.known);
    assert_int_equal(counts.anchors, 1);
    assert_int_equal(counts.revocation_lists, 2);
}

static void test_a_missing_folder_of_anchors_is_an_error(void **state) {
    Scene *scene = *state;
    char *kept = scene->anchors;
    static char nowhere[] = "/nosuch/anchors";
    scene->anchors = nowhere;
    expect(scene, PKI_NOW, false, FINDING_ERROR, "anchors", "/nosuch/anchors");
    scene->anchors = kept;
}

static void test_an_empty_folder_of_anchors_is_an_error(void **state) {
    const Scene *scene = *state;
    pki_remove(scene->anchors, "root.pem");
    expect(scene, PKI_NOW, false, FINDING_ERROR, "anchors", "no valid trust anchor");
}

static void test_what_is_no_anchor_is_a_warning(void **state) {
    const Scene *scene = *state;
    pki_write(scene->anchors, "leaf.der", bytes_view(&scene->intermediate.der));
    expect(scene, PKI_NOW, false, FINDING_WARNING, "anchors", "leaf.der");
}

static void test_anchors_that_end_soon_or_have_ended_are_warnings(void **state) {
    const Scene *scene = *state;
    expect(scene, PKI_NOW + 340 * PKI_DAY, false, FINDING_WARNING, "anchors", "ends on");
    expect(scene, PKI_NOW + 366 * PKI_DAY, false, FINDING_WARNING, "anchors", "has expired");
    expect(scene, PKI_NOW + 366 * PKI_DAY, false, FINDING_ERROR, "anchors", "no valid trust anchor");
}

static void test_s09_no_list_is_an_error_unless_it_is_a_choice(void **state) {
    const Scene *scene = *state;
    pki_remove(scene->crls, "root.crl");
    pki_remove(scene->crls, "intermediate.crl");
    expect(scene, PKI_NOW, false, FINDING_ERROR, "revocation", "There is no revocation list");
    expect(scene, PKI_NOW, true, FINDING_WARNING, "revocation", "There is no revocation list");
}

static void test_s09_a_list_past_its_day_is_a_warning_and_a_stale_one_an_error(void **state) {
    const Scene *scene = *state;
    expect(scene, PKI_NOW + 8 * PKI_DAY, false, FINDING_WARNING, "revocation", "root.crl is old");
    expect(scene, PKI_NOW + 15 * PKI_DAY, false, FINDING_ERROR, "revocation", "root.crl is too old");
    expect(scene, PKI_NOW + 15 * PKI_DAY, true, FINDING_WARNING, "revocation", "root.crl is too old");
}

static void test_a_stale_list_with_a_successor_is_no_matter(void **state) {
    Scene *scene = *state;
    PkiCrlOptions fresh = {.this_update = PKI_NOW + 14 * PKI_DAY, .next_update = PKI_NOW + 30 * PKI_DAY};
    TrustCounts counts;
    scene_write_crl(scene, "root-2.crl", &scene->root, &fresh);
    scene_write_crl(scene, "intermediate-2.crl", &scene->intermediate, &fresh);
    CLEANUP(findings_done) Findings findings = check_at(scene, PKI_NOW + 15 * PKI_DAY, false, &counts);
    assert_int_equal(findings_worst(&findings), FINDING_OK);
}

static void test_s39_a_list_of_the_future_is_an_error(void **state) {
    const Scene *scene = *state;
    expect(scene, PKI_NOW - 2 * PKI_DAY, false, FINDING_ERROR, "revocation", "root.crl is of the future");
}

static void test_s10_a_damaged_list_is_a_warning(void **state) {
    const Scene *scene = *state;
    pki_write(scene->crls, "bad.crl", (View){(const uint8_t *) "nonsense", 8});
    expect(scene, PKI_NOW, false, FINDING_WARNING, "revocation", "bad.crl");
}

int main(void) {
    static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
        TEST(test_good_ones_are_counted),
        TEST(test_a_missing_folder_of_anchors_is_an_error),
        TEST(test_an_empty_folder_of_anchors_is_an_error),
        TEST(test_what_is_no_anchor_is_a_warning),
        TEST(test_anchors_that_end_soon_or_have_ended_are_warnings),
        TEST(test_s09_no_list_is_an_error_unless_it_is_a_choice),
        TEST(test_s09_a_list_past_its_day_is_a_warning_and_a_stale_one_an_error),
        TEST(test_a_stale_list_with_a_successor_is_no_matter),
        TEST(test_s39_a_list_of_the_future_is_an_error),
        TEST(test_s10_a_damaged_list_is_a_warning),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "ovcertd/core/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/error.h"
#include "common/macros.h"
#include "common/protocol.h"

static const struct {
    PolicyRequest request;
    const char *own;
    const char *any;
} rules[] = {
    {POLICY_READ_PROFILE, "org.ovcert1.read-own", "org.ovcert1.read-any"},
    {POLICY_MANAGE_PROFILE, "org.ovcert1.manage-own", "org.ovcert1.manage-any"},
    {POLICY_ADMINISTER, "org.ovcert1.manage-any", "org.ovcert1.manage-any"},
    {POLICY_READ_ALL, "org.ovcert1.read-any", "org.ovcert1.read-any"},
    {POLICY_FIND, "org.ovcert1.find-by-certificate", "org.ovcert1.find-by-certificate"},
    {POLICY_READ_KEYS, "org.ovcert1.read-own", "org.ovcert1.read-keys"},
};

static void test_everybody_but_root_needs_an_action_for_everything(void **unused) {
    (void) unused;
    static const uid_t callers[] = {1, 999, 1000, 65534, (uid_t) -1};
    for (size_t i = 0; i < ELEMENTSOF(rules); i++)
        for (size_t caller = 0; caller < ELEMENTSOF(callers); caller++) {
            assert_string_equal(policy_action(rules[i].request, callers[caller], true), rules[i].own);
            assert_string_equal(policy_action(rules[i].request, callers[caller], false), rules[i].any);
        }
}

static void test_root_needs_none(void **unused) {
    (void) unused;
    for (size_t i = 0; i < ELEMENTSOF(rules); i++)
        for (int owner = 0; owner <= 1; owner++)
            assert_null(policy_action(rules[i].request, 0, owner));
}

#define OK 0
#define MISMATCH OVCERT_ERROR_HOLDER_MISMATCH
#define UNKNOWN OVCERT_ERROR_HOLDER_UNKNOWN

/* Profile's holder × certificate's holder × (user, user with the option, administrator, administrator with it). */
static const struct {
    const char *profile;
    const char *certificate;
    int expected[4];
} holders[] = {
    {"ES:99999999R", "ES:99999999R", {OK, OK, OK, OK}},
    {"ES:99999999R", "ES:00000000T", {MISMATCH, MISMATCH, MISMATCH, OK}},
    {"ES:99999999R", "ES:99999999R@ES:Q2826004J", {MISMATCH, MISMATCH, MISMATCH, OK}},
    {"ES:99999999R@ES:Q2826004J", "ES:99999999R", {MISMATCH, MISMATCH, MISMATCH, OK}},
    {"ES:99999999R", "ES:99999999r", {MISMATCH, MISMATCH, MISMATCH, OK}},
    {"ES:99999999R", "", {MISMATCH, MISMATCH, MISMATCH, MISMATCH}},
    {"", "ES:99999999R", {UNKNOWN, UNKNOWN, OK, OK}},
    {"", "", {UNKNOWN, UNKNOWN, OK, OK}},
};

static void test_s41_holder_rules_over_the_whole_product(void **unused) {
    (void) unused;
    for (size_t i = 0; i < ELEMENTSOF(holders); i++)
        for (int who = 0; who < 4; who++)
            assert_int_equal(policy_holder(holders[i].profile, holders[i].certificate, who >= 2, who % 2 == 1),
                             holders[i].expected[who]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everybody_but_root_needs_an_action_for_everything),
        cmocka_unit_test(test_root_needs_none),
        cmocka_unit_test(test_s41_holder_rules_over_the_whole_product),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

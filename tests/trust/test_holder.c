/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of trust/holder: wrong control characters and half-read forms are no holders, and the same holder is written in
 * one way only. */
#include "trust/holder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"

static void assert_refused(const char *text) {
    char *holder = NULL;

    if (holder_normalise(text, &holder) != -EINVAL)
        fail_msg("\"%s\" was taken for a holder: %s", text, holder ? holder : "(none)");
}

static void assert_normal(const char *text, const char *wanted) {
    CLEANUP(free_pointer) char *holder = NULL;

    if (holder_normalise(text, &holder) != 0)
        fail_msg("\"%s\" was refused", text);
    assert_string_equal(holder, wanted);
    assert_true(holder_is_valid(holder));
}

static void test_wrong_control_characters_are_refused(void **state) {
    static const char *const wrong[] = {
        "00000000A",    "99999999T",           "X0000000R",           "Y0000000T",
        "Z1234567T",    "K1234567A",           "IDCES-00000000R",     "TINES-99999999T",
        "ES:00000000R", "00000000T@Q2826004A", "00000000T@A28017896", "00000000T@VATES-B00000001",
    };

    (void) state;
    for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
        assert_refused(wrong[i]);
}

static void test_what_is_no_id_is_refused(void **state) {
    static const char *const wrong[] = {
        "",
        "@",
        "demo",
        "0000000T",
        "000000000T",
        "00000000T ",
        " 00000000T",
        "00000000-T",
        "ES:",
        "ES:@",
        "ES-00000000T",
        "IDCES-",
        "IDCES00000000T",
        "IDC-00000000T",
        "XXXES-00000000T",
        "IDC12-00000000T",
        "00000000T@",
        "@Q2826004J",
        "00000000T@@Q2826004J",
        "00000000T@Q2826004J@Q2826004J",
        "FR:00000000T",
        "FR:PAS-",
        "FR:PAS--1",
        "FR:PAS-1-",
        "FR:PAS-A B",
        "PASFR-A.B",
        "00000000T\n",
        "\331\2400000000T",
    };

    (void) state;
    for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
        assert_refused(wrong[i]);
}

static void test_an_organisation_alone_is_no_holder(void **state) {
    (void) state;
    assert_refused("Q2826004J");
    assert_refused("VATES-Q2826004J");
    assert_refused("ES:Q2826004J");
    assert_refused("Q2826004J@00000000T");
}

static void test_endless_text_is_refused(void **state) {
    CLEANUP(free_pointer) char *text = malloc(65537);

    (void) state;
    assert_non_null(text);
    memset(text, '0', 65536);
    text[65536] = '\0';
    assert_refused(text);
    memcpy(text, "PASFR-", 6);
    text[6 + 41] = '\0';
    assert_refused(text);
    text[6 + 40] = '\0';
    assert_true(strlen(text) == 46);
    assert_normal(text, "FR:PAS-0000000000000000000000000000000000000000");
}

static void test_the_forms_of_one_person_are_one_holder(void **state) {
    static const char *const forms[] = {
        "00000000T",       "00000000t",       "IDCES-00000000T", "idces-00000000t",
        "TINES-00000000T", "PNOES-00000000T", "ES:00000000T",    "es:idc-00000000T",
    };

    (void) state;
    for (size_t i = 0; i < ELEMENTSOF(forms); i++)
        assert_normal(forms[i], "ES:00000000T");
}

static void test_control_letters_of_nie_and_of_persons_without_dni(void **state) {
    (void) state;
    assert_normal("99999999R", "ES:99999999R");
    assert_normal("X0000000T", "ES:X0000000T");
    assert_normal("IDCES-Y0000000Z", "ES:Y0000000Z");
    assert_normal("Z0000000M", "ES:Z0000000M");
    assert_normal("M1234567L", "ES:M1234567L");
}

static void test_person_and_organisation_in_all_forms_are_one_holder(void **state) {
    (void) state;
    assert_normal("00000000T@Q2826004J", "ES:00000000T@ES:Q2826004J");
    assert_normal("IDCES-00000000T@VATES-Q2826004J", "ES:00000000T@ES:Q2826004J");
    assert_normal("ES:00000000T@ES:Q2826004J", "ES:00000000T@ES:Q2826004J");
    assert_normal("00000000T@A28017895", "ES:00000000T@ES:A28017895");
}

static void test_other_number_spaces_keep_their_type(void **state) {
    (void) state;
    assert_normal("PASES-00000000T", "ES:PAS-00000000T");
    assert_normal("IDCFR-00000000T", "FR:IDC-00000000T");
    assert_normal("PASFR-12ab34567", "FR:PAS-12AB34567");
    assert_normal("FR:PAS-12AB34567", "FR:PAS-12AB34567");
    assert_normal("IDCFR-1@NTRDE-HRB-123", "FR:IDC-1@DE:NTR-HRB-123");
}

static void test_a_realm_and_a_value_are_a_holder_of_their_own(void **state) {
    (void) state;
    assert_normal("ACME:4711", "ACME:4711");
    assert_normal("acme:4711b", "ACME:4711b"); /* the value counts as it is */
    assert_normal("ACME:a@example.org", "ACME:a@example.org");
    assert_normal("ACME-2:Ñ: 1", "ACME-2:Ñ: 1");
    assert_refused("AC:4711"); /* a country */
    assert_refused("ES:4711");
    assert_refused("4CME:4711");
    assert_refused("AC ME:4711");
    assert_refused("ACME:");
    assert_refused("ACME: 1");
    assert_refused("ACME:1 ");
    assert_refused("ACME:1\n2");
    assert_refused("ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567:1");
    assert_refused("ACME:12345678901234567890123456789012345678901234567890123456789012345");
}

static void test_valid_means_already_normal(void **state) {
    (void) state;
    assert_true(holder_is_valid("ES:00000000T"));
    assert_false(holder_is_valid("es:00000000T"));
    assert_false(holder_is_valid("00000000T"));
    assert_false(holder_is_valid("ES:00000000R"));
    assert_false(holder_is_valid(""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_control_characters_are_refused),
        cmocka_unit_test(test_what_is_no_id_is_refused),
        cmocka_unit_test(test_an_organisation_alone_is_no_holder),
        cmocka_unit_test(test_endless_text_is_refused),
        cmocka_unit_test(test_the_forms_of_one_person_are_one_holder),
        cmocka_unit_test(test_control_letters_of_nie_and_of_persons_without_dni),
        cmocka_unit_test(test_person_and_organisation_in_all_forms_are_one_holder),
        cmocka_unit_test(test_other_number_spaces_keep_their_type),
        cmocka_unit_test(test_a_realm_and_a_value_are_a_holder_of_their_own),
        cmocka_unit_test(test_valid_means_already_normal),
    };

    return cmocka_run_group_tests_name("trust/holder", tests, NULL, NULL);
}

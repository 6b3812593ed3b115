/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds of certificate: faulty files and where the fault is, the order of files and kinds, holders, and what the
 * shipped kinds make of the certificates that they are about. */
#include "trust/kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/trust/folders.h"
#include "tests/trust/pki.h"
#include "tests/trust/spanish.h"

/* The text alone, in one file of the vendor's, is refused there. */
static void refuses(Folders *folders, const char *text, const char *place, const char *what) {
    CLEANUP(kinds_unrefp) Kinds *kinds = NULL;
    CLEANUP(free_pointer) char *wanted = NULL;

    folders_write(folders, false, "10.conf", text);
    assert_int_equal(folders_load(folders, &kinds), KINDS_INVALID);
    assert_null(kinds);
    assert_true(asprintf(&wanted, "%s/10.conf:%s: ", folders->vendor_kinds, place) > 0);
    if (strncmp(folders->problem, wanted, strlen(wanted)) != 0 || !strstr(folders->problem, what))
        fail_msg("%s: not \"%s\" with \"%s\"", folders->problem, wanted, what);
}

static Kinds *load(Folders *folders) {
    Kinds *kinds = NULL;

    if (folders_load(folders, &kinds) != 0)
        fail_msg("%s", folders->problem);
    return kinds;
}

static const Kind *kind_of(const Kinds *kinds, const PkiIdentity *identity, Certificate **ret) {
    const Kind *kind = NULL;

    assert_int_equal(certificate_parse(bytes_view(&identity->der), ret), 0);
    assert_int_equal(kinds_find(kinds, *ret, &kind), 0);
    return kind;
}

/* The kind and the holder that it makes; "" for no kind. */
static void assert_kind(const Kinds *kinds, const PkiOptions *options, const char *name, const char *holder) {
    CLEANUP(pki_identity_done) PkiIdentity root = {0}, leaf = {0};
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    CLEANUP(free_pointer) char *made = NULL;
    const Kind *kind;

    pki_root(NULL, &root);
    pki_leaf(&root, options, &leaf);
    kind = kind_of(kinds, &leaf, &certificate);
    assert_string_equal(kind ? kind_name(kind) : "", name);
    if (!kind)
        return;
    assert_int_equal(kind_holder(kind, certificate, &made), 0);
    assert_string_equal(made, holder);
}

/* ── faults ── */

static void test_a_fault_is_told_with_file_line_and_column(void **state) {
    refuses(*state, "[a]\nmatch = <KU>1\n nonsense\n", "3:2", "neither");
    refuses(*state, "[a]\nmatch = <KU>1\n  colour = red\n", "3:3", "unknown key");
    refuses(*state, "match = <KU>1\n", "1:1", "name of a kind");
    refuses(*state, "[A kind]\nmatch = <KU>1\n", "2:1", "name of a kind");
    refuses(*state, "[a]\nmatch = <KU>1<EKU>clientAuth,nothing\n", "2:30", "nothing");
    refuses(*state, "[a]\nmatch = <KU>1\nlogin = perhaps\n", "3:9", "login wants");
    refuses(*state, "[a]\nmatch = <KU>1\npriority = -1\n", "3:12", "priority wants");
    refuses(*state, "[a]\nmatch = <KU>1\npriority = 4294967296\n", "3:12", "priority wants");
    refuses(*state, "[a]\nmatch = <KU>1\nextended-key-usage = no\n", "3:22", "required or optional");
    refuses(*state, "[a]\n# no rule\nlogin = yes\n", "3:1", "match");
    refuses(*state, "[a]\nmatch = <KU>1\nmatch = <KU>2\n", "3:1", "twice");
    refuses(*state, "[a]\nmatch = <SUBJECT>(\x1b\n", "2:18", "");
}

static void test_a_fault_in_a_holder_has_its_place(void **state) {
    refuses(*state, "[a]\nmatch = <ISSUER>x\nholder = anybody\n", "3:10", "holder wants");
    refuses(*state, "[a]\nmatch = <ISSUER>x\nholder = ES:{subject_dn_component.CN}\n", "3:10", "realm of 3");
    refuses(*state, "[a]\nmatch = <ISSUER>x\nholder = ACME:{issuer_dn}\n", "3:15", "subject_dn_component");
    refuses(*state, "[a]\nmatch = <ISSUER>x\nholder = ACME:{subject_dn_component.CN\n", "3:39", "}");
    refuses(*state, "[a]\nmatch = <ISSUER>x\nholder = ACME:{subject_dn_component.CN}x\n", "3:39", "}");
    refuses(*state, "[a]\nmatch = <ISSUER>x\nholder = ACME:{subject_dn_component.nonsense}\n", "3:37", "OID");
}

static void test_s15_a_holder_made_of_an_attribute_wants_the_issuer(void **state) {
    refuses(*state, "[a]\nmatch = <KU>1\nholder = ACME:{subject_dn_component.UID}\n", "3:10", "<ISSUER>");
    refuses(*state, "[a]\nmatch = ||<ISSUER>x<KU>1\nholder = ACME:{subject_dn_component.UID}\n", "3:10", "<ISSUER>");
}

static void test_never_is_final(void **state) {
    CLEANUP(kinds_unrefp) Kinds *kinds = NULL;
    Folders *folders = *state;

    folders_write(folders, false, "10.conf", "[a]\nmatch = <KU>1\nlogin = never\n");
    folders_write(folders, true, "20.conf", "[a]\nlogin = yes\n");
    assert_int_equal(folders_load(folders, &kinds), KINDS_INVALID);
    assert_non_null(strstr(folders->problem, "/20.conf:2:9: "));
    assert_non_null(strstr(folders->problem, "final"));
}

static void test_no_kind_at_all_is_a_fault(void **state) {
    CLEANUP(kinds_unrefp) Kinds *kinds = NULL;
    Folders *folders = *state;

    assert_int_equal(folders_load(folders, &kinds), KINDS_NONE);
    assert_non_null(strstr(folders->problem, "no kinds"));
}

static void test_what_a_file_says_is_escaped(void **state) {
    refuses(*state, "[a]\nmatch = <\x1b[2J>x\n", "2:10", "\\x1b");
}

/* ── order ── */

static void test_a_later_file_changes_one_key(void **state) {
    Folders *folders = *state;
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    CLEANUP(pki_identity_done) PkiIdentity identity = {0};
    CLEANUP(free_pointer) char *source = NULL;

    folders_write(folders, false, "10.conf", "[a]\nmatch = <ISSUER>.\nlogin = no\n");
    folders_write(folders, true, "20.conf", "# on\n[a]\nlogin = yes\n");
    CLEANUP(kinds_unrefp) Kinds *kinds = load(folders);
    pki_self_signed(NULL, &identity);
    const Kind *kind = kind_of(kinds, &identity, &certificate);
    assert_non_null(kind);
    assert_int_equal(kind_login(kind), KIND_LOGIN_YES);
    assert_true(asprintf(&source, "%s/20.conf:3", folders->etc_kinds) > 0);
    assert_string_equal(kind_source(kind, KIND_LOGIN), source);
    assert_string_equal(kind_text(kind, KIND_MATCH), "<ISSUER>.");
    assert_string_equal(kind_text(kind, KIND_HOLDER), "named");
    assert_string_equal(kind_source(kind, KIND_HOLDER), "");
}

static void test_a_file_of_the_same_name_in_etc_takes_the_place_of_the_vendor_s(void **state) {
    Folders *folders = *state;

    folders_write(folders, false, "10.conf", "[a]\nmatch = <ISSUER>.\n");
    folders_write(folders, false, "20.conf", "[b]\nmatch = <ISSUER>.\n");
    folders_write(folders, true, "10.conf", "");
    CLEANUP(kinds_unrefp) Kinds *kinds = load(folders);
    assert_int_equal(kinds_count(kinds), 1);
    assert_kind(kinds, NULL, "b", "");
}

static void test_the_first_kind_by_priority_and_then_by_name_is_it(void **state) {
    Folders *folders = *state;

    folders_write(folders, false, "10.conf",
                  "[last]\nmatch = <ISSUER>.\n[b]\nmatch = <ISSUER>.\npriority = 5\n[a]\nmatch = <POLICY>1.2.3\n"
                  "priority = 5\n[first]\nmatch = <POLICY>1.2.4\npriority = 0\n");
    CLEANUP(kinds_unrefp) Kinds *kinds = load(folders);
    assert_kind(kinds, NULL, "b", "");
    assert_kind(kinds, &(PkiOptions){.policies = "1.2.3"}, "a", "");
    assert_kind(kinds, &(PkiOptions){.policies = "1.2.3,1.2.4"}, "first", "");
}

static void test_what_matches_nothing_is_of_no_kind(void **state) {
    Folders *folders = *state;

    folders_write(folders, false, "10.conf", "[a]\nmatch = <POLICY>1.2.3\n");
    CLEANUP(kinds_unrefp) Kinds *kinds = load(folders);
    assert_kind(kinds, NULL, "", "");
}

/* ── holders ── */

#define CORPORATE                                                                                                      \
    "[a]\nmatch = <ISSUER>^CN=AC PRUEBAS RAIZ,C=ES$\nholder = ACME:{subject_dn_component.employeeNumber}\n"
#define EMPLOYEE_NUMBER "2.16.840.1.113730.3.1.3"

static void test_a_holder_may_be_made_of_an_attribute(void **state) {
    Folders *folders = *state;
    PkiAttribute number = {.type = EMPLOYEE_NUMBER, .value = "4711b"};

    folders_write(folders, false, "10.conf", CORPORATE);
    CLEANUP(kinds_unrefp) Kinds *kinds = load(folders);
    assert_kind(kinds, &(PkiOptions){.more = &number, .n_more = 1}, "a", "ACME:4711b");
    /* The tax id beside it is not the holder. */
    assert_kind(kinds, &(PkiOptions){.more = &number, .n_more = 1, .serial_number = SPANISH_DNI}, "a", "ACME:4711b");
}

static void test_s41_an_attribute_that_does_not_tell_one_holder_makes_none(void **state) {
    Folders *folders = *state;
    PkiAttribute two[] = {{.type = EMPLOYEE_NUMBER, .value = "1"}, {.type = EMPLOYEE_NUMBER, .value = "2"}};
    PkiAttribute nul = {.type = EMPLOYEE_NUMBER, .value = "1\0002", .size = 3};
    PkiAttribute space = {.type = EMPLOYEE_NUMBER, .value = "1 "};

    folders_write(folders, false, "10.conf", CORPORATE);
    CLEANUP(kinds_unrefp) Kinds *kinds = load(folders);
    assert_kind(kinds, NULL, "a", "");
    assert_kind(kinds, &(PkiOptions){.more = two, .n_more = 2}, "a", "");
    assert_kind(kinds, &(PkiOptions){.more = &nul, .n_more = 1}, "a", "");
    assert_kind(kinds, &(PkiOptions){.more = &space, .n_more = 1}, "a", "");
}

/* ── the shipped kinds ── */

static void test_the_shipped_kinds_know_the_spanish_certificates(void **state) {
    Folders *folders = *state;

    folders_ship(folders);
    CLEANUP(kinds_unrefp) Kinds *kinds = load(folders);
    assert_kind(kinds, &spanish_dnie_authentication, "dnie-authentication", "ES:99999999R");
    assert_kind(kinds, &spanish_dnie_signature, "dnie-signature", "ES:99999999R");
    assert_kind(kinds, &spanish_citizen, "fnmt-citizen", "ES:99999999R");
    assert_kind(kinds, &spanish_citizen_bare, "fnmt-citizen", "ES:99999999R");
    assert_kind(kinds, &spanish_representative, "fnmt-representative", "ES:99999999R@ES:Q2826004J");
    assert_kind(kinds, &spanish_employee_card, "fnmt-public-employee-card", "ES:99999999R@ES:Q2826004J");
    assert_kind(kinds, &spanish_employee_software, "fnmt-public-employee-software", "ES:99999999R@ES:Q2826004J");
    assert_kind(kinds, NULL, "other", "");
}

static void test_s41_a_citizen_s_certificate_that_names_an_organisation_has_no_holder(void **state) {
    Folders *folders = *state;
    PkiOptions wrong = spanish_citizen;

    folders_ship(folders);
    CLEANUP(kinds_unrefp) Kinds *kinds = load(folders);
    wrong.organization_identifier = SPANISH_ORGANISATION;
    assert_kind(kinds, &wrong, "fnmt-citizen", "");
    PkiOptions alone = spanish_representative;
    alone.organization_identifier = NULL;
    assert_kind(kinds, &alone, "fnmt-representative", "");
}

static void test_all_three_policies_are_a_representative_s(void **state) {
    static const char *const policies[] = {"1.3.6.1.4.1.5734.3.11.1", "1.3.6.1.4.1.5734.3.11.2",
                                           "1.3.6.1.4.1.5734.3.11.3"};
    Folders *folders = *state;

    folders_ship(folders);
    CLEANUP(kinds_unrefp) Kinds *kinds = load(folders);
    for (size_t i = 0; i < ELEMENTSOF(policies); i++) {
        PkiOptions options = spanish_representative;

        options.policies = policies[i];
        assert_kind(kinds, &options, "fnmt-representative", "ES:99999999R@ES:Q2826004J");
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, folders_setup, folders_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_fault_is_told_with_file_line_and_column),
        TEST(test_a_fault_in_a_holder_has_its_place),
        TEST(test_s15_a_holder_made_of_an_attribute_wants_the_issuer),
        TEST(test_never_is_final),
        TEST(test_no_kind_at_all_is_a_fault),
        TEST(test_what_a_file_says_is_escaped),
        TEST(test_a_later_file_changes_one_key),
        TEST(test_a_file_of_the_same_name_in_etc_takes_the_place_of_the_vendor_s),
        TEST(test_the_first_kind_by_priority_and_then_by_name_is_it),
        TEST(test_what_matches_nothing_is_of_no_kind),
        TEST(test_a_holder_may_be_made_of_an_attribute),
        TEST(test_s41_an_attribute_that_does_not_tell_one_holder_makes_none),
        TEST(test_the_shipped_kinds_know_the_spanish_certificates),
        TEST(test_s41_a_citizen_s_certificate_that_names_an_organisation_has_no_holder),
        TEST(test_all_three_policies_are_a_representative_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

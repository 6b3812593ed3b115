/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of trust/pem: damaged files are told apart from empty ones, and nothing but certificates is kept. */
#include "trust/pem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/trust/pki.h"

static View text_view(const char *text) {
    return (View){(const uint8_t *) text, strlen(text)};
}

static void test_files_without_a_certificate_have_none(void **state) {
    static const char *const files[] = {
        "", "0", "hello", "-----BEGIN", "-----BEGIN CERTIFICATE", "-----END CERTIFICATE-----\n"};
    CLEANUP(bytes_list_done) BytesList list = {0};

    (void) state;
    for (size_t i = 0; i < ELEMENTSOF(files); i++)
        assert_int_equal(trust_read_certificates(text_view(files[i]), &list), -ENODATA);
    assert_int_equal(list.count, 0);
}

static void test_a_damaged_block_is_reported(void **state) {
    CLEANUP(bytes_list_done) BytesList list = {0};

    (void) state;
    assert_int_equal(
        trust_read_certificates(text_view("-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n"), &list),
        -EBADMSG);
    assert_int_equal(trust_read_certificates(text_view("-----BEGIN CERTIFICATE-----\nAAAA\n"), &list), -EBADMSG);
}

static void assert_cut(const char *file, const char *certificate, int wanted, const char *rest) {
    CLEANUP(bytes_done) Bytes left = {0};

    assert_int_equal(trust_cut_certificate(text_view(file), text_view(certificate), &left), wanted);
    assert_true(wanted < 0 || view_equal(bytes_view(&left), text_view(rest)));
}

#define BLOCK(type, base64) "-----BEGIN " type "-----\n" base64 "\n-----END " type "-----\n"

static void test_what_cannot_be_cut_out_alone_is_left(void **state) {
    (void) state;
    assert_cut("", "one", -ENODATA, NULL);
    assert_cut(BLOCK("CERTIFICATE", "dHdv"), "one", -ENODATA, NULL);
    assert_cut(BLOCK("PRIVATE KEY", "b25l"), "one", -ENODATA, NULL);
    assert_cut(BLOCK("CERTIFICATE", "b25l") BLOCK("CERTIFICATE", "????"), "one", -EBADMSG, NULL);
    assert_cut(BLOCK("CERTIFICATE", "b25l") "-----BEGIN CERTIFICATE-----\ndHdv\n", "one", -EBADMSG, NULL);
}

static void test_a_certificate_is_cut_out_with_its_own_lines_alone(void **state) {
    (void) state;
    assert_cut(BLOCK("CERTIFICATE", "b25l"), "one", 0, "");
    assert_cut("a\n" BLOCK("X509 CERTIFICATE", "b25l") "b\r\n" BLOCK("CERTIFICATE", "dHdv") "c", "one", 0,
               "a\nb\r\n" BLOCK("CERTIFICATE", "dHdv") "c");
    assert_cut(BLOCK("CERTIFICATE", "b25l") BLOCK("CERTIFICATE", "dHdv") BLOCK("CERTIFICATE", "b25l"), "one", 0,
               BLOCK("CERTIFICATE", "dHdv"));
    assert_cut("-----BEGIN CERTIFICATE-----\r\nb25l\r\n-----END CERTIFICATE-----\r\n" BLOCK("PRIVATE KEY", "b25l"),
               "one", 0, BLOCK("PRIVATE KEY", "b25l"));
}

static void test_private_keys_are_skipped(void **state) {
    CLEANUP(bytes_list_done) BytesList list = {0};
    CLEANUP(bytes_done) Bytes file = {0};

    (void) state;
    pki_pem("PRIVATE KEY", text_view("secret"), &file);
    assert_int_equal(trust_read_certificates(bytes_view(&file), &list), -ENODATA);
    pki_pem("CERTIFICATE", text_view("public"), &file);
    assert_int_equal(trust_read_certificates(bytes_view(&file), &list), 0);
    assert_int_equal(list.count, 1);
    assert_true(view_equal(bytes_view(&list.items[0]), text_view("public")));
}

static void test_a_bundle_keeps_its_order_and_may_hold_text(void **state) {
    CLEANUP(pki_identity_done) PkiIdentity root = {0}, leaf = {0};
    CLEANUP(bytes_list_done) BytesList list = {0};
    CLEANUP(bytes_done) Bytes file = {0};

    (void) state;
    pki_root(NULL, &root);
    pki_leaf(&root, NULL, &leaf);
    assert_int_equal(bytes_append(&file, text_view("subject=leaf\n")), 0);
    pki_pem("CERTIFICATE", bytes_view(&leaf.der), &file);
    assert_int_equal(bytes_append(&file, text_view("\nsubject=root\n")), 0);
    pki_pem("CERTIFICATE", bytes_view(&root.der), &file);
    assert_int_equal(trust_read_certificates(bytes_view(&file), &list), 0);
    assert_int_equal(list.count, 2);
    assert_true(view_equal(bytes_view(&list.items[0]), bytes_view(&leaf.der)));
    assert_true(view_equal(bytes_view(&list.items[1]), bytes_view(&root.der)));
}

static void test_der_is_taken_as_it_is(void **state) {
    CLEANUP(pki_identity_done) PkiIdentity root = {0};
    CLEANUP(bytes_list_done) BytesList list = {0};

    (void) state;
    pki_root(NULL, &root);
    assert_int_equal(trust_read_certificates(bytes_view(&root.der), &list), 0);
    assert_int_equal(list.count, 1);
    assert_true(view_equal(bytes_view(&list.items[0]), bytes_view(&root.der)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_without_a_certificate_have_none),
        cmocka_unit_test(test_a_damaged_block_is_reported),
        cmocka_unit_test(test_private_keys_are_skipped),
        cmocka_unit_test(test_what_cannot_be_cut_out_alone_is_left),
        cmocka_unit_test(test_a_certificate_is_cut_out_with_its_own_lines_alone),
        cmocka_unit_test(test_a_bundle_keeps_its_order_and_may_hold_text),
        cmocka_unit_test(test_der_is_taken_as_it_is),
    };

    return cmocka_run_group_tests_name("trust/pem", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of common/bytes: what is too short, too long or not a string is refused, and nothing is consumed then. */
#include "common/bytes.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static View text_view(const char *text) {
    return (View){(const uint8_t *) text, strlen(text)};
}

static Reader reader_of(const void *data, size_t size) {
    return (Reader){{data, size}};
}

static void test_reader_rejects_empty_input(void **state) {
    (void) state;
    Reader reader = {0};
    uint8_t u8;
    uint32_t u32;
    uint64_t u64;
    View view;
    char *string;
    assert_int_equal(reader_u8(&reader, &u8), -EBADMSG);
    assert_int_equal(reader_u32(&reader, &u32), -EBADMSG);
    assert_int_equal(reader_u64(&reader, &u64), -EBADMSG);
    assert_int_equal(reader_sized(&reader, &view), -EBADMSG);
    assert_int_equal(reader_string(&reader, &string), -EBADMSG);
    assert_int_equal(reader_fixed(&reader, &u8, 0), 0);
    assert_true(reader_at_end(&reader));
}

static void test_reader_consumes_nothing_when_a_read_fails(void **state) {
    (void) state;
    static const uint8_t lying[] = {0, 0, 0, 9, 'a', 'b'};
    Reader reader = reader_of(lying, sizeof lying);
    uint64_t u64;
    View view;
    char *string;
    assert_int_equal(reader_u64(&reader, &u64), -EBADMSG);
    assert_int_equal(reader_sized(&reader, &view), -EBADMSG);
    assert_int_equal(reader_string(&reader, &string), -EBADMSG);
    assert_ptr_equal(reader.rest.data, lying);
    assert_int_equal(reader.rest.size, sizeof lying);
}

static void test_reader_rejects_a_length_of_four_gibibytes(void **state) {
    (void) state;
    static const uint8_t lying[] = {0xff, 0xff, 0xff, 0xff, 'a'};
    Reader reader = reader_of(lying, sizeof lying);
    View view;
    assert_int_equal(reader_sized(&reader, &view), -EBADMSG);
    assert_int_equal(reader.rest.size, sizeof lying);
}

static void test_s16_reader_string_rejects_nul(void **state) {
    (void) state;
    static const uint8_t root[] = {0, 0, 0, 6, 'r', 'o', 'o', 't', 0, 'x'};
    Reader reader = reader_of(root, sizeof root);
    char *string = NULL;
    assert_int_equal(reader_string(&reader, &string), -EBADMSG);
    assert_null(string);
    assert_int_equal(reader.rest.size, sizeof root);
}

static void test_append_rejects_a_size_that_overflows(void **state) {
    (void) state;
    Bytes CLEANUP(bytes_done) bytes = {0};
    assert_int_equal(bytes_append_u8(&bytes, 7), 0);
    assert_int_equal(bytes_append(&bytes, (View){bytes.data, SIZE_MAX - 1}), -ENOMEM);
    assert_int_equal(bytes.size, 1);
    assert_int_equal(bytes.data[0], 7);
}

static void test_append_sized_rejects_what_u32_cannot_count(void **state) {
    (void) state;
    Bytes CLEANUP(bytes_done) bytes = {0};
    assert_int_equal(bytes_append_sized(&bytes, (View){NULL, (size_t) UINT32_MAX + 1}), -EMSGSIZE);
    assert_int_equal(bytes.size, 0);
}

static void test_hex_decode_rejects_wrong_length_and_digits(void **state) {
    (void) state;
    uint8_t octets[2];
    static const char *const bad[] = {"", "0", "000", "00000", "000g", " 000", "0x00", "-100"};
    for (size_t i = 0; i < ELEMENTSOF(bad); i++)
        assert_int_equal(hex_decode(bad[i], octets, sizeof octets), -EINVAL);
}

static void test_integers_are_big_endian(void **state) {
    (void) state;
    Bytes CLEANUP(bytes_done) bytes = {0};
    assert_int_equal(bytes_append_u32(&bytes, 0x01020304), 0);
    assert_int_equal(bytes_append_u64(&bytes, 0x05060708090a0b0c), 0);
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(bytes.data[i], i + 1);
}

static void test_what_is_appended_is_read_back(void **state) {
    (void) state;
    Bytes CLEANUP(bytes_done) bytes = {0};
    assert_int_equal(bytes_append_u8(&bytes, 200), 0);
    assert_int_equal(bytes_append_u32(&bytes, UINT32_MAX), 0);
    assert_int_equal(bytes_append_u64(&bytes, UINT64_MAX - 1), 0);
    assert_int_equal(bytes_append_string(&bytes, "demo"), 0);
    assert_int_equal(bytes_append_string(&bytes, ""), 0);
    assert_int_equal(bytes_append_sized(&bytes, (View){NULL, 0}), 0);

    Reader reader = {bytes_view(&bytes)};
    uint8_t u8;
    uint32_t u32;
    uint64_t u64;
    View view;
    char *string;
    assert_int_equal(reader_u8(&reader, &u8), 0);
    assert_int_equal(u8, 200);
    assert_int_equal(reader_u32(&reader, &u32), 0);
    assert_int_equal(u32, UINT32_MAX);
    assert_int_equal(reader_u64(&reader, &u64), 0);
    assert_true(u64 == UINT64_MAX - 1);
    assert_int_equal(reader_string(&reader, &string), 0);
    assert_string_equal(string, "demo");
    free(string);
    assert_int_equal(reader_string(&reader, &string), 0);
    assert_string_equal(string, "");
    free(string);
    assert_int_equal(reader_sized(&reader, &view), 0);
    assert_int_equal(view.size, 0);
    assert_true(reader_at_end(&reader));
}

static void test_append_grows_over_many_small_steps(void **state) {
    (void) state;
    Bytes CLEANUP(bytes_done) bytes = {0};
    for (unsigned i = 0; i < 5000; i++)
        assert_int_equal(bytes_append_u8(&bytes, (uint8_t) i), 0);
    assert_int_equal(bytes.size, 5000);
    for (unsigned i = 0; i < 5000; i++)
        assert_int_equal(bytes.data[i], (uint8_t) i);
}

static void test_copy_and_list_own_what_they_hold(void **state) {
    (void) state;
    char text[] = "certificate";
    Bytes CLEANUP(bytes_done) copy = {0};
    BytesList CLEANUP(bytes_list_done) list = {0};
    assert_int_equal(bytes_copy(text_view(text), &copy), 0);
    assert_int_equal(bytes_list_append(&list, text_view(text)), 0);
    assert_int_equal(bytes_list_append(&list, (View){NULL, 0}), 0);
    memset(text, 'x', sizeof text - 1);
    assert_true(view_equal(bytes_view(&copy), text_view("certificate")));
    assert_int_equal(list.count, 2);
    assert_true(view_equal(bytes_view(&list.items[0]), text_view("certificate")));
    assert_int_equal(list.items[1].size, 0);
}

static void test_done_empties_and_may_be_repeated(void **state) {
    (void) state;
    Bytes bytes = {0};
    BytesList list = {0};
    assert_int_equal(bytes_append_u32(&bytes, 1), 0);
    assert_int_equal(bytes_list_append(&list, bytes_view(&bytes)), 0);
    for (int i = 0; i < 2; i++) {
        bytes_done(&bytes);
        bytes_list_done(&list);
        assert_null(bytes.data);
        assert_int_equal(bytes.size, 0);
        assert_null(list.items);
        assert_int_equal(list.count, 0);
    }
}

static void test_view_equal_compares_size_and_octets(void **state) {
    (void) state;
    assert_false(view_equal(text_view("a"), text_view("b")));
    assert_false(view_equal(text_view("a"), text_view("ab")));
    assert_false(view_equal(text_view(""), text_view("a")));
    assert_true(view_equal((View){NULL, 0}, text_view("")));
    assert_true(view_equal(text_view("ab"), text_view("ab")));
}

static void test_hex_goes_there_and_back(void **state) {
    (void) state;
    uint8_t octets[256], back[256];
    for (unsigned i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t) i;
    char *text = hex_encode((View){octets, sizeof octets});
    assert_non_null(text);
    assert_int_equal(strspn(text, "0123456789abcdef"), 2 * sizeof octets);
    assert_int_equal(hex_decode(text, back, sizeof back), 0);
    assert_memory_equal(octets, back, sizeof back);
    free(text);
    assert_int_equal(hex_decode("ABcd", back, 2), 0);
    assert_int_equal(back[0], 0xab);
    assert_int_equal(back[1], 0xcd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reader_rejects_empty_input),
        cmocka_unit_test(test_reader_consumes_nothing_when_a_read_fails),
        cmocka_unit_test(test_reader_rejects_a_length_of_four_gibibytes),
        cmocka_unit_test(test_s16_reader_string_rejects_nul),
        cmocka_unit_test(test_append_rejects_a_size_that_overflows),
        cmocka_unit_test(test_append_sized_rejects_what_u32_cannot_count),
        cmocka_unit_test(test_hex_decode_rejects_wrong_length_and_digits),
        cmocka_unit_test(test_integers_are_big_endian),
        cmocka_unit_test(test_what_is_appended_is_read_back),
        cmocka_unit_test(test_append_grows_over_many_small_steps),
        cmocka_unit_test(test_copy_and_list_own_what_they_hold),
        cmocka_unit_test(test_done_empties_and_may_be_repeated),
        cmocka_unit_test(test_view_equal_compares_size_and_octets),
        cmocka_unit_test(test_hex_goes_there_and_back),
    };
    return cmocka_run_group_tests_name("common/bytes", tests, NULL, NULL);
}

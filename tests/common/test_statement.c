/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of common/statement: SECURITY 2, every field is signed and none can be read as another. */
#include "common/statement.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"

static Statement example(StatementPurpose purpose) {
    Statement statement = {
        .purpose = purpose,
        .user = "demo",
        .uid = 1000,
        .service = "login",
        .tty = "tty1",
        .has_replaced = purpose == STATEMENT_ASSIGN,
        .deadline = 123456789,
    };
    memset(statement.nonce, 1, sizeof statement.nonce);
    memset(statement.host_id, 2, sizeof statement.host_id);
    memset(statement.boot_id, 3, sizeof statement.boot_id);
    memset(statement.fingerprint, 4, sizeof statement.fingerprint);
    memset(statement.replaced, 5, sizeof statement.replaced);
    return statement;
}

static Bytes encoded(const Statement *statement) {
    Bytes bytes = {0};
    assert_int_equal(statement_encode(statement, &bytes), 0);
    return bytes;
}

static void assert_refused(const Statement *statement) {
    Bytes CLEANUP(bytes_done) bytes = {0};
    assert_int_equal(bytes_append_u8(&bytes, 9), 0);
    assert_int_equal(statement_encode(statement, &bytes), -EINVAL);
    assert_int_equal(bytes.size, 1); /* appends nothing on failure */
}

static void assert_differs(const Bytes *original, const Statement *changed) {
    Bytes CLEANUP(bytes_done) other = encoded(changed);
    assert_false(view_equal(bytes_view(original), bytes_view(&other)));
}

/* Every octet of an array field, every bit of it. */
static void assert_each_bit_counts(const Bytes *original, Statement *statement, uint8_t *field, size_t size) {
    for (size_t bit = 0; bit < 8 * size; bit++) {
        field[bit / 8] ^= (uint8_t) (1u << bit % 8);
        assert_differs(original, statement);
        field[bit / 8] ^= (uint8_t) (1u << bit % 8);
    }
}

static void test_s02_each_flipped_field_changes_the_encoding(void **state) {
    (void) state;
    for (StatementPurpose purpose = STATEMENT_LOGIN; purpose <= STATEMENT_ASSIGN; purpose++) {
        Statement statement = example(purpose), changed;
        Bytes CLEANUP(bytes_done) original = encoded(&statement);
        assert_each_bit_counts(&original, &statement, statement.nonce, sizeof statement.nonce);
        assert_each_bit_counts(&original, &statement, statement.host_id, sizeof statement.host_id);
        assert_each_bit_counts(&original, &statement, statement.boot_id, sizeof statement.boot_id);
        assert_each_bit_counts(&original, &statement, statement.fingerprint, sizeof statement.fingerprint);
        assert_each_bit_counts(&original, &statement, (uint8_t *) &statement.uid, sizeof statement.uid);
        assert_each_bit_counts(&original, &statement, (uint8_t *) &statement.deadline, sizeof statement.deadline);
        if (purpose == STATEMENT_ASSIGN)
            assert_each_bit_counts(&original, &statement, statement.replaced, sizeof statement.replaced);
        changed = statement, changed.user = "Demo", assert_differs(&original, &changed);
        changed = statement, changed.service = "logim", assert_differs(&original, &changed);
        changed = statement, changed.tty = "", assert_differs(&original, &changed);
    }
}

static void test_s02_the_purpose_separates_login_from_assign(void **state) {
    (void) state;
    Statement login = example(STATEMENT_LOGIN), assign = login;
    assign.purpose = STATEMENT_ASSIGN;
    Bytes CLEANUP(bytes_done) original = encoded(&login);
    assert_differs(&original, &assign);
}

static void test_s02_an_absent_replaced_differs_from_one_of_zeros(void **state) {
    (void) state;
    Statement with = example(STATEMENT_ASSIGN), without;
    memset(with.replaced, 0, sizeof with.replaced);
    without = with;
    without.has_replaced = false;
    Bytes CLEANUP(bytes_done) original = encoded(&with);
    assert_differs(&original, &without);
}

static void test_s02_octets_cannot_move_from_one_field_to_the_next(void **state) {
    (void) state;
    static const struct {
        const char *service, *tty;
    } splits[] = {{"logintty1", ""}, {"login", "tty1"}, {"logintty", "1"}, {"", "logintty1"}};
    for (size_t i = 0; i < ELEMENTSOF(splits); i++) {
        Statement one = example(STATEMENT_LOGIN);
        one.service = splits[i].service, one.tty = splits[i].tty;
        Bytes CLEANUP(bytes_done) original = encoded(&one);
        for (size_t j = i + 1; j < ELEMENTSOF(splits); j++) {
            Statement other = one;
            other.service = splits[j].service, other.tty = splits[j].tty;
            assert_differs(&original, &other);
        }
    }
}

static void test_s02_the_encoding_opens_with_magic_version_and_purpose(void **state) {
    (void) state;
    static const char magic[] = "ovcert statement";
    Statement statement = example(STATEMENT_ASSIGN);
    Bytes CLEANUP(bytes_done) bytes = encoded(&statement);
    assert_true(bytes.size > sizeof magic + 2);
    assert_memory_equal(bytes.data, magic, sizeof magic);
    assert_int_equal(bytes.data[sizeof magic], STATEMENT_VERSION);
    assert_int_equal(bytes.data[sizeof magic + 1], STATEMENT_ASSIGN);
}

static void test_fields_are_read_back_in_the_order_of_the_struct(void **state) {
    (void) state;
    Statement statement = example(STATEMENT_ASSIGN);
    Bytes CLEANUP(bytes_done) bytes = encoded(&statement);
    Reader reader = {bytes_view(&bytes)};
    uint8_t head[sizeof "ovcert statement" + 2];
    assert_int_equal(reader_fixed(&reader, head, sizeof head), 0);
    static const size_t sizes[] = {
        STATEMENT_NONCE_SIZE,       4, 4, 5, 4, STATEMENT_ID_SIZE, STATEMENT_ID_SIZE, STATEMENT_FINGERPRINT_SIZE,
        STATEMENT_FINGERPRINT_SIZE, 8};
    for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
        View field;
        assert_int_equal(reader_sized(&reader, &field), 0);
        assert_int_equal(field.size, sizes[i]);
    }
    assert_true(reader_at_end(&reader));
}

static void test_encode_rejects_unknown_purposes(void **state) {
    (void) state;
    static const int purposes[] = {0, STATEMENT_ASSIGN + 1, 255, 257};
    for (size_t i = 0; i < ELEMENTSOF(purposes); i++) {
        Statement statement = example(STATEMENT_LOGIN);
        statement.purpose = (StatementPurpose) purposes[i];
        assert_refused(&statement);
        assert_null(statement_purpose_name(statement.purpose));
    }
}

static void test_encode_rejects_a_login_that_replaces(void **state) {
    (void) state;
    Statement statement = example(STATEMENT_LOGIN);
    statement.has_replaced = true;
    assert_refused(&statement);
}

static void test_s25_encode_rejects_odd_user_names(void **state) {
    (void) state;
    static const char *const names[] = {"", "root\n", "a:b", "1000", "\xff", "-r", "a/b"};
    for (size_t i = 0; i < ELEMENTSOF(names); i++) {
        Statement statement = example(STATEMENT_LOGIN);
        statement.user = names[i];
        assert_refused(&statement);
    }
}

static void test_encode_rejects_over_long_service_and_tty(void **state) {
    (void) state;
    char text[STATEMENT_TEXT_MAX + 2] = {0};
    memset(text, 'a', STATEMENT_TEXT_MAX + 1);
    Statement statement = example(STATEMENT_LOGIN);
    statement.service = text;
    assert_refused(&statement);
    statement.service = "login", statement.tty = text;
    assert_refused(&statement);
    text[STATEMENT_TEXT_MAX] = '\0';
    statement.service = text;
    Bytes CLEANUP(bytes_done) bytes = encoded(&statement);
    assert_true(bytes.size > 2 * STATEMENT_TEXT_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode_rejects_unknown_purposes),
        cmocka_unit_test(test_encode_rejects_a_login_that_replaces),
        cmocka_unit_test(test_s25_encode_rejects_odd_user_names),
        cmocka_unit_test(test_encode_rejects_over_long_service_and_tty),
        cmocka_unit_test(test_s02_each_flipped_field_changes_the_encoding),
        cmocka_unit_test(test_s02_the_purpose_separates_login_from_assign),
        cmocka_unit_test(test_s02_an_absent_replaced_differs_from_one_of_zeros),
        cmocka_unit_test(test_s02_octets_cannot_move_from_one_field_to_the_next),
        cmocka_unit_test(test_s02_the_encoding_opens_with_magic_version_and_purpose),
        cmocka_unit_test(test_fields_are_read_back_in_the_order_of_the_struct),
    };
    return cmocka_run_group_tests_name("common/statement", tests, NULL, NULL);
}

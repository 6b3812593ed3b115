/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the check of a whole database that is in use. */
#include "ovcertd/store/check.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/ovcertd/store/fixture.h"

#define PAGE 4096u

static void fill(Fixture *fixture) {
    fixture_begin(fixture->store);
    for (unsigned i = 0; i < 200; i++)
        fixture_audit(fixture->store, "assigned", "demo", FIXTURE_SUBJECT);
    (void) fixture_profile(fixture->store, "demo", 1000); /* its id is of no use here */
    fixture_commit(fixture->store);
    fixture_close(fixture); /* everything is in the file then, nothing in its log */
    fixture_reopen(fixture);
}

static int check_until(const Fixture *fixture, uint64_t deadline, char **ret_problem) {
    CLEANUP(store_check_freep) StoreCheck *check = NULL;
    const char *problem = NULL;
    assert_int_equal(store_check_new(fixture->store, deadline, &check), 0);
    assert_int_equal(store_check_result(check, &problem), -ECANCELED);
    store_check_run(check);
    int r = store_check_result(check, &problem);
    *ret_problem = strdup(problem);
    assert_non_null(*ret_problem);
    return r;
}

static void zero_page_of(const Fixture *fixture, const char *table) {
    static const uint8_t zeros[PAGE];
    char sql[128];
    (void) snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", table); /* fits */
    int64_t page = fixture_number(fixture, sql);
    assert_true(page > 1);
    FILE *file = fopen(fixture->path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long) (page - 1) * (long) PAGE, SEEK_SET), 0);
    assert_int_equal(fwrite(zeros, 1, PAGE, file), PAGE);
    assert_int_equal(fclose(file), 0);
}

static void test_a_whole_database_is_whole_while_it_is_written(void **state) {
    Fixture *fixture = *state;
    CLEANUP(free_pointer) char *problem = NULL;
    fill(fixture);
    fixture_begin(fixture->store);
    fixture_audit(fixture->store, "assigned", "demo", FIXTURE_SUBJECT);
    assert_int_equal(check_until(fixture, UINT64_MAX, &problem), 0);
    assert_string_equal(problem, "");
    fixture_commit(fixture->store);
}

static void test_s35_damage_is_found_while_the_store_works_on(void **state) {
    static const char *const tables[] = {"audit", "profile", "audit_person"};
    Fixture *fixture = *state;
    fill(fixture);
    CLEANUP(free_pointer) uint8_t *whole = NULL;
    size_t size;
    fixture_read(fixture->path, &whole, &size);
    for (size_t i = 0; i < ELEMENTSOF(tables); i++) {
        CLEANUP(free_pointer) char *problem = NULL;
        zero_page_of(fixture, tables[i]);
        assert_int_equal(check_until(fixture, UINT64_MAX, &problem), STORE_CORRUPT);
        assert_string_not_equal(problem, "");
        fixture_write(fixture->path, whole, size);
    }
}

static void test_past_its_deadline_it_says_nothing_about_the_file(void **state) {
    Fixture *fixture = *state;
    CLEANUP(free_pointer) char *problem = NULL;
    fill(fixture);
    assert_int_equal(check_until(fixture, 0, &problem), -ETIMEDOUT);
    assert_string_equal(problem, "");
}

static void test_a_file_that_is_gone_is_not_called_damaged(void **state) {
    Fixture *fixture = *state;
    CLEANUP(free_pointer) char *problem = NULL;
    fill(fixture);
    assert_int_equal(unlink(fixture->path), 0);
    assert_true(check_until(fixture, UINT64_MAX, &problem) < 0);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(test_a_whole_database_is_whole_while_it_is_written),
        TEST(test_s35_damage_is_found_while_the_store_works_on),
        TEST(test_past_its_deadline_it_says_nothing_about_the_file),
        TEST(test_a_file_that_is_gone_is_not_called_damaged),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

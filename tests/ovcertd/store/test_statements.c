/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of sql/: every named statement fits the migrated schema and finds its rows through an index. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sql/statements.h"
#include "tests/ovcertd/store/fixture.h"

/* Steps of plans that walk a whole table or sort, and why that is right. */
static const struct {
    const char *query;
    const char *step;
} allowed[] = {
    {"audit_head", "SCAN audit"},                       /* from the end, one row */
    {"certificate_sweep", "SCAN certificate"},          /* rare: deletion of a profile, expiry of candidates */
    {"audit_erase_subjects", "SCAN audit_person"},      /* rare, and the whole file is written anew after it */
    {"candidate_list", "USE TEMP B-TREE FOR ORDER BY"}, /* one profile's */
};

static bool is_allowed(const char *query, const char *step) {
    for (size_t i = 0; i < ELEMENTSOF(allowed); i++)
        if (strcmp(allowed[i].query, query) == 0 && strcmp(allowed[i].step, step) == 0)
            return true;
    return false;
}

static void test_every_statement_is_prepared_against_the_migrated_schema(void **state) {
    const Fixture *fixture = *state;
    sqlite3 *db = fixture_raw(fixture);

    for (size_t i = 0; i < SQL_QUERY_COUNT; i++) {
        sqlite3_stmt *statement = NULL;
        if (sqlite3_prepare_v2(db, sql_queries[i].text, -1, &statement, NULL) != SQLITE_OK)
            fail_msg("%s: %s", sql_queries[i].name, sqlite3_errmsg(db));
        assert_non_null(statement);
        (void) sqlite3_finalize(statement); /* never stepped */
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void check_plan(sqlite3 *db, const SqlText *query) {
    sqlite3_stmt *plan = NULL;
    char *text = NULL;

    assert_true(asprintf(&text, "EXPLAIN QUERY PLAN %s", query->text) > 0);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &plan, NULL), SQLITE_OK);
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *step = (const char *) sqlite3_column_text(plan, 3);
        bool slow = strncmp(step, "SCAN ", 5) == 0 || strncmp(step, "USE TEMP", 8) == 0;
        if (slow && !is_allowed(query->name, step))
            fail_msg("%s: %s", query->name, step);
    }
    assert_int_equal(sqlite3_finalize(plan), SQLITE_OK);
    free(text);
}

static void test_no_statement_walks_a_table_without_a_reason(void **state) {
    const Fixture *fixture = *state;
    sqlite3 *db = fixture_raw(fixture);

    for (size_t i = 0; i < SQL_QUERY_COUNT; i++)
        check_plan(db, &sql_queries[i]);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_statement_is_prepared_against_the_migrated_schema),
        cmocka_unit_test(test_no_statement_walks_a_table_without_a_reason),
    };
    return cmocka_run_group_tests_name("store: statements", tests, fixture_setup, fixture_teardown);
}

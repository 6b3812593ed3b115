/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading rows without trusting them. Called by every file of the store that loads something; must never hand out a
 * value that the contract of store.h excludes. */
#include "ovcertd/store/columns.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ovcertd/store/database.h"

static void columns_fail(Columns *columns, int error) {
    if (columns->error == 0)
        columns->error = error;
}

/* Index of the next column when it has the type, else -1 with the failure kept. */
static int columns_take(Columns *columns, int type) {
    int index = columns->next++;

    if (columns->error == 0 && sqlite3_column_type(columns->statement, index) == type)
        return index;
    columns_fail(columns, -EUCLEAN);
    return -1;
}

int64_t columns_integer(Columns *columns, int64_t minimum, int64_t maximum) {
    int index = columns_take(columns, SQLITE_INTEGER);
    if (index < 0)
        return 0;

    int64_t value = sqlite3_column_int64(columns->statement, index);
    if (value >= minimum && value <= maximum)
        return value;
    columns_fail(columns, -EUCLEAN);
    return 0;
}

int64_t columns_rowid(Columns *columns) {
    return columns_integer(columns, 1, INT64_MAX);
}

int64_t columns_time(Columns *columns) {
    return columns_integer(columns, INT64_MIN, INT64_MAX);
}

uint32_t columns_uid(Columns *columns) {
    return (uint32_t) columns_integer(columns, 0, UINT32_MAX);
}

bool columns_bool(Columns *columns) {
    return columns_integer(columns, 0, 1) == 1;
}

bool columns_is_null(const Columns *columns) {
    return columns->error == 0 && sqlite3_column_type(columns->statement, columns->next) == SQLITE_NULL;
}

void columns_null(Columns *columns) {
    (void) columns_take(columns, SQLITE_NULL); /* there is no value to read */
}

char *columns_text(Columns *columns) {
    int index = columns_take(columns, SQLITE_TEXT);
    if (index < 0)
        return NULL;

    const char *text = (const char *) sqlite3_column_text(columns->statement, index);
    size_t size = (size_t) sqlite3_column_bytes(columns->statement, index);
    if (text && memchr(text, '\0', size)) {
        columns_fail(columns, -EUCLEAN);
        return NULL;
    }
    char *copy = text ? strndup(text, size) : NULL;
    if (!copy)
        columns_fail(columns, -ENOMEM);
    return copy;
}

char *columns_text_or_null(Columns *columns) {
    if (!columns_is_null(columns))
        return columns_text(columns);
    columns->next++;
    return NULL;
}

View columns_view(Columns *columns) {
    int index = columns_take(columns, SQLITE_BLOB);
    if (index < 0)
        return (View){0};

    const void *data = sqlite3_column_blob(columns->statement, index); /* NULL for an empty blob */
    return (View){.data = data, .size = (size_t) sqlite3_column_bytes(columns->statement, index)};
}

void columns_octets(Columns *columns, void *ret, size_t size) {
    View view = columns_view(columns);

    if (columns->error == 0 && view.data && view.size == size)
        memcpy(ret, view.data, size);
    else
        columns_fail(columns, -EUCLEAN);
}

bool columns_octets_or_null(Columns *columns, void *ret, size_t size) {
    if (columns_is_null(columns)) {
        columns->next++;
        return false;
    }
    columns_octets(columns, ret, size);
    return true;
}

void columns_hex_id(Columns *columns, char ret[STORE_ID_SIZE]) {
    CLEANUP(free_pointer) char *text = columns_text(columns);

    if (text && strlen(text) == STORE_ID_SIZE - 1 && strspn(text, "0123456789abcdef") == STORE_ID_SIZE - 1)
        memcpy(ret, text, STORE_ID_SIZE);
    else
        columns_fail(columns, -EUCLEAN);
}

int columns_end(const Columns *columns) {
    assert(columns->next == sqlite3_column_count(columns->statement));
    return columns->error;
}

int row_get(Store *store, SqlQuery id, const Value *values, size_t count, const RowType *type, void *ret) {
    CLEANUP(query_done) Query query = {0};

    int r = query_start(store, id, values, count, &query);
    if (r < 0)
        return r;
    r = query_next(&query);
    if (r != 0)
        return r;
    return type->load(&(Columns){.statement = query.statement}, ret);
}

/* Room for one more row, zeroed; NULL when out of memory. */
static void *rows_extend(const RowType *type, void **rows, size_t count) {
    if ((count & (count - 1)) == 0) { /* 0, 1, 2, 4, …: full */
        void *larger = reallocarray(*rows, count == 0 ? 1 : 2 * count, type->size);
        if (!larger)
            return NULL;
        *rows = larger;
    }
    void *row = (char *) *rows + count * type->size;
    memset(row, 0, type->size);
    return row;
}

static int rows_read(Query *query, const RowType *type, void **rows, size_t *count) {
    for (;;) {
        int r = query_next(query);
        if (r != 0)
            return r == STORE_NOT_FOUND ? 0 : r;
        assert(*count < STORE_LIST_MAX);
        void *row = rows_extend(type, rows, *count);
        if (!row)
            return -ENOMEM;
        r = type->load(&(Columns){.statement = query->statement}, row);
        if (r < 0)
            return r;
        ++*count;
    }
}

int rows_get(Store *store, SqlQuery id, const Value *values, size_t count, const RowType *type, void **ret,
             size_t *ret_count) {
    CLEANUP(query_done) Query query = {0};
    void *rows = NULL;
    size_t row_count = 0;

    int r = query_start(store, id, values, count, &query);
    if (r < 0)
        return r;
    r = rows_read(&query, type, &rows, &row_count);
    if (r < 0) {
        (void) rows_free(type, rows, row_count); /* returns NULL */
        return r;
    }
    *ret = rows;
    *ret_count = row_count;
    return 0;
}

void *rows_free(const RowType *type, void *rows, size_t count) {
    for (size_t i = 0; i < count; i++)
        type->done((char *) rows + i * type->size);
    free(rows);
    return NULL;
}

Value value_limit(uint32_t limit) {
    return value_integer(limit < STORE_LIST_MAX ? limit : STORE_LIST_MAX);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations. Called by core/ through store.h; must never judge which state may follow which: that table is core's. */
#include <string.h>

#include "ovcertd/store/columns.h"
#include "ovcertd/store/id.h"
#include "ovcertd/store/query.h"
#include "ovcertd/store/store.h"

#define KIND_MAX 2 /* as the CHECKs of the table */
#define STATE_MAX 5

void operation_row_done(OperationRow *row) {
    *row = (OperationRow){0};
}

static int operation_load(Columns *columns, void *ret) {
    OperationRow row = {0};

    columns_hex_id(columns, row.id);
    row.profile = columns_rowid(columns);
    row.kind = (int) columns_integer(columns, 1, KIND_MAX);
    row.state = (int) columns_integer(columns, 1, STATE_MAX);
    row.until_assign = columns_bool(columns);
    row.opener = columns_uid(columns);
    row.opened = columns_time(columns);
    row.deadline = columns_time(columns);
    int r = columns_end(columns);
    if (r == 0)
        *(OperationRow *) ret = row;
    return r;
}

static void operation_done(void *row) {
    operation_row_done(row);
}

static const RowType operation_type = {.size = sizeof(OperationRow), .load = operation_load, .done = operation_done};

OperationRow *operation_rows_free(OperationRow *rows, size_t count) {
    return rows_free(&operation_type, rows, count);
}

int store_operation_create(Store *store, const OperationRow *row, char ret_id[STORE_ID_SIZE]) {
    char id[STORE_ID_SIZE];

    id_make(id);
    int r = query_run(store, SQL_OPERATION_CREATE,
                      VALUES(value_text(id), value_integer(row->profile), value_integer(row->kind),
                             value_integer(row->state), value_integer(row->until_assign), value_integer(row->opener),
                             value_integer(row->opened), value_integer(row->deadline)));
    if (r == 0)
        memcpy(ret_id, id, sizeof(id));
    return r;
}

int store_operation_get(Store *store, const char *id, OperationRow *ret) {
    return row_get(store, SQL_OPERATION_GET, VALUES(value_text(id)), &operation_type, ret);
}

static int operation_list(Store *store, SqlQuery id, int64_t key, OperationRow **ret, size_t *ret_count) {
    void *rows = NULL;

    int r =
        rows_get(store, id, VALUES(value_integer(key), value_limit(STORE_LIST_MAX)), &operation_type, &rows, ret_count);
    if (r == 0)
        *ret = rows;
    return r;
}

int store_operation_list_open(Store *store, int64_t profile, OperationRow **ret, size_t *ret_count) {
    return operation_list(store, SQL_OPERATION_LIST_OPEN, profile, ret, ret_count);
}

int store_operation_list_due(Store *store, int64_t now, OperationRow **ret, size_t *ret_count) {
    return operation_list(store, SQL_OPERATION_LIST_DUE, now, ret, ret_count);
}

int store_operation_set(Store *store, const char *id, int state, int64_t deadline) {
    return query_change(store, SQL_OPERATION_SET,
                        VALUES(value_text(id), value_integer(state), value_integer(deadline)));
}

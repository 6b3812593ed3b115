/* SPDX-License-Identifier: BSD-2-Clause */
/* Columns: reads one row of a query from left to right, checking types, ranges and lengths (the file may have been
 * damaged or edited). The first failure sticks, and everything after it reads as empty, so a loader needs one check at
 * its end. Also the lists of rows. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "ovcertd/store/query.h"

#define STORE_LIST_MAX 1000u

typedef struct Columns {
    sqlite3_stmt *statement;
    int next;
    int error;
} Columns;

int64_t columns_integer(Columns *columns, int64_t minimum, int64_t maximum);
int64_t columns_rowid(Columns *columns);
int64_t columns_time(Columns *columns);
uint32_t columns_uid(Columns *columns);
bool columns_bool(Columns *columns);
bool columns_is_null(const Columns *columns);                          /* the next one; consumes nothing */
void columns_null(Columns *columns);                                   /* must be NULL */
char *columns_text(Columns *columns);                                  /* caller frees */
char *columns_text_or_null(Columns *columns);                          /* NULL when NULL */
View columns_view(Columns *columns);                                   /* borrowed until the next step */
void columns_octets(Columns *columns, void *ret, size_t size);         /* exactly size octets */
bool columns_octets_or_null(Columns *columns, void *ret, size_t size); /* false when NULL */
void columns_hex_id(Columns *columns, char ret[STORE_ID_SIZE]);
/* 0, -EUCLEAN or -ENOMEM. Asserts that every column was read. */
int columns_end(const Columns *columns);

/* What a list needs to know of its rows. load() leaves *ret alone when it fails. */
typedef struct RowType {
    size_t size;
    int (*load)(Columns *columns, void *ret);
    void (*done)(void *row);
} RowType;

/* The one row, or STORE_NOT_FOUND. */
int row_get(Store *store, SqlQuery id, const Value *values, size_t count, const RowType *type, void *ret);
/* Every row of a statement, which bounds them by a LIMIT of at most STORE_LIST_MAX; rows_free() with the same type. */
int rows_get(Store *store, SqlQuery id, const Value *values, size_t count, const RowType *type, void **ret,
             size_t *ret_count);
void *rows_free(const RowType *type, void *rows, size_t count);
/* limit as a parameter, cut to STORE_LIST_MAX. */
Value value_limit(uint32_t limit);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Table: rows under headings, printed through libsmartcols(3). */
#pragma once

#include <stddef.h>

#include "common/macros.h"
#include "ovcertctl/output.h"

typedef struct Table Table;

typedef struct Cell {
    const char *text; /* NULL: empty */
    Colour colour;
} Cell;

/* 0 or -ENOMEM. */
int table_new(const Output *output, const char *const *headings, size_t n_headings, Table **ret);
Table *table_free(Table *table); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(Table *, table_free)
/* One cell for each heading; copies the texts. 0 or -ENOMEM. */
int table_add(Table *table, const Cell *cells);
/* Nothing when the output is quiet. 0 or a negative errno. */
int table_print(Table *table);

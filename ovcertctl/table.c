/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of the verbs that list. Must never cut a cell: what is too wide for the terminal wraps there. */
#include "ovcertctl/table.h"

#include <errno.h>
#include <libsmartcols.h>
#include <stdlib.h>

struct Table {
    const Output *output;
    struct libscols_table *scols;
    size_t n_columns;
};

static int fill(Table *table, const char *const *headings, size_t n_headings) {
    table->scols = scols_new_table();
    if (!table->scols)
        return -ENOMEM;
    (void) scols_table_enable_colors(table->scols, table->output->colour);      /* fails for NULL only */
    (void) scols_table_enable_noheadings(table->scols, !table->output->legend); /* likewise */
    for (size_t i = 0; i < n_headings; i++)
        if (!scols_table_new_column(table->scols, headings[i], 0, 0))
            return -ENOMEM;
    table->n_columns = n_headings;
    return 0;
}

int table_new(const Output *output, const char *const *headings, size_t n_headings, Table **ret) {
    CLEANUP(table_freep) Table *table = calloc(1, sizeof *table);
    if (!table)
        return -ENOMEM;
    table->output = output;
    int r = fill(table, headings, n_headings);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(table);
    return 0;
}

Table *table_free(Table *table) {
    if (table) {
        scols_unref_table(table->scols);
        free(table);
    }
    return NULL;
}

static const char *colour_name(Colour colour) {
    static const char *const names[] = {
        [COLOUR_RED] = "red", [COLOUR_GREEN] = "green", [COLOUR_YELLOW] = "brown", [COLOUR_BOLD] = "bold"};
    return names[colour];
}

int table_add(Table *table, const Cell *cells) {
    struct libscols_line *line = scols_table_new_line(table->scols, NULL);
    if (!line)
        return -ENOMEM;
    for (size_t i = 0; i < table->n_columns; i++) {
        int r = scols_line_set_data(line, i, cells[i].text ? cells[i].text : "");
        if (r == 0 && cells[i].colour != COLOUR_NONE)
            r = scols_cell_set_color(scols_line_get_cell(line, i), colour_name(cells[i].colour));
        if (r < 0)
            return r;
    }
    return 0;
}

int table_print(Table *table) {
    return table->output->quiet ? 0 : scols_print_table(table->scols);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader of ini files, used for ovcertd.conf and credential.conf. Must never skip a line that it does not
 * understand. */
#include "common/ini.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

typedef struct IniReader {
    IniAssignEntry assign;
    void *data;
    const char *section;
    const char *line; /* the one at hand, as it stands in the text */
    unsigned number;
    unsigned *ret_column;
    char **ret_what;
} IniReader;

static char *trim(char *text) {
    text += strspn(text, " \t\r");
    size_t size = strlen(text);
    while (size > 0 && strchr(" \t\r", text[size - 1]))
        text[--size] = '\0';
    return text;
}

static unsigned column_of(const IniReader *reader, const char *position) {
    return (unsigned) (position - reader->line) + 1;
}

static int malformed(IniReader *reader, const char *position, const char *what) {
    *reader->ret_column = column_of(reader, position);
    *reader->ret_what = strdup(what);
    return *reader->ret_what ? INI_MALFORMED : -ENOMEM;
}

static int read_section(IniReader *reader, char *line) {
    size_t size = strlen(line);
    if (size < 3 || line[size - 1] != ']')
        return malformed(reader, line, "a section is written as [Name]");
    line[size - 1] = '\0';
    reader->section = trim(line + 1);
    return 0;
}

static int read_assignment(IniReader *reader, char *line) {
    char *equals = strchr(line, '=');
    if (!equals)
        return malformed(reader, line, "neither a comment nor [Section] nor key = value");
    *equals = '\0';
    const char *key = trim(line);
    if (key[0] == '\0')
        return malformed(reader, line, "there is no key before the =");
    const char *value = trim(equals + 1);
    IniEntry entry = {
        .section = reader->section,
        .key = key,
        .value = value,
        .line = reader->number,
        .key_column = column_of(reader, key),
        .value_column = column_of(reader, value),
    };
    *reader->ret_column = entry.value_column;
    return reader->assign(reader->data, &entry, reader->ret_column, reader->ret_what);
}

static int read_line(IniReader *reader, char *line) {
    reader->line = line;
    line = trim(line);
    if (line[0] == '\0' || line[0] == '#' || line[0] == ';')
        return 0;
    return line[0] == '[' ? read_section(reader, line) : read_assignment(reader, line);
}

int ini_read_entries(char *text, size_t size, IniAssignEntry assign, void *data, unsigned *ret_line,
                     unsigned *ret_column, char **ret_what) {
    IniReader reader = {.assign = assign, .data = data, .section = "", .ret_column = ret_column, .ret_what = ret_what};
    char *end = text + size;
    *ret_line = 0;
    *ret_column = 1;
    while (text < end) {
        reader.number = ++*ret_line;
        reader.line = text;
        char *newline = memchr(text, '\n', (size_t) (end - text));
        char *next = newline ? newline + 1 : end;
        size_t length = (size_t) ((newline ? newline : end) - text);
        if (!text_is_utf8((View){(const uint8_t *) text, length}))
            return malformed(&reader, text, "the line is not UTF-8 text");
        text[length] = '\0';
        int r = read_line(&reader, text);
        if (r != 0)
            return r;
        text = next;
    }
    return 0;
}

/* For who wants no places. */
typedef struct Plain {
    IniAssign assign;
    void *data;
} Plain;

static int assign_plain(void *data, const IniEntry *entry, unsigned *column, char **ret_what) {
    const Plain *plain = data;
    (void) column;
    return plain->assign(plain->data, entry->section, entry->key, entry->value, ret_what);
}

int ini_read(char *text, size_t size, IniAssign assign, void *data, unsigned *ret_line, char **ret_what) {
    Plain plain = {.assign = assign, .data = data};
    unsigned column;
    return ini_read_entries(text, size, assign_plain, &plain, ret_line, &column, ret_what);
}

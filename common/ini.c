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
    IniAssign assign;
    void *data;
    const char *section;
    char **ret_what;
} IniReader;

static char *trim(char *text) {
    text += strspn(text, " \t\r");
    size_t size = strlen(text);
    while (size > 0 && strchr(" \t\r", text[size - 1]))
        text[--size] = '\0';
    return text;
}

static int malformed(IniReader *reader, const char *what) {
    *reader->ret_what = strdup(what);
    return *reader->ret_what ? INI_MALFORMED : -ENOMEM;
}

static int read_section(IniReader *reader, char *line) {
    size_t size = strlen(line);
    if (size < 3 || line[size - 1] != ']')
        return malformed(reader, "a section is written as [Name]");
    line[size - 1] = '\0';
    reader->section = trim(line + 1);
    return 0;
}

static int read_line(IniReader *reader, char *line) {
    line = trim(line);
    if (line[0] == '\0' || line[0] == '#' || line[0] == ';')
        return 0;
    if (line[0] == '[')
        return read_section(reader, line);
    char *value = strchr(line, '=');
    if (!value)
        return malformed(reader, "neither a comment nor [Section] nor key = value");
    *value++ = '\0';
    const char *key = trim(line);
    if (key[0] == '\0')
        return malformed(reader, "there is no key before the =");
    return reader->assign(reader->data, reader->section, key, trim(value), reader->ret_what);
}

int ini_read(char *text, size_t size, IniAssign assign, void *data, unsigned *ret_line, char **ret_what) {
    IniReader reader = {.assign = assign, .data = data, .section = "", .ret_what = ret_what};
    char *end = text + size;
    *ret_line = 0;
    while (text < end) {
        (*ret_line)++;
        char *newline = memchr(text, '\n', (size_t) (end - text));
        char *next = newline ? newline + 1 : end;
        size_t length = (size_t) ((newline ? newline : end) - text);
        if (!text_is_utf8((View){(const uint8_t *) text, length}))
            return malformed(&reader, "the line is not UTF-8 text");
        text[length] = '\0';
        int r = read_line(&reader, text);
        if (r != 0)
            return r;
        text = next;
    }
    return 0;
}

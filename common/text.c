/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks and escaping of text from outside. Pure functions; must never depend on the locale, which a caller could
 * choose. */
#include "common/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Length of the well-formed UTF-8 sequence at the start of text (RFC 3629), 0 when there is none. */
static size_t utf8_decode(View text, uint32_t *ret) {
    if (text.size == 0)
        return 0;
    uint8_t first = text.data[0];
    size_t length = first < 0x80             ? 1
                    : (first & 0xe0) == 0xc0 ? 2
                    : (first & 0xf0) == 0xe0 ? 3
                    : (first & 0xf8) == 0xf0 ? 4
                                             : 0;
    if (length == 0 || length > text.size)
        return 0;
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t point = length == 1 ? first : first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text.data[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (text.data[i] & 0x3fu);
    }
    if (point < smallest[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *ret = point;
    return length;
}

/* Unicode 15 general categories Cc, Cf, Zl, Zp and noncharacters: what cannot be seen or turns text around. */
static bool is_visible(uint32_t point) {
    static const struct {
        uint32_t first, last;
    } hidden[] = {
        {0x0, 0x1f},        {0x7f, 0x9f},       {0xad, 0xad},       {0x600, 0x605},     {0x61c, 0x61c},
        {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},     {0x180e, 0x180e},
        {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},
        {0xfff9, 0xfffb},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3},
        {0x1d173, 0x1d17a}, {0xe0001, 0xe0001}, {0xe0020, 0xe007f},
    };
    if ((point & 0xfffe) == 0xfffe)
        return false;
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        if (point >= hidden[i].first && point <= hidden[i].last)
            return false;
    return true;
}

bool text_is_utf8(View text) {
    while (text.size > 0) {
        uint32_t point;
        size_t length = utf8_decode(text, &point);
        if (length == 0 || point == 0)
            return false;
        text = (View){text.data + length, text.size - length};
    }
    return true;
}

bool text_is_printable(View text) {
    while (text.size > 0) {
        uint32_t point;
        size_t length = utf8_decode(text, &point);
        if (length == 0 || !is_visible(point))
            return false;
        text = (View){text.data + length, text.size - length};
    }
    return true;
}

bool text_is_user_name(const char *name) {
    size_t size = strnlen(name, TEXT_USER_NAME_MAX + 1);
    if (size == 0 || size > TEXT_USER_NAME_MAX)
        return false;
    if (name[0] == '-' || name[0] == ' ' || name[size - 1] == ' ')
        return false;
    if (strpbrk(name, ":/") || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    if (strspn(name, "0123456789") == size)
        return false;
    return text_is_printable((View){(const uint8_t *) name, size});
}

char *text_escape(View text) {
    if (text.size > SIZE_MAX / 8)
        return NULL;
    char *escaped = malloc(4 * text.size + 1);
    if (!escaped)
        return NULL;
    char *out = escaped;
    while (text.size > 0) {
        uint32_t point;
        size_t length = utf8_decode(text, &point);
        if (length > 0 && is_visible(point) && point != '\\') {
            memcpy(out, text.data, length);
            out += length;
        } else if (length == 1 && point == '\\') {
            *out++ = '\\';
            *out++ = '\\';
        } else {
            length = length == 0 ? 1 : length;
            for (size_t i = 0; i < length; i++)
                out += snprintf(out, 5, "\\x%02x", text.data[i]);
        }
        text = (View){text.data + length, text.size - length};
    }
    *out = '\0';
    return escaped;
}

char *text_escape_string(const char *text) {
    return text_escape((View){(const uint8_t *) text, strlen(text)});
}

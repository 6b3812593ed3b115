/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads dictionaries that the daemon sends. Used by client/ and ovcertctl; must never trust their shape. */
#include "client/dict.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"

static int read_basic(sd_bus_message *message, char type, void *target) {
    int r = sd_bus_message_read_basic(message, type, target);
    return r < 0 ? r : r == 0 ? -EBADMSG : 0;
}

static int read_string(sd_bus_message *message, char **target) {
    const char *text;
    int r = read_basic(message, 's', &text);
    if (r < 0)
        return r;
    char *copy = strdup(text);
    if (!copy)
        return -ENOMEM;
    *target = copy;
    return 0;
}

static int read_boolean(sd_bus_message *message, bool *target) {
    int value; /* sd-bus's own idea of a boolean */
    int r = read_basic(message, 'b', &value);
    if (r < 0)
        return r;
    *target = value != 0;
    return 0;
}

static int read_octets(sd_bus_message *message, Bytes *target) {
    const void *data;
    size_t size;
    int r = sd_bus_message_read_array(message, 'y', &data, &size);
    if (r < 0)
        return r;
    return bytes_copy((View){data, size}, target);
}

static int read_value(sd_bus_message *message, const DictField *field) {
    if (field->read)
        return field->read(message, field->target);
    if (strcmp(field->type, "ay") == 0)
        return read_octets(message, field->target);
    switch (field->type[0]) {
    case 's':
        return read_string(message, field->target);
    case 'b':
        return read_boolean(message, field->target);
    case 'u':
    case 't':
    case 'x':
        return read_basic(message, field->type[0], field->target);
    default:
        assert(false); /* a DictField of another type needs a reader */
        return -EINVAL;
    }
}

static int read_variant(sd_bus_message *message, const DictField *field) {
    int r = sd_bus_message_enter_container(message, 'v', field->type);
    if (r < 0)
        return r;
    if (r == 0)
        return -EBADMSG;
    r = read_value(message, field);
    if (r < 0)
        return r;
    return sd_bus_message_exit_container(message);
}

static size_t find_field(const DictField *fields, size_t n_fields, const char *key) {
    size_t i = 0;
    while (i < n_fields && strcmp(fields[i].key, key) != 0)
        i++;
    return i;
}

static int read_entry(sd_bus_message *message, const DictField *fields, size_t n_fields, uint32_t *seen) {
    const char *key;
    int r = read_basic(message, 's', &key);
    if (r < 0)
        return r;
    size_t i = find_field(fields, n_fields, key);
    if (i == n_fields)
        return sd_bus_message_skip(message, "v");
    if (*seen & UINT32_C(1) << i)
        return -EBADMSG;
    *seen |= UINT32_C(1) << i;
    return read_variant(message, &fields[i]);
}

static int read_entries(sd_bus_message *message, const DictField *fields, size_t n_fields, uint32_t *seen) {
    for (;;) {
        int r = sd_bus_message_enter_container(message, 'e', "sv");
        if (r <= 0)
            return r;
        r = read_entry(message, fields, n_fields, seen);
        if (r < 0)
            return r;
        r = sd_bus_message_exit_container(message);
        if (r < 0)
            return r;
    }
}

int dict_read(sd_bus_message *message, const DictField *fields, size_t n_fields) {
    assert(n_fields <= DICT_FIELDS_MAX);
    uint32_t seen = 0;
    int r = sd_bus_message_enter_container(message, 'a', "{sv}");
    if (r < 0)
        return r;
    if (r == 0)
        return -EBADMSG;
    r = read_entries(message, fields, n_fields, &seen);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n_fields; i++)
        if (!fields[i].optional && !(seen & UINT32_C(1) << i))
            return -EBADMSG;
    r = sd_bus_message_exit_container(message);
    return r < 0 ? r : 0;
}

int dict_read_list(sd_bus_message *message, const char *element, DictReader read, void *userdata) {
    int r = sd_bus_message_enter_container(message, 'a', element);
    if (r < 0)
        return r;
    if (r == 0)
        return -EBADMSG;
    while ((r = sd_bus_message_at_end(message, false)) == 0) {
        r = read(message, userdata);
        if (r < 0)
            return r;
    }
    if (r < 0)
        return r;
    r = sd_bus_message_exit_container(message);
    return r < 0 ? r : 0;
}

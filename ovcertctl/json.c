/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON output of all verbs. Must never invent a value: what cannot be read is an error. */
#include "ovcertctl/json.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"

int json_put(JsonObject *object, const char *key, JsonObject *value) {
    if (value && json_object_object_add(object, key, value) == 0)
        return 0;
    (void) json_object_put(value); /* frees; accepts NULL */
    return -ENOMEM;
}

int json_append(JsonObject *array, JsonObject *value) {
    if (value && json_object_array_add(array, value) == 0)
        return 0;
    (void) json_object_put(value); /* frees; accepts NULL */
    return -ENOMEM;
}

static int read_octets(sd_bus_message *message, JsonObject **ret) {
    const void *data;
    size_t size;
    int r = sd_bus_message_read_array(message, 'y', &data, &size);
    if (r < 0)
        return r;
    CLEANUP(free_pointer) char *text = hex_encode((View){data, size});
    if (!text)
        return -ENOMEM;
    *ret = json_object_new_string(text);
    return *ret ? 0 : -ENOMEM;
}

static int read_entries(sd_bus_message *message, const char *contents, JsonObject *object) {
    CLEANUP(free_pointer) char *inner = strndup(contents + 1, strlen(contents) - 2); /* without the braces */
    if (!inner)
        return -ENOMEM;
    for (;;) {
        const char *key;
        JsonObject *value = NULL;
        int r = sd_bus_message_enter_container(message, 'e', inner);
        if (r <= 0)
            return r;
        if ((r = sd_bus_message_read_basic(message, 's', &key)) < 0 || (r = json_from_message(message, &value)) < 0 ||
            (r = json_put(object, key, value)) < 0 || (r = sd_bus_message_exit_container(message)) < 0)
            return r;
    }
}

static int read_elements(sd_bus_message *message, JsonObject *array) {
    int r;
    while ((r = sd_bus_message_at_end(message, false)) == 0) {
        JsonObject *value = NULL;
        r = json_from_message(message, &value);
        if (r == 0)
            r = json_append(array, value);
        if (r < 0)
            return r;
    }
    return r < 0 ? r : 0;
}

static int read_container(sd_bus_message *message, char type, const char *contents, JsonObject **ret) {
    bool is_dict = type == 'a' && contents[0] == '{' && contents[1] == 's';
    CLEANUP(json_freep) JsonObject *object = is_dict ? json_object_new_object() : json_object_new_array();
    if (!object)
        return -ENOMEM;
    int r = sd_bus_message_enter_container(message, type, contents);
    if (r < 0)
        return r;
    r = is_dict ? read_entries(message, contents, object) : read_elements(message, object);
    if (r < 0)
        return r;
    r = sd_bus_message_exit_container(message);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(object);
    return 0;
}

static int read_variant(sd_bus_message *message, const char *contents, JsonObject **ret) {
    int r = sd_bus_message_enter_container(message, 'v', contents);
    if (r < 0)
        return r;
    CLEANUP(json_freep) JsonObject *value = NULL;
    r = json_from_message(message, &value);
    if (r < 0)
        return r;
    r = sd_bus_message_exit_container(message);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(value);
    return 0;
}

static int read_basic(sd_bus_message *message, char type, JsonObject **ret) {
    union {
        const char *s;
        int32_t b, i;
        uint8_t y;
        uint32_t u;
        int64_t x;
        uint64_t t;
    } value;
    int r = sd_bus_message_read_basic(message, type, &value);
    if (r < 0)
        return r;
    switch (type) {
    case 's':
    case 'o':
    case 'g':
        *ret = json_object_new_string(value.s);
        break;
    case 'b':
        *ret = json_object_new_boolean(value.b);
        break;
    case 'y':
        *ret = json_object_new_int64(value.y);
        break;
    case 'i':
        *ret = json_object_new_int64(value.i);
        break;
    case 'u':
        *ret = json_object_new_int64(value.u);
        break;
    case 'x':
        *ret = json_object_new_int64(value.x);
        break;
    case 't':
        *ret = json_object_new_uint64(value.t);
        break;
    default:
        return -EBADMSG; /* a type that the contract does not use */
    }
    return *ret ? 0 : -ENOMEM;
}

int json_from_message(sd_bus_message *message, JsonObject **ret) {
    char type;
    const char *contents;
    int r = sd_bus_message_peek_type(message, &type, &contents);
    if (r <= 0)
        return r < 0 ? r : -EBADMSG;
    if (type == 'a' && strcmp(contents, "y") == 0)
        return read_octets(message, ret);
    if (type == 'a' || type == 'r')
        return read_container(message, type, contents, ret);
    if (type == 'v')
        return read_variant(message, contents, ret);
    return read_basic(message, type, ret);
}

void json_print(const Output *output, JsonObject *object) {
    int flags = output->format == OUTPUT_JSON_PRETTY ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED
                                                     : JSON_C_TO_STRING_PLAIN;
    const char *text = json_object_to_json_string_ext(object, flags | JSON_C_TO_STRING_NOSLASHESCAPE);
    if (text)
        (void) puts(text); /* a failure shows at the end */
    else
        output_complain(NULL, "%s", strerrordesc_np(ENOMEM));
}

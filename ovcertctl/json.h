/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON for scripts, straight from the D-Bus reply, so that it says all that the contract says: a{sv} is an object, ay a
 * string of hexadecimal digits, numbers are numbers, times seconds since the epoch. */
#pragma once

#include <json-c/json.h>
#include <systemd/sd-bus.h>

#include "common/macros.h"
#include "ovcertctl/output.h"

typedef struct json_object JsonObject;

static inline JsonObject *json_free(JsonObject *object) {
    (void) json_object_put(object); /* accepts NULL */
    return NULL;
}
DEFINE_CLEANUP(JsonObject *, json_free)

/* Reads one complete value at the message's cursor. 0, -EBADMSG at the end of a container, another negative errno. */
int json_from_message(sd_bus_message *message, JsonObject **ret);
/* Ownership of value moves into the object or array even on failure (as does that of a NULL, which means that its
 * maker ran out of memory). 0 or -ENOMEM. */
int json_put(JsonObject *object, const char *key, JsonObject *value);
int json_append(JsonObject *array, JsonObject *value);
void json_print(const Output *output, JsonObject *object);

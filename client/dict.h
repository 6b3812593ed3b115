/* SPDX-License-Identifier: BSD-2-Clause */
/* Dict: reads an a{sv} of the contract (dbus/) into typed places. A key that nobody asks for is skipped, so that the
 * daemon may learn to say more; a known key of another type, a key said twice or a missing one is -EBADMSG. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <systemd/sd-bus.h>

/* Reads what stands at the message's cursor, the inside of a variant or of a list, into userdata. 0 or -errno. */
typedef int (*DictReader)(sd_bus_message *message, void *userdata);

typedef struct DictField {
    const char *key;
    const char *type; /* of the variant: "s" into char *, "b" bool, "u" uint32_t, "t" uint64_t, "x" int64_t, "ay" Bytes
                         (what they held is not freed: start from zero); anything else needs `read` */
    void *target;
    DictReader read;
    bool optional; /* the target stays as it was when the key is missing */
} DictField;

#define DICT_FIELDS_MAX 32u

/* 0; -EBADMSG or another negative errno of sd-bus for a message of another shape; -ENOMEM. Targets that were filled
 * before a failure stay filled: the caller frees them in any case. */
int dict_read(sd_bus_message *message, const DictField *fields, size_t n_fields);
/* Calls read once for each element of an array whose elements have this signature ("a{sv}", "s", ...). */
int dict_read_list(sd_bus_message *message, const char *element, DictReader read, void *userdata);

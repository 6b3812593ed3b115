/* SPDX-License-Identifier: BSD-2-Clause */
/* Message: sd-bus messages made of fuzzer's input: always well-formed, as the bus would deliver them, with types,
 * values and keys that the input chooses. */
#pragma once

#include <systemd/sd-bus.h>

#include "common/bytes.h"

/* Types that a message of the contract knows, and some that it does not. */
const char *message_type(Reader *input);
/* A new, empty message; the caller appends, then seals it with message_seal(). */
sd_bus_message *message_new(void);
/* A value of the type. keys: NULL-terminated, tried for dictionaries besides made-up ones. */
void message_append_value(sd_bus_message *message, const char *type, const char *const *keys, Reader *input);
/* Ready to be read from its start. */
void message_seal(sd_bus_message *message);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Builds messages for the targets that read them. Never sends one. */
#include "tests/fuzz/message.h"

#include <string.h>
#include <sys/socket.h>

#include "common/macros.h"
#include "tests/fuzz/input.h"

#define ELEMENTS_MAX 12u
#define DEPTH_MAX 4u

static const char *const types[] = {"s", "ay", "aay", "a{sv}", "u", "b", "t", "x", "y", "as", "aa{sv}", "v"};

static void append(sd_bus_message *message, const char *type, const char *const *keys, Reader *input, unsigned depth);

const char *message_type(Reader *input) {
    return types[input_u8(input) % ELEMENTSOF(types)];
}

/* Messages need a bus that has begun to connect; nobody answers at its other end. */
static sd_bus *lonely_bus(void) {
    sd_bus *bus = NULL;
    int fds[2];
    FUZZ_PROMISE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    FUZZ_PROMISE(sd_bus_new(&bus) >= 0);
    FUZZ_PROMISE(sd_bus_set_fd(bus, fds[0], fds[0]) >= 0);
    FUZZ_PROMISE(sd_bus_start(bus) >= 0);
    return bus;
}

sd_bus_message *message_new(void) {
    static sd_bus *bus; /* made once: the program is one target, and has one thread */
    sd_bus_message *message = NULL;
    if (!bus)
        bus = lonely_bus();
    FUZZ_PROMISE(sd_bus_message_new_method_call(bus, &message, "org.ovcert1", "/org/ovcert1", "org.ovcert1.Manager",
                                                "Fuzz") >= 0);
    return message;
}

static void append_string(sd_bus_message *message, const char *const *keys, Reader *input) {
    size_t n_keys = 0;
    while (keys && keys[n_keys])
        n_keys++;
    size_t choice = n_keys > 0 ? input_u8(input) % (n_keys + 1) : 0;
    CLEANUP(free_pointer) char *text = choice < n_keys ? NULL : input_utf8(input);
    FUZZ_PROMISE(sd_bus_message_append_basic(message, 's', text ? text : keys[choice]) >= 0);
}

static void append_octets(sd_bus_message *message, Reader *input) {
    CLEANUP(bytes_done) Bytes octets = {0};
    input_octets(input, &octets);
    FUZZ_PROMISE(sd_bus_message_append_array(message, 'y', octets.data, octets.size) >= 0);
}

static void append_number(sd_bus_message *message, char type, Reader *input) {
    union {
        uint8_t octet;
        int flag;
        uint32_t word;
        uint64_t large;
    } value;
    input_fixed(input, &value, sizeof value);
    if (type == 'b')
        value.flag = value.octet & 1;
    FUZZ_PROMISE(sd_bus_message_append_basic(message, type, &value) >= 0);
}

static void append_entry(sd_bus_message *message, const char *const *keys, Reader *input, unsigned depth) {
    FUZZ_PROMISE(sd_bus_message_open_container(message, 'e', "sv") >= 0);
    append_string(message, keys, input);
    append(message, "v", keys, input, depth);
    FUZZ_PROMISE(sd_bus_message_close_container(message) >= 0);
}

static void append_array(sd_bus_message *message, const char *element, const char *const *keys, Reader *input,
                         unsigned depth) {
    FUZZ_PROMISE(sd_bus_message_open_container(message, 'a', element) >= 0);
    unsigned count = depth < DEPTH_MAX ? input_u8(input) % ELEMENTS_MAX : 0;
    while (count-- > 0)
        if (strcmp(element, "{sv}") == 0)
            append_entry(message, keys, input, depth + 1);
        else
            append(message, element, keys, input, depth + 1);
    FUZZ_PROMISE(sd_bus_message_close_container(message) >= 0);
}

static void append_variant(sd_bus_message *message, const char *const *keys, Reader *input, unsigned depth) {
    const char *type = depth < DEPTH_MAX ? message_type(input) : "s";
    FUZZ_PROMISE(sd_bus_message_open_container(message, 'v', type) >= 0);
    append(message, type, keys, input, depth + 1);
    FUZZ_PROMISE(sd_bus_message_close_container(message) >= 0);
}

static void append(sd_bus_message *message, const char *type, const char *const *keys, Reader *input, unsigned depth) {
    if (strcmp(type, "s") == 0)
        append_string(message, NULL, input);
    else if (strcmp(type, "ay") == 0)
        append_octets(message, input);
    else if (type[0] == 'a')
        append_array(message, type + 1, keys, input, depth);
    else if (type[0] == 'v')
        append_variant(message, keys, input, depth);
    else
        append_number(message, type[0], input);
}

void message_append_value(sd_bus_message *message, const char *type, const char *const *keys, Reader *input) {
    append(message, type, keys, input, 0);
}

void message_seal(sd_bus_message *message) {
    FUZZ_PROMISE(sd_bus_message_seal(message, 1, 0) >= 0);
    FUZZ_PROMISE(sd_bus_message_rewind(message, 1) >= 0);
}

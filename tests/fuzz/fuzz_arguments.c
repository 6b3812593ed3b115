/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments of the daemon's methods (ovcertd/bus/arguments.h, SECURITY 32): whatever a caller sends, what is read keeps
 * its limits and can be shown and logged, and so can the words of every refusal. */
#include <string.h>

#include "common/error.h"
#include "common/macros.h"
#include "common/text.h"
#include "ovcertd/bus/arguments.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/message.h"

#define VALUES_MAX 8u

typedef struct Reading {
    sd_bus_message *message;
    Arguments arguments;
    Failure failure;
} Reading;

static const Option options[] = {
    {"user", OPTION_USER, offsetof(Arguments, user)},
    {"reason", OPTION_TEXT, offsetof(Arguments, reason)},
    {"bar", OPTION_FLAG, offsetof(Arguments, bar)},
    {"uid", OPTION_UID, offsetof(Arguments, uid)},
    {"certificate", OPTION_CERTIFICATE, offsetof(Arguments, certificate)},
    {"chain", OPTION_CHAIN, offsetof(Arguments, chain)},
};
static const char *const keys[] = {"user", "reason", "bar", "uid", "certificate", "chain", NULL};

static int read_certificate(Reading *reading) {
    return arguments_read_certificate(reading->message, &reading->arguments.certificate, &reading->failure);
}

static int read_chain(Reading *reading) {
    return arguments_read_chain(reading->message, &reading->arguments.chain, &reading->failure);
}

static int read_signature(Reading *reading) {
    return arguments_read_signature(reading->message, &reading->arguments.signature, &reading->failure);
}

static int read_user(Reading *reading) {
    return arguments_read_user(reading->message, &reading->arguments.user, &reading->failure);
}

static int read_user_or_empty(Reading *reading) {
    return arguments_read_user_or_empty(reading->message, &reading->arguments.user, &reading->failure);
}

static int read_text(Reading *reading) {
    return arguments_read_text(reading->message, "code", &reading->arguments.code, &reading->failure);
}

static int read_u32(Reading *reading) {
    return arguments_read_u32(reading->message, &reading->arguments.limit, &reading->failure);
}

static int read_u64(Reading *reading) {
    return arguments_read_u64(reading->message, &reading->arguments.after, &reading->failure);
}

static int read_options(Reading *reading) {
    return arguments_read_options(reading->message, options, ELEMENTSOF(options), &reading->arguments,
                                  &reading->failure);
}

static int read_no_options(Reading *reading) {
    return arguments_read_no_options(reading->message, &reading->failure);
}

static const struct Value {
    const char *type;
    int (*read)(Reading *reading);
} values[] = {
    {"ay", read_certificate},  {"aay", read_chain},
    {"ay", read_signature},    {"s", read_user},
    {"s", read_text},          {"u", read_u32},
    {"t", read_u64},           {"a{sv}", read_options},
    {"a{sv}", read_options},   {"a{sv}", read_no_options},
    {"s", read_user_or_empty},
};

static void check_text(const char *text) {
    FUZZ_PROMISE(text && strlen(text) <= ARGUMENTS_TEXT_MAX);
    FUZZ_PROMISE(text_is_printable((View){(const uint8_t *) text, strlen(text)}));
}

static void check(const Arguments *arguments) {
    FUZZ_PROMISE(arguments->certificate.size <= OVCERT_CERTIFICATE_MAX);
    FUZZ_PROMISE(arguments->signature.size <= OVCERT_SIGNATURE_MAX);
    FUZZ_PROMISE(arguments->chain.count <= ELEMENTSOF(arguments->chain.items));
    for (size_t i = 0; i < arguments->chain.count; i++)
        FUZZ_PROMISE(arguments->chain.items[i].size > 0 && arguments->chain.items[i].size <= OVCERT_CERTIFICATE_MAX);
    FUZZ_PROMISE(arguments->user[0] == '\0' || text_is_user_name(arguments->user));
    FUZZ_PROMISE(!arguments->has_uid || arguments->uid != UINT32_MAX);
    check_text(arguments->reason);
    check_text(arguments->code);
}

static void check_refusal(int r, const Failure *failure) {
    FUZZ_PROMISE(r == OVCERT_ERROR_INVALID_ARGUMENT && failure->detail);
    FUZZ_PROMISE(text_is_printable((View){(const uint8_t *) failure->detail, strlen(failure->detail)}));
}

/* The readers, in the order of a method's signature; the message has these types, or now and then another. */
static size_t make(Reader *input, Reading *reading, const struct Value *chosen[static VALUES_MAX]) {
    size_t count = 1 + input_u8(input) % VALUES_MAX;
    for (size_t i = 0; i < count; i++) {
        uint8_t choice = input_u8(input);
        chosen[i] = &values[(choice & 0x7Fu) % ELEMENTSOF(values)];
        const char *type = choice & 0x80u ? message_type(input) : chosen[i]->type;
        message_append_value(reading->message, type, keys, input);
    }
    message_seal(reading->message);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Reader input = {{data, size}};
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = message_new();
    const struct Value *chosen[VALUES_MAX];
    Reading reading = {.message = message};
    arguments_init(&reading.arguments);
    size_t count = make(&input, &reading, chosen);
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = chosen[i]->read(&reading);
    check(&reading.arguments);
    if (r != 0)
        check_refusal(r, &reading.failure);
    service_failure_done(&reading.failure);
    return 0;
}

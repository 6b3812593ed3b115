/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what callers send, for the methods. Must never accept what it does not know, nor hand out text that could not
 * be shown or logged. */
#include "ovcertd/bus/arguments.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/macros.h"
#include "common/text.h"

void arguments_init(Arguments *arguments) {
    *arguments = (Arguments){
        .user = "",
        .id = "",
        .code = "",
        .algorithm = "",
        .service = "",
        .tty = "",
        .reason = "",
        .holder = "",
        .kind = "",
        .state = "",
        .certificate_status = "",
    };
}

int arguments_invalid(Failure *failure, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    CLEANUP(free_pointer) char *text = NULL;
    int r = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (r < 0) {
        text = NULL;
        return -ENOMEM;
    }
    /* Keys and names in it come from the caller, and go to a terminal in the end. */
    char *escaped = text_escape_string(text);
    if (!escaped)
        return -ENOMEM;
    free(failure->detail);
    failure->detail = escaped;
    return OVCERT_ERROR_INVALID_ARGUMENT;
}

static int read_failed(int r, Failure *failure, const char *what) {
    return r == -ENOMEM ? r : arguments_invalid(failure, "%s cannot be read", what);
}

static int read_octets(sd_bus_message *message, const char *what, size_t limit, View *ret, Failure *failure) {
    const void *data = NULL;
    size_t size = 0;
    int r = sd_bus_message_read_array(message, 'y', &data, &size);
    if (r < 0)
        return read_failed(r, failure, what);
    if (size == 0)
        return arguments_invalid(failure, "the %s is empty", what);
    if (size > limit)
        return arguments_invalid(failure, "the %s is larger than %zu octets", what, limit);
    *ret = (View){.data = data, .size = size};
    return 0;
}

int arguments_read_certificate(sd_bus_message *message, View *ret, Failure *failure) {
    return read_octets(message, "certificate", OVCERT_CERTIFICATE_MAX, ret, failure);
}

int arguments_read_signature(sd_bus_message *message, View *ret, Failure *failure) {
    return read_octets(message, "signature", OVCERT_SIGNATURE_MAX, ret, failure);
}

int arguments_read_fingerprint(sd_bus_message *message, View *ret, Failure *failure) {
    int r = read_octets(message, "fingerprint", CERTIFICATE_FINGERPRINT_SIZE, ret, failure);
    if (r == 0 && ret->size != CERTIFICATE_FINGERPRINT_SIZE)
        return arguments_invalid(failure, "the fingerprint is not of %u octets", CERTIFICATE_FINGERPRINT_SIZE);
    return r;
}

static int read_chain_items(sd_bus_message *message, Chain *ret, Failure *failure) {
    while (!sd_bus_message_at_end(message, 0)) {
        if (ret->count == ELEMENTSOF(ret->items))
            return arguments_invalid(failure, "the chain has more than %zu certificates", ELEMENTSOF(ret->items));
        int r = read_octets(message, "chain's certificate", OVCERT_CERTIFICATE_MAX, &ret->items[ret->count], failure);
        if (r != 0)
            return r;
        ret->count++;
    }
    return 0;
}

int arguments_read_chain(sd_bus_message *message, Chain *ret, Failure *failure) {
    int r = sd_bus_message_enter_container(message, 'a', "ay");
    if (r < 0)
        return read_failed(r, failure, "chain");
    ret->count = 0;
    r = read_chain_items(message, ret, failure);
    if (r != 0)
        return r;
    r = sd_bus_message_exit_container(message);
    return r < 0 ? read_failed(r, failure, "chain") : 0;
}

int arguments_read_text(sd_bus_message *message, const char *name, const char **ret, Failure *failure) {
    const char *text = NULL;
    int r = sd_bus_message_read_basic(message, 's', &text);
    if (r < 0)
        return read_failed(r, failure, name);
    size_t size = strlen(text);
    if (size > ARGUMENTS_TEXT_MAX)
        return arguments_invalid(failure, "%s is longer than %u octets", name, ARGUMENTS_TEXT_MAX);
    if (!text_is_printable((View){.data = (const uint8_t *) text, .size = size}))
        return arguments_invalid(failure, "%s holds characters that cannot be shown", name);
    *ret = text;
    return 0;
}

int arguments_read_user_or_empty(sd_bus_message *message, const char **ret, Failure *failure) {
    const char *user = NULL;
    int r = sd_bus_message_read_basic(message, 's', &user);
    if (r < 0)
        return read_failed(r, failure, "user");
    if (user[0] != '\0' && !text_is_user_name(user))
        return arguments_invalid(failure, "the user is no name that a user can have");
    *ret = user;
    return 0;
}

int arguments_read_user(sd_bus_message *message, const char **ret, Failure *failure) {
    int r = arguments_read_user_or_empty(message, ret, failure);
    if (r == 0 && (*ret)[0] == '\0')
        return arguments_invalid(failure, "the user is empty");
    return r;
}

int arguments_read_u32(sd_bus_message *message, uint32_t *ret, Failure *failure) {
    int r = sd_bus_message_read_basic(message, 'u', ret);
    return r < 0 ? read_failed(r, failure, "number") : 0;
}

int arguments_read_u64(sd_bus_message *message, uint64_t *ret, Failure *failure) {
    int r = sd_bus_message_read_basic(message, 't', ret);
    return r < 0 ? read_failed(r, failure, "number") : 0;
}

/* --- options --- */

static const char *type_signature(OptionType type) {
    switch (type) {
    case OPTION_TEXT:
    case OPTION_USER:
        return "s";
    case OPTION_FLAG:
        return "b";
    case OPTION_UID:
        return "u";
    case OPTION_EXPIRING:
        return "x";
    case OPTION_CERTIFICATE:
        return "ay";
    case OPTION_CHAIN:
        return "aay";
    }
    return "";
}

static int read_flag(sd_bus_message *message, bool *ret, Failure *failure) {
    int flag = 0;
    int r = sd_bus_message_read_basic(message, 'b', &flag);
    if (r < 0)
        return read_failed(r, failure, "flag");
    *ret = flag != 0;
    return 0;
}

static int read_uid(sd_bus_message *message, Arguments *arguments, uint32_t *ret, Failure *failure) {
    int r = arguments_read_u32(message, ret, failure);
    if (r != 0)
        return r;
    if (*ret == UINT32_MAX)
        return arguments_invalid(failure, "the uid is none that a user can have");
    arguments->has_uid = true;
    return 0;
}

static int read_expiring(sd_bus_message *message, Arguments *arguments, int64_t *ret, Failure *failure) {
    int r = sd_bus_message_read_basic(message, 'x', ret);
    if (r < 0)
        return read_failed(r, failure, "time");
    arguments->has_expiring = true;
    return 0;
}

static int read_value(sd_bus_message *message, const Option *option, Arguments *arguments, Failure *failure) {
    void *target = (char *) arguments + option->offset;
    switch (option->type) {
    case OPTION_TEXT:
        return arguments_read_text(message, option->key, target, failure);
    case OPTION_USER:
        return arguments_read_user(message, target, failure);
    case OPTION_FLAG:
        return read_flag(message, target, failure);
    case OPTION_UID:
        return read_uid(message, arguments, target, failure);
    case OPTION_EXPIRING:
        return read_expiring(message, arguments, target, failure);
    case OPTION_CERTIFICATE:
        return arguments_read_certificate(message, target, failure);
    case OPTION_CHAIN:
        return arguments_read_chain(message, target, failure);
    }
    return -EINVAL;
}

static int read_variant(sd_bus_message *message, const Option *option, Arguments *arguments, Failure *failure) {
    int r = sd_bus_message_enter_container(message, 'v', type_signature(option->type));
    if (r == -ENOMEM)
        return r;
    if (r <= 0)
        return arguments_invalid(failure, "option %s is not of type %s", option->key, type_signature(option->type));
    r = read_value(message, option, arguments, failure);
    if (r != 0)
        return r;
    r = sd_bus_message_exit_container(message);
    return r < 0 ? read_failed(r, failure, option->key) : 0;
}

/* The index of the next entry's option; seen: a bit for each that was there. */
static int read_key(sd_bus_message *message, const Option *options, size_t count, uint32_t *seen, size_t *ret,
                    Failure *failure) {
    const char *key = NULL;
    int r = sd_bus_message_read_basic(message, 's', &key);
    if (r < 0)
        return read_failed(r, failure, "option");
    for (size_t i = 0; i < count; i++) {
        if (strcmp(options[i].key, key) != 0)
            continue;
        if (*seen & UINT32_C(1) << i)
            return arguments_invalid(failure, "option %s is there twice", options[i].key);
        *seen |= UINT32_C(1) << i;
        *ret = i;
        return 0;
    }
    return arguments_invalid(failure, "unknown option %.64s", key);
}

static int read_entries(sd_bus_message *message, const Option *options, size_t count, Arguments *arguments,
                        Failure *failure) {
    uint32_t seen = 0;
    for (;;) {
        int r = sd_bus_message_enter_container(message, 'e', "sv");
        if (r < 0)
            return read_failed(r, failure, "options");
        if (r == 0)
            return 0;
        size_t index = 0;
        r = read_key(message, options, count, &seen, &index, failure);
        if (r != 0)
            return r;
        r = read_variant(message, &options[index], arguments, failure);
        if (r != 0)
            return r;
        r = sd_bus_message_exit_container(message);
        if (r < 0)
            return read_failed(r, failure, "options");
    }
}

int arguments_read_options(sd_bus_message *message, const Option *options, size_t count, Arguments *arguments,
                           Failure *failure) {
    int r = sd_bus_message_enter_container(message, 'a', "{sv}");
    if (r < 0)
        return read_failed(r, failure, "options");
    r = read_entries(message, options, count, arguments, failure);
    if (r != 0)
        return r;
    r = sd_bus_message_exit_container(message);
    return r < 0 ? read_failed(r, failure, "options") : 0;
}

int arguments_read_no_options(sd_bus_message *message, Failure *failure) {
    Arguments none;
    return arguments_read_options(message, NULL, 0, &none, failure);
}

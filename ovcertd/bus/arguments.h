/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments: the strict reading of messages (SECURITY 32). sd-bus has compared the signature with the vtable before;
 * here are the sizes, the texts and the options, which have a table per method. Views and strings are borrowed from the
 * message.
 *
 * Readers: 0; OVCERT_ERROR_INVALID_ARGUMENT with failure->detail; or -ENOMEM. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-bus.h>

#include "common/bytes.h"
#include "common/protocol.h"
#include "ovcertd/core/service.h"

#define ARGUMENTS_TEXT_MAX 1024u /* octets of a text option */

typedef struct Chain {
    View items[OVCERT_CHAIN_MAX - 1];
    size_t count;
} Chain;

/* What any method may be told; "" and zero when it was not. */
typedef struct Arguments {
    View certificate;
    Chain chain;
    View signature;
    View fingerprint;
    const char *user;
    const char *id; /* operation, challenge or candidate */
    const char *code;
    const char *algorithm;
    const char *service;
    const char *tty;
    const char *reason;
    const char *holder;
    const char *kind;
    const char *state;
    const char *certificate_status;
    bool has_uid;
    uint32_t uid;
    bool until_assign;
    bool bar;
    bool holder_change;
    bool no_validation;
    bool has_expiring;
    int64_t expiring_within;
    uint64_t after;
    uint32_t limit;
} Arguments;

typedef enum OptionType {
    OPTION_TEXT,        /* const char *: "s", printable, at most ARGUMENTS_TEXT_MAX */
    OPTION_USER,        /* const char *: "s", a user name */
    OPTION_FLAG,        /* bool: "b" */
    OPTION_UID,         /* uint32_t: "u"; sets has_uid, and is never (uid_t) -1 */
    OPTION_EXPIRING,    /* int64_t: "x"; sets has_expiring */
    OPTION_CERTIFICATE, /* View: "ay" */
    OPTION_CHAIN,       /* Chain: "aay" */
} OptionType;

typedef struct Option {
    const char *key;
    OptionType type;
    size_t offset; /* in Arguments */
} Option;

void arguments_init(Arguments *arguments);

/* An a{sv}. Unknown and repeated keys are refused. */
int arguments_read_options(sd_bus_message *message, const Option *options, size_t count, Arguments *arguments,
                           Failure *failure);
int arguments_read_no_options(sd_bus_message *message, Failure *failure);
int arguments_read_certificate(sd_bus_message *message, View *ret, Failure *failure); /* ay, 1 octet to 64 KiB */
int arguments_read_chain(sd_bus_message *message, Chain *ret, Failure *failure);      /* aay, at most 7 */
int arguments_read_signature(sd_bus_message *message, View *ret, Failure *failure);   /* ay, at most 1 KiB */
int arguments_read_fingerprint(sd_bus_message *message, View *ret, Failure *failure); /* ay, 32 octets */
int arguments_read_user(sd_bus_message *message, const char **ret, Failure *failure); /* s, text_is_user_name() */
/* s, printable, at most ARGUMENTS_TEXT_MAX octets; name is for the detail. */
int arguments_read_text(sd_bus_message *message, const char *name, const char **ret, Failure *failure);
int arguments_read_user_or_empty(sd_bus_message *message, const char **ret, Failure *failure);
int arguments_read_u32(sd_bus_message *message, uint32_t *ret, Failure *failure);
int arguments_read_u64(sd_bus_message *message, uint64_t *ret, Failure *failure);

/* Sets the detail and returns OVCERT_ERROR_INVALID_ARGUMENT, or -ENOMEM. */
int arguments_invalid(Failure *failure, const char *format, ...) __attribute__((format(printf, 2, 3)));

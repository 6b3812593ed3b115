/* SPDX-License-Identifier: BSD-2-Clause */
/* The one statement that is ever signed (DESIGN: "What is signed"; SECURITY 2). The helper and the daemon both build it
 * here from typed fields; there is no parser, since nobody trusts a statement that arrives.
 *
 * Encoding: magic "ovcert statement\0", u8 version, u8 purpose, then each field with a u32 length before it, in the
 * order of the struct; integers big-endian; an absent `replaced` is a field of length 0. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"

#define STATEMENT_VERSION 1u
#define STATEMENT_NONCE_SIZE 32u
#define STATEMENT_FINGERPRINT_SIZE 32u /* SHA-256 of the certificate's DER */
#define STATEMENT_ID_SIZE 16u
#define STATEMENT_TEXT_MAX 4096u /* octets of service and tty each */

typedef enum StatementPurpose {
    STATEMENT_LOGIN = 1,
    STATEMENT_ASSIGN = 2,
} StatementPurpose;

/* Strings are borrowed. */
typedef struct Statement {
    StatementPurpose purpose;
    uint8_t nonce[STATEMENT_NONCE_SIZE];
    const char *user;                   /* a profile's name: text_is_user_name() */
    uint32_t uid;                       /* UINT32_MAX for a profile without a Unix account */
    const char *service;                /* PAM service, or the tool's name; may be "" */
    const char *tty;                    /* may be "" */
    uint8_t host_id[STATEMENT_ID_SIZE]; /* machine-id(5), application-specific */
    uint8_t boot_id[STATEMENT_ID_SIZE];
    uint8_t fingerprint[STATEMENT_FINGERPRINT_SIZE];
    bool has_replaced;
    uint8_t replaced[STATEMENT_FINGERPRINT_SIZE]; /* purpose ASSIGN: the certificate that gives way */
    uint64_t deadline;                            /* CLOCK_BOOTTIME, microseconds */
} Statement;

/* 0; -EINVAL for an unknown purpose, a bad user name or over-long text; -ENOMEM. Appends nothing on failure. */
int statement_encode(const Statement *statement, Bytes *ret);
const char *statement_purpose_name(StatementPurpose purpose); /* "login", "assign" */

/* SPDX-License-Identifier: BSD-2-Clause */
/* The payloads of common/credential.h, read and written on the helper's side. */
#pragma once

#include "common/bytes.h"
#include "common/secret.h"
#include "common/statement.h"
#include "ovcert-credential/backend.h"

/* Zero-initialise; unlock_request_done(). */
typedef struct UnlockRequest {
    char *kind;
    char *id;
    Secret *secret;
    uint8_t wanted[CERTIFICATE_FINGERPRINT_SIZE];
    bool has_wanted;
    bool final_try;
} UnlockRequest;

void unlock_request_done(UnlockRequest *request);
/* 0; -EBADMSG when it is not exactly such a payload; -EMSGSIZE for a secret past SECRET_SIZE_MAX; -ENOMEM. */
int messages_read_unlock(View payload, UnlockRequest *ret);

int messages_read_wait(View payload, uint32_t *ret_seconds); /* 0 or -EBADMSG */

/* Zero-initialise; sign_request_done(). The statement borrows the three strings. */
typedef struct SignRequest {
    Statement statement;
    char *user;
    char *service;
    char *tty;
} SignRequest;

void sign_request_done(SignRequest *request);
/* 0; -EBADMSG when it is not exactly such a payload, sizes of all fields included; -ENOMEM. What the fields may hold,
 * statement_encode() judges. */
int messages_read_sign(View payload, SignRequest *ret);

/* Each appends; 0 or -ENOMEM, with the buffer in part written. */
int messages_append_sources(Bytes *bytes, const char *kind, const SourceList *list); /* without the count */
int messages_append_certificates(Bytes *bytes, const IdentityList *list);
int messages_append_signed(Bytes *bytes, const char *algorithm, View signature);
int messages_append_failed(Bytes *bytes, int outcome, const char *detail); /* detail may be NULL */

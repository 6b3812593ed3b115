/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads and writes payloads. Called by the session; must never accept a payload with anything missing or left over. */
#include "ovcert-credential/messages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/credential.h"
#include "common/macros.h"

void unlock_request_done(UnlockRequest *request) {
    free(request->kind);
    free(request->id);
    (void) secret_free(request->secret);
    *request = (UnlockRequest){0};
}

static int read_wanted(Reader *reader, UnlockRequest *request) {
    View wanted;
    int r = reader_sized(reader, &wanted);
    if (r < 0)
        return r;
    if (wanted.size != 0 && wanted.size != sizeof request->wanted)
        return -EBADMSG;
    request->has_wanted = wanted.size != 0;
    if (request->has_wanted)
        memcpy(request->wanted, wanted.data, wanted.size);
    return 0;
}

int messages_read_unlock(View payload, UnlockRequest *ret) {
    UnlockRequest CLEANUP(unlock_request_done) request = {0};
    Reader reader = {payload};
    View octets;
    uint8_t flags;
    int r;

    if ((r = reader_string(&reader, &request.kind)) < 0 || (r = reader_string(&reader, &request.id)) < 0 ||
        (r = reader_sized(&reader, &octets)) < 0 || (r = read_wanted(&reader, &request)) < 0 ||
        (r = reader_u8(&reader, &flags)) < 0)
        return r;
    if (!reader_at_end(&reader) || (flags & ~CREDENTIAL_UNLOCK_FLAGS_ALL) != 0)
        return -EBADMSG;
    request.final_try = flags & CREDENTIAL_UNLOCK_FINAL_TRY;
    r = secret_new(octets.data, octets.size, &request.secret);
    if (r < 0)
        return r;
    *ret = request;
    request = (UnlockRequest){0};
    return 0;
}

int messages_read_wait(View payload, uint32_t *ret_seconds) {
    Reader reader = {payload};
    int r = reader_u32(&reader, ret_seconds);
    return r < 0 || reader_at_end(&reader) ? r : -EBADMSG;
}

void sign_request_done(SignRequest *request) {
    free(request->user);
    free(request->service);
    free(request->tty);
    *request = (SignRequest){0};
}

/* A sized field of one size only. */
static int read_exact(Reader *reader, uint8_t *ret, size_t size) {
    View field;
    int r = reader_sized(reader, &field);
    if (r < 0)
        return r;
    if (field.size != size)
        return -EBADMSG;
    memcpy(ret, field.data, size);
    return 0;
}

static int read_replaced(Reader *reader, Statement *statement) {
    Reader look = *reader;
    View field;
    int r = reader_sized(&look, &field);
    if (r < 0)
        return r;
    statement->has_replaced = field.size != 0;
    if (statement->has_replaced)
        return read_exact(reader, statement->replaced, sizeof statement->replaced);
    *reader = look;
    return 0;
}

static int read_purpose(Reader *reader, Statement *statement) {
    uint8_t purpose;
    int r = reader_u8(reader, &purpose);
    if (r < 0)
        return r;
    if (purpose != STATEMENT_LOGIN && purpose != STATEMENT_ASSIGN)
        return -EBADMSG;
    statement->purpose = purpose;
    return 0;
}

static int read_sign_fields(Reader *reader, SignRequest *request) {
    Statement *statement = &request->statement;
    int r;

    if ((r = read_exact(reader, statement->fingerprint, sizeof statement->fingerprint)) < 0 ||
        (r = read_purpose(reader, statement)) < 0 ||
        (r = read_exact(reader, statement->nonce, sizeof statement->nonce)) < 0 ||
        (r = reader_string(reader, &request->user)) < 0 || (r = reader_u32(reader, &statement->uid)) < 0 ||
        (r = reader_string(reader, &request->service)) < 0 || (r = reader_string(reader, &request->tty)) < 0 ||
        (r = read_exact(reader, statement->host_id, sizeof statement->host_id)) < 0 ||
        (r = read_exact(reader, statement->boot_id, sizeof statement->boot_id)) < 0 ||
        (r = read_replaced(reader, statement)) < 0 || (r = reader_u64(reader, &statement->deadline)) < 0)
        return r;
    return reader_at_end(reader) ? 0 : -EBADMSG;
}

int messages_read_sign(View payload, SignRequest *ret) {
    SignRequest CLEANUP(sign_request_done) request = {0};
    Reader reader = {payload};
    int r = read_sign_fields(&reader, &request);
    if (r < 0)
        return r;
    request.statement.user = request.user;
    request.statement.service = request.service;
    request.statement.tty = request.tty;
    *ret = request;
    request = (SignRequest){0};
    return 0;
}

static int append_source(Bytes *bytes, const char *kind, const Source *source) {
    const char *problem = source->problem == 0 ? "" : credential_outcome_name(source->problem);
    int r;

    if ((r = bytes_append_string(bytes, kind)) < 0 || (r = bytes_append_string(bytes, source->id)) < 0 ||
        (r = bytes_append_string(bytes, source->label)) < 0 || (r = bytes_append_u8(bytes, source->flags)) < 0 ||
        (r = bytes_append_string(bytes, problem)) < 0 ||
        (r = bytes_append_string(bytes, source->detail ? source->detail : "")) < 0)
        return r;
    return messages_append_certificates(bytes, &source->certificates);
}

int messages_append_sources(Bytes *bytes, const char *kind, const SourceList *list) {
    int r = 0;

    for (size_t i = 0; r == 0 && i < list->count; i++)
        r = append_source(bytes, kind, &list->items[i]);
    return r;
}

static int append_identity(Bytes *bytes, const Identity *identity) {
    const CertificateFacts *facts = certificate_facts(identity->certificate);
    int r = bytes_append_sized(bytes, (View){facts->fingerprint, sizeof facts->fingerprint});
    if (r == 0)
        r = bytes_append_sized(bytes, certificate_der(identity->certificate));
    if (r == 0)
        r = bytes_append_u32(bytes, (uint32_t) identity->chain.count);
    for (size_t i = 0; r == 0 && i < identity->chain.count; i++)
        r = bytes_append_sized(bytes, bytes_view(&identity->chain.items[i]));
    return r;
}

int messages_append_certificates(Bytes *bytes, const IdentityList *list) {
    int r = bytes_append_u32(bytes, (uint32_t) list->count);

    for (size_t i = 0; r == 0 && i < list->count; i++)
        r = append_identity(bytes, &list->items[i]);
    return r;
}

int messages_append_signed(Bytes *bytes, const char *algorithm, View signature) {
    int r = bytes_append_string(bytes, algorithm);
    return r < 0 ? r : bytes_append_sized(bytes, signature);
}

int messages_append_failed(Bytes *bytes, int outcome, const char *detail) {
    int r = bytes_append_u32(bytes, (uint32_t) outcome);
    return r < 0 ? r : bytes_append_string(bytes, detail ? detail : "");
}

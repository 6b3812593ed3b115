/* SPDX-License-Identifier: BSD-2-Clause */
/* Issuing a challenge and checking its answer: the two places where the daemon builds the signed statement. Used by
 * login.c and proof.c; must never take a field of the statement from the answer. */
#include "ovcertd/core/service_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "common/error.h"
#include "common/protocol.h"
#include "trust/signature.h"

void challenge_issued_done(ChallengeIssued *issued) {
    free(issued->user);
    free(issued->service);
    free(issued->tty);
    *issued = (ChallengeIssued){0};
}

/* Strings are borrowed from the challenge. */
static Statement statement_of(const Service *service, const Challenge *challenge) {
    Statement statement = {
        .purpose = challenge->purpose,
        .user = challenge->user,
        .uid = challenge->uid,
        .service = challenge->service,
        .tty = challenge->tty,
        .has_replaced = challenge->has_replaced,
        .deadline = challenge->deadline,
    };
    memcpy(statement.nonce, challenge->nonce, sizeof statement.nonce);
    memcpy(statement.host_id, service->host_id, sizeof statement.host_id);
    memcpy(statement.boot_id, service->boot_id, sizeof statement.boot_id);
    memcpy(statement.replaced, challenge->replaced, sizeof statement.replaced);
    return statement;
}

static int challenge_fill(Request *request, Challenge *draft, const char *service_name, const char *tty) {
    uint8_t id[(CHALLENGE_ID_SIZE - 1) / 2];
    randombytes_buf(id, sizeof id);
    randombytes_buf(draft->nonce, sizeof draft->nonce);
    (void) sodium_bin2hex(draft->id, sizeof draft->id, id, sizeof id); /* the size fits */
    draft->sender_uid = request->actor->uid;
    draft->deadline = request->now->boottime + UINT64_C(1000000) * CHALLENGE_SECONDS;
    draft->sender = strdup(request->actor->sender);
    draft->service = strdup(service_name);
    draft->tty = strdup(tty);
    return draft->sender && draft->service && draft->tty ? 0 : -ENOMEM;
}

static int issued_make(const Service *service, const Challenge *challenge, ChallengeIssued *ret) {
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {
        .statement = statement_of(service, challenge),
        .user = strdup(challenge->user),
        .service = strdup(challenge->service),
        .tty = strdup(challenge->tty),
    };
    if (!issued.user || !issued.service || !issued.tty)
        return -ENOMEM;
    memcpy(issued.id, challenge->id, sizeof issued.id);
    issued.statement.user = issued.user;
    issued.statement.service = issued.service;
    issued.statement.tty = issued.tty;
    *ret = issued;
    issued = (ChallengeIssued){0};
    return 0;
}

static bool text_fits(const char *text) {
    return strnlen(text, STATEMENT_TEXT_MAX + 1) <= STATEMENT_TEXT_MAX;
}

int challenge_issue(Request *request, Challenge *draft, const char *service_name, const char *tty,
                    ChallengeIssued *ret) {
    if (!text_fits(service_name) || !text_fits(tty))
        return request_fail(request, OVCERT_ERROR_INVALID_ARGUMENT, "service, tty");
    ChallengeIssued CLEANUP(challenge_issued_done) issued = {0};
    int r = challenge_fill(request, draft, service_name, tty);
    if (r < 0 || (r = issued_make(request->service, draft, &issued)) < 0)
        return r;
    r = challenge_table_add(request->service->challenges, draft, request->now->boottime);
    if (r != 0)
        return r;
    *ret = issued;
    issued = (ChallengeIssued){0};
    return 0;
}

int challenge_verify(Service *service, const Challenge *challenge, const Certificate *certificate,
                     const char *algorithm, View signature) {
    if (signature.size > OVCERT_SIGNATURE_MAX)
        return OVCERT_ERROR_SIGNATURE_INVALID;
    Statement statement = statement_of(service, challenge);
    memcpy(statement.fingerprint, certificate_facts(certificate)->fingerprint, sizeof statement.fingerprint);
    Bytes CLEANUP(bytes_done) encoded = {0};
    int r = statement_encode(&statement, &encoded);
    if (r < 0)
        return r;
    r = signature_verify(certificate, algorithm, bytes_view(&encoded), signature);
    return r > 0 ? OVCERT_ERROR_SIGNATURE_INVALID : r;
}

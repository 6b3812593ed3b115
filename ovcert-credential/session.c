/* SPDX-License-Identifier: BSD-2-Clause */
/* Serves requests. Called by main() once the process is confined and has become the user; must never sign octets that
 * a client gives, nor go on after a wrong passphrase (SECURITY 22). */
#include "ovcert-credential/session.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/credential.h"
#include "common/frame.h"
#include "common/macros.h"
#include "common/secret.h"
#include "ovcert-credential/failure.h"
#include "ovcert-credential/messages.h"

typedef struct Session {
    const SessionOptions *options;
    Backend *open; /* whose source is unlocked; NULL: none */
} Session;

/* A handler returns 0 with the payload of its answer, a CredentialOutcome or -errno. */
typedef int (*Handler)(Session *session, View payload, Bytes *reply, char **ret_detail);

static int handle_list(Session *session, View payload, Bytes *reply, char **ret_detail) {
    Bytes CLEANUP(bytes_done) body = {0};
    uint32_t count = 0;
    int r = 0;

    if (payload.size != 0)
        return -EBADMSG;
    for (size_t i = 0; r == 0 && i < session->options->n_backends; i++) {
        Backend *backend = session->options->backends[i];
        SourceList CLEANUP(source_list_done) list = {0};
        r = backend->list(backend, &list, ret_detail);
        if (r == 0)
            r = messages_append_sources(&body, backend->kind, &list);
        count += (uint32_t) list.count;
    }
    if (r == 0)
        r = bytes_append_u32(reply, count);
    return r != 0 ? r : bytes_append(reply, bytes_view(&body));
}

static Backend *find_backend(const Session *session, const char *kind) {
    for (size_t i = 0; i < session->options->n_backends; i++)
        if (strcmp(session->options->backends[i]->kind, kind) == 0)
            return session->options->backends[i];
    return NULL;
}

static int handle_unlock(Session *session, View payload, Bytes *reply, char **ret_detail) {
    UnlockRequest CLEANUP(unlock_request_done) request = {0};
    const IdentityList *identities = NULL;
    Backend *backend;
    int r = messages_read_unlock(payload, &request);
    if (r < 0)
        return r;
    session->open = NULL;
    backend = find_backend(session, request.kind);
    if (!backend)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_NOT_FOUND, "no such kind of source: %s", request.kind);
    r = backend->unlock(backend, request.id, request.secret, &identities, ret_detail);
    if (r != 0)
        return r;
    session->open = backend;
    return messages_append_certificates(reply, identities);
}

static int handle_sign(Session *session, View payload, Bytes *reply, char **ret_detail) {
    SignRequest CLEANUP(sign_request_done) request = {0};
    Bytes CLEANUP(bytes_done) statement = {0};
    Bytes CLEANUP(bytes_done) signature = {0};
    const char *algorithm = NULL;
    int r = messages_read_sign(payload, &request);
    if (r < 0)
        return r;
    if (!session->open)
        return (int) CREDENTIAL_OUTCOME_LOCKED;
    r = statement_encode(&request.statement, &statement);
    if (r < 0)
        return r;
    r = session->open->sign(session->open, (View){request.statement.fingerprint, sizeof request.statement.fingerprint},
                            bytes_view(&statement), &algorithm, &signature, ret_detail);
    return r != 0 ? r : messages_append_signed(reply, algorithm, bytes_view(&signature));
}

/* Every request that there is. Anything else ends the dialogue. */
static const struct Request {
    uint8_t type;
    uint8_t reply;
    bool last; /* a success ends the dialogue */
    Handler handle;
} requests[] = {
    {CREDENTIAL_LIST, CREDENTIAL_SOURCES, false, handle_list},
    {CREDENTIAL_UNLOCK, CREDENTIAL_CERTIFICATES, false, handle_unlock},
    {CREDENTIAL_SIGN, CREDENTIAL_SIGNED, true, handle_sign},
};

static const struct Request *find_request(uint8_t type) {
    for (size_t i = 0; i < ELEMENTSOF(requests); i++)
        if (requests[i].type == type)
            return &requests[i];
    return NULL;
}

/* Faults of the request itself, which handlers return as they come from the readers. */
static bool is_request_fault(int error) {
    return error == -EBADMSG || error == -EMSGSIZE || error == -EINVAL;
}

static bool ends_dialogue(int outcome) {
    return outcome == (int) CREDENTIAL_OUTCOME_WRONG_SECRET || outcome == (int) CREDENTIAL_OUTCOME_PROTOCOL ||
           outcome == (int) CREDENTIAL_OUTCOME_INTERNAL;
}

static int run_request(Session *session, const struct Request *request, View payload, Bytes *reply, char **ret_detail) {
    int r;

    if (!request)
        return (int) CREDENTIAL_OUTCOME_PROTOCOL;
    if (session->options->refusal != 0)
        return failure_set(ret_detail, (CredentialOutcome) session->options->refusal, "%s",
                           session->options->refusal_detail ? session->options->refusal_detail : "");
    r = request->handle(session, payload, reply, ret_detail);
    if (r == 0 && reply->size > FRAME_PAYLOAD_MAX)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_TOO_LARGE, "the certificates do not fit one answer");
    if (r < 0)
        return failure_set(ret_detail, is_request_fault(r) ? CREDENTIAL_OUTCOME_PROTOCOL : CREDENTIAL_OUTCOME_INTERNAL,
                           "%s", strerror(-r));
    return r;
}

/* One request, one answer. */
static int serve_one(Session *session, int fd, uint64_t deadline, bool *ret_ended) {
    Bytes CLEANUP(bytes_done) payload = {0};
    Bytes CLEANUP(bytes_done) reply = {0};
    char *CLEANUP(free_pointer) detail = NULL;
    const struct Request *request;
    uint8_t type = 0;
    int outcome, r = frame_receive(fd, &type, &payload, deadline);
    if (r < 0)
        return r;
    request = find_request(type);
    outcome = run_request(session, request, bytes_view(&payload), &reply, &detail);
    secret_wipe(payload.data, payload.size); /* it may have held a passphrase */
    *ret_ended = outcome == 0 ? request->last : ends_dialogue(outcome);
    if (outcome != 0) {
        reply.size = 0;
        r = messages_append_failed(&reply, outcome, detail);
    }
    if (r < 0)
        return r;
    return frame_send(fd, outcome == 0 ? request->reply : CREDENTIAL_FAILED, bytes_view(&reply), deadline);
}

static int send_ready(int fd, uint64_t deadline) {
    Bytes CLEANUP(bytes_done) payload = {0};
    int r = bytes_append_u32(&payload, CREDENTIAL_PROTOCOL_VERSION);
    return r < 0 ? r : frame_send(fd, CREDENTIAL_READY, bytes_view(&payload), deadline);
}

/* A torn or over-long frame: what would follow it cannot be told, so this is the last word. */
static void answer_garbage(int fd, uint64_t deadline) {
    Bytes CLEANUP(bytes_done) payload = {0};

    if (messages_append_failed(&payload, CREDENTIAL_OUTCOME_PROTOCOL, "") == 0)
        (void) frame_send(fd, CREDENTIAL_FAILED, bytes_view(&payload), deadline); /* a courtesy: we end anyway */
}

int session_serve(int fd, uint64_t deadline, const SessionOptions *options) {
    Session session = {.options = options};
    bool ended = false;
    int r = send_ready(fd, deadline);

    while (r == 0 && !ended)
        r = serve_one(&session, fd, deadline, &ended);
    if (is_request_fault(r))
        answer_garbage(fd, deadline);
    return r == -EPIPE ? 0 : r; /* the peer has closed: nothing more is wanted */
}

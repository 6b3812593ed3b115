/* SPDX-License-Identifier: BSD-2-Clause */
/* Serves requests. Called by main() once the process is confined and has become the user; must never sign octets that
 * a client gives, nor go on after a wrong passphrase (SECURITY 22). */
#include "ovcert-credential/session.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/credential.h"
#include "common/frame.h"
#include "common/macros.h"
#include "common/secret.h"
#include "ovcert-credential/failure.h"
#include "ovcert-credential/messages.h"

#define SECOND UINT64_C(1000000)
#define POLL_MILLISECONDS 250 /* between two looks for a token */

typedef struct Session {
    int fd;
    uint64_t deadline;
    const SessionOptions *options;
    Backend *open; /* whose source is unlocked; NULL: none */
} Session;

/* A handler returns 0 with the payload of its answer, a CredentialOutcome or -errno. */
typedef int (*Handler)(Session *session, View payload, Bytes *reply, char **ret_detail);

static bool has_usable_source(const SourceList *list) {
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].problem == 0)
            return true;
    return false;
}

/* *ret_waited_for: a source that can be unlocked is there, of a kind that is put in and taken out. */
static int append_all_sources(const Session *session, Bytes *reply, bool *ret_waited_for, char **ret_detail) {
    Bytes CLEANUP(bytes_done) body = {0};
    uint32_t count = 0;
    int r = 0;

    *ret_waited_for = false;
    for (size_t i = 0; r == 0 && i < session->options->n_backends; i++) {
        Backend *backend = session->options->backends[i];
        SourceList CLEANUP(source_list_done) list = {0};
        r = backend->list(backend, &list, ret_detail);
        if (r == 0)
            r = messages_append_sources(&body, backend->kind, &list);
        count += (uint32_t) list.count;
        *ret_waited_for = *ret_waited_for || (backend->changed && has_usable_source(&list));
    }
    if (r == 0)
        r = bytes_append_u32(reply, count);
    return r != 0 ? r : bytes_append(reply, bytes_view(&body));
}

static int handle_list(Session *session, View payload, Bytes *reply, char **ret_detail) {
    bool waited_for;

    return payload.size != 0 ? -EBADMSG : append_all_sources(session, reply, &waited_for, ret_detail);
}

static bool can_change(const Session *session) {
    for (size_t i = 0; i < session->options->n_backends; i++)
        if (session->options->backends[i]->changed)
            return true;
    return false;
}

/* Asks all that can, so that none is left with an old answer. */
static int ask_for_change(const Session *session, bool *ret_changed) {
    *ret_changed = false;
    for (size_t i = 0; i < session->options->n_backends; i++) {
        Backend *backend = session->options->backends[i];
        bool changed = false;
        int r = backend->changed ? backend->changed(backend, &changed) : 0;
        if (r != 0)
            return r;
        *ret_changed = *ret_changed || changed;
    }
    return 0;
}

/* 0 when something may have changed or end has come; -EPIPE when the peer has closed. */
static int wait_change(const Session *session, uint64_t end) {
    struct pollfd peer = {.fd = session->fd}; /* hanging up is always told */
    bool changed = false;

    while (!changed && frame_now() < end) {
        int r = poll(&peer, 1, POLL_MILLISECONDS);
        if (r > 0)
            return -EPIPE;
        r = ask_for_change(session, &changed);
        if (r != 0)
            return r;
    }
    return 0;
}

static int handle_wait(Session *session, View payload, Bytes *reply, char **ret_detail) {
    uint64_t end;
    uint32_t seconds;
    bool waited_for = false;
    int r = messages_read_wait(payload, &seconds);
    if (r < 0)
        return r;
    end = frame_now() + seconds * SECOND;
    if (end > session->deadline)
        end = session->deadline;
    for (;;) {
        bool last = !can_change(session) || frame_now() >= end;
        reply->size = 0;
        r = append_all_sources(session, reply, &waited_for, ret_detail);
        if (r != 0 || waited_for || last)
            return r;
        r = wait_change(session, end);
        if (r != 0)
            return r;
    }
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
    View wanted = {request.wanted, request.has_wanted ? sizeof request.wanted : 0};
    session->open = NULL;
    backend = find_backend(session, request.kind);
    if (!backend)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_NOT_FOUND, "no such kind of source: %s", request.kind);
    r = backend->unlock(backend,
                        &(Unlock){
                            .id = request.id,
                            .secret = request.secret,
                            .wanted = wanted,
                            .final_try = request.final_try,
                        },
                        &identities, ret_detail);
    if (r != 0)
        return r;
    if (wanted.size != 0 && !identity_list_find(identities, wanted))
        return (int) CREDENTIAL_OUTCOME_NO_MATCH;
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
    {CREDENTIAL_WAIT, CREDENTIAL_SOURCES, false, handle_wait},
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

/* Those of a secret that was tried in vain, or might have been (SECURITY 22), and those that leave it open what state
 * this process is in. */
static bool ends_dialogue(int outcome) {
    switch ((CredentialOutcome) outcome) {
    case CREDENTIAL_OUTCOME_WRONG_SECRET:
    case CREDENTIAL_OUTCOME_WRONG_PIN:
    case CREDENTIAL_OUTCOME_PIN_LOCKED:
    case CREDENTIAL_OUTCOME_CANCELLED:
    case CREDENTIAL_OUTCOME_PROTOCOL:
    case CREDENTIAL_OUTCOME_INTERNAL:
        return true;
    default:
        return false;
    }
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
static int serve_one(Session *session, bool *ret_ended) {
    Bytes CLEANUP(bytes_done) payload = {0};
    Bytes CLEANUP(bytes_done) reply = {0};
    char *CLEANUP(free_pointer) detail = NULL;
    const struct Request *request;
    uint8_t type = 0;
    int outcome, r = frame_receive(session->fd, &type, &payload, session->deadline);
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
    return frame_send(session->fd, outcome == 0 ? request->reply : CREDENTIAL_FAILED, bytes_view(&reply),
                      session->deadline);
}

static int send_ready(int fd, uint64_t deadline) {
    Bytes CLEANUP(bytes_done) payload = {0};
    int r = bytes_append_u32(&payload, CREDENTIAL_PROTOCOL_VERSION);
    return r < 0 ? r : frame_send(fd, CREDENTIAL_READY, bytes_view(&payload), deadline);
}

int session_refuse(int fd, uint64_t deadline, int outcome, const char *detail) {
    Bytes CLEANUP(bytes_done) payload = {0};
    int r = messages_append_failed(&payload, outcome, detail);
    return r < 0 ? r : frame_send(fd, CREDENTIAL_FAILED, bytes_view(&payload), deadline);
}

int session_serve(int fd, uint64_t deadline, const SessionOptions *options) {
    Session session = {.fd = fd, .deadline = deadline, .options = options};
    bool ended = false;
    int r = send_ready(fd, deadline);

    while (r == 0 && !ended)
        r = serve_one(&session, &ended);
    /* A torn or over-long frame: what would follow it cannot be told, so this is the last word. */
    if (is_request_fault(r))
        (void) session_refuse(fd, deadline, CREDENTIAL_OUTCOME_PROTOCOL, ""); /* a courtesy: we end anyway */
    return r == -EPIPE ? 0 : r; /* the peer has closed: nothing more is wanted */
}

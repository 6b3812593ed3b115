/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of a method call, for manager.c, profile.c and login.c. Must never go on for a caller who is gone, for one
 * whom the bus does not vouch for, or past an authorization that was not granted. */
#include "ovcertd/bus/request.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "common/error.h"
#include "common/protocol.h"
#include "ovcertd/bus/answers.h"
#include "ovcertd/bus/object.h"
#include "ovcertd/bus/peers.h"
#include "ovcertd/bus/replies.h"
#include "ovcertd/log.h"

/* --- life --- */

static void link_request(Request *request) {
    BusContext *context = request->context;
    request->after = context->requests;
    if (request->after)
        request->after->before = request;
    context->requests = request;
}

static void unlink_request(Request *request) {
    if (request->before)
        request->before->after = request->after;
    else
        request->context->requests = request->after;
    if (request->after)
        request->after->before = request->before;
}

static Request *request_free(Request *request) {
    assert(!request->work);
    unlink_request(request);
    (void) authorization_free(request->authorization);
    (void) judgement_free(request->judgement);
    (void) proof_free(request->proof);
    (void) store_check_free(request->check);
    (void) store_backup_free(request->backup);
    service_failure_done(&request->failure);
    free(request->user);
    sd_bus_message_unref(request->message);
    free(request);
    return NULL;
}
DEFINE_CLEANUP(Request *, request_free)

/* May one more wait? Those that are answered at once, logins among them, need no room. */
static bool is_full(const BusContext *context, uid_t uid) {
    size_t all = 0;
    size_t own = 0;
    for (const Request *request = context->requests; request; request = request->after) {
        all += request->next != NULL;
        own += request->next != NULL && request->actor.uid == uid;
    }
    return own >= REQUESTS_PER_UID || all >= REQUESTS_ALL;
}

static int set_user_from_path(Request *request) {
    const char *path = sd_bus_message_get_path(request->message);
    int r = object_user(path, &request->user);
    return r == OBJECT_NONE ? 0 : r;
}

static int request_new(BusContext *context, sd_bus_message *message, Request **ret) {
    uid_t uid = (uid_t) -1;
    int r = peers_uid(context->peers, message, &uid);
    if (r != 0)
        return r == PEERS_UNKNOWN ? OVCERT_ERROR_DENIED : r;
    CLEANUP(request_freep) Request *request = calloc(1, sizeof *request);
    if (!request)
        return -ENOMEM;
    request->context = context;
    link_request(request);
    request->message = sd_bus_message_ref(message);
    request->actor = (Actor){.uid = uid, .sender = sd_bus_message_get_sender(message)};
    arguments_init(&request->arguments);
    r = set_user_from_path(request);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(request);
    return 0;
}

int request_set_user(Request *request, const char *user) {
    char *copy = strdup(user);
    if (!copy)
        return -ENOMEM;
    free(request->user);
    request->user = copy;
    return 0;
}

/* --- answers --- */

static void answer_error(BusContext *context, sd_bus_message *message, int outcome, const char *detail) {
    const char *name = ovcert_error_name(outcome > 0 ? outcome : OVCERT_ERROR_STORAGE);
    assert(name);
    if (outcome < 0)
        log_write(LOG_ERR, LOG_EVENT_REQUEST_FAILED, "%s failed: %s", sd_bus_message_get_member(message),
                  strerror(-outcome));
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = sd_bus_message_new_method_errorf(message, &reply, name, "%s", detail ? detail : "");
    if (r >= 0)
        r = replies_send(context, message, reply);
    if (r < 0)
        log_write(LOG_WARNING, LOG_EVENT_REPLY_LOST, "cannot send a reply: %s", strerror(-r));
}

int request_new_reply(Request *request, sd_bus_message **ret) {
    return sd_bus_message_new_method_return(request->message, ret);
}

int request_send(Request *request, sd_bus_message *reply) {
    return replies_send(request->context, request->message, reply);
}

int request_reply(Request *request, const char *types, ...) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = request_new_reply(request, &reply);
    if (r < 0)
        return r;
    if (types[0] != '\0') {
        va_list values;
        va_start(values, types);
        r = sd_bus_message_appendv(reply, types, values);
        va_end(values);
        if (r < 0)
            return r;
    }
    return request_send(request, reply);
}

int request_reply_challenge(Request *request, const ChallengeIssued *issued) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = request_new_reply(request, &reply);
    if (r < 0)
        return r;
    r = sd_bus_message_append_basic(reply, 's', issued->id);
    if (r < 0)
        return r;
    r = sd_bus_message_append_array(reply, 'y', issued->statement.nonce, sizeof issued->statement.nonce);
    if (r < 0)
        return r;
    r = answers_fields(reply, &issued->statement);
    return r < 0 ? r : request_send(request, reply);
}

/* --- steps --- */

Moment request_moment(void) {
    struct timespec real;
    struct timespec boot;
    /* Neither can fail for these clocks. */
    (void) clock_gettime(CLOCK_REALTIME, &real);
    (void) clock_gettime(CLOCK_BOOTTIME, &boot);
    return (Moment){
        .real = real.tv_sec,
        .boottime = (uint64_t) boot.tv_sec * 1000000u + (uint64_t) boot.tv_nsec / 1000u,
    };
}

/* Runs a step, and ends the request unless it waits for something. */
static void run(Request *request, RequestStep step) {
    request->next = NULL;
    request->now = request_moment();
    int r = step(request);
    if (request->next)
        return;
    if (r != 0)
        answer_error(request->context, request->message, r, request->failure.detail);
    (void) request_free(request);
}

int request_start(BusContext *context, sd_bus_message *message, RequestStep step) {
    Request *request = NULL;
    int r = request_new(context, message, &request);
    if (r != 0)
        answer_error(context, message, r, NULL);
    else
        run(request, step);
    return 1;
}

/* --- authorization --- */

static int step_denied(Request *request) {
    (void) request;
    return OVCERT_ERROR_DENIED;
}

static void on_authority(void *data, bool granted) {
    Request *request = data;
    RequestStep next = request->next;
    request->authorization = authorization_free(request->authorization);
    /* The profile may have changed hands while somebody typed a password (SECURITY 30). */
    if (request->as_owner && !service_is_owner(request->context->service, request->user, request->actor.uid))
        granted = false;
    request->actor.administrator = granted && strcmp(request->action, OVCERT_ACTION_MANAGE_ANY) == 0;
    run(request, granted ? next : step_denied);
}

static int authorize(Request *request, PolicyRequest policy, bool owner, RequestStep next) {
    request->action = policy_action(policy, request->actor.uid, owner);
    if (!request->action) {
        assert(request->actor.uid == 0);
        request->actor.administrator = true;
        return next(request);
    }
    if (is_full(request->context, request->actor.uid))
        return OVCERT_ERROR_LIMIT_EXCEEDED;
    AuthorityQuestion question = {
        .sender = request->actor.sender,
        .action = request->action,
        .interactive = sd_bus_message_get_allow_interactive_authorization(request->message) > 0,
    };
    int r = authority_ask(request->context->bus, &question, on_authority, request, &request->authorization);
    if (r < 0)
        return r;
    request->next = next;
    return 0;
}

int request_authorize(Request *request, PolicyRequest policy, RequestStep next) {
    assert(!request->next);
    request->as_owner = request->user && service_is_owner(request->context->service, request->user, request->actor.uid);
    return authorize(request, policy, request->as_owner, next);
}

int request_authorize_self(Request *request, PolicyRequest policy, RequestStep next) {
    assert(!request->next);
    request->as_owner = false;
    return authorize(request, policy, true, next);
}

/* --- the pool --- */

/* In a pool thread: touches the work's own data only. */
static void compute(void *data) {
    const Request *request = data;
    request->work(request->work_data);
}

static void on_computed(void *data) {
    Request *request = data;
    request->work = NULL;
    if (request->gone || request->context->stopping)
        (void) request_free(request);
    else
        run(request, request->next);
}

int request_work(Request *request, void (*work)(void *data), void *data, RequestStep next) {
    assert(!request->next);
    if (is_full(request->context, request->actor.uid))
        return OVCERT_ERROR_LIMIT_EXCEEDED;
    PoolJob job = {.run = compute, .done = on_computed, .data = request};
    request->work = work;
    request->work_data = data;
    int r = pool_submit(request->context->pool, request->actor.uid, &job);
    if (r != 0) {
        request->work = NULL;
        return r;
    }
    request->next = next;
    return 0;
}

static void work_judgement(void *data) {
    judgement_run(data);
}

int request_compute(Request *request, Judgement *judgement, RequestStep next) {
    return request_work(request, work_judgement, judgement, next);
}

/* --- leaving --- */

static void drop(Request *request) {
    if (request->work)
        request->gone = true;
    else
        (void) request_free(request);
}

void requests_drop_sender(BusContext *context, const char *sender) {
    for (Request *request = context->requests, *after; request; request = after) {
        after = request->after;
        if (strcmp(request->actor.sender, sender) == 0)
            drop(request);
    }
}

void requests_drop_all(BusContext *context) {
    for (Request *request = context->requests, *after; request; request = after) {
        after = request->after;
        drop(request);
    }
}

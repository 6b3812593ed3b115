/* SPDX-License-Identifier: BSD-2-Clause */
/* Request: one method call from its arrival to its reply, across the waits for polkit and for the pool. Everything that
 * a caller can make us keep is one of these: bounded per uid, owned by a connection, and dropped with it.
 *
 * A method is a row of steps: the first reads and validates, then ends in `return request_authorize(…, next)`; later
 * ones call the service and reply. A step returns 0 when it has replied or waits, an OvcertError with request->failure
 * to be answered, or a fault to be logged and answered as Error.Storage. */
#pragma once

#include <stdbool.h>

#include <systemd/sd-bus.h>

#include "common/macros.h"
#include "ovcertd/bus/arguments.h"
#include "ovcertd/bus/authority.h"
#include "ovcertd/bus/context.h"
#include "ovcertd/core/policy.h"
#include "ovcertd/core/service.h"
#include "ovcertd/store/check.h"

#define REQUESTS_PER_UID 32u
#define REQUESTS_ALL 1024u

typedef int (*RequestStep)(Request *request);

struct Request {
    BusContext *context;
    sd_bus_message *message;
    Actor actor; /* sender borrowed from message */
    Moment now;  /* of the running step */
    char *user;  /* whose profile it is about; NULL when it is about none (yet) */
    Arguments arguments;
    Failure failure;
    Judgement *judgement;
    ProofInProgress *proof;
    StoreCheck *check;
    StoreBackup *backup;

    /* request.c alone */
    RequestStep next; /* after the wait; NULL when there is none */
    Authorization *authorization;
    const char *action;
    bool as_owner;
    void (*work)(void *data); /* in the pool; NULL when that has nothing of it */
    void *work_data;
    bool gone; /* the caller is; the pool still has something of it */
    Request *before, *after;
};

/* Begins one; for vtable handlers, whose result this is. Under the profiles' prefix, user is set from the path. */
int request_start(BusContext *context, sd_bus_message *message, RequestStep step);

/* Goes on with next once the caller is authorized to do this with the profile request->user; Error.Denied otherwise. */
int request_authorize(Request *request, PolicyRequest policy, RequestStep next);
/* The same where no profile is concerned but the caller's own affairs. */
int request_authorize_self(Request *request, PolicyRequest policy, RequestStep next);
/* Goes on with next once a thread of the pool has run work(data), which touches data only; the request owns data. */
int request_work(Request *request, void (*work)(void *data), void *data, RequestStep next);
/* The same for a judgement. */
int request_compute(Request *request, Judgement *judgement, RequestStep next);
int request_set_user(Request *request, const char *user); /* 0 or -ENOMEM */

/* Replies with these values (sd_bus_message_append(3)); types "" for none. */
int request_reply(Request *request, const char *types, ...);
/* For answers that are built: make one, fill it, send it. */
int request_new_reply(Request *request, sd_bus_message **ret);
int request_send(Request *request, sd_bus_message *reply);

int request_reply_challenge(Request *request, const ChallengeIssued *issued); /* s, ay, a{sv} of the contract */

Moment request_moment(void); /* both clocks, now */

/* The connection has left the bus: what it waited for is not done. */
void requests_drop_sender(BusContext *context, const char *sender);
/* When the daemon stops; those in the pool end with pool_free(). */
void requests_drop_all(BusContext *context);

/* Method handlers of a vtable have a first step read_NAME and are called method_NAME. */
#define DEFINE_METHOD(name)                                                                                            \
    static int method_##name(sd_bus_message *message, void *context, sd_bus_error *error) {                            \
        (void) error;                                                                                                  \
        return request_start(context, message, read_##name);                                                           \
    }

/* SPDX-License-Identifier: BSD-2-Clause */
/* Group commit of the answers, used by request.c, server.c and the daemon's timer. Must never send an answer to a
 * change that is not durable, and never keep one back for long. */
#include "ovcertd/bus/replies.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "common/error.h"
#include "ovcertd/bus/signals.h"
#include "ovcertd/log.h"

typedef struct Held {
    sd_bus_message *call;
    sd_bus_message *reply;
} Held;

struct Replies {
    sd_event_source *commit_source;
    Held held[REPLIES_HELD_MAX];
    size_t count;
    uint64_t since;      /* CLOCK_MONOTONIC, microseconds: when the oldest was held */
    uint64_t journalled; /* audit rows at the last journalled head */
};

#define AUDIT_HEAD_ROWS 100u

static uint64_t monotonic_now(void) {
    struct timespec now;
    (void) clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (uint64_t) now.tv_sec * 1000000u + (uint64_t) now.tv_nsec / 1000u;
}

static int on_commit(sd_event_source *source, void *userdata) {
    (void) source;
    (void) replies_commit(userdata); /* logged, and told to those who wait */
    return 0;
}

int replies_new(BusContext *context, sd_event *event, Replies **ret) {
    CLEANUP(replies_freep) Replies *replies = calloc(1, sizeof *replies);
    if (!replies)
        return -ENOMEM;
    if (event) {
        int r = sd_event_add_defer(event, &replies->commit_source, on_commit, context);
        if (r < 0)
            return r;
        /* After the messages that have already arrived, so that they share the commit. */
        r = sd_event_source_set_priority(replies->commit_source, SD_EVENT_PRIORITY_IDLE);
        if (r < 0)
            return r;
        r = sd_event_source_set_enabled(replies->commit_source, SD_EVENT_OFF);
        if (r < 0)
            return r;
    }
    *ret = TAKE_PTR(replies);
    return 0;
}

static void held_done(Held *held) {
    held->call = sd_bus_message_unref(held->call);
    held->reply = sd_bus_message_unref(held->reply);
}

Replies *replies_free(Replies *replies) {
    if (!replies)
        return NULL;
    for (size_t i = 0; i < replies->count; i++)
        held_done(&replies->held[i]);
    sd_event_source_disable_unref(replies->commit_source);
    free(replies);
    return NULL;
}

static void send_message(BusContext *context, sd_bus_message *message) {
    int r = sd_bus_send(context->bus, message, NULL);
    if (r < 0 && r != -ENOTCONN && r != -ECONNRESET)
        log_write(LOG_WARNING, LOG_EVENT_REPLY_LOST, "cannot send a reply: %s", strerror(-r));
}

static void send_storage_error(BusContext *context, sd_bus_message *call) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = sd_bus_message_new_method_errorf(call, &reply, ovcert_error_name(OVCERT_ERROR_STORAGE), "%s", "");
    if (r < 0)
        log_write(LOG_WARNING, LOG_EVENT_REPLY_LOST, "cannot make a reply: %s", strerror(-r));
    else
        send_message(context, reply);
}

static void send_held(BusContext *context, bool committed) {
    Replies *replies = context->replies;
    for (size_t i = 0; i < replies->count; i++) {
        Held *held = &replies->held[i];
        if (committed)
            send_message(context, held->reply);
        else
            send_storage_error(context, held->call);
        held_done(held);
    }
    replies->count = 0;
}

static void journal_audit_head(BusContext *context) {
    Replies *replies = context->replies;
    uint64_t seq = 0;
    uint8_t hash[32];
    if (service_log_head(context->service, &seq, hash) != 0)
        return; /* the next one comes within the hour */
    if (seq / AUDIT_HEAD_ROWS == replies->journalled / AUDIT_HEAD_ROWS)
        return;
    log_audit_head(seq, hash);
    replies->journalled = seq;
}

int replies_commit(BusContext *context) {
    Replies *replies = context->replies;
    if (replies->commit_source)
        (void) sd_event_source_set_enabled(replies->commit_source, SD_EVENT_OFF); /* stays on: one idle commit more */
    if (!service_needs_commit(context->service)) {
        send_held(context, true);
        signals_flush(context, true);
        return 0;
    }
    int r = service_commit(context->service);
    if (r < 0)
        log_write(LOG_CRIT, LOG_EVENT_COMMIT_FAILED, "the database did not take the changes, nothing of them holds: %s",
                  strerror(-r));
    send_held(context, r == 0);
    signals_flush(context, r == 0);
    if (r == 0)
        journal_audit_head(context);
    return r;
}

void replies_keep_going(BusContext *context) {
    const Replies *replies = context->replies;
    if (replies->count > 0 && monotonic_now() - replies->since >= REPLIES_HELD_USEC)
        (void) replies_commit(context); /* logged, and told to those who wait */
}

int replies_schedule(BusContext *context) {
    if (!context->replies->commit_source)
        return 0;
    return sd_event_source_set_enabled(context->replies->commit_source, SD_EVENT_ONESHOT);
}

int replies_send(BusContext *context, sd_bus_message *call, sd_bus_message *reply) {
    Replies *replies = context->replies;
    if (!service_needs_commit(context->service)) {
        send_message(context, reply);
        return 0;
    }
    if (replies->count == REPLIES_HELD_MAX)
        (void) replies_commit(context); /* logged, and told to those who wait */
    if (replies->count == 0)
        replies->since = monotonic_now();
    replies->held[replies->count++] = (Held){.call = sd_bus_message_ref(call), .reply = sd_bus_message_ref(reply)};
    return replies_schedule(context);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Replies: none leaves before what it tells of is on disk. Requests that arrive together share one commit; when it
 * fails, each of their callers gets Error.Storage instead. */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "common/macros.h"
#include "ovcertd/bus/context.h"

#define REPLIES_HELD_MAX 64u             /* then it commits at once */
#define REPLIES_HELD_USEC UINT64_C(5000) /* so does the next message after so long */

/* event may be NULL: then somebody calls replies_commit(). */
int replies_new(BusContext *context, sd_event *event, Replies **ret);
Replies *replies_free(Replies *replies); /* what is held is dropped */
DEFINE_CLEANUP(Replies *, replies_free)

/* Sends now when there is nothing to commit, after the commit otherwise. Takes references. */
int replies_send(BusContext *context, sd_bus_message *call, sd_bus_message *reply);
/* The service may have changed something outside a request: commits soon. */
int replies_schedule(BusContext *context);
/* Commits if needed, sends what is held, tells of changes. 0 or the fault of the commit, already logged. */
int replies_commit(BusContext *context);
/* Commits when replies have been held for too long: a busy bus must not starve the commit. For every message. */
void replies_keep_going(BusContext *context);

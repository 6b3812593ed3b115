/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals: told to single connections that may know, root's and the owner's, and never broadcast, since on the system
 * bus everybody may listen. They carry invalidations and, to root, names. */
#pragma once

#include <stdbool.h>

#include "common/macros.h"
#include "ovcertd/bus/context.h"

Signals *signals_new(void); /* NULL when out of memory */
Signals *signals_free(Signals *signals);
DEFINE_CLEANUP(Signals *, signals_free)

/* Tells root of "ProfileAdded" or "ProfileRemoved" (static) at the next flush. 0 or -ENOMEM. */
int signals_announce(BusContext *context, const char *member, const char *user);
/* After a commit: sends what waits and what the service has changed, or drops both when the commit failed. */
void signals_flush(BusContext *context, bool committed);

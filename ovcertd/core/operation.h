/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations that need a confirmation: kinds, states, events and the one table of what may follow what. Pure;
 * OpenSSH-style: what the table does not allow is refused. */
#pragma once

#include <stdint.h>

typedef enum OperationKind {
    OPERATION_UNLINK = 1,
    OPERATION_DELETE_PROFILE = 2,
} OperationKind;

typedef enum OperationState {
    OPERATION_REQUESTED = 1,
    OPERATION_CONFIRMED = 2, /* an until-assign unlink: the swap is open */
    OPERATION_DONE = 3,
    OPERATION_CANCELLED = 4,
    OPERATION_LAPSED = 5,
} OperationState;

typedef enum OperationEvent {
    OPERATION_CONFIRM_NOW = 1,  /* confirmed, and done at once */
    OPERATION_CONFIRM_OPEN = 2, /* confirmed, done later */
    OPERATION_COMPLETE = 3,     /* the assignment it waited for */
    OPERATION_CANCEL = 4,
    OPERATION_LAPSE = 5, /* the deadline has passed */
} OperationEvent;

#define OPERATION_REQUESTED_SECONDS (15 * 60)
#define OPERATION_CONFIRMED_SECONDS (24 * 60 * 60)

/* The state that follows, or -EPERM when the event is not allowed in the state (unknown values included). */
int operation_next(OperationState state, OperationEvent event);
const char *operation_kind_name(OperationKind kind);    /* "unlink", "delete-profile"; NULL when unknown */
const char *operation_state_name(OperationState state); /* "requested", ...; NULL when unknown */

/* SPDX-License-Identifier: BSD-2-Clause */
/* The state machine of operations, as one table. Asked by the service before every change of an operation; must never
 * allow by default. */
#include "ovcertd/core/operation.h"

#include <errno.h>
#include <stddef.h>

#include "common/macros.h"

/* What is not here is not allowed: 0 is no state. */
static const OperationState transitions[OPERATION_LAPSED + 1][OPERATION_LAPSE + 1] = {
    [OPERATION_REQUESTED] =
        {
            [OPERATION_CONFIRM_NOW] = OPERATION_DONE,
            [OPERATION_CONFIRM_OPEN] = OPERATION_CONFIRMED,
            [OPERATION_CANCEL] = OPERATION_CANCELLED,
            [OPERATION_LAPSE] = OPERATION_LAPSED,
        },
    [OPERATION_CONFIRMED] =
        {
            [OPERATION_COMPLETE] = OPERATION_DONE,
            [OPERATION_CANCEL] = OPERATION_CANCELLED,
            [OPERATION_LAPSE] = OPERATION_LAPSED,
        },
};

int operation_next(OperationState state, OperationEvent event) {
    size_t row = (size_t) state, column = (size_t) event;
    if (row >= ELEMENTSOF(transitions) || column >= ELEMENTSOF(transitions[0]) || transitions[row][column] == 0)
        return -EPERM;
    return (int) transitions[row][column];
}

const char *operation_kind_name(OperationKind kind) {
    switch (kind) {
    case OPERATION_UNLINK:
        return "unlink";
    case OPERATION_DELETE_PROFILE:
        return "delete-profile";
    }
    return NULL;
}

const char *operation_state_name(OperationState state) {
    switch (state) {
    case OPERATION_REQUESTED:
        return "requested";
    case OPERATION_CONFIRMED:
        return "confirmed";
    case OPERATION_DONE:
        return "done";
    case OPERATION_CANCELLED:
        return "cancelled";
    case OPERATION_LAPSED:
        return "lapsed";
    }
    return NULL;
}

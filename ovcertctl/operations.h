/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of operations, for "renew" and the verbs of operations.c. Results as of client/: 0, an OvcertError, or a
 * negative errno. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ovcertctl/tool.h"

typedef struct UnlinkOptions {
    bool until_assign;
    bool bar; /* administrators */
} UnlinkOptions;

/* *ret_id: caller frees. deadline: seconds since the epoch. */
int operation_unlink(Tool *tool, const char *user, const UnlinkOptions *options, char **ret_id, uint64_t *ret_deadline);
int operation_delete(Tool *tool, const char *user, char **ret_id, uint64_t *ret_deadline);
int operation_confirm(Tool *tool, const char *user, const char *id);
int operation_cancel(Tool *tool, const char *user, const char *id);

/* JSON, where it is asked for; deadline 0: none. 0 or an ExitStatus, said. */
int operation_print(const Tool *tool, const char *id, const char *state, uint64_t deadline);
/* Says how an operation is gone on with or dropped. user: NULL for one's own. */
void operation_say_next(const Tool *tool, const char *user, const char *id, uint64_t deadline);

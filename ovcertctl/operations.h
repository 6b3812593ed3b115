/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of operations, for "renew" and the verbs of operations.c. Results as of client/: 0, an OvcertError, or a
 * negative errno. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ovcertctl/tool.h"

/* *ret_id: caller frees. deadline: seconds since the epoch. */
int operation_unlink(Tool *tool, const char *user, bool until_assign, char **ret_id, uint64_t *ret_deadline);
int operation_confirm(Tool *tool, const char *user, const char *id);
int operation_cancel(Tool *tool, const char *user, const char *id);

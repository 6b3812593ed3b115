/* SPDX-License-Identifier: BSD-2-Clause */
/* How a profile is made, for "profile create" and "setup". */
#pragma once

#include "ovcertctl/tool.h"

/* NULL is none. 0, or an ExitStatus, said. */
int profile_check_holder(const char *holder);
/* For a Unix account; holder may be NULL. A result of client/. */
int profile_create(Tool *tool, const char *name, uint32_t uid, const char *holder);

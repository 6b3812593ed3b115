/* SPDX-License-Identifier: BSD-2-Clause */
/* Object paths of profiles: the prefix and the name as sd_bus_path_encode(3) writes it, and no other spelling. */
#pragma once

/* 0 or -ENOMEM. Caller frees. */
int object_path_of(const char *user, char **ret);

typedef enum ObjectOutcome {
    OBJECT_NONE = 1, /* not the path of a profile, or of a name that no user can have */
} ObjectOutcome;

/* 0 with the name (caller frees), OBJECT_NONE or -ENOMEM. Looks nothing up: missing profiles have paths as well. */
int object_user(const char *path, char **ret);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Profile names to object paths and back, for the vtables and the signals. Must never ask the store: a path says
 * nothing about whether there is such a profile. */
#include "ovcertd/bus/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-bus.h>

#include "common/macros.h"
#include "common/protocol.h"
#include "common/text.h"

int object_path_of(const char *user, char **ret) {
    return sd_bus_path_encode(OVCERT_PROFILE_PREFIX, user, ret);
}

int object_user(const char *path, char **ret) {
    CLEANUP(free_pointer) char *user = NULL;
    int r = sd_bus_path_decode(path, OVCERT_PROFILE_PREFIX, &user);
    if (r < 0)
        return r == -ENOMEM ? r : OBJECT_NONE;
    if (r == 0 || !text_is_user_name(user))
        return OBJECT_NONE;
    /* Decoding forgives ("_64emo" is "demo", "demo_00x" too); one profile has one path. */
    CLEANUP(free_pointer) char *canonical = NULL;
    r = object_path_of(user, &canonical);
    if (r < 0)
        return r;
    if (strcmp(path, canonical) != 0)
        return OBJECT_NONE;
    *ret = TAKE_PTR(user);
    return 0;
}

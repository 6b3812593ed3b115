/* SPDX-License-Identifier: BSD-2-Clause */
/* Parses the module's options. Called at the start of auth and account; must never overlook what it does not know. */
#include "pam_ovcert/options.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "common/macros.h"

int options_parse(int argc, const char *const *argv, Options *ret, const char **ret_unknown) {
    Options options = {0};
    const struct {
        const char *name;
        bool *target;
    } known[] = {
        {"debug", &options.debug},
        {"silent", &options.silent},
        {"nodelay", &options.no_delay},
        {"use_first_pass", &options.use_first_pass},
    };
    for (int i = 0; i < argc; i++) {
        bool *target = NULL;
        for (size_t k = 0; k < ELEMENTSOF(known) && !target; k++)
            if (strcmp(argv[i], known[k].name) == 0)
                target = known[k].target;
        if (!target) {
            *ret_unknown = argv[i];
            return -EINVAL;
        }
        *target = true;
    }
    *ret = options;
    return 0;
}

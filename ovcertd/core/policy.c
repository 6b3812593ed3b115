/* SPDX-License-Identifier: BSD-2-Clause */
/* Decisions about authorization and holders, without any state. Asked by bus/ before polkit is, and by the service
 * inside its transactions; must never look anything up. */
#include "ovcertd/core/policy.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "common/error.h"
#include "common/macros.h"
#include "common/protocol.h"

static const struct {
    const char *own;
    const char *any;
} actions[] = {
    [POLICY_READ_PROFILE] = {OVCERT_ACTION_READ_OWN, OVCERT_ACTION_READ_ANY},
    [POLICY_MANAGE_PROFILE] = {OVCERT_ACTION_MANAGE_OWN, OVCERT_ACTION_MANAGE_ANY},
    [POLICY_ADMINISTER] = {OVCERT_ACTION_MANAGE_ANY, OVCERT_ACTION_MANAGE_ANY},
    [POLICY_READ_ALL] = {OVCERT_ACTION_READ_ANY, OVCERT_ACTION_READ_ANY},
    [POLICY_FIND] = {OVCERT_ACTION_FIND, OVCERT_ACTION_FIND},
    [POLICY_READ_KEYS] = {OVCERT_ACTION_READ_OWN, OVCERT_ACTION_READ_KEYS},
};

const char *policy_action(PolicyRequest request, uid_t caller, bool owner) {
    assert((size_t) request < ELEMENTSOF(actions));
    if (caller == 0)
        return NULL; /* the only line that lets a request pass without asking polkit */
    return owner ? actions[request].own : actions[request].any;
}

int policy_holder(const char *profile_holder, const char *certificate_holder, bool administrator,
                  bool allow_holder_change) {
    bool profile_known = *profile_holder != '\0', certificate_known = *certificate_holder != '\0';
    if (!profile_known)
        return administrator ? 0 : OVCERT_ERROR_HOLDER_UNKNOWN;
    if (certificate_known && strcmp(profile_holder, certificate_holder) == 0)
        return 0;
    /* A change needs somebody to change to: a certificate without a holder never goes to a profile that has one. */
    return certificate_known && administrator && allow_holder_change ? 0 : OVCERT_ERROR_HOLDER_MISMATCH;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the helper's outcomes. Used by the helper to answer and by the clients to word the answer. */
#include "common/credential.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "common/i18n.h"
#include "common/macros.h"

static const struct {
    const char *name;
    const char *text;
} outcomes[] = {
#define X(symbol, name_, text_) [CREDENTIAL_OUTCOME_##symbol] = {.name = name_, .text = text_},
    CREDENTIAL_OUTCOMES(X)
#undef X
};

static int is_known(int outcome) {
    return outcome > CREDENTIAL_OUTCOME_OK && (size_t) outcome < ELEMENTSOF(outcomes);
}

const char *credential_outcome_name(int outcome) {
    return is_known(outcome) ? outcomes[outcome].name : NULL;
}

const char *credential_outcome_text(int outcome) {
    return is_known(outcome) ? outcomes[outcome].text : NULL;
}

int credential_outcome_from_name(const char *name) {
    for (size_t i = CREDENTIAL_OUTCOME_OK + 1; i < ELEMENTSOF(outcomes); i++)
        if (strcmp(outcomes[i].name, name) == 0)
            return (int) i;
    return -EINVAL;
}

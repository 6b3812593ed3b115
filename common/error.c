/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of errors. Used by the daemon to answer and by the clients to understand; must never hold a text twice. */
#include "common/error.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "common/i18n.h"

static const struct {
    const char *name;
    int number;
    const char *text;
    const char *advice;
} errors[OVCERT_ERROR_COUNT_] = {
#define X(symbol, name_, number_, pam, text_, advice_)                                                                 \
    [OVCERT_ERROR_##symbol] = {.name = OVCERT_ERROR_PREFIX name_, .number = number_, .text = text_, .advice = advice_},
    OVCERT_ERRORS(X)
#undef X
};

static int is_known(int error) {
    return error > OVCERT_OK && error < OVCERT_ERROR_COUNT_;
}

const char *ovcert_error_name(int error) {
    return is_known(error) ? errors[error].name : NULL;
}

OvcertError ovcert_error_from_name(const char *name) {
    for (int error = OVCERT_OK + 1; name && error < OVCERT_ERROR_COUNT_; error++)
        if (strcmp(errors[error].name, name) == 0)
            return (OvcertError) error;
    return OVCERT_OK;
}

int ovcert_error_errno(int error) {
    return is_known(error) ? errors[error].number : 0;
}

const char *ovcert_error_text(int error) {
    return is_known(error) ? errors[error].text : NULL;
}

const char *ovcert_error_advice(int error) {
    return is_known(error) ? errors[error].advice : NULL;
}

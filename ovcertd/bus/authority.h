/* SPDX-License-Identifier: BSD-2-Clause */
/* Authority: asks polkit (polkit(8), org.freedesktop.PolicyKit1.Authority) whether a connection may do something,
 * without waiting for it. Absent, late, failing or garbled answers are a no (SECURITY 29). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-bus.h>

#include "common/macros.h"

#define AUTHORITY_INTERACTIVE_USEC (120u * UINT64_C(1000000)) /* somebody types a password */
#define AUTHORITY_USEC (5u * UINT64_C(1000000))

typedef struct Authorization Authorization;

typedef struct AuthorityQuestion {
    const char *sender; /* unique bus name: the subject (never a pid) */
    const char *action;
    bool interactive; /* the caller's message allows polkit to ask its user */
} AuthorityQuestion;

/* Called once, from the event loop, unless the authorization is freed before. */
typedef void (*AuthorityAnswer)(void *data, bool granted);

int authority_ask(sd_bus *bus, const AuthorityQuestion *question, AuthorityAnswer answer, void *data,
                  Authorization **ret);
/* While the question is open: takes it back, polkit's dialogue included. May be called from the answer. */
Authorization *authorization_free(Authorization *authorization);
DEFINE_CLEANUP(Authorization *, authorization_free)

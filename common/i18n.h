/* SPDX-License-Identifier: BSD-2-Clause */
/* gettext(3) for everything a person reads. Libraries inside other programs (PAM) use _() too: it names our domain and
 * sets nothing. */
#pragma once

#include <libintl.h>

#include "common/protocol.h"

#define _(msgid) dgettext(OVCERT_GETTEXT_DOMAIN, (msgid))
#define N_(msgid) msgid

/* For main() of a program: locale from the environment, catalogue from the build's locale directory. */
void i18n_init(void);

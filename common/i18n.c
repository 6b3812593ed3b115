/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets gettext up for a whole program. Must never be called from a library: setlocale(3) belongs to the program. */
#include "common/i18n.h"

#include <locale.h>

#include "config.h"

void i18n_init(void) {
    (void) setlocale(LC_ALL, ""); /* an unknown locale leaves "C", which is English */
    (void) bindtextdomain(OVCERT_GETTEXT_DOMAIN, OVCERT_LOCALE_DIR);
}

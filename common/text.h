/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks and escaping of text from outside (SECURITY 16, 25, 33): user names, names from certificates, what users type.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/bytes.h"

#define TEXT_USER_NAME_MAX 256u

/* Well-formed UTF-8 (RFC 3629), no NUL among the octets. */
bool text_is_utf8(View text);
/* Well-formed UTF-8 without control, bidirectional or other invisible formatting characters (Unicode Cc, Cf, U+2028,
 * U+2029): what may be matched and shown as it is. */
bool text_is_printable(View text);
/* What Unix lets a user name be (shadow-utils' --badname, systemd's relaxed rule): 1 to TEXT_USER_NAME_MAX octets,
 * printable UTF-8, no ':' or '/', no leading '-', no space at either end, not "." or "..", not all digits. */
bool text_is_user_name(const char *name);
/* Shows any octets safely on a terminal and in a log: printable characters as they are, backslash as "\\",
 * all else as \xNN. Caller frees; NULL when out of memory. */
char *text_escape(View text);
char *text_escape_string(const char *text);

/* SPDX-License-Identifier: BSD-2-Clause */
/* POSIX extended regular expressions whose cost has a bound (SECURITY 14, 40): what an administrator's slip can write
 * must not stop the service, neither when it is compiled nor when a certificate is tested. */
#pragma once

#include <regex.h>

/* Octet by octet in every locale. 0 with *ret, for regexec(3) without REG_NOTBOL (regfree() is the caller's); 1 when
 * the text is no expression that is allowed, with what is wrong in *ret_what (the caller frees it); -ENOMEM. Refused
 * are back-references; more than EXPRESSION_SIZE_MAX parts, repetitions written out ("a+" is "aa*"); groups nested
 * deeper than EXPRESSION_DEPTH_MAX, repetitions than EXPRESSION_NESTED_MAX ("((a+b)*c)?" has three); and a repetition
 * of what may match nothing or holds an anchor. */
int expression_compile(const char *text, regex_t *ret, char **ret_what);

#define EXPRESSION_SIZE_MAX 512u
#define EXPRESSION_DEPTH_MAX 32u
#define EXPRESSION_NESTED_MAX 3u

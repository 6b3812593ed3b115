/* SPDX-License-Identifier: BSD-2-Clause */
/* POSIX extended regular expressions whose cost has a bound (SECURITY 14, 40): what an administrator's slip can write
 * must not stop the service, neither when it is compiled nor when a certificate is tested. */
#pragma once

#include <regex.h>

/* 0 with *ret (regfree() is the caller's); 1 when the text is no such expression, with what is wrong in *ret_what (the
 * caller frees it); -ENOMEM. Refused are back-references, and an expression that, with its repetitions written out
 * ("a+" is "aa*"), has more than EXPRESSION_SIZE_MAX parts, or that has groups nested deeper than EXPRESSION_DEPTH_MAX
 * or repetitions nested deeper than EXPRESSION_NESTED_MAX ("((a+b)*c)?" has three). */
int expression_compile(const char *text, regex_t *ret, char **ret_what);

#define EXPRESSION_SIZE_MAX 512u
#define EXPRESSION_DEPTH_MAX 32u
#define EXPRESSION_NESTED_MAX 3u

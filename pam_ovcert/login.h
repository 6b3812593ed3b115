/* SPDX-License-Identifier: BSD-2-Clause */
/* Login: auth by certificate (DESIGN "PAM"). In this order: the daemon's hint of which certificate is wanted; the
 * person's certificate files, as the helper lists them as that person; with at least one, a question for which (when
 * there are several) and one for its passphrase; the file opened; the wanted certificate found in it; a challenge,
 * signed once by the same helper; the daemon's word.
 *
 * | case                                                      | code                                                |
 * |-----------------------------------------------------------|-----------------------------------------------------|
 * | signed in                                                 | PAM_SUCCESS                                         |
 * | daemon or bus absent, or more than 5 s in all; any other  | PAM_AUTHINFO_UNAVAIL (PAM_BUF_ERR: out of memory)   |
 * | fault of bus, daemon or helper                            |                                                     |
 * | no file; an empty passphrase or number; not the file's;   | PAM_AUTHINFO_UNAVAIL, the last three with the same  |
 * | unknown user; no association                              | text                                                |
 * | wrong passphrase (one try)                                | PAM_AUTH_ERR                                        |
 * | refused by the daemon                                     | common/error.h's column: PAM_AUTH_ERR mostly        |
 * | expired, possession proven                                | PAM_CRED_EXPIRED                                    |
 * | the host has given the user another name meanwhile        | PAM_AUTHINFO_UNAVAIL                                |
 * | unknown option                                            | PAM_SERVICE_ERR                                     |
 * | cancelled conversation                                    | PAM_CONV_ERR, PAM_ABORT as the host says            |
 *
 * Whether to prompt depends on the files alone, not on what the daemon answers. Why a certificate was refused is told
 * to the user only once he has proven that he holds its key; otherwise to the journal alone. */
#pragma once

#include <security/pam_modules.h>

#include "pam_ovcert/places.h"

/* For pam_sm_authenticate(3). What it found out stays in the handle (memory.h). */
int login_authenticate(pam_handle_t *pam, int flags, int argc, const char *const *argv, const Places *places);

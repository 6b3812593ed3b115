/* SPDX-License-Identifier: BSD-2-Clause */
/* The backend for .p12 and .pfx files. */
#pragma once

#include "ovcert-credential/account.h"
#include "ovcert-credential/backend.h"
#include "ovcert-credential/settings.h"

/* A source is a file, its id the absolute path. A confined account may open the listed files alone, any other any file
 * of its own. Both arguments are borrowed for the backend's life. 0 with *ret, -ENOMEM. */
int pkcs12_backend_new(const Settings *settings, const Account *account, Backend **ret);

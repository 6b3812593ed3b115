/* SPDX-License-Identifier: BSD-2-Clause */
/* The backend for tokens (PKCS#11). */
#pragma once

#include "ovcert-credential/backend.h"
#include "ovcert-credential/settings.h"

/* A source is a token, its id the URI (RFC 7512) of it; or a module that cannot be loaded, its id the module's path.
 * Modules are loaded when they are needed first. The settings are borrowed for the backend's life. 0 with *ret,
 * -ENOMEM. */
int pkcs11_backend_new(const Settings *settings, Backend **ret);

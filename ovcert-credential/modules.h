/* SPDX-License-Identifier: BSD-2-Clause */
/* The configured PKCS#11 modules (SECURITY 21), loaded and initialised; nobody else's code runs in the helper. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <p11-kit/p11-kit.h>

#include "ovcert-credential/settings.h"

typedef struct Module {
    char *path;
    CK_FUNCTION_LIST *functions; /* NULL: it could not be loaded */
    char *detail;                /* why not */
    bool caches;                 /* it is built on OpenSC */
} Module;

/* Zero-initialise; modules_done(), which finalises and unloads. */
typedef struct Modules {
    Module *items;
    size_t count;
} Modules;

/* 0 or -ENOMEM; a module that fails is one without functions. An optional one that is not there is left out. */
int modules_load(const Settings *settings, Modules *ret);
void modules_done(Modules *modules);

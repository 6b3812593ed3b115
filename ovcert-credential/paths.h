/* SPDX-License-Identifier: BSD-2-Clause */
/* The files that the configured patterns name for one user. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ovcert-credential/account.h"
#include "ovcert-credential/settings.h"

#define PATHS_MAX 64u

/* Zero-initialise; paths_done(). */
typedef struct Paths {
    char **items; /* absolute, each once, in the order of the patterns, at most PATHS_MAX */
    size_t count;
} Paths;

void paths_done(Paths *paths);
/* %h, %u and %% replaced, what is put in quoted against glob(7). Caller frees; NULL when out of memory. */
char *paths_expand(const char *pattern, const Account *account);
/* 0 or -ENOMEM. What cannot be looked into is passed over: nothing of the user's is there for him. */
int paths_find(const Settings *settings, const Account *account, Paths *ret);
bool paths_contain(const Paths *paths, const char *path);

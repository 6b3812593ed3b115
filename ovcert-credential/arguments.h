/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of ovcert-credential, as common/credential.h words it:
 *   ovcert-credential DEADLINE-SECONDS [tokens | UID GID USER HOME] */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define ARGUMENTS_DEADLINE_MAX 600u

/* Strings are argv's. */
typedef struct Arguments {
    unsigned deadline; /* seconds, 1 to ARGUMENTS_DEADLINE_MAX */
    bool tokens;       /* nothing but tokens */
    bool for_user;     /* the four below are given */
    uid_t uid;
    gid_t gid;
    const char *user;
    const char *home;
} Arguments;

/* 0, or -EINVAL for anything but these three forms: numbers are decimal without sign, space or leading zero. */
int arguments_parse(int argc, char *const *argv, Arguments *ret);

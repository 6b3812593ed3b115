/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of "setup", each of which says what it did, and does nothing twice. Functions return 0 or an ExitStatus,
 * said. */
#pragma once

#include <stdbool.h>

#include "common/configuration.h"
#include "ovcertctl/tool.h"

typedef struct Setup {
    Tool *tool;
    Config config;
    char *user; /* whose sign-in it is about; NULL: nobody was named */
    bool tried; /* the sign-in has succeeded */
    bool on;    /* certificates sign in */
} Setup;

/* A heading. */
void setup_step(const Setup *setup, unsigned number, const char *what);
/* A line typed by the person; *ret NULL when it is empty, or nobody may be asked. Caller frees. */
int setup_ask(const Setup *setup, const char *prompt, char **ret);
/* yes: the answer is given already (--yes). Where nobody may be asked it is no. */
int setup_agree(const Setup *setup, bool yes, const char *question, bool *ret);

int setup_trust(Setup *setup);
int setup_profile(Setup *setup);
int setup_pam(Setup *setup);

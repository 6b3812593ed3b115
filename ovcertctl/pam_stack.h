/* SPDX-License-Identifier: BSD-2-Clause */
/* PAM stack: the lines of one service and type as libpam strings them together (pam.d(5): continuation, [value=action]
 * controls, include, substack, and Debian's @include), and what libpam would make of them. Reads files alone; no module
 * is loaded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/macros.h"

#define STACK_CODES 32u        /* PAM_SUCCESS to PAM_INCOMPLETE */
#define STACK_INCLUDES_MAX 16u /* deeper ones fail in libpam too */
#define STACK_LINES_MAX 1000u

typedef enum StackType { STACK_AUTH, STACK_ACCOUNT, STACK_PASSWORD, STACK_SESSION } StackType;

/* What a line does with a code; a positive number jumps over so many lines. */
enum {
    STACK_IGNORE = 0,
    STACK_OK = -1,
    STACK_DONE = -2,
    STACK_BAD = -3,
    STACK_DIE = -4,
    STACK_RESET = -5,
};

typedef struct StackLine {
    char *file; /* service name or absolute path, as it was included */
    unsigned number;
    unsigned level;   /* of substacks */
    bool is_substack; /* stands for the lines behind it that are one level up */
    char *broken;     /* why libpam makes it fail, in words for administrators; NULL */
    int actions[STACK_CODES];
    char *module; /* as written; NULL when broken or a substack */
    char **arguments;
    size_t n_arguments;
} StackLine;

/* Zero-initialise; stack_done(). */
typedef struct Stack {
    StackLine *lines;
    size_t count;
} Stack;

void stack_done(Stack *stack);

/* root: put before every path ("" for the machine itself). 0, -ENOENT when the service has no file, -E2BIG past
 * STACK_LINES_MAX, or another negative errno. */
int stack_load(const char *root, const char *service, StackType type, Stack *ret);

/* "pam_unix.so" is the module whatever folder it is given with. */
bool stack_line_is(const StackLine *line, const char *module);

/* What the line's module returns: a PAM_ code. */
typedef int (*StackAnswer)(const StackLine *line, void *userdata);
/* What libpam returns then (pam_authenticate(3), pam_acct_mgmt(3)). ran: one for each line, set when its module was
 * asked; may be NULL. */
int stack_run(const Stack *stack, StackAnswer answer, void *userdata, bool *ran);

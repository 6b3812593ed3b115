/* SPDX-License-Identifier: BSD-2-Clause */
/* A PAM stack of one module under the real libpam, with a folder of services of its own (pam_start_confdir(3)) and a
 * conversation that answers from a list and writes down what it is shown. Whatever fails here ends the test program
 * with a message. Links no libsystemd, so that a test can watch it come and go. */
#pragma once

#include <stddef.h>

#include <security/pam_appl.h>

typedef struct Stack {
    char *folder; /* the service file, and a link to the helper by which that knows its part */
    const char *const *answers;
    size_t n_answers;
    size_t next;    /* answers used up */
    int conv_code;  /* what the conversation returns when they are; PAM_CONV_ERR at first */
    int item;       /* of pam_set_item(3): what the conversation sets when it asks; 0: nothing */
    const char *to; /* its new value */
    char *shown;    /* "info: ...\n", "error: ...\n", "secret: ...\n", "question: ...\n" */
    unsigned delay; /* microseconds that the module asked to wait after a failure */
    pam_handle_t *pam;
} Stack;

/* arguments: behind the module's name, as in pam.d(5). */
Stack *stack_new(const char *module, const char *arguments);
/* The arguments of tests/pam_ovcert/module.c: bus, helper playing a part, options. */
Stack *stack_new_scripted(const char *module, const char *bus, const char *helper, const char *part,
                          const char *options);
void stack_free(Stack *stack);
/* A new transaction; ends the one before. tty may be NULL. */
void stack_begin(Stack *stack, const char *user, const char *tty);
/* pam_authenticate(3) with these answers, a list that ends with NULL. */
int stack_authenticate(Stack *stack, const char *const *answers);
/* The name of the account that the tests run as: the one user whom everybody may sign in. */
const char *stack_own_name(void);
/* Open descriptors of this process. */
size_t stack_count_descriptors(void);

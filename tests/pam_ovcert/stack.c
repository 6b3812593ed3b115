/* SPDX-License-Identifier: BSD-2-Clause */
/* The PAM stack of the tests. Must leave no file behind. */
#include "tests/pam_ovcert/stack.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/macros.h"

static void need(bool ok, const char *what) {
    if (!ok) {
        (void) fprintf(stderr, "the tests' own set-up failed: %s: %s\n", what, strerrordesc_np(errno));
        abort();
    }
}

static char *path_in(const char *folder, const char *name) {
    char *path = NULL;
    need(asprintf(&path, "%s/%s", folder, name) >= 0, "asprintf");
    return path;
}

static void link_in(const char *folder, const char *name, const char *target) {
    char *CLEANUP(free_pointer) path = path_in(folder, name);
    need(symlink(target, path) == 0, path);
}

/* The link spares us a module path with spaces in pam.d(5). */
static void write_service(const Stack *stack, const char *arguments) {
    static const char *const types[] = {"auth", "account", "password"};
    char *CLEANUP(free_pointer) path = path_in(stack->folder, "ovcert-test");
    FILE *file = fopen(path, "we");
    need(file != NULL, path);
    for (size_t i = 0; i < ELEMENTSOF(types); i++)
        need(fprintf(file, "%s required %s/module.so %s\n", types[i], stack->folder, arguments) > 0, path);
    need(fclose(file) == 0, path);
}

Stack *stack_new(const char *module, const char *arguments) {
    char folder[] = "/tmp/ovcert-pam-XXXXXX";
    need(mkdtemp(folder) != NULL, folder);
    Stack *stack = calloc(1, sizeof *stack);
    need(stack != NULL, "calloc");
    stack->folder = strdup(folder);
    stack->conv_code = PAM_CONV_ERR;
    need(stack->folder != NULL, "strdup");
    link_in(folder, "module.so", module);
    write_service(stack, arguments);
    return stack;
}

Stack *stack_new_scripted(const char *module, const char *bus, const char *helper, const char *part,
                          const char *options) {
    Stack *stack = stack_new(module, "");
    char *CLEANUP(free_pointer) arguments = NULL;
    link_in(stack->folder, part, helper);
    need(asprintf(&arguments, "%s %s/%s %s", bus, stack->folder, part, options) >= 0, "asprintf");
    write_service(stack, arguments);
    return stack;
}

static void end_transaction(Stack *stack) {
    if (stack->pam)
        need(pam_end(stack->pam, PAM_SUCCESS) == PAM_SUCCESS, "pam_end");
    stack->pam = NULL;
    free(stack->shown);
    stack->shown = NULL;
    stack->delay = 0;
}

void stack_free(Stack *stack) {
    end_transaction(stack);
    DIR *folder = opendir(stack->folder);
    need(folder != NULL, stack->folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        if (entry->d_name[0] != '.')
            need(unlinkat(dirfd(folder), entry->d_name, 0) == 0, entry->d_name);
    need(closedir(folder) == 0 && rmdir(stack->folder) == 0, stack->folder);
    free(stack->folder);
    free(stack);
}

/* False when out of memory, which some tests bring about. */
static bool write_down(Stack *stack, const char *kind, const char *text) {
    char *shown = NULL;
    if (asprintf(&shown, "%s%s: %s\n", stack->shown, kind, text) < 0)
        return false;
    free(stack->shown);
    stack->shown = shown;
    return true;
}

static int converse(const struct pam_message *message, struct pam_response *response, Stack *stack) {
    static const char *const kinds[] = {[PAM_PROMPT_ECHO_OFF] = "secret",
                                        [PAM_PROMPT_ECHO_ON] = "question",
                                        [PAM_ERROR_MSG] = "error",
                                        [PAM_TEXT_INFO] = "info"};
    need(message->msg_style >= PAM_PROMPT_ECHO_OFF && message->msg_style <= PAM_TEXT_INFO, "message style");
    if (!write_down(stack, kinds[message->msg_style], message->msg))
        return PAM_BUF_ERR;
    if (message->msg_style != PAM_PROMPT_ECHO_OFF && message->msg_style != PAM_PROMPT_ECHO_ON)
        return PAM_SUCCESS;
    if (stack->item != 0)
        need(pam_set_item(stack->pam, stack->item, stack->to) == PAM_SUCCESS, "pam_set_item");
    if (stack->next >= stack->n_answers)
        return stack->conv_code;
    response->resp = strdup(stack->answers[stack->next++]);
    return response->resp ? PAM_SUCCESS : PAM_BUF_ERR;
}

static int conversation(int count, const struct pam_message **messages, struct pam_response **ret, void *data) {
    Stack *stack = data;
    struct pam_response *responses = calloc((size_t) count, sizeof *responses);
    if (!responses)
        return PAM_BUF_ERR;
    int code = PAM_SUCCESS;
    for (int i = 0; i < count && code == PAM_SUCCESS; i++)
        code = converse(messages[i], &responses[i], stack);
    if (code != PAM_SUCCESS) {
        free(responses);
        responses = NULL;
    }
    *ret = responses;
    return code;
}

/* PAM_FAIL_DELAY: writes the wish down in place of waiting. */
static void no_delay(int code, unsigned microseconds, void *data) {
    Stack *stack = data;
    (void) code; /* libpam's signature */
    stack->delay = microseconds;
}

void stack_begin(Stack *stack, const char *user, const char *tty) {
    const struct pam_conv conv = {.conv = conversation, .appdata_ptr = stack};
    end_transaction(stack);
    stack->shown = strdup("");
    need(stack->shown != NULL, "strdup");
    need(pam_start_confdir("ovcert-test", user, &conv, stack->folder, &stack->pam) == PAM_SUCCESS, "pam_start_confdir");
    union {
        void (*function)(int, unsigned, void *);
        const void *item;
    } delay = {.function = no_delay};
    need(pam_set_item(stack->pam, PAM_FAIL_DELAY, delay.item) == PAM_SUCCESS, "PAM_FAIL_DELAY");
    if (tty)
        need(pam_set_item(stack->pam, PAM_TTY, tty) == PAM_SUCCESS, "PAM_TTY");
}

int stack_authenticate(Stack *stack, const char *const *answers) {
    stack->answers = answers;
    stack->next = 0;
    for (stack->n_answers = 0; answers[stack->n_answers];)
        stack->n_answers++;
    return pam_authenticate(stack->pam, 0);
}

const char *stack_own_name(void) {
    const struct passwd *entry = getpwuid(geteuid());
    need(entry != NULL, "getpwuid");
    return entry->pw_name;
}

size_t stack_count_descriptors(void) {
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    need(folder != NULL, "/proc/self/fd");
    while (readdir(folder))
        count++;
    need(closedir(folder) == 0, "closedir");
    return count;
}

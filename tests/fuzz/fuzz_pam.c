/* SPDX-License-Identifier: BSD-2-Clause */
/* PAM stacks as "doctor" reads and runs them: whatever a file says, the lines are few, each is one thing, and an answer
 * comes out. Includes lead to the files of the machine that it runs on. */
#include <string.h>
#include <unistd.h>

#include "ovcertctl/pam_arguments.h"
#include "ovcertctl/pam_stack.h"
#include "tests/fuzz/input.h"

static void check_line(const StackLine *line) {
    FUZZ_PROMISE(line->file && line->number > 0 && line->level <= STACK_INCLUDES_MAX);
    FUZZ_PROMISE(!!line->module + !!line->broken + line->is_substack == 1);
    for (size_t i = 0; i < STACK_CODES; i++)
        FUZZ_PROMISE(line->actions[i] >= STACK_RESET && line->actions[i] <= 9999);
    if (line->module)
        (void) pam_arguments_of(line); /* it ends */
}

/* Any code, the same for the same line. */
static int answer(const StackLine *line, void *userdata) {
    return (int) ((line->number + *(const unsigned *) userdata) % STACK_CODES);
}

static void check_stack(const char *path, StackType type) {
    CLEANUP(stack_done) Stack stack = {0};
    bool ran[STACK_LINES_MAX];
    int r = stack_load("", path, type, &stack);
    FUZZ_PROMISE(r <= 0);
    for (size_t i = 0; i < stack.count; i++)
        check_line(&stack.lines[i]);
    for (unsigned shift = 0; shift < STACK_CODES; shift++) {
        int code = stack_run(&stack, answer, &shift, ran);
        FUZZ_PROMISE(code >= 0 && code < (int) STACK_CODES);
        FUZZ_PROMISE(code == stack_run(&stack, answer, &shift, NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[32];
    int fd = input_file((View){data, size}, path);
    for (StackType type = STACK_AUTH; type <= STACK_SESSION; type++)
        check_stack(path, type);
    FUZZ_PROMISE(close(fd) == 0);
    return 0;
}

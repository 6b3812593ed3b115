/* SPDX-License-Identifier: BSD-2-Clause */
/* Has "ovcertctl verify" judge some cases of one suite: its options say the same as the library's rules, and its exit
 * status is the verdict.
 *
 *   test-suite-command SUITES NAME DEVIATIONS OVCERTCTL */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/macros.h"
#include "tests/suites/suite.h"

#define STEP 5u /* each fifth case: a process takes longer than a judgement */
#define ARGUMENTS_MAX 64u

typedef struct Command {
    char *arguments[ARGUMENTS_MAX]; /* NULL at the end */
    size_t count;
} Command;

static void command_done(Command *command) {
    for (size_t i = 0; i < command->count; i++)
        free(command->arguments[i]);
}

static void add(Command *command, const char *option, const char *value) {
    char *argument = NULL;

    if (command->count + 1 == ARGUMENTS_MAX || asprintf(&argument, "%s%s", option, value) < 0)
        abort();
    command->arguments[command->count++] = argument;
}

static void add_file(Command *command, const char *option, const char *path) {
    if (path)
        add(command, option, path);
}

static void add_policies(Command *command, const SuiteCase *one) {
    for (size_t i = 0; i < one->n_policies; i++)
        add(command, "--policy=", one->policies[i]);
    if (one->explicit_policy)
        add(command, "--explicit-policy", "");
    if (one->inhibit_any_policy)
        add(command, "--inhibit-any-policy", "");
    if (one->inhibit_policy_mapping)
        add(command, "--inhibit-policy-mapping", "");
}

static void make_command(const char *program, const SuiteCase *one, Command *ret) {
    char number[32];

    add(ret, program, "");
    add(ret, "verify", "");
    add(ret, "--quiet", "");
    add_file(ret, "--ca=", one->roots);
    add_file(ret, "--intermediates=", one->intermediates);
    if (one->check_crls)
        add_file(ret, "--crl=", one->crls);
    add(ret, "--purpose=", one->purpose ? one->purpose : "any");
    (void) snprintf(number, sizeof number, "%lld", (long long) one->time); /* fits */
    add(ret, "--at=@", number);
    (void) snprintf(number, sizeof number, "%d", one->max_depth); /* fits */
    if (one->max_depth >= 0)
        add(ret, "--max-depth=", number);
    add_policies(ret, one);
    add(ret, one->leaf, "");
}

static int run(Command *command) {
    char *environment[] = {strdup("LC_ALL=C.UTF-8"), NULL};
    int status = 0;
    pid_t child;

    if (posix_spawn(&child, command->arguments[0], NULL, NULL, command->arguments, environment) != 0 ||
        waitpid(child, &status, 0) != child || !WIFEXITED(status))
        status = -1;
    free(environment[0]);
    return status < 0 ? -1 : WEXITSTATUS(status);
}

static bool check(const char *program, const SuiteCase *one, size_t number) {
    CLEANUP(command_done) Command command = {0};
    bool accept = one->accept && !one->deviation, passed;
    int status;

    make_command(program, one, &command);
    status = run(&command);
    passed = accept ? status == 0 : status == 1 || status == 2; /* 2: what is malformed on purpose is no certificate */
    (void) printf("%sok %zu - %s\n", passed ? "" : "not ", number, one->id);
    if (!passed)
        (void) printf("# exit status %d, and it is to be %s\n", status, accept ? "accepted" : "refused");
    return passed;
}

int main(int argc, char *argv[]) {
    CLEANUP(suite_done) Suite suite = {0};
    bool passed = true;

    if (argc != 5)
        return 2;
    if (!suite_read(argv[1], argv[2], argv[3], &suite)) {
        (void) printf("1..1\nok 1 - %s # SKIP the suite is not there: %s\n", argv[2], argv[1]);
        return EXIT_SUCCESS;
    }
    (void) printf("1..%zu\n", (suite.count + STEP - 1) / STEP);
    for (size_t i = 0; i < suite.count; i += STEP)
        passed = check(argv[4], &suite.cases[i], i / STEP + 1) && passed;
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}

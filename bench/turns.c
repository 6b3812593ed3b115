/* SPDX-License-Identifier: BSD-2-Clause */
/* bench-turns [-n RUNS] [-w WARM-UPS] [-i TYPED] COMMAND...: runs the commands in turn (A B C A B C ...), so that
 * whatever else the machine does meets all of them alike. Each is one argument, split at blanks, no shell; "[N]" right
 * before the command's name says which exit status is right (0). TYPED and a newline are on its standard input.
 *
 * Prints one line of JSON for each: median, 10th and 90th percentile of the wall-clock milliseconds, the median of the
 * processor time of the process and its waited-for children, the median over the rounds of its wall-clock time divided
 * by the first command's, and how many runs ended with another status. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/macros.h"

#define WORDS_MAX 64u

typedef struct Command {
    char *words[WORDS_MAX];
    int right; /* exit status */
    double *wall;
    double *cpu;
    double *ratio;
    unsigned wrong;
} Command;

typedef struct Turns {
    Command *commands;
    size_t n_commands;
    size_t runs;
    size_t warm_ups;
    const char *typed;
} Turns;

static _Noreturn void fail(const char *what) {
    (void) fprintf(stderr, "bench-turns: %s: %s\n", what, strerror(errno)); /* nowhere else to say it */
    exit(EXIT_FAILURE);
}

static double now_milliseconds(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        fail("clock");
    return (double) now.tv_sec * 1e3 + (double) now.tv_nsec * 1e-6;
}

static double milliseconds(const struct timeval *time) {
    return (double) time->tv_sec * 1e3 + (double) time->tv_usec * 1e-3;
}

static int input_of(const char *typed) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        fail("pipe");
    size_t size = strlen(typed);
    if (size > 0 && (write(ends[1], typed, size) != (ssize_t) size || write(ends[1], "\n", 1) != 1))
        fail("typing");
    (void) close(ends[1]); /* a pipe */
    return ends[0];
}

static pid_t start(const Command *command, int input) {
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawn_file_actions_adddup2(&actions, input, 0) != 0 ||
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) != 0 ||
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) != 0)
        fail("descriptors");
    errno = posix_spawnp(&pid, command->words[0], &actions, NULL, command->words, environ);
    if (errno != 0)
        fail(command->words[0]);
    (void) posix_spawn_file_actions_destroy(&actions); /* cannot fail */
    return pid;
}

static void run_once(const Turns *turns, Command *command, double *ret_wall, double *ret_cpu) {
    int input = input_of(turns->typed), status = 0;
    struct rusage used;
    double since = now_milliseconds();
    pid_t pid = start(command, input);
    if (wait4(pid, &status, 0, &used) != pid)
        fail("waiting");
    *ret_wall = now_milliseconds() - since;
    *ret_cpu = milliseconds(&used.ru_utime) + milliseconds(&used.ru_stime);
    (void) close(input); /* a pipe */
    command->wrong += !WIFEXITED(status) || WEXITSTATUS(status) != command->right;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

/* Sorts. */
static double percentile(double *values, size_t count, double part) {
    qsort(values, count, sizeof *values, by_size);
    return values[(size_t) (part * (double) (count - 1) + 0.5)];
}

static void report(const Turns *turns, Command *command) {
    size_t n = turns->runs;
    (void) printf(
        "{\"wall_ms\": %.3f, \"p10_ms\": %.3f, \"p90_ms\": %.3f, \"cpu_ms\": %.3f, \"ratio\": %.3f, "
        "\"wrong\": %u}\n",
        percentile(command->wall, n, 0.5), percentile(command->wall, n, 0.1), percentile(command->wall, n, 0.9),
        percentile(command->cpu, n, 0.5), percentile(command->ratio, n, 0.5),
        command->wrong); /* seen when it is missing */
}

static void take_turns(const Turns *turns) {
    for (size_t round = 0; round < turns->warm_ups + turns->runs; round++)
        for (size_t i = 0; i < turns->n_commands; i++) {
            Command *command = &turns->commands[i];
            size_t slot = round < turns->warm_ups ? 0 : round - turns->warm_ups;
            run_once(turns, command, &command->wall[slot], &command->cpu[slot]);
            command->ratio[slot] = command->wall[slot] / turns->commands[0].wall[slot];
        }
    for (size_t i = 0; i < turns->n_commands; i++)
        report(turns, &turns->commands[i]);
}

static void parse_command(const Turns *turns, char *text, Command *ret) {
    size_t count = 0;
    char *rest = NULL;
    if (text[0] == '[') {
        ret->right = (int) strtol(text + 1, &text, 10);
        text += *text == ']';
    }
    for (char *word = strtok_r(text, " ", &rest); word && count < WORDS_MAX - 1; word = strtok_r(NULL, " ", &rest))
        ret->words[count++] = word;
    ret->wall = calloc(turns->runs, sizeof(double));
    ret->cpu = calloc(turns->runs, sizeof(double));
    ret->ratio = calloc(turns->runs, sizeof(double));
    if (count == 0 || !ret->wall || !ret->cpu || !ret->ratio)
        fail("command");
}

int main(int argc, char **argv) {
    Turns turns = {.runs = 21, .warm_ups = 2, .typed = ""};
    int option;
    while ((option = getopt(argc, argv, "+n:w:i:")) != -1) {
        if (option == 'n')
            turns.runs = strtoul(optarg, NULL, 10);
        else if (option == 'w')
            turns.warm_ups = strtoul(optarg, NULL, 10);
        else if (option == 'i')
            turns.typed = optarg;
        else
            return 2;
    }
    turns.n_commands = (size_t) (argc - optind);
    turns.commands = calloc(turns.n_commands, sizeof *turns.commands);
    if (turns.n_commands == 0 || turns.runs == 0 || !turns.commands)
        return 2;
    (void) signal(SIGPIPE, SIG_IGN); /* cannot fail for this signal */
    for (size_t i = 0; i < turns.n_commands; i++)
        parse_command(&turns, argv[optind + (int) i], &turns.commands[i]);
    take_turns(&turns);
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A host program that lives long, for SECURITY 26: signs in again and again, each time loading and unloading the
 * module, in threads and across fork(2), and looks at what is left behind. Links neither libsystemd nor anything of
 * ours that does, so that these really come and go with the module.
 *
 *   test-pam-host MODULE BUS HELPER LOADS CODE
 *
 * CODE: the pam_authenticate(3) code that is right. Ends with 0 and no word when all is well. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/macros.h"
#include "tests/pam_ovcert/script.h"
#include "tests/pam_ovcert/stack.h"

#define N_THREADS 4u

static const char *const answers[] = {SCRIPT_PASSPHRASE, NULL};

typedef struct Host {
    const char *module, *bus, *helper;
    const char *user; /* found once: getpwuid(3) is not for threads */
    unsigned loads;
    int code;
} Host;

static void need(bool ok, const char *what) {
    if (!ok) {
        (void) fprintf(stderr, "%s\n", what);
        exit(1);
    }
}

static Stack *stack_of(const Host *host) {
    return stack_new_scripted(host->module, host->bus, host->helper, "one", "");
}

static bool is_loaded(const char *name) {
    void *handle = dlopen(name, RTLD_NOW | RTLD_NOLOAD);
    if (handle)
        (void) dlclose(handle); /* only asked */
    return handle != NULL;
}

static void sign_in(const Host *host, Stack *stack) {
    stack_begin(stack, host->user, NULL);
    int code = stack_authenticate(stack, answers);
    if (code != host->code) {
        (void) fprintf(stderr, "code %d in place of %d\n", code, host->code);
        exit(1);
    }
}

/* The first load is not counted: libc opens what it keeps, the log's socket say. */
static void load_again_and_again(const Host *host) {
    Stack *stack = stack_of(host);
    sign_in(host, stack);
    need(is_loaded("libsystemd.so.0"), "the module is not there");
    size_t descriptors = stack_count_descriptors();
    for (unsigned i = 0; i < host->loads; i++)
        sign_in(host, stack);
    need(stack_count_descriptors() == descriptors, "descriptors were left behind");
    stack_free(stack);
    need(waitpid(-1, NULL, WNOHANG) < 0, "a child was left behind");
    need(!is_loaded("libsystemd.so.0"), "the module is still there");
}

static void *run_thread(void *data) {
    const Host *host = data;
    Stack *stack = stack_of(host);
    for (unsigned i = 0; i < host->loads / 20; i++)
        sign_in(host, stack);
    stack_free(stack);
    return NULL;
}

static void load_in_threads(Host *host) {
    pthread_t threads[N_THREADS];
    for (size_t i = 0; i < N_THREADS; i++)
        need(pthread_create(&threads[i], NULL, run_thread, host) == 0, "pthread_create");
    for (size_t i = 0; i < N_THREADS; i++)
        need(pthread_join(threads[i], NULL) == 0, "pthread_join");
}

/* As sshd does it: one process begins, another goes on with the same handle. */
static void go_on_in_a_child(const Host *host) {
    Stack *stack = stack_of(host);
    sign_in(host, stack);
    pid_t child = fork();
    need(child >= 0, "fork");
    if (child == 0) {
        need(stack_authenticate(stack, answers) == host->code, "the child gets another code");
        (void) pam_end(stack->pam, PAM_SUCCESS | PAM_DATA_SILENT); /* the parent looks at it */
        _exit(0);
    }
    int status;
    need(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child failed");
    need(stack_authenticate(stack, answers) == host->code, "the parent gets another code");
    stack_free(stack);
}

int main(int argc, char *argv[]) {
    need(argc == 6, "usage: test-pam-host MODULE BUS HELPER LOADS CODE");
    Host host = {
        .module = argv[1],
        .bus = argv[2],
        .helper = argv[3],
        .user = stack_own_name(),
        .loads = (unsigned) strtoul(argv[4], NULL, 10),
        .code = (int) strtol(argv[5], NULL, 10),
    };
    load_again_and_again(&host);
    go_on_in_a_child(&host);
    load_in_threads(&host);
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Confines the process. Called by main() only; must never be skipped in part: each failure ends the helper. */
#include "ovcert-credential/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/credential.h"
#include "common/macros.h"
#include "common/secret.h"

/* The backstops of SECURITY 20. A million rounds of PBKDF2 take about a second; a file of 1 MiB parses in a fraction
 * of the memory. */
#define LIMIT_CPU_SECONDS 20u
#define LIMIT_MEMORY (512u * 1024u * 1024u)
#define LIMIT_DESCRIPTORS 64u
#define LIMIT_TOKEN_FILE (16u * 1024u * 1024u)

#ifdef HAVE_ADDRESS_SANITIZER
/* LeakSanitizer attaches to the process as a debugger would, which an undumpable process refuses. Leaks are looked for
 * in the unit tests, which run the same code. */
const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void) {
    return "detect_leaks=0";
}
#endif

static int close_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        /* A closed one would be taken by the next file that is opened, which others then write messages into. */
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return -EBADF;
    if (close_range(CREDENTIAL_SOCKET_FD + 1, ~0u, 0) < 0)
        return -errno;
    return 0;
}

static int check_socket(void) {
    int domain = 0, type = 0;
    socklen_t size = sizeof domain;

    if (getsockopt(CREDENTIAL_SOCKET_FD, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0)
        return -errno;
    size = sizeof type;
    if (getsockopt(CREDENTIAL_SOCKET_FD, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
        return -errno;
    if (domain != AF_UNIX || type != SOCK_STREAM)
        return -EPROTOTYPE;
    if (fcntl(CREDENTIAL_SOCKET_FD, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    return 0;
}

static int clear_environment(void) {
    if (clearenv() != 0 || setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1) < 0 || setenv("LANG", "C.UTF-8", 1) < 0)
        return -ENOMEM;
    return 0;
}

/* An ignored or blocked SIGALRM would be inherited from the host program, and with it a helper without an end. */
static int reset_signals(void) {
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        (void) signal(number, SIG_DFL); /* fails for SIGKILL, SIGSTOP and libc's own, which need no reset */
    (void) sigemptyset(&none);          /* cannot fail */
    return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

static int lower_limit(unsigned resource, rlim_t value) {
    struct rlimit limit;

    if (getrlimit(resource, &limit) < 0)
        return -errno;
    if (limit.rlim_max > value)
        limit.rlim_max = value;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

static int lower_limits(bool tokens) {
    const struct {
        unsigned resource;
        rlim_t value;
    } limits[] = {
        {RLIMIT_CPU, LIMIT_CPU_SECONDS},    {RLIMIT_CORE, 0}, {RLIMIT_FSIZE, tokens ? LIMIT_TOKEN_FILE : 0},
        {RLIMIT_NOFILE, LIMIT_DESCRIPTORS},
#ifndef HAVE_ADDRESS_SANITIZER /* its shadow takes terabytes of addresses */
        {RLIMIT_AS, LIMIT_MEMORY},
#endif
    };

    for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
        int r = lower_limit(limits[i].resource, limits[i].value);
        if (r < 0)
            return r;
    }
    return 0;
}

int process_isolate(unsigned deadline, bool tokens) {
    int r = close_descriptors();
    if (r < 0 || (r = check_socket()) < 0 || (r = clear_environment()) < 0 || (r = reset_signals()) < 0)
        return r;
    (void) alarm(deadline); /* its result is an older alarm's rest; SIGALRM's default action is the point */
    r = secret_harden_process();
    if (r < 0)
        return r;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    (void) umask(077); /* cannot fail; its result is the old mask */
    if (chdir("/") < 0)
        return -errno;
    return lower_limits(tokens);
}

int process_seal(pid_t parent) {
    int r = secret_harden_process();
    if (r < 0)
        return r;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return -errno;
    return getppid() == parent ? 0 : -ESRCH;
}

static int set_variable(const char *variable) {
    const char *equals = strchr(variable, '=');
    char *CLEANUP(free_pointer) name = strndup(variable, (size_t) (equals - variable));

    return name && setenv(name, equals + 1, 1) == 0 ? 0 : -ENOMEM;
}

int process_set_environment(const char *opensc_conf, char *const *variables, size_t n_variables) {
    int r = setenv("P11_KIT_NO_USER_CONFIG", "1", 1) < 0 || setenv("OPENSC_CONF", opensc_conf, 1) < 0 ? -ENOMEM : 0;

    for (size_t i = 0; r == 0 && i < n_variables; i++)
        r = set_variable(variables[i]);
    return r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes session_serve()'s place in ovcert-credential (the linker's --wrap), so everything has been done that the real
 * program does before it listens to its client. Then, calls that are of use to who has taken it over: a line with the
 * name of each that was not denied goes to the client, and "done". What test_filter.c looks at. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/credential.h"
#include "common/macros.h"
#include "ovcert-credential/session.h"

int __wrap_session_serve(int socket, uint64_t deadline, const SessionOptions *options);

/* Each would succeed or fail for another reason without the filter, whoever the user is. */
typedef struct Probe {
    const char *name;
    long call;
    long arguments[6];
} Probe;

static const Probe probes[] = {
    {"execve", SYS_execve, {(long) "/nonexistent", 0, 0}},
    {"execveat", SYS_execveat, {-1, (long) "nonexistent", 0, 0, 0}},
    {"process", SYS_clone, {SIGCHLD}},
    {"clone3", SYS_clone3, {0, 0}},
    {"ptrace", SYS_ptrace, {PTRACE_TRACEME, 0, 0, 0}},
    {"process_vm_readv", SYS_process_vm_readv, {1, 0, 0, 0, 0, 0}},
    {"open_tree", SYS_open_tree, {-1, (long) "", 0}},
    {"unshare", SYS_unshare, {0}},
    {"setns", SYS_setns, {-1, 0}},
    {"keyctl", SYS_keyctl, {0 /* KEYCTL_GET_KEYRING_ID */, -3, 1}},
    {"add_key", SYS_add_key, {0, 0, 0, 0, -3}},
    {"perf_event_open", SYS_perf_event_open, {0, 0, -1, -1, 0}},
    {"io_uring", SYS_io_uring_setup, {1, 0}},
    {"personality", SYS_personality, {0xffffffff}},
    {"type", SYS_ioctl, {CREDENTIAL_SOCKET_FD, TIOCSTI, 0}},
    {"dumpable", SYS_prctl, {PR_SET_DUMPABLE, 1, 0, 0, 0}},
    {"survive", SYS_prctl, {PR_SET_PDEATHSIG, 0, 0, 0, 0}},
    {"network", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}},
    {"write", SYS_openat, {AT_FDCWD, (long) "/dev/null", O_WRONLY, 0}},
    {"create", SYS_openat, {AT_FDCWD, (long) "/nonexistent/file", O_CREAT, 0600}},
    {"unlink", SYS_unlinkat, {AT_FDCWD, (long) "/nonexistent", 0}},
    {"signal", SYS_kill, {INT32_MAX, 0}},
    {"code", SYS_mmap, {0, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
};

static bool is_denied(const Probe *probe) {
    const long *a = probe->arguments;
    pid_t parent = getpid();
    long result = syscall(probe->call, a[0], a[1], a[2], a[3], a[4], a[5]);
    int error = errno;

    if (getpid() != parent)
        _exit(0); /* what "process" has made */
    return result == -1 && (error == EPERM || error == ENOSYS);
}

/* Memory that was written does not become code later, either. */
static bool turns_into_code(void) {
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED || mprotect(memory, 4096, PROT_READ | PROT_EXEC) == 0;
}

static void tell(int socket, const char *name) {
    if (send(socket, name, strlen(name), MSG_NOSIGNAL) < 0 || send(socket, "\n", 1, MSG_NOSIGNAL) < 0)
        _exit(EXIT_FAILURE);
}

int __wrap_session_serve(int socket, uint64_t deadline, const SessionOptions *options) {
    (void) deadline;
    (void) options;
    for (size_t i = 0; i < ELEMENTSOF(probes); i++)
        if (!is_denied(&probes[i]))
            tell(socket, probes[i].name);
    if (turns_into_code())
        tell(socket, "mprotect");
    tell(socket, "done");
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* See faults.h. Linked and preloaded by tests only; must never be installed. */
#undef _FILE_OFFSET_BITS /* both names of each function are defined here; where we run they are the same */
#include "tests/support/faults.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <malloc.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* libc's functions take no context, so there is one for the process. */
static Faults own;
static Faults *faults = &own;

Faults *faults_get(void) {
    return faults;
}

void faults_arm(unsigned kinds, int error, unsigned failing) {
    faults->kinds = kinds;
    faults->error = error;
    faults->failing = failing;
    faults->count = 0;
    faults->failed = false;
    faults->leaked = false;
    faults->function[0] = '\0';
    faults->armed = true;
}

void faults_disarm(void) {
    faults->armed = false;
}

static bool fails(FaultKind kind, const char *function) {
    if (!faults->armed || !(faults->kinds & (unsigned) kind) || ++faults->count != faults->failing)
        return false;
    if (faults->ends)
        (void) syscall(SYS_exit_group, FAULTS_ENDED);
    faults->failed = true;
    for (size_t i = 0; i + 1 < sizeof faults->function && function[i] != '\0'; i++)
        faults->function[i] = function[i], faults->function[i + 1] = '\0';
    errno = kind == FAULT_MEMORY ? ENOMEM : faults->error != 0 ? faults->error : EIO;
    return true;
}

/* libc's own, for what is more than a system call. */
#define NEXT(name)                                                                                                     \
    __typeof__(&name) next;                                                                                            \
    void *symbol = dlsym(RTLD_NEXT, #name);                                                                            \
    memcpy(&next, &symbol, sizeof next) /* POSIX's way from data to function */

typedef long (*Kernel)(long number, ...);

/* syscall(2) itself is one of the functions below. */
static Kernel kernel(void) {
    static Kernel known;

    if (!known) {
        NEXT(syscall);
        known = next;
    }
    return known;
}

#ifdef FAULTS_PRELOAD
__attribute__((constructor)) static void map_faults(void) {
    const char *path = getenv(FAULTS_FILE);
    int file = path ? (int) kernel()(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    void *memory;

    if (file < 0)
        abort();
    memory = (void *) kernel()(SYS_mmap, NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED)
        abort();
    (void) kernel()(SYS_close, file); /* the mapping stays */
    faults = memory;
}
#endif

/* --- memory --- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

EXPORT void *malloc(size_t size) {
    return fails(FAULT_MEMORY, "malloc") ? NULL : __libc_malloc(size);
}

EXPORT void *calloc(size_t count, size_t size) {
    return fails(FAULT_MEMORY, "calloc") ? NULL : __libc_calloc(count, size);
}

/* What has to move is copied here, so that what stays behind goes through free() and its search. */
EXPORT void *realloc(void *memory, size_t size) {
    if (fails(FAULT_MEMORY, "realloc"))
        return NULL;
    size_t usable = memory ? malloc_usable_size(memory) : 0;
    if (!faults->armed || !memory || size <= usable)
        return __libc_realloc(memory, size);
    void *grown = __libc_malloc(size);
    if (grown) {
        memcpy(grown, memory, usable);
        free(memory);
    }
    return grown;
}

EXPORT void free(void *memory) {
    if (memory && faults->armed && faults->secret[0] != '\0' &&
        memmem(memory, malloc_usable_size(memory), faults->secret, strlen(faults->secret)))
        faults->leaked = true;
    __libc_free(memory);
}

EXPORT void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset) {
    if (fails(FAULT_MEMORY, "mmap"))
        return MAP_FAILED;
    return (void *) kernel()(SYS_mmap, address, size, protection, flags, fd, offset);
}

EXPORT void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset) {
    return mmap(address, size, protection, flags, fd, offset);
}

/* --- sockets --- */

/* A system call of an int result, that fails or is made. */
#define CALL(kind, name, ...) (fails(kind, #name) ? -1 : (int) kernel()(SYS_##name, __VA_ARGS__))

EXPORT int socket(int domain, int type, int protocol) {
    return CALL(FAULT_SOCKETS, socket, domain, type, protocol);
}

EXPORT int socketpair(int domain, int type, int protocol, int fds[2]) {
    return CALL(FAULT_SOCKETS, socketpair, domain, type, protocol, fds);
}

/* glibc declares addresses as unions of pointers. */
EXPORT int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t size) {
    return CALL(FAULT_SOCKETS, connect, fd, address.__sockaddr__, size);
}

EXPORT int getsockname(int fd, __SOCKADDR_ARG address, socklen_t *size) {
    return CALL(FAULT_SOCKETS, getsockname, fd, address.__sockaddr__, size);
}

EXPORT int setsockopt(int fd, int level, int option, const void *value, socklen_t size) {
    return CALL(FAULT_SOCKETS, setsockopt, fd, level, option, value, size);
}

EXPORT int getsockopt(int fd, int level, int option, void *value, socklen_t *size) {
    return CALL(FAULT_PROCESS, getsockopt, fd, level, option, value, size);
}

EXPORT ssize_t send(int fd, const void *data, size_t size, int flags) {
    return fails(FAULT_SOCKETS, "send") ? -1 : kernel()(SYS_sendto, fd, data, size, flags, NULL, 0);
}

EXPORT ssize_t recv(int fd, void *data, size_t size, int flags) {
    return fails(FAULT_SOCKETS, "recv") ? -1 : kernel()(SYS_recvfrom, fd, data, size, flags, NULL, NULL);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    return fails(FAULT_SOCKETS, "sendmsg") ? -1 : kernel()(SYS_sendmsg, fd, message, flags);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    return fails(FAULT_SOCKETS, "recvmsg") ? -1 : kernel()(SYS_recvmsg, fd, message, flags);
}

EXPORT ssize_t readv(int fd, const struct iovec *parts, int count) {
    return fails(FAULT_SOCKETS, "readv") ? -1 : kernel()(SYS_readv, fd, parts, count);
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count) {
    return fails(FAULT_SOCKETS, "writev") ? -1 : kernel()(SYS_writev, fd, parts, count);
}

EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *signals) {
    NEXT(ppoll);
    return fails(FAULT_SOCKETS, "ppoll") ? -1 : next(fds, count, timeout, signals);
}

EXPORT int poll(struct pollfd *fds, nfds_t count, int milliseconds) {
    return CALL(FAULT_SOCKETS, poll, fds, count, milliseconds);
}

/* --- files --- */

static mode_t mode_of(int flags, va_list arguments) {
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

EXPORT int openat64(int folder, const char *path, int flags, ...) {
    va_list arguments;

    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return CALL(FAULT_FILES, openat, folder, path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...) {
    va_list arguments;

    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return openat64(AT_FDCWD, path, flags, mode);
}

EXPORT int open(const char *path, int flags, ...) {
    va_list arguments;

    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return openat64(AT_FDCWD, path, flags, mode);
}

/* Linux frees the descriptor whatever the result. */
EXPORT int close(int fd) {
    bool failing = fails(FAULT_FILES, "close");
    int error = errno, result = (int) kernel()(SYS_close, fd);

    if (!failing)
        return result;
    errno = error;
    return -1;
}

EXPORT int fcntl64(int fd, int command, ...) {
    va_list arguments;

    va_start(arguments, command);
    void *argument = va_arg(arguments, void *); /* a word, whatever it is */
    va_end(arguments);
    return CALL(FAULT_FILES, fcntl, fd, command, argument);
}

EXPORT int fcntl(int fd, int command, ...) {
    va_list arguments;

    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return fcntl64(fd, command, argument);
}

EXPORT int fstatat64(int folder, const char *path, struct stat64 *status, int flags) {
    return CALL(FAULT_FILES, newfstatat, folder, path, status, flags);
}

EXPORT int stat64(const char *path, struct stat64 *status) {
    return fstatat64(AT_FDCWD, path, status, 0);
}

EXPORT int lstat64(const char *path, struct stat64 *status) {
    return fstatat64(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW);
}

EXPORT int fstat64(int fd, struct stat64 *status) {
    return CALL(FAULT_FILES, fstat, fd, status);
}

EXPORT int fstat(int fd, struct stat *status) {
    return CALL(FAULT_FILES, fstat, fd, status);
}

EXPORT int stat(const char *path, struct stat *status) {
    return CALL(FAULT_FILES, newfstatat, AT_FDCWD, path, status, 0);
}

EXPORT int access(const char *path, int mode) {
    return CALL(FAULT_FILES, faccessat, AT_FDCWD, path, mode);
}

EXPORT ssize_t read(int fd, void *data, size_t size) {
    return fails(FAULT_FILES, "read") ? -1 : kernel()(SYS_read, fd, data, size);
}

EXPORT ssize_t write(int fd, const void *data, size_t size) {
    return fails(FAULT_FILES, "write") ? -1 : kernel()(SYS_write, fd, data, size);
}

EXPORT ssize_t pread64(int fd, void *data, size_t size, off64_t offset) {
    return fails(FAULT_FILES, "pread") ? -1 : kernel()(SYS_pread64, fd, data, size, offset);
}

/* Half of it is written: a page torn. */
EXPORT ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    if (!fails(FAULT_FILES, "pwrite"))
        return kernel()(SYS_pwrite64, fd, data, size, offset);
    int error = errno;
    (void) kernel()(SYS_pwrite64, fd, data, size / 2, offset);
    errno = error;
    return -1;
}

/* No test cuts the power, so nothing is gained by waiting for the disk. */
EXPORT int fsync(int fd) {
    (void) fd;
    return fails(FAULT_FILES, "fsync") ? -1 : 0;
}

EXPORT int fdatasync(int fd) {
    (void) fd;
    return fails(FAULT_FILES, "fdatasync") ? -1 : 0;
}

EXPORT int ftruncate64(int fd, off64_t size) {
    return CALL(FAULT_FILES, ftruncate, fd, size);
}

EXPORT int flock(int fd, int operation) {
    return CALL(FAULT_FILES, flock, fd, operation);
}

EXPORT int unlink(const char *path) {
    return CALL(FAULT_FILES, unlinkat, AT_FDCWD, path, 0);
}

EXPORT int unlinkat(int folder, const char *path, int flags) {
    return CALL(FAULT_FILES, unlinkat, folder, path, flags);
}

EXPORT int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    return CALL(FAULT_FILES, renameat2, from_folder, from, to_folder, to, flags);
}

/* --- the process --- */

EXPORT int prctl(int option, ...) {
    unsigned long values[4];
    va_list arguments;

    va_start(arguments, option);
    for (size_t i = 0; i < 4; i++)
        values[i] = va_arg(arguments, unsigned long);
    va_end(arguments);
    return CALL(FAULT_PROCESS, prctl, option, values[0], values[1], values[2], values[3]);
}

EXPORT int close_range(unsigned first, unsigned last, int flags) {
    return CALL(FAULT_PROCESS, close_range, first, last, flags);
}

EXPORT int chdir(const char *path) {
    return CALL(FAULT_PROCESS, chdir, path);
}

EXPORT int mlock(const void *address, size_t size) {
    return CALL(FAULT_PROCESS, mlock, address, size);
}

EXPORT int madvise(void *address, size_t size, int advice) {
    return CALL(FAULT_PROCESS, madvise, address, size, advice);
}

EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *ret_old) {
    return CALL(FAULT_PROCESS, rt_sigprocmask, how, set, ret_old, NSIG / 8);
}

/* pthread_sigmask(3) returns its error. */
EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *ret_old) {
    NEXT(pthread_sigmask);
    return fails(FAULT_PROCESS, "pthread_sigmask") ? errno : next(how, set, ret_old);
}

EXPORT int signalfd(int fd, const sigset_t *set, int flags) {
    NEXT(signalfd);
    return fails(FAULT_PROCESS, "signalfd") ? -1 : next(fd, set, flags);
}

EXPORT int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit) {
    NEXT(setrlimit64);
    return fails(FAULT_PROCESS, "setrlimit") ? -1 : next(resource, limit);
}

EXPORT int getrlimit64(__rlimit_resource_t resource, struct rlimit64 *limit) {
    NEXT(getrlimit64);
    return fails(FAULT_PROCESS, "getrlimit") ? -1 : next(resource, limit);
}

EXPORT int setresuid(uid_t real, uid_t effective, uid_t saved) {
    NEXT(setresuid);
    return fails(FAULT_PROCESS, "setresuid") ? -1 : next(real, effective, saved);
}

EXPORT int setresgid(gid_t real, gid_t effective, gid_t saved) {
    NEXT(setresgid);
    return fails(FAULT_PROCESS, "setresgid") ? -1 : next(real, effective, saved);
}

EXPORT int getresuid(uid_t *real, uid_t *effective, uid_t *saved) {
    NEXT(getresuid);
    return fails(FAULT_PROCESS, "getresuid") ? -1 : next(real, effective, saved);
}

EXPORT int getresgid(gid_t *real, gid_t *effective, gid_t *saved) {
    NEXT(getresgid);
    return fails(FAULT_PROCESS, "getresgid") ? -1 : next(real, effective, saved);
}

EXPORT int initgroups(const char *user, gid_t group) {
    NEXT(initgroups);
    return fails(FAULT_PROCESS, "initgroups") ? -1 : next(user, group);
}

EXPORT int clearenv(void) {
    NEXT(clearenv);
    return fails(FAULT_PROCESS, "clearenv") ? -1 : next();
}

EXPORT long syscall(long number, ...) {
    long words[6];
    va_list arguments;

    va_start(arguments, number);
    for (size_t i = 0; i < 6; i++)
        words[i] = va_arg(arguments, long);
    va_end(arguments);
    return fails(FAULT_PROCESS, "syscall")
               ? -1
               : kernel()(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

EXPORT ssize_t getrandom(void *octets, size_t size, unsigned flags) {
    return fails(FAULT_PROCESS, "getrandom") ? -1 : kernel()(SYS_getrandom, octets, size, flags);
}

EXPORT int waitid(idtype_t type, id_t id, siginfo_t *ret, int options) {
    return CALL(FAULT_PROCESS, waitid, type, id, ret, options, NULL);
}

EXPORT int posix_spawn(pid_t *ret, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
    NEXT(posix_spawn);
    return fails(FAULT_PROCESS, "posix_spawn") ? errno : next(ret, path, actions, attributes, argv, envp);
}

EXPORT int getpwnam_r(const char *name, struct passwd *entry, char *space, size_t size, struct passwd **ret) {
    NEXT(getpwnam_r);
    *ret = NULL;
    return fails(FAULT_PROCESS, "getpwnam_r") ? errno : next(name, entry, space, size, ret);
}

EXPORT int getpwuid_r(uid_t uid, struct passwd *entry, char *space, size_t size, struct passwd **ret) {
    NEXT(getpwuid_r);
    *ret = NULL;
    return fails(FAULT_PROCESS, "getpwuid_r") ? errno : next(uid, entry, space, size, ret);
}

EXPORT struct passwd *getpwnam(const char *name) {
    NEXT(getpwnam);
    return fails(FAULT_PROCESS, "getpwnam") ? NULL : next(name);
}

EXPORT struct passwd *getpwuid(uid_t uid) {
    NEXT(getpwuid);
    return fails(FAULT_PROCESS, "getpwuid") ? NULL : next(uid);
}

EXPORT void *dlopen(const char *path, int flags) {
    NEXT(dlopen);
    return fails(FAULT_PROCESS, "dlopen") ? NULL : next(path, flags);
}

EXPORT DIR *opendir(const char *path) {
    NEXT(opendir);
    return fails(FAULT_PROCESS, "opendir") ? NULL : next(path);
}

EXPORT int glob64(const char *pattern, int flags, int (*on_error)(const char *, int), glob64_t *ret) {
    NEXT(glob64);
    return fails(FAULT_PROCESS, "glob") ? GLOB_ABORTED : next(pattern, flags, on_error, ret);
}

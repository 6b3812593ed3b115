/* SPDX-License-Identifier: BSD-2-Clause */
/* Installs the filter of system calls, a program for the kernel's BPF machine (seccomp(2)) that goes through a table.
 * Called by main() once; must never let a file be parsed without it. */
#include "ovcert-credential/filter.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "common/macros.h"

/* All little-endian, with 64 bits and clone()'s flags first: what the tables and OPERAND() take for granted. */
#if defined(__x86_64__)
#define FILTER_MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
#define FILTER_MACHINE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define FILTER_MACHINE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define FILTER_MACHINE AUDIT_ARCH_PPC64LE
#else
#error "The filter of system calls does not know this machine; its tables have to be looked through first."
#endif

/* A call by its number; with a mask, only where the low half of one of its arguments has this value behind the mask.
 * (Arguments that are looked at here are ints, or flags of which the kernel knows low ones alone.) */
typedef struct Rule {
    int call;
    unsigned argument;
    uint32_t mask;
    uint32_t value;
} Rule;

#define CALL(name)                                                                                                     \
    { .call = SYS_##name }
#define WHOLE 0xffffffffu
#define READ_ONLY_MASK ((uint32_t) (O_ACCMODE | O_CREAT | O_TRUNC))

/* Files are opened for reading. Libraries are mapped as they are, and no memory that was written becomes code:
 * OpenSSL's legacy provider is loaded when a file needs it. */
static const Rule file_rules[] = {
    /* files */
    CALL(read),
    CALL(pread64),
    CALL(lseek),
    CALL(close),
    CALL(fstat),
    CALL(newfstatat),
    CALL(statx),
    CALL(getdents64),
    {SYS_openat, 2, READ_ONLY_MASK, O_RDONLY},
    /* the client, and a word on standard error */
    CALL(ppoll),
    CALL(recvfrom),
    CALL(sendto),
    CALL(write),
#ifdef SYS_poll /* of an older age; libc uses them where they are */
    CALL(poll),
    CALL(stat),
    CALL(lstat),
    {SYS_open, 1, READ_ONLY_MASK, O_RDONLY},
    CALL(time),
#endif
    /* memory */
    CALL(brk),
    {SYS_mmap, 2, PROT_WRITE, 0},
    {SYS_mmap, 2, PROT_EXEC, 0},
    {SYS_mprotect, 2, PROT_EXEC, 0},
    CALL(munmap),
    CALL(mremap),
    CALL(madvise),
    CALL(mlock),
    CALL(munlock),
    CALL(futex),
    CALL(sched_yield),
    /* who, when, and chance */
    CALL(getpid),
    CALL(getppid),
    CALL(gettid),
    CALL(getuid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getegid),
    CALL(getrandom),
    CALL(gettimeofday),
    CALL(clock_gettime),
    CALL(clock_nanosleep),
    CALL(nanosleep),
    CALL(restart_syscall),
    /* the end */
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(exit),
    CALL(exit_group),
#ifdef HAVE_ADDRESS_SANITIZER
    /* what its runtime adds; no release has it */
    CALL(rt_sigaction),
    CALL(sigaltstack),
    CALL(readlink),
    CALL(sysinfo),
#endif
};

static const Rule token_rules[] = {
    /* other programs: none is started, so none outlives the deadline */
    CALL(execve),
    CALL(execveat),
    /* other processes */
    CALL(ptrace),
    CALL(process_vm_readv),
    CALL(process_vm_writev),
    CALL(process_madvise),
    CALL(pidfd_getfd),
    CALL(kcmp),
    /* mounts and namespaces */
    CALL(mount),
    CALL(umount2),
    CALL(pivot_root),
    CALL(chroot),
    CALL(fsopen),
    CALL(fsconfig),
    CALL(fsmount),
    CALL(fspick),
    CALL(move_mount),
    CALL(open_tree),
    CALL(mount_setattr),
    CALL(unshare),
    CALL(setns),
    /* the kernel itself, and where its faults have been */
    CALL(init_module),
    CALL(finit_module),
    CALL(delete_module),
    CALL(kexec_load),
    CALL(kexec_file_load),
    CALL(bpf),
    CALL(perf_event_open),
    CALL(userfaultfd),
    CALL(io_uring_setup),
    CALL(io_uring_enter),
    CALL(io_uring_register),
    CALL(add_key),
    CALL(request_key),
    CALL(keyctl),
    CALL(personality),
    CALL(open_by_handle_at),
    CALL(name_to_handle_at),
    CALL(fanotify_init),
    CALL(syslog),
    CALL(acct),
    CALL(quotactl),
    CALL(swapon),
    CALL(swapoff),
    CALL(reboot),
    CALL(settimeofday),
    CALL(clock_settime),
    CALL(clock_adjtime),
    CALL(adjtimex),
    CALL(sethostname),
    CALL(setdomainname),
#ifdef SYS_fork
    CALL(fork),
    CALL(vfork),
#endif
#ifdef SYS_iopl
    CALL(iopl),
    CALL(ioperm),
#endif
    /* threads are welcome, processes are not */
    {SYS_clone, 0, CLONE_THREAD, 0},
    /* somebody's terminal is not typed on */
    {SYS_ioctl, 1, WHOLE, TIOCSTI},
    {SYS_ioctl, 1, WHOLE, TIOCLINUX},
    /* what process_seal() did stays */
    {SYS_prctl, 0, WHOLE, PR_SET_DUMPABLE},
    {SYS_prctl, 0, WHOLE, PR_SET_PDEATHSIG},
};

/* --- the program --- */

#define STEPS_MAX 512u

typedef struct Program {
    struct sock_filter steps[STEPS_MAX];
    unsigned short count;
} Program;

static void append(Program *program, struct sock_filter step) {
    assert(program->count < STEPS_MAX);
    program->steps[program->count++] = step;
}

#define FIELD(name) ((uint32_t) offsetof(struct seccomp_data, name))
#define OPERAND(number) (FIELD(args) + (number) *8u)

static void append_load(Program *program, uint32_t offset) {
    append(program, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

static void append_return(Program *program, uint32_t action) {
    append(program, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, action));
}

/* A call of another machine, or of another kind of programs on this one (x32), has other numbers. */
static void begin(Program *program) {
    append_load(program, FIELD(arch));
    append(program, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FILTER_MACHINE, 1, 0));
    append_return(program, SECCOMP_RET_KILL_PROCESS);
    append_load(program, FIELD(nr));
#ifdef __x86_64__
    append(program, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, __X32_SYSCALL_BIT, 0, 1));
    append_return(program, SECCOMP_RET_KILL_PROCESS);
#endif
}

/* The number is in the accumulator, before and after. */
static void append_rule(Program *program, const Rule *rule, uint32_t action) {
    if (rule->mask == 0) {
        append(program, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) rule->call, 0, 1));
        append_return(program, action);
        return;
    }
    append(program, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) rule->call, 0, 5));
    append_load(program, OPERAND(rule->argument));
    append(program, (struct sock_filter) BPF_STMT(BPF_ALU | BPF_AND | BPF_K, rule->mask));
    append(program, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rule->value, 0, 1));
    append_return(program, action);
    append_load(program, FIELD(nr));
}

static void append_rules(Program *program, const Rule *rules, size_t count, uint32_t action) {
    for (size_t i = 0; i < count; i++)
        append_rule(program, &rules[i], action);
}

static void fill_for_files(Program *program) {
    /* For abort(3): it may end itself, and nobody else. */
    const Rule own_end = {SYS_tgkill, 0, WHOLE, (uint32_t) getpid()};

    append_rules(program, file_rules, ELEMENTSOF(file_rules), SECCOMP_RET_ALLOW);
    append_rule(program, &own_end, SECCOMP_RET_ALLOW);
    append_return(program, SECCOMP_RET_ERRNO | ENOSYS);
}

static void fill_for_tokens(Program *program) {
    append_rules(program, token_rules, ELEMENTSOF(token_rules), SECCOMP_RET_ERRNO | EPERM);
    /* Its flags are in memory, where a filter cannot look; libc goes on with clone(). */
    append_rule(program, &(Rule) CALL(clone3), SECCOMP_RET_ERRNO | ENOSYS);
    append_return(program, SECCOMP_RET_ALLOW);
}

int filter_install(FilterKind kind) {
    Program program = {.count = 0};

    begin(&program);
    if (kind == FILTER_FILES)
        fill_for_files(&program);
    else
        fill_for_tokens(&program);
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){program.count, program.steps}) < 0 ? -errno
                                                                                                              : 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of SECURITY 18 and 24: each allocation and system call of a sign-in fails in turn, and nobody gets in who
 * should not, nothing crashes, and no descriptor, child or passphrase is left behind. Not for the address sanitizer,
 * which has an allocator of its own: this program takes the place of libc's for the whole process, modules included. */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"
#include "tests/client/bus.h"
#include "tests/pam_ovcert/script.h"
#include "tests/pam_ovcert/scripted_service.h"
#include "tests/pam_ovcert/stack.h"

#define EXPORT __attribute__((visibility("default")))
#define FAULTS_MAX 20000u /* far more than a sign-in makes */

static struct {
    bool armed;
    unsigned count;   /* of calls since it was armed */
    unsigned failing; /* the one that fails; 0: none */
    bool failed;
    bool leaked; /* the passphrase was in freed memory */
} fault;

static bool fails(void) {
    if (!fault.armed || ++fault.count != fault.failing)
        return false;
    fault.failed = true;
    return true;
}

/* --- libc's functions, each failing when it is its turn --- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

static void *no_memory(void) {
    errno = ENOMEM;
    return NULL;
}

EXPORT void *malloc(size_t size) {
    return fails() ? no_memory() : __libc_malloc(size);
}

EXPORT void *calloc(size_t count, size_t size) {
    return fails() ? no_memory() : __libc_calloc(count, size);
}

/* What has to move is copied here, so that what stays behind goes through free() and its search. */
EXPORT void *realloc(void *memory, size_t size) {
    if (fails())
        return no_memory();
    size_t usable = memory ? malloc_usable_size(memory) : 0;
    if (!fault.armed || !memory || size <= usable)
        return __libc_realloc(memory, size);
    void *grown = __libc_malloc(size);
    if (grown) {
        memcpy(grown, memory, usable);
        free(memory);
    }
    return grown;
}

EXPORT void free(void *memory) {
    if (memory && fault.armed &&
        memmem(memory, malloc_usable_size(memory), SCRIPT_PASSPHRASE, strlen(SCRIPT_PASSPHRASE)))
        fault.leaked = true;
    __libc_free(memory);
}

static int broken(void) {
    errno = EIO;
    return -1;
}

EXPORT int socket(int domain, int type, int protocol) {
    return fails() ? broken() : (int) syscall(SYS_socket, domain, type, protocol);
}

EXPORT int socketpair(int domain, int type, int protocol, int fds[2]) {
    return fails() ? broken() : (int) syscall(SYS_socketpair, domain, type, protocol, fds);
}

EXPORT ssize_t send(int fd, const void *data, size_t size, int flags) {
    return fails() ? broken() : syscall(SYS_sendto, fd, data, size, flags, NULL, 0);
}

EXPORT ssize_t recv(int fd, void *data, size_t size, int flags) {
    return fails() ? broken() : syscall(SYS_recvfrom, fd, data, size, flags, NULL, NULL);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    return fails() ? broken() : syscall(SYS_sendmsg, fd, message, flags);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    return fails() ? broken() : syscall(SYS_recvmsg, fd, message, flags);
}

EXPORT int poll(struct pollfd *fds, nfds_t count, int milliseconds) {
    return fails() ? broken() : (int) syscall(SYS_poll, fds, count, milliseconds);
}

/* mmap64 by its right name: meson has files of 64 bits everywhere. */
EXPORT void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset) {
    if (fails())
        return no_memory(), MAP_FAILED;
    return (void *) syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

/* --- the tests --- */

static struct {
    const char *module, *helper;
    TestBus bus;
    pid_t service;
} world;

static int setup(void **state) {
    (void) state;
    world.bus = test_bus_start();
    world.service = test_service_start(&world.bus, scripted_service);
    return 0;
}

static int teardown(void **state) {
    (void) state;
    test_child_end(world.service);
    test_bus_end(&world.bus);
    return 0;
}

static int sign_in(Stack *stack, const char *tty, unsigned failing) {
    static const char *const answers[] = {SCRIPT_PASSPHRASE, NULL};
    stack_begin(stack, stack_own_name(), tty);
    fault.count = 0, fault.failing = failing, fault.failed = false, fault.leaked = false, fault.armed = true;
    int code = stack_authenticate(stack, answers);
    fault.armed = false;
    return code;
}

/* Fails call after call until none is left to fail; a fault that something optional took does not change the code. */
static void each_call_fails_in_turn(const char *tty, int right) {
    Stack *stack = stack_new_scripted(world.module, world.bus.address, world.helper, "one", "nodelay");
    assert_int_equal(sign_in(stack, tty, 0), right);
    size_t descriptors = stack_count_descriptors();
    unsigned failing = 0;
    do {
        int code = sign_in(stack, tty, ++failing);
        if (code == PAM_IGNORE || (code == PAM_SUCCESS && right != PAM_SUCCESS))
            fail_msg("call %u of %u fails: code %d", failing, fault.count, code);
        /* Not the other way round: libpam's audit may fail when the module is done already. */
        bool remembered = pam_acct_mgmt(stack->pam, 0) == PAM_SUCCESS;
        if (remembered ? right != PAM_SUCCESS : code == PAM_SUCCESS)
            fail_msg("call %u fails: code %d, account %s it", failing, code, remembered ? "accepts" : "refuses");
        if (fault.leaked)
            fail_msg("call %u fails: the passphrase is in freed memory", failing);
    } while (fault.failed && failing < FAULTS_MAX);
    assert_true(failing > 100 && failing < FAULTS_MAX);
    assert_int_equal(stack_count_descriptors(), descriptors);
    stack_free(stack);
}

static void test_s18_no_fault_lets_a_refused_certificate_in(void **state) {
    (void) state;
    each_call_fails_in_turn("Finish:CertificateRefused", PAM_AUTH_ERR);
}

static void test_s18_no_fault_is_ignored_on_the_way_of_a_good_one(void **state) {
    (void) state;
    each_call_fails_in_turn(NULL, PAM_SUCCESS);
}

/* auth whole, then account with one call failing. */
static int renew(Stack *stack, unsigned failing) {
    static const char *const answers[] = {SCRIPT_PASSPHRASE, "y", SCRIPT_PASSPHRASE, "y", NULL};
    stack_begin(stack, stack_own_name(), "Finish:CertificateExpired");
    if (stack_authenticate(stack, answers) != PAM_CRED_EXPIRED)
        fail_msg("auth did not end as it should");
    fault.count = 0, fault.failing = failing, fault.failed = false, fault.leaked = false, fault.armed = true;
    int code = pam_acct_mgmt(stack->pam, 0);
    fault.armed = false;
    return code;
}

static void test_s18_no_fault_of_the_renewal_leaves_anything_behind(void **state) {
    (void) state;
    Stack *stack = stack_new_scripted(world.module, world.bus.address, world.helper, "one", "renew=ovcert-test");
    (void) renew(stack, 0); /* libc and libpam open what they keep */
    size_t descriptors = stack_count_descriptors();
    unsigned failing = 0;
    do {
        (void) renew(stack, ++failing); /* the sign-in goes on, or libpam itself is out of memory */
        if (fault.leaked)
            fail_msg("call %u fails: the passphrase is in freed memory", failing);
    } while (fault.failed && failing < FAULTS_MAX);
    assert_true(failing < FAULTS_MAX && (geteuid() != 0 || failing > 100));
    assert_int_equal(stack_count_descriptors(), descriptors);
    stack_free(stack);
}

int main(int argc, char *argv[]) {
    if (argc != 3)
        return 2;
    world.module = argv[1];
    world.helper = argv[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_s18_no_fault_lets_a_refused_certificate_in, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s18_no_fault_is_ignored_on_the_way_of_a_good_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_s18_no_fault_of_the_renewal_leaves_anything_behind, setup, teardown),
    };
    return cmocka_run_group_tests_name("pam_ovcert/faults", tests, NULL, NULL);
}

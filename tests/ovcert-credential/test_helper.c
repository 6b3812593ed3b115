/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the executable ovcert-credential, started as its clients start it. Its path is the first argument. Run by
 * root, they also cover what root alone can do: working for another user. */
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/securebits.h>

#include "common/macros.h"
#include "tests/ovcert-credential/support.h"

#define OTHER_USER 65534 /* nobody */
#define OTHER_GROUP 65533
#define EXTRA_DESCRIPTOR 20

typedef struct Fixture {
    const char *program;
    PkiIdentity root;
    PkiIdentity leaf;
    Bytes file; /* of leaf */
    char *home; /* the current user's, made for each test */
    char *path; /* of the file */
} Fixture;

static void make_fixture(Fixture *fixture) {
    pki_root(NULL, &fixture->root);
    pki_leaf(&fixture->root, NULL, &fixture->leaf);
    pki_pkcs12(&fixture->leaf, (const PkiIdentity *const[]){&fixture->root}, 1,
               &(PkiPkcs12Options){.passphrase = PASSPHRASE, .pbe = PKI_PBE_RC2_3DES}, &fixture->file);
}

static void drop_fixture(Fixture *fixture) {
    bytes_done(&fixture->file);
    pki_identity_done(&fixture->leaf);
    pki_identity_done(&fixture->root);
}

static int set_up_for(Fixture *fixture, uid_t owner) {
    fixture->home = home_new(owner);
    fixture->path = home_put(fixture->home, "own.p12", bytes_view(&fixture->file), owner);
    return 0;
}

static int set_up(void **state) {
    return set_up_for(*state, geteuid());
}

static int set_up_other(void **state) {
    return set_up_for(*state, OTHER_USER);
}

static int tear_down(void **state) {
    Fixture *fixture = *state;

    free(fixture->path);
    home_free(fixture->home);
    return 0;
}

static Run start(const Fixture *fixture, const char *deadline, void (*prepare)(void)) {
    char *CLEANUP(free_pointer) copy = strdup(deadline);

    return run_start(&(RunOptions){
        .program = fixture->program,
        .arguments = (char *const[]){copy, NULL},
        .prepare = prepare,
    });
}

/* For the other user, as root starts it. */
static Run start_for(const Fixture *fixture, const char *uid, const char *gid, void (*prepare)(void)) {
    char *CLEANUP(free_pointer) uid_copy = strdup(uid);
    char *CLEANUP(free_pointer) gid_copy = strdup(gid);
    char deadline[] = "60", name[] = "demo";

    return run_start(&(RunOptions){
        .program = fixture->program,
        .arguments = (char *const[]){deadline, uid_copy, gid_copy, name, fixture->home, NULL},
        .prepare = prepare,
    });
}

static Run start_for_other(const Fixture *fixture, void (*prepare)(void)) {
    return start_for(fixture, "65534", "65533", prepare);
}

/* It ends by itself, without a signal. */
static void expect_exit(Run *run, int code) {
    int status;

    expect_end(run->socket);
    status = run_end(run);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
}

/* We close the socket, and the process ends by itself. */
static void hang_up(Run *run) {
    int status = 0;

    assert_int_equal(close(run->socket), 0);
    assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_SUCCESS);
}

static void expect_signature(const Fixture *fixture, Run *run) {
    Statement statement = statement_for(&fixture->leaf);

    send_unlock(run->socket, fixture->path, PASSPHRASE);
    assert_int_equal(expect_certificates(run->socket), 1);
    send_sign(run->socket, &statement);
    expect_signed(run->socket, &fixture->leaf, &statement);
    expect_exit(run, EXIT_SUCCESS);
}

static void test_another_command_line_is_refused(void **state) {
    static const char *const lines[] = {"0", "601", "x", "-1", ""};

    for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
        Run run = start(*state, lines[i], NULL);
        expect_exit(&run, EXIT_FAILURE);
    }
}

static void replace_socket(void) {
    (void) dup2(open("/dev/null", O_RDWR), CREDENTIAL_SOCKET_FD); /* what fails shows as READY */
}

static void test_without_a_socket_it_does_not_start(void **state) {
    Run run = start(*state, "60", replace_socket);

    expect_exit(&run, EXIT_FAILURE);
}

static void test_s22_a_wrong_passphrase_ends_the_process(void **state) {
    const Fixture *fixture = *state;
    Run run = start(fixture, "60", NULL);

    expect_ready(run.socket);
    send_unlock(run.socket, fixture->path, "another");
    expect_failed(run.socket, CREDENTIAL_OUTCOME_WRONG_SECRET);
    expect_exit(&run, EXIT_SUCCESS);
}

static void test_garbage_ends_the_process(void **state) {
    Run run = start(*state, "60", NULL);

    expect_ready(run.socket);
    send_raw(run.socket, "GET / HTTP/1.1\r\n\r\n", 18);
    expect_failed(run.socket, CREDENTIAL_OUTCOME_PROTOCOL);
    (void) run_end(&run); /* an error or not is no difference to anybody */
}

static void test_a_closed_socket_ends_the_process(void **state) {
    Run run = start(*state, "60", NULL);

    expect_ready(run.socket);
    hang_up(&run);
}

static void block_alarm(void) {
    sigset_t alarm_alone;

    (void) sigemptyset(&alarm_alone); /* these cannot fail */
    (void) sigaddset(&alarm_alone, SIGALRM);
    (void) sigprocmask(SIG_BLOCK, &alarm_alone, NULL);
    (void) signal(SIGALRM, SIG_IGN);
}

static void test_the_deadline_ends_the_process_even_where_alarms_are_blocked(void **state) {
    Run run = start(*state, "1", block_alarm);

    expect_ready(run.socket);
    expect_end(run.socket);
    (void) run_end(&run); /* by the alarm or by the clock, whichever came first */
}

static void test_the_death_of_the_parent_ends_the_process(void **state) {
    const Fixture *fixture = *state;
    char deadline[] = "60";
    Run run = run_start_below(&(RunOptions){.program = fixture->program, .arguments = (char *const[]){deadline, NULL}});

    expect_ready(run.socket);
    assert_int_equal(kill(run.pid, SIGKILL), 0);
    expect_end(run.socket); /* which we have not closed */
    (void) run_end(&run);   /* the one in between */
}

static void keep_extra_descriptor(void) {
    int flags = fcntl(EXTRA_DESCRIPTOR, F_GETFD);

    (void) fcntl(EXTRA_DESCRIPTOR, F_SETFD, flags & ~FD_CLOEXEC); /* what fails shows as a test that passes less */
}

static void test_descriptors_of_the_caller_are_closed(void **state) {
    Run run;
    int ends[2];
    char octet;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(dup3(ends[1], EXTRA_DESCRIPTOR, O_CLOEXEC), EXTRA_DESCRIPTOR);
    run = start(*state, "60", keep_extra_descriptor);
    expect_ready(run.socket);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(close(EXTRA_DESCRIPTOR), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(read(ends[0], &octet, 1), 0); /* nobody holds the other end any more */
    assert_int_equal(close(ends[0]), 0);
    hang_up(&run);
}

static void close_standard_descriptors(void) {
    for (int fd = 0; fd < CREDENTIAL_SOCKET_FD; fd++)
        (void) close(fd); /* one that was closed already is as good */
}

static void test_works_without_standard_descriptors(void **state) {
    Run run = start(*state, "60", close_standard_descriptors);

    expect_ready(run.socket);
    expect_signature(*state, &run);
}

static void test_s21_the_caller_s_environment_has_no_say(void **state) {
    const Fixture *fixture = *state;
    char *CLEANUP(free_pointer) folder = home_path(fixture->home, "");
    char *CLEANUP(free_pointer) configuration = home_path(fixture->home, "evil.cnf");
    static const char evil[] =
        "openssl_conf = all\n[all]\nproviders = list\n[list]\nbase = base\n[base]\nactivate = 1\n";
    char *CLEANUP(free_pointer) openssl = NULL;
    char modules[] = "OPENSSL_MODULES=/nonexistent", softhsm[] = "SOFTHSM2_CONF=/nonexistent";
    char pkcs11[] = "PKCS11_PROVIDER_MODULE=/nonexistent.so", econf[] = "ECONF_JOIN_SAME_ENTRIES=1";
    char home[] = "HOME=/nonexistent", language[] = "LANG=es_ES.UTF-8", deadline[] = "60";
    Run run;

    pki_write(folder, "evil.cnf", (View){(const uint8_t *) evil, sizeof evil - 1});
    assert_true(asprintf(&openssl, "OPENSSL_CONF=%s", configuration) > 0);
    run = run_start(&(RunOptions){
        .program = fixture->program,
        .arguments = (char *const[]){deadline, NULL},
        .environment = (char *const[]){openssl, modules, softhsm, pkcs11, econf, home, language, NULL},
    });
    /* The file takes the legacy provider, a module, which none of these would let it find. */
    expect_ready(run.socket);
    expect_signature(fixture, &run);
}

static void test_s20_a_fifo_and_a_symbolic_link_are_refused(void **state) {
    const Fixture *fixture = *state;
    char *CLEANUP(free_pointer) fifo = home_path(fixture->home, "fifo.p12");
    char *CLEANUP(free_pointer) link = home_path(fixture->home, "link.p12");
    Run run = start(fixture, "60", NULL);

    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(symlink(fixture->path, link), 0);
    expect_ready(run.socket);
    send_unlock(run.socket, fifo, PASSPHRASE);
    expect_failed(run.socket, CREDENTIAL_OUTCOME_NOT_REGULAR);
    send_unlock(run.socket, link, PASSPHRASE);
    expect_failed(run.socket, CREDENTIAL_OUTCOME_NOT_REGULAR);
    hang_up(&run);
}

static void test_s20_ten_million_rounds_are_refused(void **state) {
    const Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) file = {0};
    char *CLEANUP(free_pointer) path = NULL;
    Run run = start(fixture, "60", NULL);

    pki_pkcs12(&fixture->leaf, NULL, 0, &(PkiPkcs12Options){.passphrase = PASSPHRASE, .claim_mac_iterations = 10000000},
               &file);
    path = home_put(fixture->home, "slow.p12", bytes_view(&file), geteuid());
    expect_ready(run.socket);
    send_unlock(run.socket, path, PASSPHRASE);
    expect_failed(run.socket, CREDENTIAL_OUTCOME_ITERATIONS);
    hang_up(&run);
}

static void expect_status(const Run *run, const char *file, const char *key, const char *value) {
    char *CLEANUP(free_pointer) found = run_status(run, file, key);

    if (strncmp(found, value, strlen(value)) != 0)
        fail_msg("%s %s, not %s", key, found, value);
}

static void test_s24_it_is_undumpable_and_limited_when_it_says_that_it_is_ready(void **state) {
    Run run = start(*state, "60", NULL);

    expect_ready(run.socket);
    assert_true(run_is_undumpable(&run)); /* says something only when another than root runs the tests */
    expect_status(&run, "status", "NoNewPrivs:", "1");
    expect_status(&run, "limits", "Max core file size", "0 ");
    expect_status(&run, "limits", "Max file size", geteuid() == 0 ? "0 " : "16777216 "); /* tokens: never for root */
    expect_status(&run, "limits", "Max cpu time", "20 ");
    expect_status(&run, "status", "Umask:", "0077");
    hang_up(&run);
}

static void test_signs_as_the_caller(void **state) {
    Run run = start(*state, "60", NULL);

    expect_ready(run.socket);
    expect_signature(*state, &run);
}

/* From here on: for root. */

static void become_other(void) {
    if (setgroups(0, NULL) < 0 || setresgid(OTHER_GROUP, OTHER_GROUP, OTHER_GROUP) < 0 ||
        setresuid(OTHER_USER, OTHER_USER, OTHER_USER) < 0)
        _exit(125);
}

static void test_only_root_may_name_a_user(void **state) {
    Run same = start_for_other(*state, become_other);
    Run root = start_for(*state, "0", "0", become_other);

    expect_exit(&same, EXIT_FAILURE);
    expect_exit(&root, EXIT_FAILURE);
}

static void become_set_uid_host(void) {
    if (setresgid(OTHER_GROUP, 0, 0) < 0 || setresuid(OTHER_USER, 0, 0) < 0)
        _exit(125);
}

static void test_a_set_uid_host_must_name_the_user(void **state) {
    Run run = start(*state, "60", become_set_uid_host);

    expect_exit(&run, EXIT_FAILURE);
}

static void test_a_set_uid_host_s_user_is_dropped_to_in_full(void **state) {
    Run run = start_for_other(*state, become_set_uid_host);

    expect_ready(run.socket);
    expect_status(&run, "status", "Uid:", "65534\t65534\t65534\t65534");
    expect_status(&run, "status", "Gid:", "65533\t65533\t65533\t65533");
    hang_up(&run);
}

static void join_groups(void) {
    if (setgroups(3, (const gid_t[]){0, 4, 6}) < 0)
        _exit(125);
}

static void test_s20_nothing_of_root_is_left_when_it_says_that_it_is_ready(void **state) {
    Run run = start_for_other(*state, join_groups);

    expect_ready(run.socket);
    expect_status(&run, "status", "Uid:", "65534\t65534\t65534\t65534");
    expect_status(&run, "status", "Gid:", "65533\t65533\t65533\t65533");
    expect_status(&run, "status", "Groups:", "65533 ");
    expect_status(&run, "status", "CapEff:", "0000000000000000");
    expect_status(&run, "status", "CapPrm:", "0000000000000000");
    assert_true(run_is_undumpable(&run));
    expect_signature(*state, &run);
}

static void test_s20_files_of_root_in_the_user_s_home_are_refused(void **state) {
    const Fixture *fixture = *state;
    char *CLEANUP(free_pointer) of_root = home_put(fixture->home, "root.p12", bytes_view(&fixture->file), 0);
    char *CLEANUP(free_pointer) link = home_path(fixture->home, "shadow.p12");
    char *CLEANUP(free_pointer) elsewhere = home_put(fixture->home, "own.txt", (View){0}, OTHER_USER);
    Run run = start_for_other(fixture, NULL);

    assert_int_equal(symlink("/etc/shadow", link), 0);
    expect_ready(run.socket);
    send_unlock(run.socket, of_root, PASSPHRASE); /* mode 0600 */
    expect_failed(run.socket, CREDENTIAL_OUTCOME_NOT_OWNER);
    assert_int_equal(chmod(of_root, 0644), 0);
    send_unlock(run.socket, of_root, PASSPHRASE);
    expect_failed(run.socket, CREDENTIAL_OUTCOME_NOT_OWNER);
    send_unlock(run.socket, link, PASSPHRASE);
    expect_failed(run.socket, CREDENTIAL_OUTCOME_NOT_REGULAR);
    send_unlock(run.socket, elsewhere, PASSPHRASE);
    expect_failed(run.socket, CREDENTIAL_OUTCOME_NOT_FOUND);
    hang_up(&run);
}

static void keep_capabilities(void) {
    if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0)
        _exit(125);
}

static void test_s20_a_host_whose_capabilities_outlive_the_change_of_user_is_refused(void **state) {
    Run run = start_for_other(*state, keep_capabilities);

    expect_exit(&run, EXIT_FAILURE);
}

static void test_root_may_work_for_root(void **state) {
    Run run = start_for(*state, "0", "0", NULL);

    expect_ready(run.socket);
    expect_status(&run, "status", "Uid:", "0\t0\t0\t0");
    hang_up(&run);
}

#define OWN(test) cmocka_unit_test_prestate_setup_teardown(test, set_up, tear_down, &fixture)
#define OTHER(test) cmocka_unit_test_prestate_setup_teardown(test, set_up_other, tear_down, &fixture)

int main(int argc, char **argv) {
    Fixture fixture = {.program = argc == 2 ? argv[1] : ""};
    const struct CMUnitTest tests[] = {
        OWN(test_another_command_line_is_refused),
        OWN(test_without_a_socket_it_does_not_start),
        OWN(test_s22_a_wrong_passphrase_ends_the_process),
        OWN(test_garbage_ends_the_process),
        OWN(test_a_closed_socket_ends_the_process),
        OWN(test_the_deadline_ends_the_process_even_where_alarms_are_blocked),
        OWN(test_the_death_of_the_parent_ends_the_process),
        OWN(test_descriptors_of_the_caller_are_closed),
        OWN(test_works_without_standard_descriptors),
        OWN(test_s21_the_caller_s_environment_has_no_say),
        OWN(test_s20_a_fifo_and_a_symbolic_link_are_refused),
        OWN(test_s20_ten_million_rounds_are_refused),
        OWN(test_s24_it_is_undumpable_and_limited_when_it_says_that_it_is_ready),
        OWN(test_signs_as_the_caller),
        /* For root alone. */
        OTHER(test_only_root_may_name_a_user),
        OTHER(test_a_set_uid_host_must_name_the_user),
        OTHER(test_a_set_uid_host_s_user_is_dropped_to_in_full),
        OTHER(test_s20_nothing_of_root_is_left_when_it_says_that_it_is_ready),
        OTHER(test_s20_files_of_root_in_the_user_s_home_are_refused),
        OTHER(test_s20_a_host_whose_capabilities_outlive_the_change_of_user_is_refused),
        OTHER(test_root_may_work_for_root),
    };
    const size_t n_for_root = 7;
    int failed;

    make_fixture(&fixture);
    failed = _cmocka_run_group_tests("credential: helper", tests, ELEMENTSOF(tests) - (geteuid() == 0 ? 0 : n_for_root),
                                     NULL, NULL);
    drop_fixture(&fixture);
    return failed;
}

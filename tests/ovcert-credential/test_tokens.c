/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the executable ovcert-credential with tokens, as root starts it: built with "nobody" for its system user and
 * with a configuration file in /mnt, where each run, in a mount namespace of its own, finds the test's folder. The
 * arguments are the program and tests/ovcert-credential/shim.c's module. Who is not root tests what is left. */
#include <ftw.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/frame.h"
#include "common/macros.h"
#include "tests/ovcert-credential/softhsm.h"
#include "tests/ovcert-credential/support.h"

#define NOBODY 65534
#define FOLDER "TEST_FOLDER" /* in the environment, for prepare() in the child */

typedef struct Fixture {
    const char *program;
    const char *shim;
    PkiIdentity root;
    PkiIdentity leaf;
    SoftHsm *hsm;
} Fixture;

static int give_to_nobody(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void) status;
    (void) type;
    (void) place;
    return chown(path, NOBODY, NOBODY);
}

/* A copy of the shim where nobody may read it and no space is in the path, wherever the build folder is. */
static void copy_shim(const Fixture *fixture) {
    Bytes CLEANUP(bytes_done) content = {0};
    uint8_t step[65536];
    size_t size;
    FILE *file = fopen(fixture->shim, "re");

    assert_non_null(file);
    while ((size = fread(step, 1, sizeof step, file)) > 0)
        assert_int_equal(bytes_append(&content, (View){step, size}), 0);
    assert_int_equal(fclose(file), 0);
    pki_write(fixture->hsm->folder, "shim.so", bytes_view(&content));
}

/* credential.conf stays root's. */
static void configure(const Fixture *fixture, const char *shim) {
    char *CLEANUP(free_pointer) text = NULL;
    char *CLEANUP(free_pointer) path = NULL;

    copy_shim(fixture);
    assert_int_equal(nftw(fixture->hsm->folder, give_to_nobody, 8, FTW_PHYS), 0);
    assert_true(asprintf(&text,
                         "[pkcs11]\nmodules=%s/shim.so\nenvironment=SOFTHSM2_CONF=%s SHIM=%s SHIM_PRESENT=%s/present\n",
                         fixture->hsm->folder, fixture->hsm->configuration, shim, fixture->hsm->folder) > 0);
    pki_write(fixture->hsm->folder, "credential.conf", (View){(const uint8_t *) text, strlen(text)});
    assert_true(asprintf(&path, "%s/credential.conf", fixture->hsm->folder) > 0);
    assert_int_equal(chown(path, 0, 0), 0);
    assert_int_equal(chmod(path, 0644), 0);
}

static void put_in(const Fixture *fixture) {
    pki_write(fixture->hsm->folder, "present", (View){0});
}

static void take_out(const Fixture *fixture) {
    pki_remove(fixture->hsm->folder, "present");
}

static int set_up(void **state) {
    Fixture *fixture = *state;
    SoftToken token;

    fixture->hsm = softhsm_new(NULL);
    token = softhsm_token(fixture->hsm, "demo");
    softtoken_put(&token, &fixture->leaf, &(SoftObject){.id = "1"});
    softtoken_done(&token);
    configure(fixture, "none");
    put_in(fixture);
    assert_int_equal(setenv(FOLDER, fixture->hsm->folder, 1), 0);
    return 0;
}

static int tear_down(void **state) {
    Fixture *fixture = *state;

    softhsm_free(fixture->hsm);
    fixture->hsm = NULL;
    return 0;
}

static void mount_folder(void) {
    const char *folder = getenv(FOLDER);

    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || !folder ||
        mount(folder, "/mnt", NULL, MS_BIND, NULL) < 0)
        _exit(125);
}

static Run start(const Fixture *fixture, const char *seconds, bool tokens, char *const *environment) {
    char *CLEANUP(free_pointer) deadline = strdup(seconds);
    char word[] = "tokens";
    Run run = run_start(&(RunOptions){
        .program = fixture->program,
        .arguments = (char *const[]){deadline, tokens ? word : NULL, NULL},
        .environment = environment,
        .prepare = fixture->hsm ? mount_folder : NULL,
    });

    expect_ready(run.socket);
    return run;
}

static void hang_up(Run *run) {
    int status = 0;

    assert_int_equal(close(run->socket), 0);
    assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_SUCCESS);
}

static uint32_t expect_sources(int socket) {
    Bytes CLEANUP(bytes_done) payload = {0};
    uint32_t count = 0;

    expect_frame(socket, CREDENTIAL_SOURCES, &payload);
    assert_int_equal(reader_u32(&(Reader){bytes_view(&payload)}, &count), 0);
    return count;
}

static uint32_t count_sources(int socket) {
    send_list(socket);
    return expect_sources(socket);
}

static void expect_signature(const Fixture *fixture, Run *run) {
    Statement statement = statement_for(&fixture->leaf);

    send_unlock_token(run->socket, "pkcs11:token=demo", SOFTHSM_PIN, NULL, 0);
    assert_int_equal(expect_certificates(run->socket), 1);
    send_sign(run->socket, &statement);
    expect_signed(run->socket, &fixture->leaf, &statement);
    expect_end(run->socket);
    (void) run_end(run); /* the module's end may be as it likes */
}

/* For anybody. */

static void test_tokens_alone_opens_no_file(void **state) {
    Run run = start(*state, "60", true, NULL);

    send_unlock(run.socket, "/dev/null", PASSPHRASE);
    expect_failed(run.socket, CREDENTIAL_OUTCOME_NOT_FOUND);
    hang_up(&run);
}

/* From here on: for root. */

static void test_root_without_tokens_drives_none(void **state) {
    Run run = start(*state, "60", false, NULL);

    assert_int_equal(count_sources(run.socket), 0);
    send_unlock_token(run.socket, "pkcs11:token=demo", SOFTHSM_PIN, NULL, 0);
    expect_failed(run.socket, CREDENTIAL_OUTCOME_NOT_FOUND);
    hang_up(&run);
}

static void become_nobody(void) {
    mount_folder();
    if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
        _exit(125);
}

static void test_a_user_has_files_and_tokens(void **state) {
    const Fixture *fixture = *state;
    char deadline[] = "60";
    Run run = run_start(&(RunOptions){
        .program = fixture->program,
        .arguments = (char *const[]){deadline, NULL},
        .prepare = become_nobody,
    });

    expect_ready(run.socket);
    send_unlock(run.socket, "/nonexistent/x.p12", PASSPHRASE);
    expect_failed(run.socket, CREDENTIAL_OUTCOME_NOT_FOUND);
    expect_signature(fixture, &run);
}

static void test_s21_modules_run_as_the_system_user(void **state) {
    Run run = start(*state, "60", true, NULL);
    char *CLEANUP(free_pointer) uid = run_status(&run, "status", "Uid:");
    char *CLEANUP(free_pointer) gid = run_status(&run, "status", "Gid:");
    char *CLEANUP(free_pointer) groups = run_status(&run, "status", "Groups:");
    char *CLEANUP(free_pointer) capabilities = run_status(&run, "status", "CapPrm:");

    assert_string_equal(uid, "65534\t65534\t65534\t65534");
    assert_string_equal(gid, "65534\t65534\t65534\t65534");
    assert_string_equal(groups, "65534 ");
    assert_string_equal(capabilities, "0000000000000000");
    assert_true(run_is_undumpable(&run));
    expect_signature(*state, &run);
}

static void test_s21_the_caller_s_environment_chooses_no_module_or_token(void **state) {
    char softhsm[] = "SOFTHSM2_CONF=/nonexistent", module[] = "PKCS11_PROVIDER_MODULE=/nonexistent.so";
    char directory[] = "P11_KIT_CONFIG_DIR=/nonexistent", shim[] = "SHIM=unreadable", opensc[] = "OPENSC_CONF=/x";
    Run run = start(*state, "60", true, (char *const[]){softhsm, module, directory, shim, opensc, NULL});

    assert_int_equal(count_sources(run.socket), 1);
    expect_signature(*state, &run);
}

static void test_opensc_gets_our_settings_unless_ours_name_others(void **state) {
    static const struct {
        const char *environment;
        uint32_t tokens;
    } table[] = {{"our-opensc", 1}, {"our-opensc OPENSC_CONF=/etc/opensc/opensc.conf", 0}};
    char callers[] = "OPENSC_CONF=/etc/opensc/opensc.conf";

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        configure(*state, table[i].environment);
        Run run = start(*state, "60", true, (char *const[]){callers, NULL});
        assert_int_equal(count_sources(run.socket), table[i].tokens);
        hang_up(&run);
    }
}

static void test_s21_a_configuration_that_others_may_write_is_refused(void **state) {
    const Fixture *fixture = *state;
    char *CLEANUP(free_pointer) path = NULL;

    assert_true(asprintf(&path, "%s/credential.conf", fixture->hsm->folder) > 0);
    assert_int_equal(chmod(path, 0666), 0);
    Run run = start(fixture, "60", true, NULL);
    send_list(run.socket);
    expect_failed(run.socket, CREDENTIAL_OUTCOME_CONFIGURATION);
    hang_up(&run);
}

static void test_s22_a_wrong_pin_ends_the_process(void **state) {
    Run run = start(*state, "60", true, NULL);

    send_unlock_token(run.socket, "pkcs11:token=demo", "654321", NULL, 0);
    expect_failed(run.socket, CREDENTIAL_OUTCOME_WRONG_PIN);
    expect_end(run.socket);
    (void) run_end(&run);
}

static void test_s22_the_last_try_takes_a_word_of_the_client(void **state) {
    Fixture *fixture = *state;
    Run run;

    configure(fixture, "final-try");
    run = start(fixture, "60", true, NULL);
    send_unlock_token(run.socket, "pkcs11:token=demo", SOFTHSM_PIN, NULL, 0);
    expect_failed(run.socket, CREDENTIAL_OUTCOME_PIN_FINAL_TRY);
    send_unlock_token(run.socket, "pkcs11:token=demo", SOFTHSM_PIN, NULL, CREDENTIAL_UNLOCK_FINAL_TRY);
    assert_int_equal(expect_certificates(run.socket), 1);
    hang_up(&run);
}

static void test_a_token_without_the_wanted_certificate_is_no_match(void **state) {
    const Fixture *fixture = *state;
    const uint8_t other[STATEMENT_FINGERPRINT_SIZE] = {1};
    Statement statement = statement_for(&fixture->leaf);
    Run run = start(fixture, "60", true, NULL);

    send_unlock_token(run.socket, "pkcs11:token=demo", SOFTHSM_PIN, other, 0);
    expect_failed(run.socket, CREDENTIAL_OUTCOME_NO_MATCH);
    send_sign(run.socket, &statement);
    expect_failed(run.socket, CREDENTIAL_OUTCOME_LOCKED);
    send_unlock_token(run.socket, "pkcs11:token=demo", SOFTHSM_PIN, statement.fingerprint, 0);
    assert_int_equal(expect_certificates(run.socket), 1);
    hang_up(&run);
}

static void test_a_module_that_hangs_ends_with_the_deadline(void **state) {
    Fixture *fixture = *state;
    Run run;
    int status;

    configure(fixture, "hangs-at-login");
    run = start(fixture, "1", true, NULL);
    send_unlock_token(run.socket, "pkcs11:token=demo", SOFTHSM_PIN, NULL, 0);
    expect_end(run.socket);
    status = run_end(&run);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGALRM);
}

static void test_waiting_ends_when_the_time_is_over(void **state) {
    const Fixture *fixture = *state;
    uint64_t began = frame_now();
    Run run;

    take_out(fixture);
    run = start(fixture, "60", true, NULL);
    send_wait(run.socket, 1);
    assert_int_equal(expect_sources(run.socket), 0);
    assert_true(frame_now() - began >= SECONDS);
    send_wait(run.socket, 0);
    assert_int_equal(expect_sources(run.socket), 0);
    hang_up(&run);
}

static void test_waiting_ends_with_the_deadline(void **state) {
    const Fixture *fixture = *state;
    Run run;

    take_out(fixture);
    run = start(fixture, "1", true, NULL);
    send_wait(run.socket, UINT32_MAX);
    expect_end(run.socket);
    (void) run_end(&run); /* by the alarm or by the clock, whichever came first */
}

static void test_waiting_is_over_when_the_token_is_put_in(void **state) {
    const Fixture *fixture = *state;
    Run run;

    take_out(fixture);
    run = start(fixture, "60", true, NULL);
    assert_int_equal(count_sources(run.socket), 0);
    send_wait(run.socket, 50);
    put_in(fixture);
    assert_int_equal(expect_sources(run.socket), 1);
    send_wait(run.socket, 50); /* it is there already */
    assert_int_equal(expect_sources(run.socket), 1);
    expect_signature(fixture, &run);
}

static void test_a_token_that_cannot_be_unlocked_is_not_waited_for(void **state) {
    Fixture *fixture = *state;
    Run run;

    configure(fixture, "locked");
    run = start(fixture, "60", true, NULL);
    send_wait(run.socket, 1);
    assert_int_equal(expect_sources(run.socket), 1); /* at the end of the second, and with its problem */
    hang_up(&run);
}

static void test_waiting_ends_when_the_client_has_gone(void **state) {
    const Fixture *fixture = *state;
    uint64_t began = frame_now();
    Run run;

    take_out(fixture);
    run = start(fixture, "60", true, NULL);
    send_wait(run.socket, 50);
    hang_up(&run);
    assert_true(frame_now() - began < 40 * SECONDS);
}

#define TEST(test) cmocka_unit_test_prestate_setup_teardown(test, set_up, tear_down, &fixture)

int main(int argc, char **argv) {
    Fixture fixture = {.program = argc == 3 ? argv[1] : "", .shim = argc == 3 ? argv[2] : ""};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_tokens_alone_opens_no_file, &fixture),
        /* For root alone. */
        TEST(test_root_without_tokens_drives_none),
        TEST(test_a_user_has_files_and_tokens),
        TEST(test_s21_modules_run_as_the_system_user),
        TEST(test_s21_the_caller_s_environment_chooses_no_module_or_token),
        TEST(test_opensc_gets_our_settings_unless_ours_name_others),
        TEST(test_s21_a_configuration_that_others_may_write_is_refused),
        TEST(test_s22_a_wrong_pin_ends_the_process),
        TEST(test_s22_the_last_try_takes_a_word_of_the_client),
        TEST(test_a_token_without_the_wanted_certificate_is_no_match),
        TEST(test_a_module_that_hangs_ends_with_the_deadline),
        TEST(test_waiting_ends_when_the_time_is_over),
        TEST(test_waiting_ends_with_the_deadline),
        TEST(test_waiting_is_over_when_the_token_is_put_in),
        TEST(test_a_token_that_cannot_be_unlocked_is_not_waited_for),
        TEST(test_waiting_ends_when_the_client_has_gone),
    };
    int failed;

    pki_root(NULL, &fixture.root);
    pki_leaf(&fixture.root, NULL, &fixture.leaf);
    failed = _cmocka_run_group_tests("credential: tokens", tests, geteuid() == 0 ? ELEMENTSOF(tests) : 1, NULL, NULL);
    pki_identity_done(&fixture.leaf);
    pki_identity_done(&fixture.root);
    return failed;
}

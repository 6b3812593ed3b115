/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of SECURITY 20, 22 and 24 under faults: each allocation and each system call of the executable
 * ovcert-credential fails in turn through LIST, UNLOCK and SIGN. It signs the statement or nothing, serves only when it
 * is confined and the user, ends by itself, and leaves no descriptor open and no passphrase in freed memory. The
 * arguments are the program and tests/support/faults.c's library; with a third one, "all", every call fails, otherwise
 * a fixed sample of them. Run by root, the program works for another user. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/frame.h"
#include "common/macros.h"
#include "tests/ovcert-credential/support.h"
#include "tests/support/faults.h"
#include "trust/certificate.h"
#include "trust/signature.h"

#define OTHER_USER 65534 /* nobody */
#define SAMPLE_STEP 41u  /* a prime, so that loops of calls are met at different places */

typedef struct Fixture {
    const char *program;
    const char *preload;
    bool all;
    PkiIdentity root;
    PkiIdentity leaf;
    char *home;
    char *path;      /* of the leaf's file */
    char *call_path; /* FAULTS_FILE */
    Faults *faults;  /* its contents, shared with the helper */
} Fixture;

static void put_file(Fixture *fixture) {
    Bytes CLEANUP(bytes_done) file = {0};
    uid_t owner = geteuid() == 0 ? OTHER_USER : geteuid();

    pki_root(NULL, &fixture->root);
    pki_leaf(&fixture->root, NULL, &fixture->leaf);
    pki_pkcs12(&fixture->leaf, (const PkiIdentity *const[]){&fixture->root}, 1,
               &(PkiPkcs12Options){.passphrase = PASSPHRASE, .pbe = PKI_PBE_RC2_3DES}, &file);
    fixture->home = home_new(owner);
    fixture->path = home_put(fixture->home, "own.p12", bytes_view(&file), owner);
}

static int set_up(void **state) {
    Fixture *fixture = *state;
    Faults none = {0};
    int file;

    put_file(fixture);
    fixture->call_path = home_put(fixture->home, "faults", (View){(const uint8_t *) &none, sizeof none}, geteuid());
    file = open(fixture->call_path, O_RDWR | O_CLOEXEC);
    assert_true(file >= 0);
    fixture->faults = mmap(NULL, sizeof *fixture->faults, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    assert_true(fixture->faults != MAP_FAILED);
    assert_int_equal(close(file), 0);
    return 0;
}

static int tear_down(void **state) {
    Fixture *fixture = *state;

    assert_int_equal(munmap(fixture->faults, sizeof *fixture->faults), 0);
    free(fixture->call_path);
    free(fixture->path);
    home_free(fixture->home);
    pki_identity_done(&fixture->leaf);
    pki_identity_done(&fixture->root);
    return 0;
}

static char *variable(const char *name, const char *value) {
    char *text = NULL;

    assert_true(asprintf(&text, "%s=%s", name, value) > 0);
    return text;
}

static Run start(const Fixture *fixture) {
    /* LD_PRELOAD splits paths at spaces, LD_LIBRARY_PATH does not. */
    const char *name_of_preload = strrchr(fixture->preload, '/') + 1;
    char *CLEANUP(free_pointer) folder = strndup(fixture->preload, (size_t) (name_of_preload - 1 - fixture->preload));
    char *CLEANUP(free_pointer) preload = variable("LD_PRELOAD", name_of_preload);
    assert_non_null(folder);
    char *CLEANUP(free_pointer) library_path = variable("LD_LIBRARY_PATH", folder);
    char *CLEANUP(free_pointer) calls = variable(FAULTS_FILE, fixture->call_path);
    char deadline[] = "20", uid[] = "65534", gid[] = "65533", name[] = "demo";

    return run_start(&(RunOptions){
        .program = fixture->program,
        .arguments = geteuid() == 0 ? (char *const[]){deadline, uid, gid, name, fixture->home, NULL}
                                    : (char *const[]){deadline, NULL},
        .environment = (char *const[]){preload, library_path, calls, NULL},
    });
}

/* --- one dialogue --- */

typedef struct Dialogue {
    const Fixture *fixture;
    Run run;
    bool signed_right;
    const char *wrong; /* what must not have happened; NULL: nothing */
} Dialogue;

static void note(Dialogue *dialogue, bool right, const char *otherwise) {
    if (!right && !dialogue->wrong)
        dialogue->wrong = otherwise;
}

/* Of the whole process, which waits for a request. */
static void look_at_process(Dialogue *dialogue) {
    char path[64];
    DIR *folder;
    unsigned count = 0;

    if (geteuid() != 0) /* whoever is not may not look */
        return;
    char *CLEANUP(free_pointer) uids = run_status(&dialogue->run, "status", "Uid:");
    note(dialogue, strcmp(uids, "65534\t65534\t65534\t65534") == 0, "serves with root's rights");
    note(dialogue, run_is_undumpable(&dialogue->run), "serves dumpable");
    (void) snprintf(path, sizeof path, "/proc/%d/fd", (int) dialogue->run.pid); /* fits */
    folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    assert_int_equal(closedir(folder), 0);
    note(dialogue, count <= CREDENTIAL_SOCKET_FD + 1, "a descriptor is left open"); /* fewer: it has ended */
}

/* No fault is anybody's wrong passphrase. Nor should it say anything about the file, but for want of memory OpenSSL
 * loses entries of its own tables without a word, and what it does not know any more looks like the file's mistake. A
 * provider that cannot be loaded looks like one that is not installed. */
static bool is_outcome_of_fault(uint32_t outcome, const Faults *faults) {
    switch ((CredentialOutcome) outcome) {
    case CREDENTIAL_OUTCOME_INTERNAL:
    case CREDENTIAL_OUTCOME_UNREADABLE:
    case CREDENTIAL_OUTCOME_CONFIGURATION:
        return true;
    case CREDENTIAL_OUTCOME_ALGORITHM:
        return faults->kinds == FAULT_MEMORY || strcmp(faults->function, "dlopen") == 0;
    case CREDENTIAL_OUTCOME_MALFORMED:
    case CREDENTIAL_OUTCOME_NO_KEY:
        return faults->kinds == FAULT_MEMORY;
    default:
        return false;
    }
}

/* Whether the next frame is of this type; otherwise it must be FAILED for a fault, or the end. */
static bool receive(Dialogue *dialogue, CredentialFrame type, Bytes *ret) {
    uint32_t outcome = 0;
    uint8_t received = 0;
    int r = frame_receive(dialogue->run.socket, &received, ret, frame_now() + PATIENCE * SECONDS);

    if (r == 0 && received == type)
        return true;
    note(dialogue, r == 0 || r == -EPIPE, "it did not end");
    if (r == 0) {
        note(dialogue, received == CREDENTIAL_FAILED, "another answer than was asked for");
        note(dialogue,
             reader_u32(&(Reader){bytes_view(ret)}, &outcome) == 0 &&
                 is_outcome_of_fault(outcome, dialogue->fixture->faults),
             "an outcome that is not a fault's");
        if (dialogue->wrong)
            print_error("outcome %u\n", outcome);
    }
    return false;
}

static uint32_t first_number(const Bytes *payload) {
    uint32_t number = 0;

    assert_int_equal(reader_u32(&(Reader){bytes_view(payload)}, &number), 0);
    return number;
}

static void check_signature(Dialogue *dialogue, const Statement *statement, const Bytes *payload) {
    Certificate *CLEANUP(certificate_freep) certificate = NULL;
    Bytes CLEANUP(bytes_done) octets = {0};
    char *CLEANUP(free_pointer) algorithm = NULL;
    View signature = {0};
    Reader reader = {bytes_view(payload)};

    assert_int_equal(certificate_parse(bytes_view(&dialogue->fixture->leaf.der), &certificate), 0);
    assert_int_equal(statement_encode(statement, &octets), 0);
    dialogue->signed_right = reader_string(&reader, &algorithm) == 0 && reader_sized(&reader, &signature) == 0 &&
                             signature_verify(certificate, algorithm, bytes_view(&octets), signature) == 0;
    note(dialogue, dialogue->signed_right, "a signature that is not the statement's");
}

static bool talk_until_unlocked(Dialogue *dialogue) {
    Bytes CLEANUP(bytes_done) ready = {0};
    Bytes CLEANUP(bytes_done) sources = {0};
    Bytes CLEANUP(bytes_done) certificates = {0};

    if (!receive(dialogue, CREDENTIAL_READY, &ready))
        return false;
    look_at_process(dialogue);
    send_list(dialogue->run.socket);
    if (!receive(dialogue, CREDENTIAL_SOURCES, &sources))
        return false;
    note(dialogue, first_number(&sources) == 1, "it lists as if the file were not there");
    look_at_process(dialogue);
    send_unlock(dialogue->run.socket, dialogue->fixture->path, PASSPHRASE);
    if (!receive(dialogue, CREDENTIAL_CERTIFICATES, &certificates))
        return false;
    note(dialogue, first_number(&certificates) == 1, "it unlocks as if the certificate were not there");
    look_at_process(dialogue);
    return true;
}

static void talk(Dialogue *dialogue) {
    Statement statement = statement_for(&dialogue->fixture->leaf);
    Bytes CLEANUP(bytes_done) payload = {0};

    if (!talk_until_unlocked(dialogue))
        return;
    send_sign(dialogue->run.socket, &statement);
    if (receive(dialogue, CREDENTIAL_SIGNED, &payload))
        check_signature(dialogue, &statement, &payload);
}

/* Libraries take it that a signal mask can always be set, and abort otherwise. */
static bool ended_by_itself(const Faults *faults, int status) {
    return WIFEXITED(status) ||
           (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strcmp(faults->function, "rt_sigprocmask") == 0);
}

/* Whether there was such a call. */
static bool fail_one(const Fixture *fixture, unsigned kinds, int error, unsigned failing) {
    Dialogue dialogue = {.fixture = fixture};
    int status = 0;

    *fixture->faults = (Faults){.kinds = kinds, .error = error, .failing = failing, .secret = PASSPHRASE};
    fixture->faults->armed = true;
    dialogue.run = start(fixture);
    talk(&dialogue);
    assert_int_equal(shutdown(dialogue.run.socket, SHUT_RDWR), 0); /* it still may have been waiting for a request */
    status = run_end(&dialogue.run);
    note(&dialogue, ended_by_itself(fixture->faults, status), "it did not end by itself");
    note(&dialogue, !fixture->faults->leaked, "the passphrase is in freed memory");
    note(&dialogue, fixture->faults->failed || dialogue.signed_right, "nothing fails, and it does not sign");
    if (dialogue.wrong)
        fail_msg("call %u (%s) fails: %s; status %#x", failing, fixture->faults->function, dialogue.wrong,
                 (unsigned) status);
    return fixture->faults->failed;
}

static void fail_in_turn(const Fixture *fixture, unsigned kinds, int error, unsigned step) {
    unsigned failing = 1;

    while (fail_one(fixture, kinds, error, failing) && failing < FAULTS_MAX)
        failing += fixture->all ? 1 : step;
    assert_true(failing > 10 && failing < FAULTS_MAX);
}

static void test_s20_with_any_call_of_its_confinement_failing_it_is_confined_or_ends(void **state) {
    fail_in_turn(*state, FAULT_PROCESS, EPERM, 1);
}

static void test_s24_no_fault_of_file_or_socket_makes_it_sign_anything_else(void **state) {
    fail_in_turn(*state, FAULT_FILES | FAULT_SOCKETS, EIO, 1);
}

static void test_s24_no_lack_of_memory_makes_it_sign_anything_else(void **state) {
    fail_in_turn(*state, FAULT_MEMORY, ENOMEM, SAMPLE_STEP);
}

#define TEST(test) cmocka_unit_test_prestate_setup_teardown(test, set_up, tear_down, &fixture)

int main(int argc, char **argv) {
    Fixture fixture = {.all = argc == 4 && strcmp(argv[3], "all") == 0};
    const struct CMUnitTest tests[] = {
        TEST(test_s20_with_any_call_of_its_confinement_failing_it_is_confined_or_ends),
        TEST(test_s24_no_fault_of_file_or_socket_makes_it_sign_anything_else),
        TEST(test_s24_no_lack_of_memory_makes_it_sign_anything_else),
    };

    if (argc < 3)
        return EXIT_FAILURE;
    fixture.program = argv[1];
    fixture.preload = argv[2];
    return cmocka_run_group_tests_name("credential: faults", tests, NULL, NULL);
}

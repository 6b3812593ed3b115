/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of "ovcertctl verify" as a process, with no bus at all: the exit status is the verdict, files are PEM or DER,
 * what cannot be read is no verdict. The arguments are the program and the folder of the shipped kinds. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>
#include <openssl/ocsp.h>

#include "common/macros.h"
#include "ovcertctl/exit_status.h"
#include "tests/trust/pki.h"
#include "tests/trust/spanish.h"

#define AT " --at=2026-01-01T00:00:00Z" /* PKI_NOW */
#define WORDS_MAX 32u

static const char *program, *shipped_kinds;

typedef struct Fixture {
    char *folder;
    PkiIdentity root, intermediate, leaf;
    char out[16384], error[4096];
} Fixture;

static void write_crl(const Fixture *fixture, const char *name, const PkiIdentity *issuer,
                      const PkiCrlOptions *options) {
    CLEANUP(bytes_done) Bytes der = {0};
    pki_crl(issuer, options, &der);
    pki_write(fixture->folder, name, bytes_view(&der));
}

static void write_ocsp(const Fixture *fixture, int status) {
    CLEANUP(bytes_done) Bytes der = {0};
    pki_ocsp(&fixture->leaf, &fixture->intermediate, &(PkiOcspOptions){.status = status}, &der);
    pki_write(fixture->folder, "answer", bytes_view(&der));
}

static int setup(void **state) {
    Fixture *fixture = calloc(1, sizeof *fixture);
    CLEANUP(bytes_done) Bytes pem = {0};
    if (!fixture)
        return -1;
    fixture->folder = pki_folder();
    pki_root(NULL, &fixture->root);
    pki_intermediate(&fixture->root, NULL, &fixture->intermediate);
    pki_leaf(&fixture->intermediate, &(PkiOptions){.serial_number = "IDCES-99999999R"}, &fixture->leaf);
    pki_pem("CERTIFICATE", bytes_view(&fixture->root.der), &pem);
    pki_write(fixture->folder, "root.pem", bytes_view(&pem));
    pki_write(fixture->folder, "intermediate", bytes_view(&fixture->intermediate.der));
    pki_write(fixture->folder, "leaf", bytes_view(&fixture->leaf.der));
    pki_write(fixture->folder, "text", (View){(const uint8_t *) "hello", 5});
    write_crl(fixture, "root.crl", &fixture->root, NULL);
    write_crl(fixture, "intermediate.crl", &fixture->intermediate, NULL);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    Fixture *fixture = *state;
    pki_identity_done(&fixture->root);
    pki_identity_done(&fixture->intermediate);
    pki_identity_done(&fixture->leaf);
    pki_folder_free(fixture->folder);
    free(fixture);
    return 0;
}

static void read_back(int fd, char *ret, size_t size) {
    ssize_t n = pread(fd, ret, size - 1, 0);
    assert_true(n >= 0);
    ret[n] = '\0';
    (void) close(fd); /* memory */
}

/* To sign in, by the shipped kinds whatever is installed here, unless the line says another thing. */
static char *kinds_word(const char *line) {
    char *word = NULL;
    if (strstr(line, "--purpose") || strstr(line, "--kinds"))
        return strdup("--no-legend"); /* of no effect */
    return asprintf(&word, "--kinds=%s", shipped_kinds) < 0 ? NULL : word;
}

/* In the folder, words split at blanks. */
static int run(Fixture *fixture, const char *line) {
    char *words[WORDS_MAX] = {strdup(program), strdup("verify"), kinds_word(line)}, *rest = NULL;
    char *environment[] = {strdup("LC_ALL=C.UTF-8"), strdup("TZ=UTC"), strdup("DBUS_SYSTEM_BUS_ADDRESS=unix:path=/"),
                           NULL};
    CLEANUP(free_pointer) char *copy = strdup(line);
    posix_spawn_file_actions_t actions;
    int out = memfd_create("out", MFD_CLOEXEC), error = memfd_create("error", MFD_CLOEXEC), status;
    size_t count = 3;
    pid_t pid;
    for (char *word = strtok_r(copy, " ", &rest); word && count + 1 < WORDS_MAX; word = strtok_r(NULL, " ", &rest))
        words[count++] = strdup(word);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_addchdir_np(&actions, fixture->folder), 0);
    assert_int_equal(posix_spawn(&pid, program, &actions, NULL, words, environment), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void) posix_spawn_file_actions_destroy(&actions); /* cannot fail */
    read_back(out, fixture->out, sizeof fixture->out);
    read_back(error, fixture->error, sizeof fixture->error);
    for (size_t i = 0; i < count; i++)
        free(words[i]);
    for (size_t i = 0; environment[i]; i++)
        free(environment[i]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_a_wrong_command_line_or_an_unreadable_file_is_no_verdict(void **state) {
    Fixture *fixture = *state;
    static const char *const wrong[] = {
        "leaf",
        "--ca=root.pem",
        "--ca=root.pem leaf leaf",
        "--ca=missing leaf",
        "--ca=text leaf",
        "--ca=. leaf",
        "--ca=root.pem missing",
        "--ca=root.pem text",
        "--ca=root.pem --intermediates=text leaf",
        "--ca=root.pem --crl=root.pem leaf",
        "--ca=root.pem --ocsp=text leaf",
        "--ca=root.pem --purpose=cooking leaf",
        "--ca=root.pem --policy=any leaf",
        "--ca=root.pem --at=yesterday leaf",
        "--ca=root.pem --max-depth=-1 leaf",
        "--ca=root.pem --user=demo leaf",
    };
    for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
        if (run(fixture, wrong[i]) != EXIT_USAGE)
            fail_msg("not a usage error: %s", wrong[i]);
        assert_string_equal(fixture->out, "");
        assert_true(fixture->error[0] != '\0');
    }
}

static void test_a_wrong_purpose_or_policy_is_told_what_there_is(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "--ca=root.pem --purpose=loign leaf"), EXIT_USAGE);
    assert_non_null(strstr(fixture->error, "--purpose does not take \"loign\"."));
    assert_non_null(strstr(fixture->error, "Give login, any, clientAuth, serverAuth, or the OID"));
    assert_int_equal(run(fixture, "--ca=root.pem --policy=any leaf"), EXIT_USAGE);
    assert_non_null(strstr(fixture->error, "Give the policy's OID"));
}

static void test_the_chain_and_every_reason_are_shown(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "--ca=root.pem --intermediates=intermediate leaf" AT), EXIT_DONE);
    assert_non_null(strstr(fixture->out, "The certificate is accepted."));
    assert_non_null(strstr(fixture->out, "1. CN=AC PRUEBAS USUARIOS"));
    assert_non_null(strstr(fixture->out, "(trust anchor)"));
    assert_int_equal(run(fixture, "--ca=root.pem leaf --at=2027-06-01"), EXIT_FAILED);
    assert_non_null(strstr(fixture->out, "No chain leads to a trust anchor."));
    assert_non_null(strstr(fixture->out, "The certificate has expired. (ended 2027-01-01T00:00:00Z)"));
    assert_string_equal(fixture->error, "");
}

static void test_each_certificate_of_the_chain_is_shown_with_usages_policies_and_list(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(
        run(fixture, "--ca=root.pem --intermediates=intermediate leaf --crl=root.crl --crl=intermediate.crl" AT),
        EXIT_DONE);
    const char *leaf = strstr(fixture->out, "  0. "), *issuer = strstr(fixture->out, "  1. ");
    const char *anchor = strstr(fixture->out, "  2. ");
    assert_true(leaf && issuer && anchor && leaf < issuer && issuer < anchor);
    assert_non_null(strstr(leaf,
                           "Key usage: digitalSignature\n     Extended key usage: clientAuth, emailProtection\n"
                           "     Policies: none\n     Revocation list intermediate.crl: does not name it; of "));
    assert_non_null(strstr(issuer,
                           "Key usage: keyCertSign, cRLSign\n     Extended key usage: none\n"
                           "     Policies: none\n     Revocation list root.crl: does not name it; of "));
    assert_null(strstr(anchor, "Revocation"));
    assert_int_equal(run(fixture, "--ca=root.pem --intermediates=intermediate leaf" AT), EXIT_DONE);
    assert_non_null(strstr(fixture->out, "Revocation: no list and no answer"));
    assert_int_equal(run(fixture, "--ca=root.pem leaf" AT), EXIT_FAILED);
    assert_non_null(strstr(fixture->out, "Revocation: not asked without a trust anchor"));
    assert_non_null(strstr(fixture->out, "No issuer was found."));
}

static void test_quiet_leaves_the_exit_status(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "-q --ca=root.pem --intermediates=intermediate leaf" AT), EXIT_DONE);
    assert_string_equal(fixture->out, "");
    assert_int_equal(run(fixture, "-q --ca=root.pem leaf" AT), EXIT_FAILED);
    assert_string_equal(fixture->out, "");
}

static void test_s9_with_a_list_each_certificate_needs_one(void **state) {
    Fixture *fixture = *state;
    const PkiIdentity *revoked[] = {&fixture->leaf};
#define CHAIN "--ca=root.pem --intermediates=intermediate leaf" AT
    assert_int_equal(run(fixture, CHAIN " --crl=intermediate.crl"), EXIT_FAILED);
    assert_non_null(strstr(fixture->out, "There is no revocation list of the issuer. (issuer 1)"));
    assert_int_equal(run(fixture, CHAIN " --crl=intermediate.crl --crl=root.crl"), EXIT_DONE);
    assert_int_equal(run(fixture,
                         "--ca=root.pem --intermediates=intermediate --crl=intermediate.crl --crl=root.crl "
                         "leaf --at=2026-02-01"),
                     EXIT_FAILED); /* no patience with a list that has ended */
    write_crl(fixture, "intermediate.crl", &fixture->intermediate,
              &(PkiCrlOptions){.revoked = revoked, .n_revoked = 1});
    assert_int_equal(run(fixture, CHAIN), EXIT_DONE);
    assert_int_equal(run(fixture, CHAIN " --crl=intermediate.crl --crl=root.crl"), EXIT_FAILED);
    assert_non_null(strstr(fixture->out, "was revoked"));
}

static void test_s9_with_an_answer_the_certificate_needs_one(void **state) {
    Fixture *fixture = *state;
    write_ocsp(fixture, V_OCSP_CERTSTATUS_GOOD);
    assert_int_equal(run(fixture, CHAIN " --ocsp=answer"), EXIT_DONE);
    assert_int_equal(run(fixture, CHAIN " --ocsp=answer --crl=root.crl"), EXIT_DONE);
    assert_int_equal(run(fixture, "--ca=root.pem --ocsp=answer intermediate --purpose=any" AT), EXIT_FAILED);
    write_ocsp(fixture, V_OCSP_CERTSTATUS_REVOKED);
    assert_int_equal(run(fixture, CHAIN " --ocsp=answer"), EXIT_FAILED);
    assert_non_null(strstr(fixture->out, "OCSP"));
}

static void test_a_purpose_takes_the_place_of_signing_in(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, "--ca=root.pem intermediate" AT), EXIT_FAILED);
    assert_int_equal(run(fixture, "--ca=root.pem --purpose=any intermediate" AT), EXIT_DONE);
    assert_int_equal(run(fixture, CHAIN " --purpose=clientAuth"), EXIT_DONE);
    assert_int_equal(run(fixture, CHAIN " --purpose=serverAuth"), EXIT_FAILED);
    assert_int_equal(run(fixture, CHAIN " --purpose=1.3.6.1.5.5.7.3.4"), EXIT_DONE);
    assert_int_equal(run(fixture, CHAIN " --max-depth=0"), EXIT_FAILED);
    assert_int_equal(run(fixture, CHAIN " --policy=1.2.3 --policy=1.2.4 --explicit-policy"), EXIT_FAILED);
}

static bool has(struct json_object *object, const char *key, const char *wanted) {
    struct json_object *value = NULL;
    return json_object_object_get_ex(object, key, &value) && strcmp(json_object_get_string(value), wanted) == 0;
}

static void test_json_has_the_verdict_the_chain_and_the_reasons(void **state) {
    Fixture *fixture = *state;
    struct json_object *object, *reasons = NULL, *chain = NULL, *facts = NULL, *problems = NULL;
    struct json_object *path = NULL, *step, *sources = NULL;
    write_crl(fixture, "forged.crl", &fixture->root, &(PkiCrlOptions){.key = fixture->leaf.key});
    assert_int_equal(run(fixture, CHAIN " --json=short --crl=intermediate.crl --crl=forged.crl"), EXIT_FAILED);
    object = json_tokener_parse(fixture->out);
    assert_non_null(object);
    assert_true(has(object, "accepted", "false"));
    assert_true(json_object_object_get_ex(object, "reasons", &reasons) && json_object_array_length(reasons) == 1);
    assert_true(has(json_object_array_get_idx(reasons, 0), "name", "revocation-missing"));
    assert_true(has(json_object_array_get_idx(reasons, 0), "depth", "1"));
    assert_true(json_object_object_get_ex(object, "chain", &chain) && json_object_array_length(chain) == 2);
    assert_true(json_object_object_get_ex(object, "path", &path) && json_object_array_length(path) == 3);
    step = json_object_array_get_idx(path, 0);
    assert_true(has(step, "key-usage", "[ \"digitalSignature\" ]"));
    assert_true(has(step, "extended-key-usage", "[ \"clientAuth\", \"emailProtection\" ]"));
    assert_true(json_object_object_get_ex(step, "revocation", &sources) && json_object_array_length(sources) == 1);
    assert_true(has(json_object_array_get_idx(sources, 0), "file", "intermediate.crl"));
    assert_true(has(json_object_array_get_idx(sources, 0), "state", "good"));
    assert_true(has(json_object_array_get_idx(path, 2), "revocation", "[ ]"));
    assert_true(json_object_object_get_ex(object, "facts", &facts) && has(facts, "holder", "ES:99999999R"));
    assert_true(json_object_object_get_ex(object, "problems", &problems) && json_object_array_length(problems) == 1);
    (void) json_object_put(object);
}

/* --- what is none --- */

static void write_text(const Fixture *fixture, const char *name, const char *text) {
    pki_write(fixture->folder, name, (View){(const uint8_t *) text, strlen(text)});
}

/* In PEM: the first certificate whole, then octets that are none. */
static void write_second_malformed(const Fixture *fixture, const char *name, const char *type, View first) {
    static const uint8_t octets[200] = {0x30, 0x81, 0xc5};
    CLEANUP(bytes_done) Bytes pem = {0};
    pki_pem(type, first, &pem);
    pki_pem(type, (View){octets, sizeof octets}, &pem);
    pki_write(fixture->folder, name, bytes_view(&pem));
}

static void assert_no_input(Fixture *fixture, const char *line, const char *wanted) {
    if (run(fixture, line) != EXIT_USAGE || !strstr(fixture->error, wanted))
        fail_msg("%s: %s", line, fixture->error);
    assert_string_equal(fixture->out, "");
    assert_non_null(strstr(fixture->error, "PEM")); /* what to do */
}

static void test_malformed_contents_are_no_verdict_and_told_with_file_and_number(void **state) {
    Fixture *fixture = *state;
    CLEANUP(bytes_done) Bytes crl = {0};
    pki_crl(&fixture->root, NULL, &crl);
    write_second_malformed(fixture, "bad", "CERTIFICATE", bytes_view(&fixture->root.der));
    write_second_malformed(fixture, "bad.crl", "X509 CRL", bytes_view(&crl));
    pki_write(fixture->folder, "bad.der", (View){(const uint8_t *) "\x30\x81\x01", 4});
    assert_no_input(fixture, "--ca=root.pem bad.der" AT, "bad.der cannot be used: certificate 1 ");
    assert_no_input(fixture, "--ca=root.pem bad" AT, "bad cannot be used: certificate 2 ");
    assert_no_input(fixture, "--ca=root.pem --intermediates=intermediate --intermediates=bad leaf" AT,
                    "bad cannot be used: certificate 2 ");
    assert_no_input(fixture, "--ca=bad --intermediates=intermediate leaf" AT, "bad: certificate 2 ");
    assert_no_input(fixture, CHAIN " --crl=bad.crl", "bad.crl: list 2: not a valid CRL");
    assert_no_input(fixture, CHAIN " --ocsp=bad.der", "bad.der: not an OCSP response");
}

static void test_a_damaged_block_is_told_with_file_and_number(void **state) {
    Fixture *fixture = *state;
    CLEANUP(bytes_done) Bytes pem = {0};
    static const char broken[] = "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n";
    pki_pem("CERTIFICATE", bytes_view(&fixture->leaf.der), &pem);
    assert_int_equal(bytes_append(&pem, (View){(const uint8_t *) broken, sizeof broken - 1}), 0);
    pki_write(fixture->folder, "broken", bytes_view(&pem));
    write_text(fixture, "broken.crl", "-----BEGIN X509 CRL-----\n*\n-----END X509 CRL-----\n");
    assert_no_input(fixture, "--ca=root.pem broken" AT, "broken cannot be used: certificate 2 in it is damaged");
    assert_no_input(fixture, "--ca=broken leaf" AT, "broken cannot be used: certificate 2 in it is damaged");
    assert_no_input(fixture, CHAIN " --crl=broken.crl", "broken.crl cannot be used: list 1 in it is damaged");
}

static void test_what_parses_and_breaks_a_rule_is_refused_not_unreadable(void **state) {
    Fixture *fixture = *state;
    CLEANUP(pki_identity_done) PkiIdentity odd = {0};
    pki_leaf(&fixture->intermediate, &(PkiOptions){.serial = "00", .version = 1}, &odd);
    pki_write(fixture->folder, "odd", bytes_view(&odd.der));
    write_crl(fixture, "forged.crl", &fixture->root, &(PkiCrlOptions){.key = fixture->leaf.key});
    assert_int_equal(run(fixture, "--ca=root.pem --intermediates=intermediate odd" AT), EXIT_FAILED);
    assert_int_equal(run(fixture, "--ca=intermediate leaf" AT), EXIT_FAILED); /* no anchor */
    assert_int_equal(run(fixture, CHAIN " --crl=forged.crl --crl=intermediate.crl"), EXIT_FAILED);
}

/* --- kinds --- */

static void write_leaf(const Fixture *fixture, const char *name, const PkiOptions *options) {
    CLEANUP(pki_identity_done) PkiIdentity leaf = {0};
    pki_leaf(&fixture->intermediate, options, &leaf);
    pki_write(fixture->folder, name, bytes_view(&leaf.der));
}

static void test_s11_to_sign_in_the_kind_has_to_allow_it(void **state) {
    Fixture *fixture = *state;
    write_leaf(fixture, "card", &spanish_dnie_authentication);
    write_leaf(fixture, "representative", &spanish_representative);
    assert_int_equal(run(fixture, "--ca=root.pem --intermediates=intermediate card" AT), EXIT_DONE);
    assert_non_null(strstr(fixture->out, "Its kind is dnie-authentication"));
    assert_int_equal(run(fixture, "--ca=root.pem --intermediates=intermediate representative" AT), EXIT_FAILED);
    assert_non_null(strstr(fixture->out, "Nobody signs in here with a certificate of this kind."));
    assert_non_null(strstr(fixture->out, "20-fnmt.conf:"));
    assert_int_equal(run(fixture, "--ca=root.pem --intermediates=intermediate representative --purpose=any" AT),
                     EXIT_DONE);
    assert_null(strstr(fixture->out, "Its kind"));
}

static void test_kinds_of_a_folder_take_the_place_of_the_installed_ones(void **state) {
    Fixture *fixture = *state;
    write_text(fixture, "mine.conf", "[mine]\nmatch = <KU>digitalSignature\nlogin = no\n");
    assert_int_equal(run(fixture, CHAIN " --kinds=."), EXIT_FAILED);
    assert_non_null(strstr(fixture->out, "mine: login = no (././mine.conf:3)"));
    write_text(fixture, "mine.conf", "[mine]\nmatch = <KU>digitalSignature\nlogin = yes\nholder = person\n");
    assert_int_equal(run(fixture, CHAIN " --kinds=. --json=short"), EXIT_DONE);
    assert_non_null(strstr(fixture->out, "[\"login\",\"yes\",\"././mine.conf:3\"]"));
    assert_non_null(strstr(fixture->out, "\"kind\":\"mine\""));
}

static void test_faulty_kinds_are_no_verdict_and_told_with_line_and_column(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(run(fixture, CHAIN " --kinds=/nosuch"), EXIT_USAGE);
    assert_int_equal(run(fixture, CHAIN " --kinds=."), EXIT_USAGE);
    assert_non_null(strstr(fixture->error, "there are no kinds"));
    write_text(fixture, "mine.conf", "[mine]\nmatch = <KU>digitalSignature\nlogin = perhaps\n");
    assert_int_equal(run(fixture, CHAIN " --kinds=."), EXIT_USAGE);
    assert_non_null(strstr(fixture->error, "mine.conf:3:9: login wants"));
    assert_string_equal(fixture->out, "");
    assert_int_equal(run(fixture, CHAIN " --kinds=. --purpose=any"), EXIT_USAGE);
    assert_non_null(strstr(fixture->error, "--purpose=login alone"));
}

#define VERIFY_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char *argv[]) {
    const struct CMUnitTest tests[] = {
        VERIFY_TEST(test_a_wrong_command_line_or_an_unreadable_file_is_no_verdict),
        VERIFY_TEST(test_a_wrong_purpose_or_policy_is_told_what_there_is),
        VERIFY_TEST(test_the_chain_and_every_reason_are_shown),
        VERIFY_TEST(test_each_certificate_of_the_chain_is_shown_with_usages_policies_and_list),
        VERIFY_TEST(test_quiet_leaves_the_exit_status),
        VERIFY_TEST(test_s9_with_a_list_each_certificate_needs_one),
        VERIFY_TEST(test_s9_with_an_answer_the_certificate_needs_one),
        VERIFY_TEST(test_a_purpose_takes_the_place_of_signing_in),
        VERIFY_TEST(test_malformed_contents_are_no_verdict_and_told_with_file_and_number),
        VERIFY_TEST(test_a_damaged_block_is_told_with_file_and_number),
        VERIFY_TEST(test_what_parses_and_breaks_a_rule_is_refused_not_unreadable),
        VERIFY_TEST(test_s11_to_sign_in_the_kind_has_to_allow_it),
        VERIFY_TEST(test_kinds_of_a_folder_take_the_place_of_the_installed_ones),
        VERIFY_TEST(test_faulty_kinds_are_no_verdict_and_told_with_line_and_column),
        VERIFY_TEST(test_json_has_the_verdict_the_chain_and_the_reasons),
    };
    if (argc != 3)
        return 2;
    program = argv[1];
    shipped_kinds = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}

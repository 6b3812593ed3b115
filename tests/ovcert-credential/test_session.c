/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of ovcert-credential/session.h over the real PKCS#12 backend, in this process, so that a sanitizer sees leaks.
 * Requests are written ahead, the session is served to its end, then the answers are read. */
#include "ovcert-credential/session.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/frame.h"
#include "common/macros.h"
#include "ovcert-credential/messages.h"
#include "ovcert-credential/pkcs12.h"
#include "tests/ovcert-credential/support.h"

/* Made once; each test has a home and a socket pair of its own. */
typedef struct Authority {
    PkiIdentity root;
    PkiIdentity intermediate;
    PkiIdentity leaf;
    Bytes file; /* of leaf, with the chain */
} Authority;

typedef struct Fixture {
    Authority *authority;
    char *home;
    char *path; /* of the file */
    Settings settings;
    Account account;
    Backend *backend;
    SessionOptions options;
    int client;
    int server;
} Fixture;

static int make_authority(void **state) {
    Authority *authority = calloc(1, sizeof *authority);

    assert_non_null(authority);
    pki_root(NULL, &authority->root);
    pki_intermediate(&authority->root, NULL, &authority->intermediate);
    pki_leaf(&authority->intermediate, NULL, &authority->leaf);
    pki_pkcs12(&authority->leaf, (const PkiIdentity *const[]){&authority->root, &authority->intermediate}, 2,
               &(PkiPkcs12Options){.passphrase = PASSPHRASE, .iterations = 5}, &authority->file);
    *state = authority;
    return 0;
}

static int drop_authority(void **state) {
    Authority *authority = *state;

    bytes_done(&authority->file);
    pki_identity_done(&authority->leaf);
    pki_identity_done(&authority->intermediate);
    pki_identity_done(&authority->root);
    free(authority);
    return 0;
}

static int set_up(void **state) {
    Fixture *fixture = calloc(1, sizeof *fixture);
    char *CLEANUP(free_pointer) detail = NULL;
    int sockets[2];

    assert_non_null(fixture);
    fixture->authority = *state;
    fixture->home = home_new(geteuid());
    fixture->path = home_put(fixture->home, "own.p12", bytes_view(&fixture->authority->file), geteuid());
    assert_int_equal(settings_load("/nonexistent/credential.conf", 0, &fixture->settings, &detail), 0);
    fixture->account = (Account){.uid = geteuid(), .name = strdup("demo"), .home = strdup(fixture->home)};
    assert_int_equal(pkcs12_backend_new(&fixture->settings, &fixture->account, &fixture->backend), 0);
    fixture->options = (SessionOptions){.backends = &fixture->backend, .n_backends = 1};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    fixture->client = sockets[0];
    fixture->server = sockets[1];
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    Fixture *fixture = *state;

    (void) close(fixture->client); /* sockets: nothing is lost */
    (void) backend_free(fixture->backend);
    account_done(&fixture->account);
    settings_done(&fixture->settings);
    free(fixture->path);
    home_free(fixture->home);
    *state = fixture->authority;
    free(fixture);
    return 0;
}

/* Serves what has been sent, to the end of the dialogue; READY has been taken. */
static int serve(Fixture *fixture) {
    int r;

    assert_int_equal(shutdown(fixture->client, SHUT_WR), 0);
    r = session_serve(fixture->server, frame_now() + PATIENCE * SECONDS, &fixture->options);
    assert_int_equal(close(fixture->server), 0);
    expect_ready(fixture->client);
    return r;
}

static void test_garbage_ends_the_dialogue(void **state) {
    static const struct {
        const char *octets;
        size_t size;
    } garbage[] = {
        {"\0\0\0\0", 4},                   /* a frame without a type */
        {"\xff\xff\xff\xff\x02", 5},       /* over-long */
        {"\0\0\0\1\0", 5},                 /* no such type */
        {"\0\0\0\1\x63", 5},               /* no such type */
        {"\0\0\0\1\1", 5},                 /* READY is not a request */
        {"\0\0\0\2\2x", 6},                /* LIST with a payload */
        {"\0\0\0\1\4", 5},                 /* UNLOCK without one */
        {"\0\0\0\1\6", 5},                 /* SIGN without one */
        {"\0\0\0\5\4\xff\xff\xff\xff", 9}, /* UNLOCK whose field is longer than the frame */
        {"\0\0\0\1\x9", 5},                /* WAIT without a payload */
        {"\0\0\0\6\x9\0\0\0\0x", 10},      /* WAIT with too much of it */
    };

    for (size_t i = 0; i < ELEMENTSOF(garbage); i++) {
        Fixture *fixture;
        assert_int_equal(set_up(state), 0);
        fixture = *state;
        send_raw(fixture->client, garbage[i].octets, garbage[i].size);
        send_list(fixture->client);
        (void) serve(fixture); /* an error or not, depending on where it was noticed */
        expect_failed(fixture->client, CREDENTIAL_OUTCOME_PROTOCOL);
        expect_end(fixture->client);
        assert_int_equal(tear_down(state), 0);
    }
}

static void test_a_torn_frame_ends_the_dialogue(void **state) {
    Fixture *fixture = *state;

    send_raw(fixture->client, "\0\0\0\x10\4abc", 8);
    (void) serve(fixture); /* the peer has gone in the middle of a word */
    expect_end(fixture->client);
}

static void test_a_passed_deadline_ends_the_dialogue(void **state) {
    Fixture *fixture = *state;

    assert_int_equal(session_serve(fixture->server, frame_now(), &fixture->options), -ETIMEDOUT);
    assert_int_equal(close(fixture->server), 0);
    expect_end(fixture->client);
}

static void test_s22_a_wrong_passphrase_ends_the_dialogue(void **state) {
    Fixture *fixture = *state;

    send_unlock(fixture->client, fixture->path, "another");
    send_unlock(fixture->client, fixture->path, PASSPHRASE);
    assert_int_equal(serve(fixture), 0);
    expect_failed(fixture->client, CREDENTIAL_OUTCOME_WRONG_SECRET);
    expect_end(fixture->client);
}

static void test_s2_a_statement_that_is_not_valid_is_not_signed(void **state) {
    char long_text[STATEMENT_TEXT_MAX + 2] = {0};
    const Statement good = statement_for(&((const Authority *) *state)->leaf);
    Statement bad[] = {good, good, good, good, good, good};

    memset(long_text, 'x', sizeof long_text - 1);
    bad[0].purpose = (StatementPurpose) 3;
    bad[1].purpose = STATEMENT_LOGIN; /* which replaces nothing */
    bad[2].user = "root\n";
    bad[3].user = "";
    bad[4].service = long_text;
    bad[5].tty = long_text;
    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        Fixture *fixture;
        assert_int_equal(set_up(state), 0);
        fixture = *state;
        send_unlock(fixture->client, fixture->path, PASSPHRASE);
        send_sign(fixture->client, &bad[i]);
        send_sign(fixture->client, &good);
        assert_int_equal(serve(fixture), 0);
        assert_int_equal(expect_certificates(fixture->client), 1);
        expect_failed(fixture->client, CREDENTIAL_OUTCOME_PROTOCOL);
        expect_end(fixture->client);
        assert_int_equal(tear_down(state), 0);
    }
}

static void test_a_sign_request_cut_anywhere_or_with_an_octet_too_many_is_not_valid(void **state) {
    Fixture *fixture = *state;
    Statement statement = statement_for(&fixture->authority->leaf);
    SignRequest CLEANUP(sign_request_done) request = {0};
    Bytes CLEANUP(bytes_done) payload = {0};

    send_sign(fixture->client, &statement);
    expect_frame(fixture->server, CREDENTIAL_SIGN, &payload);
    for (size_t size = 0; size < payload.size; size++)
        assert_int_equal(messages_read_sign((View){payload.data, size}, &request), -EBADMSG);
    assert_int_equal(messages_read_sign(bytes_view(&payload), &request), 0);
    sign_request_done(&request);
    assert_int_equal(bytes_append_u8(&payload, 0), 0);
    assert_int_equal(messages_read_sign(bytes_view(&payload), &request), -EBADMSG);
    assert_int_equal(close(fixture->server), 0);
}

/* Each field of a fixed size, one octet longer. */
static void test_a_sign_request_with_a_field_too_long_is_not_valid(void **state) {
    Fixture *fixture = *state;
    Statement statement = statement_for(&fixture->authority->leaf);
    SignRequest CLEANUP(sign_request_done) request = {0};
    Bytes CLEANUP(bytes_done) payload = {0};
    unsigned n_fields = 0;

    send_sign(fixture->client, &statement);
    expect_frame(fixture->server, CREDENTIAL_SIGN, &payload);
    for (size_t i = 0; i + 4 < payload.size; i++) {
        Bytes CLEANUP(bytes_done) longer = {0};
        uint8_t size = payload.data[i + 3];
        if (memcmp(payload.data + i, "\0\0\0", 3) != 0 || (size != 16 && size != 32))
            continue;
        assert_int_equal(bytes_append(&longer, (View){payload.data, i + 4 + size}), 0);
        assert_int_equal(bytes_append_u8(&longer, 0), 0);
        assert_int_equal(bytes_append(&longer, (View){payload.data + i + 4 + size, payload.size - i - 4 - size}), 0);
        longer.data[i + 3]++;
        assert_int_equal(messages_read_sign(bytes_view(&longer), &request), -EBADMSG);
        n_fields++;
        i += 3u + size;
    }
    assert_int_equal(n_fields, 5); /* fingerprint, nonce, host, boot, replaced */
    assert_int_equal(close(fixture->server), 0);
}

static void test_an_unlock_request_cut_anywhere_or_with_an_octet_too_many_is_not_valid(void **state) {
    Fixture *fixture = *state;
    UnlockRequest CLEANUP(unlock_request_done) request = {0};
    Bytes CLEANUP(bytes_done) payload = {0};

    send_unlock(fixture->client, fixture->path, PASSPHRASE);
    expect_frame(fixture->server, CREDENTIAL_UNLOCK, &payload);
    for (size_t size = 0; size < payload.size; size++)
        assert_int_equal(messages_read_unlock((View){payload.data, size}, &request), -EBADMSG);
    assert_int_equal(messages_read_unlock(bytes_view(&payload), &request), 0);
    unlock_request_done(&request);
    assert_int_equal(bytes_append_u8(&payload, 0), 0);
    assert_int_equal(messages_read_unlock(bytes_view(&payload), &request), -EBADMSG);
    assert_int_equal(close(fixture->server), 0);
}

static void test_a_relative_path_is_not_found(void **state) {
    Fixture *fixture = *state;

    send_unlock(fixture->client, "../../../../../../../../etc/passwd", PASSPHRASE);
    send_unlock(fixture->client, "", PASSPHRASE);
    assert_int_equal(serve(fixture), 0);
    expect_failed(fixture->client, CREDENTIAL_OUTCOME_NOT_FOUND);
    expect_failed(fixture->client, CREDENTIAL_OUTCOME_NOT_FOUND);
    expect_end(fixture->client);
}

static void test_nothing_is_signed_before_a_source_is_unlocked(void **state) {
    Fixture *fixture = *state;
    Statement statement = statement_for(&fixture->authority->leaf);

    send_sign(fixture->client, &statement);
    send_unlock(fixture->client, fixture->path, PASSPHRASE);
    send_unlock(fixture->client, "/nonexistent.p12", PASSPHRASE);
    send_sign(fixture->client, &statement); /* the source that was open is closed */
    assert_int_equal(serve(fixture), 0);
    expect_failed(fixture->client, CREDENTIAL_OUTCOME_LOCKED);
    assert_int_equal(expect_certificates(fixture->client), 1);
    expect_failed(fixture->client, CREDENTIAL_OUTCOME_NOT_FOUND);
    expect_failed(fixture->client, CREDENTIAL_OUTCOME_LOCKED);
    expect_end(fixture->client);
}

static void test_a_certificate_that_is_not_there_is_no_match(void **state) {
    Fixture *fixture = *state;
    Statement statement = statement_for(&fixture->authority->intermediate); /* there, but without its key */

    send_unlock(fixture->client, fixture->path, PASSPHRASE);
    send_sign(fixture->client, &statement);
    assert_int_equal(serve(fixture), 0);
    assert_int_equal(expect_certificates(fixture->client), 1);
    expect_failed(fixture->client, CREDENTIAL_OUTCOME_NO_MATCH);
    expect_end(fixture->client);
}

static void test_a_bad_configuration_answers_everything(void **state) {
    Fixture *fixture = *state;

    fixture->options.refusal = (int) CREDENTIAL_OUTCOME_CONFIGURATION;
    fixture->options.refusal_detail = "credential.conf:3: unknown key";
    send_list(fixture->client);
    send_unlock(fixture->client, fixture->path, PASSPHRASE);
    assert_int_equal(serve(fixture), 0);
    expect_failed(fixture->client, CREDENTIAL_OUTCOME_CONFIGURATION);
    expect_failed(fixture->client, CREDENTIAL_OUTCOME_CONFIGURATION);
    expect_end(fixture->client);
}

static void test_s20_started_by_root_only_configured_files_are_opened(void **state) {
    Fixture *fixture = *state;
    char *CLEANUP(free_pointer) other =
        home_put(fixture->home, "own.txt", bytes_view(&fixture->authority->file), geteuid());
    char *CLEANUP(free_pointer) detour = home_path(fixture->home, "../.ovcert/own.p12");

    fixture->account.confined = true;
    send_unlock(fixture->client, other, PASSPHRASE);
    send_unlock(fixture->client, detour, PASSPHRASE);
    send_unlock(fixture->client, "own.p12", PASSPHRASE);
    send_unlock(fixture->client, fixture->path, PASSPHRASE);
    assert_int_equal(serve(fixture), 0);
    expect_failed(fixture->client, CREDENTIAL_OUTCOME_NOT_FOUND);
    expect_failed(fixture->client, CREDENTIAL_OUTCOME_NOT_FOUND);
    expect_failed(fixture->client, CREDENTIAL_OUTCOME_NOT_FOUND);
    assert_int_equal(expect_certificates(fixture->client), 1);
    expect_end(fixture->client);
}

static void test_certificates_without_a_key_are_not_offered(void **state) {
    Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) file = {0};
    char *CLEANUP(free_pointer) path = NULL;
    ContainerBags *bags = NULL;
    ContainerSafes *safes = NULL;

    container_add_certificate(&bags, fixture->authority->leaf.certificate);
    container_add_plain_key(&bags, fixture->authority->root.key);
    container_add_safe(&safes, bags, true);
    container_finish(safes, EVP_sha256(), &file);
    path = home_put(fixture->home, "mixed.p12", bytes_view(&file), geteuid());
    send_unlock(fixture->client, path, PASSPHRASE);
    assert_int_equal(serve(fixture), 0);
    expect_failed(fixture->client, CREDENTIAL_OUTCOME_NO_KEY);
}

static void unlock_with(Fixture *fixture, const uint8_t *wanted, size_t size, uint8_t flags) {
    Bytes CLEANUP(bytes_done) payload = {0};

    assert_int_equal(bytes_append_string(&payload, CREDENTIAL_KIND_PKCS12), 0);
    assert_int_equal(bytes_append_string(&payload, fixture->path), 0);
    assert_int_equal(bytes_append_string(&payload, PASSPHRASE), 0);
    assert_int_equal(bytes_append_sized(&payload, (View){wanted, size}), 0);
    assert_int_equal(bytes_append_u8(&payload, flags), 0);
    assert_int_equal(
        frame_send(fixture->client, CREDENTIAL_UNLOCK, bytes_view(&payload), frame_now() + PATIENCE * SECONDS), 0);
}

static void test_an_unlock_with_unknown_flags_or_half_a_fingerprint_is_not_valid(void **state) {
    Statement statement = statement_for(&((Fixture *) *state)->authority->leaf);
    static const struct {
        size_t size;
        uint8_t flags;
    } cases[] = {{32, 2}, {0, 0x80}, {31, 0}, {1, 0}};

    assert_int_equal(tear_down(state), 0);
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        Fixture *fixture;
        assert_int_equal(set_up(state), 0);
        fixture = *state;
        unlock_with(fixture, statement.fingerprint, cases[i].size, cases[i].flags);
        (void) serve(fixture);
        expect_failed(fixture->client, CREDENTIAL_OUTCOME_PROTOCOL);
        expect_end(fixture->client);
        assert_int_equal(tear_down(state), 0);
    }
    assert_int_equal(set_up(state), 0);
}

static void test_a_file_without_the_wanted_certificate_stays_closed(void **state) {
    Fixture *fixture = *state;
    Statement statement = statement_for(&fixture->authority->leaf);
    Statement other = statement_for(&fixture->authority->root);

    unlock_with(fixture, other.fingerprint, sizeof other.fingerprint, 0);
    send_sign(fixture->client, &statement);
    unlock_with(fixture, statement.fingerprint, sizeof statement.fingerprint, 0);
    assert_int_equal(serve(fixture), 0);
    expect_failed(fixture->client, CREDENTIAL_OUTCOME_NO_MATCH);
    expect_failed(fixture->client, CREDENTIAL_OUTCOME_LOCKED);
    assert_int_equal(expect_certificates(fixture->client), 1);
}

static void test_files_are_not_waited_for(void **state) {
    Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) payload = {0};
    uint64_t began = frame_now();

    send_wait(fixture->client, 15);
    assert_int_equal(serve(fixture), 0);
    expect_frame(fixture->client, CREDENTIAL_SOURCES, &payload);
    assert_true(frame_now() - began < 10 * SECONDS);
}

static void test_a_session_that_cannot_begin_says_why_in_place_of_ready(void **state) {
    Fixture *fixture = *state;

    assert_int_equal(session_refuse(fixture->server, frame_now() + SECONDS, CREDENTIAL_OUTCOME_NO_ACCOUNT, "name"), 0);
    assert_int_equal(close(fixture->server), 0);
    expect_failed(fixture->client, CREDENTIAL_OUTCOME_NO_ACCOUNT);
    expect_end(fixture->client);
}

/* The next source of the list is this one, with this problem. */
static void expect_source(Reader *reader, const char *path, const char *label, const char *problem) {
    char *CLEANUP(free_pointer) kind = NULL;
    char *CLEANUP(free_pointer) id = NULL;
    char *CLEANUP(free_pointer) shown = NULL;
    char *CLEANUP(free_pointer) found = NULL;
    char *CLEANUP(free_pointer) detail = NULL;
    uint8_t flags = 0;
    uint32_t certificates = 1;

    assert_int_equal(reader_string(reader, &kind), 0);
    assert_int_equal(reader_string(reader, &id), 0);
    assert_int_equal(reader_string(reader, &shown), 0);
    assert_int_equal(reader_u8(reader, &flags), 0);
    assert_int_equal(reader_string(reader, &found), 0);
    assert_int_equal(reader_string(reader, &detail), 0);
    assert_int_equal(reader_u32(reader, &certificates), 0);
    assert_string_equal(kind, "pkcs12");
    assert_string_equal(id, path);
    assert_string_equal(shown, label);
    assert_int_equal(flags, CREDENTIAL_SOURCE_HIDDEN);
    assert_int_equal(certificates, 0);
    assert_string_equal(found, problem);
    assert_int_equal(detail[0] == '\0', problem[0] == '\0');
}

static void test_every_source_is_listed_with_its_problem(void **state) {
    Fixture *fixture = *state;
    Bytes CLEANUP(bytes_done) payload = {0};
    char *CLEANUP(free_pointer) fifo = home_path(fixture->home, "a-fifo.p12");
    char *CLEANUP(free_pointer) link = home_path(fixture->home, "b-link.p12");
    char *CLEANUP(free_pointer) odd = home_put(fixture->home, "c\n\x1b[31m.p12", (View){0}, geteuid());
    char *CLEANUP(free_pointer) large = home_put(fixture->home, "d-large.p12", (View){0}, geteuid());
    uint32_t count = 0;

    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(symlink(fixture->path, link), 0);
    assert_int_equal(truncate(large, 2 << 20), 0);
    send_list(fixture->client);
    assert_int_equal(serve(fixture), 0);
    expect_frame(fixture->client, CREDENTIAL_SOURCES, &payload);
    Reader reader = {bytes_view(&payload)};
    assert_int_equal(reader_u32(&reader, &count), 0);
    assert_int_equal(count, 5);
    expect_source(&reader, fifo, "a-fifo.p12", "not-regular");
    expect_source(&reader, link, "b-link.p12", "not-regular");
    expect_source(&reader, odd, "c\\x0a\\x1b[31m.p12", "");
    expect_source(&reader, large, "d-large.p12", "too-large");
    expect_source(&reader, fixture->path, "own.p12", "");
    assert_true(reader_at_end(&reader));
}

static void expect_der(Reader *reader, const PkiIdentity *identity) {
    View der = {0};

    assert_int_equal(reader_sized(reader, &der), 0);
    assert_true(view_equal(der, bytes_view(&identity->der)));
}

static void test_the_chain_follows_in_the_order_of_its_issuers(void **state) {
    Fixture *fixture = *state;
    Statement statement = statement_for(&fixture->authority->leaf);
    Bytes CLEANUP(bytes_done) payload = {0};
    View fingerprint = {0};
    uint32_t count = 0;

    send_unlock(fixture->client, fixture->path, PASSPHRASE); /* the file holds the root first */
    assert_int_equal(serve(fixture), 0);
    expect_frame(fixture->client, CREDENTIAL_CERTIFICATES, &payload);
    Reader reader = {bytes_view(&payload)};
    assert_int_equal(reader_u32(&reader, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(reader_sized(&reader, &fingerprint), 0);
    assert_true(view_equal(fingerprint, (View){statement.fingerprint, sizeof statement.fingerprint}));
    expect_der(&reader, &fixture->authority->leaf);
    assert_int_equal(reader_u32(&reader, &count), 0);
    assert_int_equal(count, 2);
    expect_der(&reader, &fixture->authority->intermediate);
    expect_der(&reader, &fixture->authority->root);
    assert_true(reader_at_end(&reader));
}

/* Opens a file of this identity and asks for its signature; the answers are the caller's to read. */
static void ask_signature_of(Fixture *fixture, const PkiIdentity *identity, const Statement *statement) {
    Bytes CLEANUP(bytes_done) file = {0};
    char *CLEANUP(free_pointer) path = NULL;

    pki_pkcs12(identity, NULL, 0, &(PkiPkcs12Options){.passphrase = PASSPHRASE, .iterations = 5}, &file);
    path = home_put(fixture->home, "key.p12", bytes_view(&file), geteuid());
    send_unlock(fixture->client, path, PASSPHRASE);
    send_sign(fixture->client, statement);
    assert_int_equal(serve(fixture), 0);
    assert_int_equal(expect_certificates(fixture->client), 1);
}

static void test_s7_a_key_that_is_never_accepted_does_not_sign(void **state) {
    static const PkiKey types[] = {PKI_KEY_RSA1024, PKI_KEY_P192, PKI_KEY_DSA1024};

    for (size_t i = 0; i < ELEMENTSOF(types); i++) {
        PkiIdentity CLEANUP(pki_identity_done) identity = {0};
        Fixture *fixture;
        assert_int_equal(set_up(state), 0);
        fixture = *state;
        pki_leaf(&fixture->authority->root, &(PkiOptions){.key_type = types[i]}, &identity);
        Statement statement = statement_for(&identity);
        ask_signature_of(fixture, &identity, &statement);
        expect_failed(fixture->client, CREDENTIAL_OUTCOME_ALGORITHM);
        assert_int_equal(tear_down(state), 0);
    }
}

static void test_keys_of_every_accepted_type_sign(void **state) {
    static const PkiKey types[] = {PKI_KEY_P256, PKI_KEY_P384, PKI_KEY_P521, PKI_KEY_RSA2048, PKI_KEY_ED25519};

    for (size_t i = 0; i < ELEMENTSOF(types); i++) {
        PkiIdentity CLEANUP(pki_identity_done) identity = {0};
        Fixture *fixture;
        assert_int_equal(set_up(state), 0);
        fixture = *state;
        pki_leaf(&fixture->authority->root, &(PkiOptions){.key_type = types[i]}, &identity);
        Statement statement = statement_for(&identity);
        ask_signature_of(fixture, &identity, &statement);
        expect_signed(fixture->client, &identity, &statement);
        assert_int_equal(tear_down(state), 0);
    }
}

static void test_signs_once(void **state) {
    Fixture *fixture = *state;
    Statement statement = statement_for(&fixture->authority->leaf);
    Bytes CLEANUP(bytes_done) sources = {0};

    statement.purpose = STATEMENT_LOGIN;
    statement.has_replaced = false;
    send_list(fixture->client);
    send_unlock(fixture->client, fixture->path, PASSPHRASE);
    send_sign(fixture->client, &statement);
    send_sign(fixture->client, &statement);
    assert_int_equal(serve(fixture), 0);
    expect_frame(fixture->client, CREDENTIAL_SOURCES, &sources);
    assert_int_equal(expect_certificates(fixture->client), 1);
    expect_signed(fixture->client, &fixture->authority->leaf, &statement);
    expect_end(fixture->client);
}

static void test_the_one_asked_for_signs_among_several(void **state) {
    Fixture *fixture = *state;
    PkiIdentity CLEANUP(pki_identity_done) renewed = {0};
    PkiIdentity CLEANUP(pki_identity_done) other = {0};
    Bytes CLEANUP(bytes_done) file = {0};
    char *CLEANUP(free_pointer) path = NULL;
    ContainerBags *bags = NULL;
    ContainerSafes *safes = NULL;
    Statement statement;

    pki_leaf(&fixture->authority->root, &(PkiOptions){.key = fixture->authority->leaf.key}, &renewed);
    pki_leaf(&fixture->authority->root, &(PkiOptions){.key_type = PKI_KEY_ED25519}, &other);
    container_add_certificate(&bags, fixture->authority->root.certificate);
    container_add_certificate(&bags, fixture->authority->leaf.certificate);
    container_add_certificate(&bags, renewed.certificate); /* same key */
    container_add_certificate(&bags, other.certificate);
    container_add_certificate(&bags, other.certificate); /* twice there, once offered */
    container_add_key(&bags, other.key, 0);
    container_add_key(&bags, fixture->authority->leaf.key, 0);
    container_add_safe(&safes, bags, true);
    container_finish(safes, EVP_sha256(), &file);
    path = home_put(fixture->home, "several.p12", bytes_view(&file), geteuid());
    statement = statement_for(&other);
    send_unlock(fixture->client, path, PASSPHRASE);
    send_sign(fixture->client, &statement);
    assert_int_equal(serve(fixture), 0);
    assert_int_equal(expect_certificates(fixture->client), 3);
    expect_signed(fixture->client, &other, &statement);
}

#define SESSION_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_garbage_ends_the_dialogue),
        SESSION_TEST(test_a_torn_frame_ends_the_dialogue),
        SESSION_TEST(test_a_passed_deadline_ends_the_dialogue),
        SESSION_TEST(test_s22_a_wrong_passphrase_ends_the_dialogue),
        cmocka_unit_test(test_s2_a_statement_that_is_not_valid_is_not_signed),
        SESSION_TEST(test_a_sign_request_cut_anywhere_or_with_an_octet_too_many_is_not_valid),
        SESSION_TEST(test_a_sign_request_with_a_field_too_long_is_not_valid),
        SESSION_TEST(test_an_unlock_request_cut_anywhere_or_with_an_octet_too_many_is_not_valid),
        SESSION_TEST(test_a_relative_path_is_not_found),
        SESSION_TEST(test_nothing_is_signed_before_a_source_is_unlocked),
        SESSION_TEST(test_a_certificate_that_is_not_there_is_no_match),
        SESSION_TEST(test_a_bad_configuration_answers_everything),
        SESSION_TEST(test_s20_started_by_root_only_configured_files_are_opened),
        SESSION_TEST(test_certificates_without_a_key_are_not_offered),
        SESSION_TEST(test_every_source_is_listed_with_its_problem),
        SESSION_TEST(test_an_unlock_with_unknown_flags_or_half_a_fingerprint_is_not_valid),
        SESSION_TEST(test_a_file_without_the_wanted_certificate_stays_closed),
        SESSION_TEST(test_files_are_not_waited_for),
        SESSION_TEST(test_a_session_that_cannot_begin_says_why_in_place_of_ready),
        SESSION_TEST(test_the_chain_follows_in_the_order_of_its_issuers),
        cmocka_unit_test(test_s7_a_key_that_is_never_accepted_does_not_sign),
        cmocka_unit_test(test_keys_of_every_accepted_type_sign),
        SESSION_TEST(test_signs_once),
        SESSION_TEST(test_the_one_asked_for_signs_among_several),
    };
    return cmocka_run_group_tests_name("credential: session", tests, make_authority, drop_authority);
}

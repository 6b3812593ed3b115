/* SPDX-License-Identifier: BSD-2-Clause */
/* The helper's session (ovcert-credential/session.h, common/frame.h) over the real .p12 backend: requests are octets of
 * the input, or frames with what the input chooses in them. Whatever is asked, it answers in whole frames of known
 * types, and signs once at most, last of all, and only after it has been unlocked. */
#include "ovcert-credential/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/credential.h"
#include "common/frame.h"
#include "common/macros.h"
#include "common/statement.h"
#include "ovcert-credential/pkcs12.h"
#include "tests/fuzz/input.h"
#include "tests/trust/pki.h"

#define SECONDS UINT64_C(1000000)
#define PASSPHRASE "demo-p12"
/* So that all answers fit the socket's buffer, and nobody has to read while the session runs. */
#define REQUESTS_MAX 16u
#define OCTETS_MAX 240u
#define PAYLOADS_MAX (32u * 1024u)
#define BUFFER_SIZE (200 * 1024)

static struct World { /* made once */
    PkiIdentity root, leaf;
    uint8_t fingerprint[STATEMENT_FINGERPRINT_SIZE];
    char *path;
    Settings settings;
    Account account;
    Backend *backend;
} world;

static void make_file(const char *home) {
    CLEANUP(bytes_done) Bytes file = {0};
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    pki_root(NULL, &world.root);
    pki_leaf(&world.root, NULL, &world.leaf);
    pki_pkcs12(&world.leaf, NULL, 0, &(PkiPkcs12Options){.passphrase = PASSPHRASE, .iterations = 1}, &file);
    pki_write(home, "fuzz.p12", bytes_view(&file));
    FUZZ_PROMISE(certificate_parse(bytes_view(&world.leaf.der), &certificate) == 0);
    memcpy(world.fingerprint, certificate_facts(certificate)->fingerprint, sizeof world.fingerprint);
}

/* Confined to one folder: no input makes it open a file of this machine. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void) argc;
    (void) argv;
    CLEANUP(free_pointer) char *home = pki_folder();
    CLEANUP(free_pointer) char *text = NULL;
    CLEANUP(free_pointer) char *detail = NULL;
    char path[32];
    make_file(home);
    FUZZ_PROMISE(asprintf(&world.path, "%s/fuzz.p12", home) > 0);
    FUZZ_PROMISE(asprintf(&text, "[pkcs12]\nfiles=%s/*.p12\n", home) > 0);
    int fd = input_file((View){(const uint8_t *) text, strlen(text)}, path);
    FUZZ_PROMISE(settings_load(path, geteuid(), &world.settings, &detail) == 0 && close(fd) == 0);
    world.account = (Account){.uid = geteuid(), .name = strdup("demo"), .home = strdup(home), .confined = true};
    FUZZ_PROMISE(pkcs12_backend_new(&world.settings, &world.account, &world.backend) == 0);
    return 0;
}

/* ---- requests ---- */

static void append_sized(Bytes *bytes, View view) {
    FUZZ_PROMISE(bytes_append_sized(bytes, view) == 0);
}

/* The value that makes sense, or one of the input's. */
static void append_choice(Bytes *bytes, View sensible, Reader *input) {
    if (input_u8(input) & 0x80u) {
        CLEANUP(bytes_done) Bytes other = {0};
        input_octets(input, &other);
        append_sized(bytes, bytes_view(&other));
    } else {
        append_sized(bytes, sensible);
    }
}

static View string_view(const char *text) {
    return (View){(const uint8_t *) text, strlen(text)};
}

static void make_unlock(Reader *input, Bytes *ret) {
    View fingerprint = {world.fingerprint, sizeof world.fingerprint};
    append_choice(ret, string_view(CREDENTIAL_KIND_PKCS12), input);
    append_choice(ret, string_view(world.path), input);
    append_choice(ret, string_view(PASSPHRASE), input);
    if (CREDENTIAL_PROTOCOL_VERSION < 2)
        return;
    append_choice(ret, fingerprint, input);
    FUZZ_PROMISE(bytes_append_u8(ret, input_u8(input)) == 0);
}

static void make_sign(Reader *input, Bytes *ret) {
    static const uint8_t zeros[STATEMENT_NONCE_SIZE];
    View fingerprint = {world.fingerprint, sizeof world.fingerprint};
    append_choice(ret, fingerprint, input);
    FUZZ_PROMISE(bytes_append_u8(ret, (uint8_t) (STATEMENT_LOGIN + input_u8(input))) == 0);
    append_choice(ret, (View){zeros, STATEMENT_NONCE_SIZE}, input);
    append_choice(ret, string_view("demo"), input);
    FUZZ_PROMISE(bytes_append_u32(ret, input_u32(input)) == 0);
    append_choice(ret, string_view("login"), input);
    append_choice(ret, string_view("tty1"), input);
    append_choice(ret, (View){zeros, STATEMENT_ID_SIZE}, input);
    append_choice(ret, (View){zeros, STATEMENT_ID_SIZE}, input);
    append_choice(ret, (View){0}, input);
    FUZZ_PROMISE(bytes_append_u64(ret, input_u64(input)) == 0);
}

static void make_payload(uint8_t type, Reader *input, Bytes *ret) {
    if (type == CREDENTIAL_UNLOCK)
        make_unlock(input, ret);
    else if (type == CREDENTIAL_SIGN)
        make_sign(input, ret);
    else if (input_u8(input) & 0x80u)
        input_octets(input, ret);
}

static void send_frames(int fd, Reader *input) {
    static const uint8_t known[] = {CREDENTIAL_LIST, CREDENTIAL_UNLOCK, CREDENTIAL_SIGN};
    size_t sent = 0;
    for (unsigned i = 0; i < REQUESTS_MAX && sent < PAYLOADS_MAX && !reader_at_end(input); i++) {
        CLEANUP(bytes_done) Bytes payload = {0};
        uint8_t choice = input_u8(input);
        uint8_t type = choice & 0x80u ? choice : known[choice % sizeof known];
        make_payload(type, input, &payload);
        sent += payload.size;
        if (sent < PAYLOADS_MAX)
            FUZZ_PROMISE(frame_send(fd, type, bytes_view(&payload), frame_now() + 10 * SECONDS) == 0);
    }
}

static void send_octets(int fd, const Reader *input) {
    size_t size = input->rest.size < OCTETS_MAX ? input->rest.size : OCTETS_MAX;
    if (size > 0)
        FUZZ_PROMISE(send(fd, input->rest.data, size, MSG_NOSIGNAL) == (ssize_t) size);
}

/* ---- answers ---- */

static void check_failed(const Bytes *payload) {
    Reader reader = {bytes_view(payload)};
    CLEANUP(free_pointer) char *detail = NULL;
    uint32_t outcome;
    FUZZ_PROMISE(reader_u32(&reader, &outcome) == 0 && credential_outcome_name((int) outcome));
    FUZZ_PROMISE(reader_string(&reader, &detail) == 0 && reader_at_end(&reader));
}

/* True while more may follow. */
static bool check_answer(int fd, bool *unlocked) {
    CLEANUP(bytes_done) Bytes payload = {0};
    uint8_t type;
    if (frame_receive(fd, &type, &payload, frame_now() + 10 * SECONDS) == -EPIPE)
        return false;
    FUZZ_PROMISE(type == CREDENTIAL_SOURCES || type == CREDENTIAL_CERTIFICATES || type == CREDENTIAL_SIGNED ||
                 type == CREDENTIAL_FAILED);
    FUZZ_PROMISE(type != CREDENTIAL_SIGNED || *unlocked);
    if (type == CREDENTIAL_FAILED)
        check_failed(&payload);
    if (type == CREDENTIAL_CERTIFICATES)
        *unlocked = true;
    if (type == CREDENTIAL_SIGNED)
        FUZZ_PROMISE(frame_receive(fd, &type, &payload, frame_now() + 10 * SECONDS) == -EPIPE);
    return type != CREDENTIAL_SIGNED;
}

static void check_answers(int fd) {
    CLEANUP(bytes_done) Bytes ready = {0};
    uint8_t type;
    bool unlocked = false;
    FUZZ_PROMISE(frame_receive(fd, &type, &ready, frame_now() + 10 * SECONDS) == 0 && type == CREDENTIAL_READY);
    while (check_answer(fd, &unlocked))
        ;
}

static void make_sockets(int fds[static 2]) {
    const int size = BUFFER_SIZE;
    FUZZ_PROMISE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    for (size_t i = 0; i < 2; i++)
        FUZZ_PROMISE(setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Reader input = {{data, size}};
    int fds[2];
    make_sockets(fds);
    if (input_u8(&input) & 0x80u)
        send_octets(fds[0], &input);
    else
        send_frames(fds[0], &input);
    FUZZ_PROMISE(shutdown(fds[0], SHUT_WR) == 0);
    (void) session_serve(fds[1], frame_now() + 10 * SECONDS,
                         &(SessionOptions){.backends = &world.backend, .n_backends = 1}); /* however it ends */
    FUZZ_PROMISE(close(fds[1]) == 0);
    check_answers(fds[0]);
    FUZZ_PROMISE(close(fds[0]) == 0);
    return 0;
}

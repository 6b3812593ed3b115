/* SPDX-License-Identifier: BSD-2-Clause */
/* The client's side of the helper's dialogue (client/helper.h): the helper runs as the user, and the PAM module that
 * reads its answers as root, so no answer may do more than be refused. The process is replaced by a socket that holds
 * the answers already. */
#include "client/helper.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/helper_process.h"
#include "common/frame.h"
#include "common/text.h"
#include "tests/fuzz/input.h"

#define SECONDS UINT64_C(1000000)
/* So that everything fits the socket's buffer, and the one thread never waits. */
#define BUFFER_SIZE (200 * 1024)
#define PAYLOADS_MAX (40u * 1024u)
#define ELEMENTS_MAX 4u

static int answers = -1; /* the socket that the next helper_process_start() hands out */

int helper_process_start(const char *path, char *const arguments[], HelperProcess *ret) {
    FUZZ_PROMISE(path && arguments[0]);
    *ret = (HelperProcess){.socket = answers, .pidfd = -1};
    answers = -1;
    return 0;
}

void helper_process_end(HelperProcess *process) {
    if (process->socket >= 0)
        FUZZ_PROMISE(close(process->socket) == 0);
    process->socket = -1;
}

/* ---- answers ---- */

static void append_sized(Bytes *bytes, Reader *input) {
    CLEANUP(bytes_done) Bytes value = {0};
    input_octets(input, &value);
    FUZZ_PROMISE(bytes_append_sized(bytes, bytes_view(&value)) == 0);
}

/* The number of elements that follow; what is written may be a lie. */
static unsigned append_count(Bytes *bytes, Reader *input) {
    uint8_t choice = input_u8(input);
    unsigned count = choice % ELEMENTS_MAX;
    FUZZ_PROMISE(bytes_append_u32(bytes, choice & 0x80u ? input_u32(input) : count) == 0);
    return count;
}

static void append_certificates(Bytes *bytes, Reader *input) {
    static const uint8_t fingerprint[STATEMENT_FINGERPRINT_SIZE];
    for (unsigned n = append_count(bytes, input); n > 0; n--) {
        if (input_u8(input) & 0x80u)
            append_sized(bytes, input);
        else
            FUZZ_PROMISE(bytes_append_sized(bytes, (View){fingerprint, sizeof fingerprint}) == 0);
        append_sized(bytes, input);
        for (unsigned n_chain = append_count(bytes, input); n_chain > 0; n_chain--)
            append_sized(bytes, input);
    }
}

static void append_sources(Bytes *bytes, Reader *input) {
    for (unsigned n = append_count(bytes, input); n > 0; n--) {
        append_sized(bytes, input);
        append_sized(bytes, input);
        append_sized(bytes, input);
        FUZZ_PROMISE(bytes_append_u8(bytes, input_u8(input)) == 0);
        const char *problem = credential_outcome_name(input_u8(input));
        FUZZ_PROMISE(bytes_append_string(bytes, problem ? problem : "") == 0);
        append_sized(bytes, input);
        append_certificates(bytes, input);
    }
}

static void append_payload(uint8_t type, Bytes *bytes, Reader *input) {
    switch (type) {
    case CREDENTIAL_READY:
        FUZZ_PROMISE(bytes_append_u32(bytes, CREDENTIAL_PROTOCOL_VERSION) == 0);
        return;
    case CREDENTIAL_SOURCES:
        append_sources(bytes, input);
        return;
    case CREDENTIAL_CERTIFICATES:
        append_certificates(bytes, input);
        return;
    case CREDENTIAL_SIGNED:
        append_sized(bytes, input);
        append_sized(bytes, input);
        return;
    case CREDENTIAL_FAILED:
        FUZZ_PROMISE(bytes_append_u32(bytes, input_u8(input)) == 0);
        append_sized(bytes, input);
        return;
    default:
        input_octets(input, bytes);
    }
}

static void send_frames(int fd, Reader *input) {
    static const uint8_t expected[] = {CREDENTIAL_READY, CREDENTIAL_SOURCES, CREDENTIAL_CERTIFICATES,
                                       CREDENTIAL_SIGNED};
    size_t sent = 0;
    for (size_t i = 0; i < sizeof expected; i++) {
        CLEANUP(bytes_done) Bytes payload = {0};
        uint8_t choice = input_u8(input);
        uint8_t type = choice & 0x80u ? choice & 0x0Fu : expected[i];
        append_payload(type, &payload, input);
        sent += payload.size;
        if (sent < PAYLOADS_MAX)
            FUZZ_PROMISE(frame_send(fd, type, bytes_view(&payload), frame_now() + 10 * SECONDS) == 0);
    }
}

/* ---- what a client does with them ---- */

static void check_certificates(const HelperCertificate *certificates, size_t count) {
    for (size_t i = 0; i < count; i++)
        FUZZ_PROMISE(helper_find_certificate(certificates, count, certificates[i].fingerprint));
}

static void check_sources(const HelperSource *sources, size_t count) {
    for (size_t i = 0; i < count; i++) {
        FUZZ_PROMISE(sources[i].kind && sources[i].id && sources[i].label && sources[i].detail);
        FUZZ_PROMISE(sources[i].problem[0] == '\0' || credential_outcome_from_name(sources[i].problem) > 0);
        check_certificates(sources[i].certificates, sources[i].n_certificates);
    }
}

static void unlock(Helper *helper, const HelperSource *source, uint64_t deadline) {
    HelperCertificate *certificates = NULL;
    size_t count = 0;
    if (helper_unlock(helper, source, &(HelperUnlock){0}, deadline, &certificates, &count) == 0)
        check_certificates(certificates, count);
    (void) helper_certificates_free(certificates, count); /* returns NULL */
}

static void sign(Helper *helper, uint64_t deadline) {
    const Statement statement = {.purpose = STATEMENT_LOGIN, .user = "demo", .service = "login", .tty = ""};
    CLEANUP(free_pointer) char *algorithm = NULL;
    CLEANUP(bytes_done) Bytes signature = {0};
    if (helper_sign(helper, &statement, deadline, &algorithm, &signature) == 0)
        FUZZ_PROMISE(algorithm && signature.size > 0);
}

static void talk(Helper *helper, uint64_t deadline) {
    HelperSource *sources = NULL;
    const HelperSource none = {.kind = (char *) (uintptr_t) "pkcs12", .id = (char *) (uintptr_t) "/nowhere"};
    size_t count = 0;
    if (helper_list(helper, deadline, &sources, &count) == 0)
        check_sources(sources, count);
    unlock(helper, count > 0 ? &sources[0] : &none, deadline);
    sign(helper, deadline);
    FUZZ_PROMISE(text_is_printable((View){(const uint8_t *) helper_detail(helper), strlen(helper_detail(helper))}));
    (void) helper_sources_free(sources, count); /* returns NULL */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Reader input = {{data, size}};
    CLEANUP(helper_freep) Helper *helper = NULL;
    const int buffer = BUFFER_SIZE;
    int fds[2];
    FUZZ_PROMISE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    for (size_t i = 0; i < 2; i++)
        FUZZ_PROMISE(setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer) == 0);
    send_frames(fds[0], &input);
    FUZZ_PROMISE(shutdown(fds[0], SHUT_WR) == 0);
    answers = fds[1];
    uint64_t deadline = frame_now() + 10 * SECONDS;
    if (helper_start(&(HelperOptions){.path = "/nonexistent", .seconds = 10}, deadline, &helper) == 0)
        talk(helper, deadline);
    FUZZ_PROMISE(close(fds[0]) == 0);
    return 0;
}

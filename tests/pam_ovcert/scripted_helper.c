/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for ovcert-credential: the real one needs a user's home and real .p12 files, which the end-to-end tests
 * have. What it holds is its program name (argv[0] is a link's name). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/credential.h"
#include "common/frame.h"
#include "common/statement.h"
#include "tests/pam_ovcert/script.h"

static const uint64_t ample = 5000000;

static void need(int r) {
    if (r < 0)
        _exit(1);
}

static void say(CredentialFrame type, const Bytes *payload) {
    need(frame_send(CREDENTIAL_SOCKET_FD, (uint8_t) type, bytes_view(payload), frame_now() + ample));
}

static void say_failed(CredentialOutcome outcome) {
    Bytes CLEANUP(bytes_done) payload = {0};
    need(bytes_append_u32(&payload, outcome));
    need(bytes_append_string(&payload, "the detail"));
    say(CREDENTIAL_FAILED, &payload);
}

static void append_source(Bytes *payload, const char *label, const char *problem) {
    need(bytes_append_string(payload, "pkcs12"));
    need(bytes_append_string(payload, label));
    need(bytes_append_string(payload, label));
    need(bytes_append_u8(payload, 1));
    need(bytes_append_string(payload, problem));
    need(bytes_append_string(payload, ""));
    need(bytes_append_u32(payload, 0)); /* certificates that show without the passphrase */
}

static void say_sources(const char *how) {
    Bytes CLEANUP(bytes_done) payload = {0};
    uint32_t count = strcmp(how, "none") == 0 ? 0 : strcmp(how, "two") == 0 ? 3 : 1;
    need(bytes_append_u32(&payload, count));
    if (count == 3) {
        append_source(&payload, "link.p12", "not-regular");
        append_source(&payload, "other.p12", "");
    }
    if (count > 0)
        append_source(&payload, strcmp(how, "odd-label") == 0 ? "a\nb\033.p12" : "demo.p12",
                      strcmp(how, "broken") == 0 ? "not-owner" : "");
    say(CREDENTIAL_SOURCES, &payload);
}

/* "other.p12" holds another certificate, "demo.p12" another and the assigned one. */
static void append_certificate(Bytes *payload, int octet) {
    uint8_t fingerprint[STATEMENT_FINGERPRINT_SIZE];
    memset(fingerprint, octet, sizeof fingerprint);
    need(bytes_append_sized(payload, (View){fingerprint, sizeof fingerprint}));
    need(bytes_append_string(payload, "the certificate"));
    need(bytes_append_u32(payload, 1));
    need(bytes_append_string(payload, "the issuer"));
}

static void say_certificates(const char *id) {
    Bytes CLEANUP(bytes_done) payload = {0};
    bool other = strcmp(id, "other.p12") == 0;
    need(bytes_append_u32(&payload, other ? 1 : 2));
    append_certificate(&payload, SCRIPT_OTHER_OCTET);
    if (!other)
        append_certificate(&payload, SCRIPT_FINGERPRINT_OCTET);
    say(CREDENTIAL_CERTIFICATES, &payload);
}

static void unlock(const char *how, View request) {
    Reader reader = {request};
    char *CLEANUP(free_pointer) kind = NULL, *CLEANUP(free_pointer) id = NULL;
    View secret, wanted;
    uint8_t flags;
    need(reader_string(&reader, &kind));
    need(reader_string(&reader, &id));
    need(reader_sized(&reader, &secret));
    need(reader_sized(&reader, &wanted));
    need(reader_u8(&reader, &flags));
    need(reader_at_end(&reader) ? 0 : -1);
    int named = credential_outcome_from_name(how);
    if (named > 0)
        say_failed((CredentialOutcome) named);
    else if (view_equal(secret, (View){(const uint8_t *) SCRIPT_PASSPHRASE, strlen(SCRIPT_PASSPHRASE)}))
        say_certificates(id);
    else
        say_failed(CREDENTIAL_OUTCOME_WRONG_SECRET);
}

static void sign(const char *how) {
    Bytes CLEANUP(bytes_done) payload = {0};
    if (strcmp(how, "dies-signing") == 0)
        _exit(1);
    if (strcmp(how, "refuses-signing") == 0) {
        say_failed(CREDENTIAL_OUTCOME_NO_MATCH);
        return;
    }
    need(bytes_append_string(&payload, "rsa-pkcs1-sha256"));
    need(bytes_append_string(&payload, "the signature"));
    say(CREDENTIAL_SIGNED, &payload);
}

static void answer(const char *how) {
    Bytes CLEANUP(bytes_done) request = {0};
    uint8_t type;
    need(frame_receive(CREDENTIAL_SOCKET_FD, &type, &request, frame_now() + ample));
    if (type == CREDENTIAL_LIST && strcmp(how, "refuses-listing") == 0)
        say_failed(CREDENTIAL_OUTCOME_CONFIGURATION);
    else if (type == CREDENTIAL_LIST)
        say_sources(how);
    else if (type == CREDENTIAL_UNLOCK)
        unlock(how, bytes_view(&request));
    else
        sign(how);
}

int main(int argc, char *argv[]) {
    Bytes CLEANUP(bytes_done) ready = {0};
    need(geteuid() != 0 || argc == 6 ? 0 : -1); /* root's module names whom to become (SECURITY 20) */
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    need(bytes_append_u32(&ready, CREDENTIAL_PROTOCOL_VERSION));
    say(CREDENTIAL_READY, &ready);
    for (;;)
        answer(slash ? slash + 1 : "");
}

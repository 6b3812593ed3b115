/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for ovcert-credential: the real one needs a user's home and real .p12 files, which the end-to-end tests
 * have. What it holds is its program name (argv[0] is a link's name). */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/credential.h"
#include "common/frame.h"
#include "common/statement.h"
#include "tests/pam_ovcert/script.h"

typedef enum Mode { MODE_ALL, MODE_FILES, MODE_TOKENS } Mode;

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

static void append_certificate(Bytes *payload, int octet) {
    uint8_t fingerprint[STATEMENT_FINGERPRINT_SIZE];
    memset(fingerprint, octet, sizeof fingerprint);
    need(bytes_append_sized(payload, (View){fingerprint, sizeof fingerprint}));
    need(bytes_append_sized(payload, (View){fingerprint, sizeof fingerprint})); /* in place of the DER */
    need(bytes_append_u32(payload, 1));
    need(bytes_append_string(payload, "the issuer"));
}

/* shown: what octet the certificate has that shows without a secret; 0 for none. */
static void append_source(Bytes *payload, const char *kind, const char *label, uint8_t flags, int shown,
                          const char *problem) {
    need(bytes_append_string(payload, kind));
    need(bytes_append_string(payload, label));
    need(bytes_append_string(payload, label));
    need(bytes_append_u8(payload, flags));
    need(bytes_append_string(payload, problem));
    need(bytes_append_string(payload, ""));
    need(bytes_append_u32(payload, shown ? 1 : 0));
    if (shown)
        append_certificate(payload, shown);
}

static void append_file(Bytes *payload, const char *label, const char *problem) {
    append_source(payload, CREDENTIAL_KIND_PKCS12, label, CREDENTIAL_SOURCE_HIDDEN, 0, problem);
}

static uint32_t append_files(const char *how, Bytes *payload) {
    if (strcmp(how, "none") == 0 || strncmp(how, "card", 4) == 0)
        return 0;
    bool two = strcmp(how, "two") == 0;
    if (two) {
        append_file(payload, "link.p12", "not-regular");
        append_file(payload, "other.p12", "");
    }
    append_file(payload, strcmp(how, "odd-label") == 0 ? "a\nb\033.p12" : "demo.p12",
                strcmp(how, "broken") == 0 ? "not-owner" : "");
    return two ? 3 : 1;
}

/* Tokens by the part that is played; "late" ones are there once they are waited for. */
static uint32_t append_tokens(const char *how, bool waited, Bytes *payload) {
    static const struct {
        const char *how, *problem;
        uint8_t flags;
        int shown;
        bool late;
    } parts[] = {
        {"card", "", 0, SCRIPT_FINGERPRINT_OCTET, false},
        {"card-and-file", "", 0, SCRIPT_FINGERPRINT_OCTET, false},
        {"card-other", "", 0, SCRIPT_OTHER_OCTET, false},
        {"other-card-and-file", "", 0, SCRIPT_OTHER_OCTET, false},
        {"card-hidden", "", CREDENTIAL_SOURCE_HIDDEN, 0, false},
        {"card-final", "", CREDENTIAL_SOURCE_FINAL_TRY, SCRIPT_FINGERPRINT_OCTET, false},
        {"card-locked", "pin-locked", CREDENTIAL_SOURCE_LOCKED, SCRIPT_FINGERPRINT_OCTET, false},
        {"card-change", "pin-change", CREDENTIAL_SOURCE_HIDDEN, 0, false},
        {"card-low", "", CREDENTIAL_SOURCE_COUNT_LOW, SCRIPT_FINGERPRINT_OCTET, false},
        {"card-pad", "", CREDENTIAL_SOURCE_PROTECTED_PATH, SCRIPT_FINGERPRINT_OCTET, false},
        {"card-late", "", 0, SCRIPT_FINGERPRINT_OCTET, true},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(how, parts[i].how) == 0 && (waited || !parts[i].late)) {
            append_source(payload, CREDENTIAL_KIND_PKCS11, "CARD", parts[i].flags, parts[i].shown, parts[i].problem);
            return 1;
        }
    return 0;
}

/* Who lists what: common/credential.h. */
static void say_sources(const char *how, Mode mode, bool waited) {
    Bytes CLEANUP(bytes_done) sources = {0}, CLEANUP(bytes_done) payload = {0};
    const char *file = strcmp(how, "card-and-file") == 0 || strcmp(how, "other-card-and-file") == 0 ? "one" : how;
    uint32_t count = mode == MODE_TOKENS ? 0 : append_files(file, &sources);
    count += mode == MODE_FILES ? 0 : append_tokens(how, waited, &sources);
    need(bytes_append_u32(&payload, count));
    need(bytes_append(&payload, bytes_view(&sources)));
    say(CREDENTIAL_SOURCES, &payload);
}

/* "other.p12" holds another certificate, everything else another and the assigned one. */
static void say_certificates(const char *id) {
    Bytes CLEANUP(bytes_done) payload = {0};
    bool other = strcmp(id, "other.p12") == 0;
    need(bytes_append_u32(&payload, other ? 1 : 2));
    append_certificate(&payload, SCRIPT_OTHER_OCTET);
    if (!other)
        append_certificate(&payload, SCRIPT_FINGERPRINT_OCTET);
    say(CREDENTIAL_CERTIFICATES, &payload);
}

/* A PIN pad's owner types right. */
static bool is_right(const char *how, View secret) {
    View right = {(const uint8_t *) SCRIPT_PASSPHRASE, strlen(SCRIPT_PASSPHRASE)};
    return strcmp(how, "card-pad") == 0 ? secret.size == 0 : view_equal(secret, right);
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
    else if (is_right(how, secret))
        say_certificates(id);
    else
        say_failed(strcmp(kind, CREDENTIAL_KIND_PKCS11) == 0 ? CREDENTIAL_OUTCOME_WRONG_PIN
                                                             : CREDENTIAL_OUTCOME_WRONG_SECRET);
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

/* Somebody presses Ctrl-C in place of putting a card in. */
static void interrupt_and_wait(void) {
    Bytes CLEANUP(bytes_done) nothing = {0};
    uint8_t type;
    need(kill(getppid(), SIGINT));
    need(frame_receive(CREDENTIAL_SOCKET_FD, &type, &nothing, frame_now() + ample)); /* the end */
}

static void answer(const char *how, Mode mode) {
    static bool listed;
    Bytes CLEANUP(bytes_done) request = {0};
    uint8_t type;
    need(frame_receive(CREDENTIAL_SOCKET_FD, &type, &request, frame_now() + ample));
    if (type == CREDENTIAL_LIST && strcmp(how, "refuses-listing") == 0)
        say_failed(CREDENTIAL_OUTCOME_CONFIGURATION);
    else if (type == CREDENTIAL_LIST)
        say_sources(how, mode, false);
    else if (type == CREDENTIAL_WAIT && strcmp(how, "card-interrupted") == 0)
        interrupt_and_wait();
    else if (type == CREDENTIAL_WAIT)
        say_sources(how, mode, true);
    else if (type == CREDENTIAL_UNLOCK && (listed || strcmp(how, "one-run") != 0))
        unlock(how, bytes_view(&request));
    else if (type == CREDENTIAL_SIGN)
        sign(how);
    else
        _exit(1);
    listed = listed || type == CREDENTIAL_LIST;
    if (listed && strcmp(how, "ends-after-listing") == 0)
        _exit(0);
}

int main(int argc, char *argv[]) {
    Bytes CLEANUP(bytes_done) ready = {0};
    bool tokens = argc == 3 && strcmp(argv[2], "tokens") == 0;
    /* Root's module names whom to become for a file (SECURITY 20), and drives tokens as nobody else's user. */
    need(geteuid() != 0 || argc == 6 || tokens ? 0 : -1);
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    need(bytes_append_u32(&ready, CREDENTIAL_PROTOCOL_VERSION));
    say(CREDENTIAL_READY, &ready);
    for (;;)
        answer(slash ? slash + 1 : "", tokens ? MODE_TOKENS : argc == 6 ? MODE_FILES : MODE_ALL);
}

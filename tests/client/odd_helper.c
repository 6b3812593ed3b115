/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for ovcert-credential where a test needs one that misbehaves; how is its program name (argv[0] is a link's
 * name). Must work without an environment, as the real one does. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/credential.h"
#include "common/frame.h"
#include "common/macros.h"

extern char **environ;

static void say(CredentialFrame type, Bytes *payload) {
    if (frame_send(CREDENTIAL_SOCKET_FD, (uint8_t) type, bytes_view(payload), frame_now() + 5000000) < 0)
        _exit(1);
    bytes_done(payload);
}

static void say_number(CredentialFrame type, uint32_t value) {
    Bytes payload = {0};
    if (bytes_append_u32(&payload, value) < 0)
        _exit(1);
    say(type, &payload);
}

static CredentialFrame hear(Bytes *payload) {
    uint8_t type;
    if (frame_receive(CREDENTIAL_SOCKET_FD, &type, payload, frame_now() + 5000000) < 0)
        _exit(1);
    return (CredentialFrame) type;
}

static void say_failed(CredentialOutcome outcome, const char *detail) {
    Bytes payload = {0};
    if (bytes_append_u32(&payload, outcome) < 0 || bytes_append_string(&payload, detail) < 0)
        _exit(1);
    say(CREDENTIAL_FAILED, &payload);
}

static const char *descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return "no limit";
    for (int fd = CREDENTIAL_SOCKET_FD + 1; fd < 1024 && (rlim_t) fd < limit.rlim_cur; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            return "a descriptor too many";
    return "";
}

static const char *signals(void) {
    sigset_t mask;
    if (sigprocmask(SIG_BLOCK, NULL, &mask) < 0 || !sigisemptyset(&mask))
        return "signals blocked";
    for (int signal = 1; signal < SIGRTMIN; signal++) {
        struct sigaction action;
        if (sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN) /* all that exec(2) passes on */
            return "a signal is ignored";
    }
    return "";
}

/* "" when the process is as the contract says. */
static const char *surroundings(void) {
    char target[64] = "";
    if (environ && environ[0])
        return "an environment";
    for (int fd = 0; fd <= 2; fd++) {
        char path[32];
        (void) snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(path, target, sizeof target - 1);
        if (n != 9 || memcmp(target, "/dev/null", 9) != 0)
            return "standard descriptors";
    }
    if (getsid(0) != getpid())
        return "not its own session";
    return descriptors()[0] ? descriptors() : signals();
}

static void say_arguments(int argc, char *argv[]) {
    Bytes payload = {0};
    if (bytes_append_u32(&payload, 1) < 0 || bytes_append_string(&payload, "pkcs12") < 0 ||
        bytes_append_string(&payload, surroundings()) < 0 ||
        bytes_append_string(&payload, argc > 1 ? argv[1] : "") < 0 || bytes_append_u8(&payload, 1) < 0 ||
        bytes_append_string(&payload, "") < 0 ||
        bytes_append_string(&payload, argc == 6   ? argv[4]
                                      : argc == 3 ? argv[2]
                                                  : "") < 0 ||
        bytes_append_u32(&payload, 0) < 0)
        _exit(1);
    say(CREDENTIAL_SOURCES, &payload);
}

static void misbehave_first(const char *how) {
    if (strcmp(how, "dies") == 0)
        _exit(0);
    if (strcmp(how, "mute") == 0)
        (void) pause(); /* until it is killed */
    if (strcmp(how, "garbage") == 0) {
        (void) !write(CREDENTIAL_SOCKET_FD, "HTTP/1.0 200 OK\r\n\r\n", 19); /* nonsense may get lost */
        (void) pause();
    }
    if (strcmp(how, "version") == 0)
        say_number(CREDENTIAL_READY, CREDENTIAL_PROTOCOL_VERSION + 1);
    if (strcmp(how, "sources-first") == 0)
        say_number(CREDENTIAL_SOURCES, 0);
    if (strcmp(how, "fails") == 0)
        say_failed(CREDENTIAL_OUTCOME_CONFIGURATION, "");
}

#define EMPTY "\0\0\0\0"
#define SOURCE(flags, problem) "\0\0\0\1" EMPTY EMPTY EMPTY flags problem EMPTY EMPTY
#define CERTIFICATE(fingerprint) "\0\0\0\1" fingerprint "\0\0\0\1x" EMPTY
#define OCTETS_31 "0123456789abcdef0123456789abcde"

/* Answers octet by octet, the right ones first. */
static const struct Odd {
    const char *how;
    CredentialFrame type;
    View payload;
} odd[] = {
#define ODD(how, type, octets)                                                                                         \
    {                                                                                                                  \
        how, type, {                                                                                                   \
            (const uint8_t *) (octets), sizeof(octets) - 1                                                             \
        }                                                                                                              \
    }
    ODD("source", CREDENTIAL_SOURCES, SOURCE("\x01", EMPTY)),
    ODD("source-of-unknown-flags", CREDENTIAL_SOURCES, SOURCE("\x81", EMPTY)),
    ODD("source-of-unknown-problem", CREDENTIAL_SOURCES, SOURCE("\x01", "\0\0\0\3odd")),
    ODD("source-and-more", CREDENTIAL_SOURCES, SOURCE("\x01", EMPTY) "x"),
    ODD("source-of-another-name", CREDENTIAL_CERTIFICATES, SOURCE("\x01", EMPTY)),
    ODD("certificate", CREDENTIAL_CERTIFICATES, CERTIFICATE("\0\0\0\x20" OCTETS_31 "f")),
    ODD("certificate-of-short-fingerprint", CREDENTIAL_CERTIFICATES, CERTIFICATE("\0\0\0\x1f" OCTETS_31)),
    ODD("certificate-of-long-fingerprint", CREDENTIAL_CERTIFICATES, CERTIFICATE("\0\0\0\x21" OCTETS_31 "fg")),
    ODD("certificate-and-more", CREDENTIAL_CERTIFICATES, CERTIFICATE("\0\0\0\x20" OCTETS_31 "f") "x"),
    ODD("signature", CREDENTIAL_SIGNED, "\0\0\0\7ed25519\0\0\0\1s"),
    ODD("signature-of-nothing", CREDENTIAL_SIGNED, "\0\0\0\7ed25519" EMPTY),
    ODD("signature-and-more", CREDENTIAL_SIGNED, "\0\0\0\7ed25519\0\0\0\1sx"),
};

static bool answer_oddly(const char *how) {
    for (size_t i = 0; i < ELEMENTSOF(odd); i++) {
        Bytes payload = {0};
        if (strcmp(odd[i].how, how) != 0)
            continue;
        if (bytes_append(&payload, odd[i].payload) < 0)
            _exit(1);
        say(odd[i].type, &payload);
        return true;
    }
    return false;
}

static void answer(const char *how, int argc, char *argv[]) {
    Bytes request = {0};
    CredentialFrame type = hear(&request);
    bytes_done(&request);
    if (strcmp(how, "dies-later") == 0)
        _exit(0);
    if (strcmp(how, "hangs") == 0)
        (void) pause();
    if (strcmp(how, "answers-late") == 0)
        (void) usleep(400000); /* a shorter time would fail the test that counts on it */
    if (answer_oddly(how))
        return;
    if (strcmp(how, "counts") == 0)
        say_number(type == CREDENTIAL_LIST ? CREDENTIAL_SOURCES : CREDENTIAL_CERTIFICATES, UINT32_MAX);
    else if (strcmp(how, "confuses") == 0)
        say_number(CREDENTIAL_READY, CREDENTIAL_PROTOCOL_VERSION);
    else if (strcmp(how, "outcome") == 0)
        say_failed((CredentialOutcome) 9999, "");
    else if (strcmp(how, "wrong") == 0)
        say_failed(CREDENTIAL_OUTCOME_WRONG_SECRET, "MAC \033[2J");
    else
        say_arguments(argc, argv);
}

int main(int argc, char *argv[]) {
    const char *slash = strrchr(argv[0], '/');
    const char *how = slash ? slash + 1 : argv[0];
    misbehave_first(how);
    say_number(CREDENTIAL_READY, CREDENTIAL_PROTOCOL_VERSION);
    for (;;)
        answer(how, argc, argv);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The dialogue with ovcert-credential, from the asking side. Used by the PAM module and ovcertctl; must never open a
 * credential itself, keep a secret, or believe a length that the helper names. */
#include "client/helper.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/helper_process.h"
#include "common/frame.h"
#include "common/text.h"
#include "config.h"

#define SEND_MICROSECONDS UINT64_C(1000000)

struct Helper {
    HelperProcess process;
    int fault; /* negative errno that ended the dialogue; 0 while it goes on */
    char *detail;
};

/* snprintf() of two numbers and a decimal unsigned fits well. */
typedef struct Number {
    char text[24];
} Number;

static Number number(unsigned long value) {
    Number n;
    (void) snprintf(n.text, sizeof n.text, "%lu", value); /* 20 digits at most */
    return n;
}

static int start_process(const HelperOptions *options, HelperProcess *ret) {
    const char *path = options->path ? options->path : OVCERT_HELPER_PATH;
    Number seconds = number(options->seconds), uid = number(options->uid), gid = number(options->gid);
    CLEANUP(free_pointer) char *name = strdup(path);
    CLEANUP(free_pointer) char *user = strdup(options->as_user ? options->user : "");
    CLEANUP(free_pointer) char *home = strdup(options->as_user ? options->home : "");
    if (!name || !user || !home)
        return -ENOMEM;
    char tokens[] = "tokens";
    char *as_ourselves[] = {name, seconds.text, options->tokens ? tokens : NULL, NULL};
    char *as_user[] = {name, seconds.text, uid.text, gid.text, user, home, NULL};
    return helper_process_start(path, options->as_user ? as_user : as_ourselves, ret);
}

static void set_detail(Helper *helper, char *detail) {
    free(helper->detail);
    helper->detail = detail;
}

/* FAILED: u32 outcome, string detail. */
static int read_failed(Helper *helper, Reader *reader) {
    uint32_t outcome;
    CLEANUP(free_pointer) char *detail = NULL;
    int r = reader_u32(reader, &outcome);
    if (r < 0)
        return r;
    r = reader_string(reader, &detail);
    if (r < 0)
        return r;
    if (!reader_at_end(reader) || outcome > INT32_MAX || !credential_outcome_name((int) outcome))
        return -EBADMSG;
    bool printable = text_is_printable((View){(const uint8_t *) detail, strlen(detail)});
    set_detail(helper, printable ? TAKE_PTR(detail) : text_escape_string(detail));
    return (int) outcome;
}

static int receive(Helper *helper, CredentialFrame wanted, uint64_t deadline, Bytes *ret) {
    uint8_t type;
    CLEANUP(bytes_done) Bytes payload = {0};
    int r = frame_receive(helper->process.socket, &type, &payload, deadline);
    if (r < 0)
        return r == -EMSGSIZE ? -EBADMSG : r;
    if (type == CREDENTIAL_FAILED) {
        Reader reader = {bytes_view(&payload)};
        return read_failed(helper, &reader);
    }
    if (type != wanted)
        return -EBADMSG;
    *ret = payload;
    payload = (Bytes){0};
    return 0;
}

static int remember_fault(Helper *helper, int r) {
    if (r < 0)
        helper->fault = r;
    return r;
}

/* Until the answer begins, the helper has gone or the caller is interrupted. A negative descriptor is left out. */
static int wait_answer(const Helper *helper, int interrupt_fd, uint64_t deadline) {
    for (;;) {
        uint64_t now = frame_now();
        if (now >= deadline)
            return -ETIMEDOUT;
        uint64_t milliseconds = (deadline - now + 999u) / 1000u;
        struct pollfd watched[] = {{.fd = helper->process.socket, .events = POLLIN},
                                   {.fd = interrupt_fd, .events = POLLIN}};
        int r = poll(watched, ELEMENTSOF(watched), milliseconds > INT_MAX ? INT_MAX : (int) milliseconds);
        if (r < 0 && errno != EINTR)
            return -errno;
        if (r > 0)
            return watched[1].revents != 0 ? -EINTR : 0;
    }
}

static int ask_interruptibly(Helper *helper, CredentialFrame request, View payload, CredentialFrame wanted,
                             int interrupt_fd, uint64_t deadline, Bytes *ret) {
    set_detail(helper, NULL);
    if (helper->fault < 0)
        return helper->fault;
    int r = frame_send(helper->process.socket, (uint8_t) request, payload, deadline);
    if (r == 0)
        r = wait_answer(helper, interrupt_fd, deadline);
    if (r == 0)
        r = receive(helper, wanted, deadline, ret);
    return remember_fault(helper, r);
}

static int ask(Helper *helper, CredentialFrame request, View payload, CredentialFrame wanted, uint64_t deadline,
               Bytes *ret) {
    return ask_interruptibly(helper, request, payload, wanted, -1, deadline, ret);
}

static int receive_ready(Helper *helper, uint64_t deadline) {
    CLEANUP(bytes_done) Bytes payload = {0};
    int r = receive(helper, CREDENTIAL_READY, deadline, &payload);
    if (r != 0)
        return r;
    Reader reader = {bytes_view(&payload)};
    uint32_t version;
    r = reader_u32(&reader, &version);
    if (r < 0)
        return r;
    return reader_at_end(&reader) && version == CREDENTIAL_PROTOCOL_VERSION ? 0 : -EBADMSG;
}

static int start_unready(const HelperOptions *options, Helper **ret) {
    CLEANUP(helper_freep) Helper *helper = calloc(1, sizeof *helper);
    if (!helper)
        return -ENOMEM;
    helper->process = (HelperProcess){.socket = -1, .pidfd = -1};
    int r = start_process(options, &helper->process);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(helper);
    return 0;
}

int helper_start(const HelperOptions *options, uint64_t deadline, Helper **ret) {
    CLEANUP(helper_freep) Helper *helper = NULL;
    int r = start_unready(options, &helper);
    if (r == 0)
        r = receive_ready(helper, deadline);
    if (r != 0)
        return r;
    *ret = TAKE_PTR(helper);
    return 0;
}

Helper *helper_free(Helper *helper) {
    if (helper) {
        helper_process_end(&helper->process);
        free(helper->detail);
        free(helper);
    }
    return NULL;
}

const char *helper_detail(const Helper *helper) {
    return helper->detail ? helper->detail : "";
}

HelperCertificate *helper_certificates_free(HelperCertificate *certificates, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bytes_done(&certificates[i].der);
        bytes_list_done(&certificates[i].chain);
    }
    free(certificates);
    return NULL;
}

static int read_chain(Reader *reader, BytesList *chain) {
    uint32_t count;
    int r = reader_u32(reader, &count);
    while (r == 0 && chain->count < count) {
        View der;
        r = reader_sized(reader, &der);
        if (r == 0)
            r = bytes_list_append(chain, der);
    }
    return r;
}

static int read_certificate(Reader *reader, HelperCertificate *certificate) {
    View fingerprint, der;
    int r;
    if ((r = reader_sized(reader, &fingerprint)) < 0 || (r = reader_sized(reader, &der)) < 0)
        return r;
    if (fingerprint.size != sizeof certificate->fingerprint)
        return -EBADMSG;
    memcpy(certificate->fingerprint, fingerprint.data, fingerprint.size);
    r = bytes_copy(der, &certificate->der);
    if (r < 0)
        return r;
    return read_chain(reader, &certificate->chain);
}

/* Reads count elements; the array grows with what really arrives. */
static int read_certificates(Reader *reader, HelperCertificate **ret, size_t *ret_count) {
    uint32_t count;
    int r = reader_u32(reader, &count);
    HelperCertificate *certificates = NULL;
    size_t n = 0;
    while (r == 0 && n < count) {
        HelperCertificate *grown = reallocarray(certificates, n + 1, sizeof *grown);
        if (!grown) {
            r = -ENOMEM;
            break;
        }
        certificates = grown;
        certificates[n] = (HelperCertificate){0};
        r = read_certificate(reader, &certificates[n++]);
    }
    if (r < 0) {
        (void) helper_certificates_free(certificates, n); /* returns NULL */
        return r;
    }
    *ret = certificates;
    *ret_count = n;
    return 0;
}

const HelperCertificate *helper_find_certificate(const HelperCertificate *certificates, size_t count,
                                                 const uint8_t *fingerprint) {
    for (size_t i = 0; i < count; i++)
        if (memcmp(certificates[i].fingerprint, fingerprint, sizeof certificates[i].fingerprint) == 0)
            return &certificates[i];
    return NULL;
}

static void source_done(HelperSource *source) {
    free(source->kind);
    free(source->id);
    free(source->label);
    free(source->problem);
    free(source->detail);
    (void) helper_certificates_free(source->certificates, source->n_certificates); /* returns NULL */
}

HelperSource *helper_sources_free(HelperSource *sources, size_t count) {
    for (size_t i = 0; i < count; i++)
        source_done(&sources[i]);
    free(sources);
    return NULL;
}

static int read_source(Reader *reader, HelperSource *source) {
    int r;
    if ((r = reader_string(reader, &source->kind)) < 0 || (r = reader_string(reader, &source->id)) < 0 ||
        (r = reader_string(reader, &source->label)) < 0 || (r = reader_u8(reader, &source->flags)) < 0 ||
        (r = reader_string(reader, &source->problem)) < 0 || (r = reader_string(reader, &source->detail)) < 0)
        return r;
    if ((source->flags & ~CREDENTIAL_SOURCE_FLAGS_ALL) != 0)
        return -EBADMSG;
    if (source->problem[0] != '\0' && credential_outcome_from_name(source->problem) < 0)
        return -EBADMSG;
    return read_certificates(reader, &source->certificates, &source->n_certificates);
}

static int read_sources(Reader *reader, HelperSource **ret, size_t *ret_count) {
    uint32_t count;
    int r = reader_u32(reader, &count);
    HelperSource *sources = NULL;
    size_t n = 0;
    while (r == 0 && n < count) {
        HelperSource *grown = reallocarray(sources, n + 1, sizeof *grown);
        if (!grown) {
            r = -ENOMEM;
            break;
        }
        sources = grown;
        sources[n] = (HelperSource){0};
        r = read_source(reader, &sources[n++]);
    }
    if (r == 0 && !reader_at_end(reader))
        r = -EBADMSG;
    if (r < 0) {
        (void) helper_sources_free(sources, n); /* returns NULL */
        return r;
    }
    *ret = sources;
    *ret_count = n;
    return 0;
}

int helper_list(Helper *helper, uint64_t deadline, HelperSource **ret, size_t *ret_count) {
    CLEANUP(bytes_done) Bytes payload = {0};
    int r = ask(helper, CREDENTIAL_LIST, (View){0}, CREDENTIAL_SOURCES, deadline, &payload);
    if (r != 0)
        return r;
    Reader reader = {bytes_view(&payload)};
    return remember_fault(helper, read_sources(&reader, ret, ret_count));
}

/* A socket that nobody has read from takes one small frame at once. A helper that refuses may have gone before it
 * comes: what it said is still there to be read. */
int helper_start_list(const HelperOptions *options, Helper **ret) {
    CLEANUP(helper_freep) Helper *helper = NULL;
    int r = start_unready(options, &helper);
    if (r < 0)
        return r;
    r = frame_send(helper->process.socket, CREDENTIAL_LIST, (View){0}, frame_now() + SEND_MICROSECONDS);
    if (r < 0 && r != -EPIPE)
        return r;
    *ret = TAKE_PTR(helper);
    return 0;
}

int helper_finish_list(Helper *helper, uint64_t deadline, HelperSource **ret, size_t *ret_count) {
    CLEANUP(bytes_done) Bytes payload = {0};
    int r = receive_ready(helper, deadline);
    if (r == 0)
        r = receive(helper, CREDENTIAL_SOURCES, deadline, &payload);
    if (r != 0)
        return remember_fault(helper, r);
    Reader reader = {bytes_view(&payload)};
    return remember_fault(helper, read_sources(&reader, ret, ret_count));
}

int helper_wait(Helper *helper, uint32_t seconds, int interrupt_fd, uint64_t deadline, HelperSource **ret,
                size_t *ret_count) {
    CLEANUP(bytes_done) Bytes request = {0};
    CLEANUP(bytes_done) Bytes payload = {0};
    int r = bytes_append_u32(&request, seconds);
    if (r < 0)
        return r;
    r = ask_interruptibly(helper, CREDENTIAL_WAIT, bytes_view(&request), CREDENTIAL_SOURCES, interrupt_fd, deadline,
                          &payload);
    if (r != 0)
        return r;
    Reader reader = {bytes_view(&payload)};
    return remember_fault(helper, read_sources(&reader, ret, ret_count));
}

static int encode_unlock(const HelperSource *source, const HelperUnlock *how, Bytes *request) {
    View secret = how->secret ? secret_view(how->secret) : (View){0};
    View wanted = {how->wanted, how->wanted ? STATEMENT_FINGERPRINT_SIZE : 0};
    int r;
    if ((r = bytes_append_string(request, source->kind)) < 0 || (r = bytes_append_string(request, source->id)) < 0 ||
        (r = bytes_append_sized(request, secret)) < 0 || (r = bytes_append_sized(request, wanted)) < 0)
        return r;
    return bytes_append_u8(request, how->final_try ? CREDENTIAL_UNLOCK_FINAL_TRY : 0);
}

int helper_unlock(Helper *helper, const HelperSource *source, const HelperUnlock *how, uint64_t deadline,
                  HelperCertificate **ret, size_t *ret_count) {
    CLEANUP(bytes_done) Bytes request = {0}; /* wipes the secret with the rest */
    CLEANUP(bytes_done) Bytes payload = {0};
    HelperCertificate *certificates = NULL;
    size_t count = 0;
    int r = encode_unlock(source, how, &request);
    if (r < 0)
        return r;
    r = ask(helper, CREDENTIAL_UNLOCK, bytes_view(&request), CREDENTIAL_CERTIFICATES, deadline, &payload);
    if (r != 0)
        return r;
    Reader reader = {bytes_view(&payload)};
    r = read_certificates(&reader, &certificates, &count);
    if (r == 0 && !reader_at_end(&reader)) {
        (void) helper_certificates_free(certificates, count); /* returns NULL */
        r = -EBADMSG;
    }
    if (r < 0)
        return remember_fault(helper, r);
    *ret = certificates;
    *ret_count = count;
    return 0;
}

static int encode_sign(const Statement *statement, Bytes *request) {
    View replaced = {statement->replaced, statement->has_replaced ? STATEMENT_FINGERPRINT_SIZE : 0};
    int r;
    if ((r = bytes_append_sized(request, (View){statement->fingerprint, STATEMENT_FINGERPRINT_SIZE})) < 0 ||
        (r = bytes_append_u8(request, (uint8_t) statement->purpose)) < 0 ||
        (r = bytes_append_sized(request, (View){statement->nonce, STATEMENT_NONCE_SIZE})) < 0 ||
        (r = bytes_append_string(request, statement->user)) < 0 ||
        (r = bytes_append_u32(request, statement->uid)) < 0 ||
        (r = bytes_append_string(request, statement->service)) < 0 ||
        (r = bytes_append_string(request, statement->tty)) < 0 ||
        (r = bytes_append_sized(request, (View){statement->host_id, STATEMENT_ID_SIZE})) < 0 ||
        (r = bytes_append_sized(request, (View){statement->boot_id, STATEMENT_ID_SIZE})) < 0 ||
        (r = bytes_append_sized(request, replaced)) < 0)
        return r;
    return bytes_append_u64(request, statement->deadline);
}

static int read_signed(Reader *reader, char **ret_algorithm, Bytes *ret_signature) {
    CLEANUP(free_pointer) char *algorithm = NULL;
    int r = reader_string(reader, &algorithm);
    if (r < 0)
        return r;
    View signature = {0};
    r = reader_sized(reader, &signature);
    if (r == 0 && (!reader_at_end(reader) || signature.size == 0))
        r = -EBADMSG;
    if (r == 0)
        r = bytes_copy(signature, ret_signature);
    if (r == 0)
        *ret_algorithm = TAKE_PTR(algorithm);
    return r;
}

int helper_sign(Helper *helper, const Statement *statement, uint64_t deadline, char **ret_algorithm,
                Bytes *ret_signature) {
    CLEANUP(bytes_done) Bytes request = {0};
    CLEANUP(bytes_done) Bytes payload = {0};
    int r = encode_sign(statement, &request);
    if (r < 0)
        return r;
    r = ask(helper, CREDENTIAL_SIGN, bytes_view(&request), CREDENTIAL_SIGNED, deadline, &payload);
    if (r != 0)
        return r;
    Reader reader = {bytes_view(&payload)};
    return remember_fault(helper, read_signed(&reader, ret_algorithm, ret_signature));
}

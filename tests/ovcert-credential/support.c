/* SPDX-License-Identifier: BSD-2-Clause */
/* See support.h. Linked by test programs only; must never be linked into anything that is installed. */
#include "tests/ovcert-credential/support.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/asn1.h>
#include <openssl/conf.h>
#include <openssl/kdf.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "common/frame.h"
#include "common/macros.h"
#include "trust/certificate.h"
#include "trust/signature.h"

static uint64_t soon(void) {
    return frame_now() + PATIENCE * SECONDS;
}

char *home_path(const char *home, const char *name) {
    char *path = NULL;

    assert_true(asprintf(&path, "%s/.ovcert/%s", home, name) > 0);
    return path;
}

char *home_new(uid_t owner) {
    char *home = pki_folder();
    char *CLEANUP(free_pointer) folder = home_path(home, "");

    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(chown(home, owner, (gid_t) -1), 0);
    assert_int_equal(chown(folder, owner, (gid_t) -1), 0);
    return home;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void) status;
    (void) type;
    (void) place;
    return remove(path);
}

void home_free(char *home) {
    if (home)
        assert_int_equal(nftw(home, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(home);
}

char *home_put(const char *home, const char *name, View contents, uid_t owner) {
    char *CLEANUP(free_pointer) folder = home_path(home, "");
    char *path = home_path(home, name);

    pki_write(folder, name, contents);
    assert_int_equal(chown(path, owner, (gid_t) -1), 0);
    return path;
}

void container_add_certificate(ContainerBags **bags, X509 *certificate) {
    assert_non_null(PKCS12_add_cert(bags, certificate));
}

static PKCS8_PRIV_KEY_INFO *key_info(EVP_PKEY *key) {
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);

    assert_non_null(info);
    return info;
}

static void push(ContainerBags **bags, PKCS12_SAFEBAG *bag) {
    assert_non_null(bag);
    if (!*bags)
        *bags = sk_PKCS12_SAFEBAG_new_null();
    assert_true(sk_PKCS12_SAFEBAG_push(*bags, bag) > 0);
}

void container_add_key(ContainerBags **bags, EVP_PKEY *key, uint32_t claim_rounds) {
    PKCS8_PRIV_KEY_INFO *info = key_info(key);
    X509_SIG *encrypted = PKCS8_encrypt(-1, EVP_aes_256_cbc(), PASSPHRASE, -1, NULL, 0, CONTAINER_ROUNDS, info);

    PKCS8_PRIV_KEY_INFO_free(info);
    assert_non_null(encrypted);
    if (claim_rounds > 0) {
        X509_ALGOR *algorithm = NULL;
        X509_ALGOR *claimed = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), (int) claim_rounds, NULL, 0, NULL, -1);
        X509_SIG_getm(encrypted, &algorithm, NULL);
        assert_non_null(claimed);
        assert_true(X509_ALGOR_copy(algorithm, claimed) > 0);
        X509_ALGOR_free(claimed);
    }
    push(bags, PKCS12_SAFEBAG_create0_pkcs8(encrypted));
}

void container_add_plain_key(ContainerBags **bags, EVP_PKEY *key) {
    push(bags, PKCS12_SAFEBAG_create0_p8inf(key_info(key)));
}

void container_add_scrypt_key(ContainerBags **bags, EVP_PKEY *key) {
    PKCS8_PRIV_KEY_INFO *info = key_info(key);
    X509_ALGOR *algorithm = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0, NULL, 1024, 8, 1);
    X509_SIG *encrypted = PKCS8_set0_pbe(PASSPHRASE, -1, info, algorithm);

    PKCS8_PRIV_KEY_INFO_free(info);
    assert_non_null(encrypted);
    push(bags, PKCS12_SAFEBAG_create0_pkcs8(encrypted));
}

static X509_ALGOR *algorithm_of(const char *description) {
    BIO *text = BIO_new_mem_buf(description, -1);
    CONF *conf = NCONF_new(NULL);
    unsigned char *der = NULL;
    const unsigned char *position;
    ASN1_TYPE *value;
    X509_ALGOR *algorithm;
    int size;

    assert_true(NCONF_load_bio(conf, text, NULL) > 0);
    value = ASN1_generate_nconf("SEQUENCE:algorithm", conf);
    size = i2d_ASN1_TYPE(value, &der);
    assert_true(size > 0);
    position = der;
    algorithm = d2i_X509_ALGOR(NULL, &position, size);
    assert_non_null(algorithm);
    OPENSSL_free(der);
    ASN1_TYPE_free(value);
    NCONF_free(conf);
    BIO_free(text);
    return algorithm;
}

void container_add_key_described(ContainerBags **bags, EVP_PKEY *key, const char *algorithm) {
    X509_ALGOR *wanted = algorithm_of(algorithm);
    X509_ALGOR *own = NULL;
    ContainerBags *one = NULL;
    PKCS12_SAFEBAG *bag;

    container_add_key(&one, key, 0);
    bag = sk_PKCS12_SAFEBAG_pop(one);
    sk_PKCS12_SAFEBAG_free(one);
    X509_SIG_getm((X509_SIG *) (uintptr_t) PKCS12_SAFEBAG_get0_pkcs8(bag), &own, NULL);
    assert_true(X509_ALGOR_copy(own, wanted) > 0);
    X509_ALGOR_free(wanted);
    push(bags, bag);
}

void container_add_secret(ContainerBags **bags) {
    push(bags, PKCS12_SAFEBAG_create_secret(NID_pkcs7_data, V_ASN1_OCTET_STRING, (const unsigned char *) "x", 1));
}

void container_nest(ContainerBags **bags, ContainerBags *inner) {
    PKCS12_SAFEBAG *bag = NULL;
    Bytes CLEANUP(bytes_done) contents = {0};
    unsigned char *der = NULL;
    int size = ASN1_item_i2d((ASN1_VALUE *) inner, &der, ASN1_ITEM_rptr(PKCS12_SAFEBAGS));
    /* OpenSSL makes no such bag, so its DER is put together: SEQUENCE { OID, [0] EXPLICIT SafeContents }. */
    static const uint8_t oid[] = {0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x06};
    uint8_t outer_head[] = {0x30, 0x83, 0, 0, 0};
    uint8_t inner_head[] = {0xa0, 0x83, 0, 0, 0};
    const unsigned char *position;
    size_t length;

    assert_true(size > 0 && size < 0xffff00);
    for (int i = 0; i < 3; i++) {
        length = (size_t) size;
        inner_head[2 + i] = (uint8_t) (length >> (16 - 8 * i));
        length += sizeof oid + sizeof inner_head;
        outer_head[2 + i] = (uint8_t) (length >> (16 - 8 * i));
    }
    assert_int_equal(bytes_append(&contents, (View){outer_head, sizeof outer_head}), 0);
    assert_int_equal(bytes_append(&contents, (View){oid, sizeof oid}), 0);
    assert_int_equal(bytes_append(&contents, (View){inner_head, sizeof inner_head}), 0);
    assert_int_equal(bytes_append(&contents, (View){der, (size_t) size}), 0);
    position = contents.data;
    bag = d2i_PKCS12_SAFEBAG(NULL, &position, (long) contents.size);
    OPENSSL_free(der);
    sk_PKCS12_SAFEBAG_pop_free(inner, PKCS12_SAFEBAG_free);
    push(bags, bag);
}

void container_add_safe(ContainerSafes **safes, ContainerBags *bags, bool encrypted) {
    assert_true(PKCS12_add_safe(safes, bags, encrypted ? NID_aes_256_cbc : -1, CONTAINER_ROUNDS, PASSPHRASE) > 0);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

void container_add_signed_safe(ContainerSafes **safes) {
    PKCS7 *safe = PKCS7_new();

    assert_true(PKCS7_set_type(safe, NID_pkcs7_signed) > 0 && PKCS7_content_new(safe, NID_pkcs7_data) > 0);
    if (!*safes)
        *safes = sk_PKCS7_new_null();
    assert_true(sk_PKCS7_push(*safes, safe) > 0);
}

void container_finish(ContainerSafes *safes, const EVP_MD *mac, Bytes *ret) {
    PKCS12 *p12 = PKCS12_add_safes(safes, 0);
    unsigned char *der = NULL;
    int size;

    assert_non_null(p12);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    if (mac)
        assert_true(PKCS12_set_mac(p12, PASSPHRASE, -1, NULL, 0, CONTAINER_ROUNDS, mac) > 0);
    size = i2d_PKCS12(p12, &der);
    assert_true(size > 0);
    PKCS12_free(p12);
    assert_int_equal(bytes_copy((View){der, (size_t) size}, ret), 0);
    OPENSSL_free(der);
}

/* By descriptor: the user that prepare() becomes need not be able to reach the build folder. */
static _Noreturn void exec_helper(const RunOptions *options, int socket) {
    static char *const no_environment[] = {NULL};
    char *arguments[16] = {strdup(options->program)};
    int program = fcntl(open(options->program, O_PATH | O_CLOEXEC), F_DUPFD_CLOEXEC, 100);

    for (size_t i = 0; options->arguments[i] && i + 2 < ELEMENTSOF(arguments); i++)
        arguments[i + 1] = options->arguments[i];
    if (dup2(socket, CREDENTIAL_SOCKET_FD) != CREDENTIAL_SOCKET_FD)
        _exit(126);
    if (options->prepare)
        options->prepare();
    (void) fexecve(program, arguments, options->environment ? options->environment : no_environment);
    _exit(127);
}

/* Our socket is 3 or above; a 3 would be in the way of the child's. */
static void make_sockets(int sockets[2]) {
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    for (int i = 0; i < 2; i++) {
        sockets[i] = fcntl(pair[i], F_DUPFD_CLOEXEC, 50);
        assert_true(sockets[i] >= 0);
        assert_int_equal(close(pair[i]), 0);
    }
}

Run run_start(const RunOptions *options) {
    Run run;
    int sockets[2];

    make_sockets(sockets);
    run.pid = fork();
    assert_true(run.pid >= 0);
    if (run.pid == 0)
        exec_helper(options, sockets[1]);
    assert_int_equal(close(sockets[1]), 0);
    run.socket = sockets[0];
    return run;
}

Run run_start_below(const RunOptions *options) {
    Run run;
    int sockets[2];

    make_sockets(sockets);
    run.pid = fork();
    assert_true(run.pid >= 0);
    if (run.pid == 0) {
        if (fork() == 0)
            exec_helper(options, sockets[1]);
        (void) close(sockets[1]); /* or the end would not be seen */
        for (;;)
            (void) pause(); /* until the test kills us */
    }
    assert_int_equal(close(sockets[1]), 0);
    run.socket = sockets[0];
    return run;
}

static void proc_path(const Run *run, const char *file, char *ret, size_t size) {
    assert_in_range(snprintf(ret, size, "/proc/%d/%s", (int) run->pid, file), 1, size - 1);
}

char *run_status(const Run *run, const char *file, const char *key) {
    char path[64];
    char *line = NULL, *found = NULL;
    size_t capacity = 0;
    FILE *stream;

    proc_path(run, file, path, sizeof path);
    stream = fopen(path, "re");
    assert_non_null(stream);
    while (!found && getline(&line, &capacity, stream) > 0)
        if (strncmp(line, key, strlen(key)) == 0)
            found = strdup(line + strlen(key) + strspn(line + strlen(key), " \t"));
    free(line);
    assert_int_equal(fclose(stream), 0);
    assert_non_null(found);
    found[strcspn(found, "\n")] = '\0';
    return found;
}

bool run_is_undumpable(const Run *run) {
    struct stat status;
    char path[64];

    proc_path(run, "coredump_filter", path, sizeof path);
    assert_int_equal(stat(path, &status), 0);
    return status.st_uid == 0;
}

int run_end(Run *run) {
    int status = 0;

    assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
    assert_int_equal(close(run->socket), 0);
    return status;
}

void expect_end(int socket) {
    Bytes CLEANUP(bytes_done) payload = {0};
    uint8_t type;

    assert_int_equal(frame_receive(socket, &type, &payload, soon()), -EPIPE);
}

/* A helper that has ended is seen by who expects its answer. */
static void send_frame(int socket, CredentialFrame type, const Bytes *payload) {
    int r = frame_send(socket, (uint8_t) type, bytes_view(payload), soon());

    assert_true(r == 0 || r == -EPIPE);
}

void send_raw(int socket, const void *octets, size_t size) {
    assert_int_equal(send(socket, octets, size, MSG_NOSIGNAL), (ssize_t) size);
}

void send_list(int socket) {
    send_frame(socket, CREDENTIAL_LIST, &(Bytes){0});
}

static void send_unlock_of_kind(int socket, const char *kind, const char *id, const char *secret, const uint8_t *wanted,
                                uint8_t flags) {
    Bytes CLEANUP(bytes_done) payload = {0};
    View fingerprint = {wanted, wanted ? STATEMENT_FINGERPRINT_SIZE : 0};

    assert_int_equal(bytes_append_string(&payload, kind), 0);
    assert_int_equal(bytes_append_string(&payload, id), 0);
    assert_int_equal(bytes_append_string(&payload, secret), 0);
    assert_int_equal(bytes_append_sized(&payload, fingerprint), 0);
    assert_int_equal(bytes_append_u8(&payload, flags), 0);
    send_frame(socket, CREDENTIAL_UNLOCK, &payload);
}

void send_unlock(int socket, const char *path, const char *passphrase) {
    send_unlock_of_kind(socket, CREDENTIAL_KIND_PKCS12, path, passphrase, NULL, 0);
}

void send_unlock_token(int socket, const char *uri, const char *pin, const uint8_t *wanted, uint8_t flags) {
    send_unlock_of_kind(socket, CREDENTIAL_KIND_PKCS11, uri, pin, wanted, flags);
}

void send_wait(int socket, uint32_t seconds) {
    Bytes CLEANUP(bytes_done) payload = {0};

    assert_int_equal(bytes_append_u32(&payload, seconds), 0);
    send_frame(socket, CREDENTIAL_WAIT, &payload);
}

void send_sign(int socket, const Statement *statement) {
    Bytes CLEANUP(bytes_done) payload = {0};
    View replaced = {statement->replaced, statement->has_replaced ? sizeof statement->replaced : 0};

    assert_int_equal(bytes_append_sized(&payload, (View){statement->fingerprint, sizeof statement->fingerprint}), 0);
    assert_int_equal(bytes_append_u8(&payload, (uint8_t) statement->purpose), 0);
    assert_int_equal(bytes_append_sized(&payload, (View){statement->nonce, sizeof statement->nonce}), 0);
    assert_int_equal(bytes_append_string(&payload, statement->user), 0);
    assert_int_equal(bytes_append_u32(&payload, statement->uid), 0);
    assert_int_equal(bytes_append_string(&payload, statement->service), 0);
    assert_int_equal(bytes_append_string(&payload, statement->tty), 0);
    assert_int_equal(bytes_append_sized(&payload, (View){statement->host_id, sizeof statement->host_id}), 0);
    assert_int_equal(bytes_append_sized(&payload, (View){statement->boot_id, sizeof statement->boot_id}), 0);
    assert_int_equal(bytes_append_sized(&payload, replaced), 0);
    assert_int_equal(bytes_append_u64(&payload, statement->deadline), 0);
    send_frame(socket, CREDENTIAL_SIGN, &payload);
}

void expect_frame(int socket, CredentialFrame type, Bytes *ret) {
    uint8_t received = 0;

    assert_int_equal(frame_receive(socket, &received, ret, soon()), 0);
    assert_int_equal(received, type);
}

void expect_ready(int socket) {
    Bytes CLEANUP(bytes_done) payload = {0};
    uint32_t version = 0;

    expect_frame(socket, CREDENTIAL_READY, &payload);
    assert_int_equal(reader_u32(&(Reader){bytes_view(&payload)}, &version), 0);
    assert_int_equal(version, CREDENTIAL_PROTOCOL_VERSION);
}

void expect_failed(int socket, CredentialOutcome outcome) {
    Bytes CLEANUP(bytes_done) payload = {0};
    char *CLEANUP(free_pointer) detail = NULL;
    uint32_t received = 0;

    expect_frame(socket, CREDENTIAL_FAILED, &payload);
    Reader reader = {bytes_view(&payload)};
    assert_int_equal(reader_u32(&reader, &received), 0);
    assert_int_equal(reader_string(&reader, &detail), 0);
    assert_true(reader_at_end(&reader));
    if (received != (uint32_t) outcome)
        print_error("unexpected outcome %u: %s\n", received, detail);
    assert_int_equal(received, outcome);
}

uint32_t expect_certificates(int socket) {
    Bytes CLEANUP(bytes_done) payload = {0};
    uint32_t count = 0;

    expect_frame(socket, CREDENTIAL_CERTIFICATES, &payload);
    assert_int_equal(reader_u32(&(Reader){bytes_view(&payload)}, &count), 0);
    return count;
}

void expect_signed(int socket, const PkiIdentity *identity, const Statement *statement) {
    Certificate *CLEANUP(certificate_freep) certificate = NULL;
    Bytes CLEANUP(bytes_done) payload = {0};
    Bytes CLEANUP(bytes_done) signed_octets = {0};
    char *CLEANUP(free_pointer) algorithm = NULL;
    View signature;

    expect_frame(socket, CREDENTIAL_SIGNED, &payload);
    Reader reader = {bytes_view(&payload)};
    assert_int_equal(reader_string(&reader, &algorithm), 0);
    assert_int_equal(reader_sized(&reader, &signature), 0);
    assert_true(reader_at_end(&reader));
    assert_int_equal(certificate_parse(bytes_view(&identity->der), &certificate), 0);
    assert_int_equal(statement_encode(statement, &signed_octets), 0);
    assert_int_equal(signature_verify(certificate, algorithm, bytes_view(&signed_octets), signature), 0);
}

Statement statement_for(const PkiIdentity *identity) {
    Statement statement = {
        .purpose = STATEMENT_ASSIGN,
        .user = "demo",
        .uid = 1000,
        .service = "ovcertctl",
        .tty = "pts/0",
        .has_replaced = true,
        .deadline = 30 * SECONDS,
    };

    memset(statement.nonce, 0x11, sizeof statement.nonce);
    memset(statement.host_id, 0x22, sizeof statement.host_id);
    memset(statement.boot_id, 0x33, sizeof statement.boot_id);
    memset(statement.replaced, 0x44, sizeof statement.replaced);
    (void) SHA256(identity->der.data, identity->der.size, statement.fingerprint);
    return statement;
}

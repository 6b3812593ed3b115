/* SPDX-License-Identifier: BSD-2-Clause */
/* What the helper's tests share: a user's home with files in it, PKCS#12 files with unusual insides, and the client's
 * side of the dialogue. A function that fails ends the test with a message, so tests need not check. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include <openssl/pkcs12.h>

#include "common/bytes.h"
#include "common/credential.h"
#include "common/statement.h"
#include "tests/trust/pki.h"

#define PASSPHRASE "pruebas ñ 1"
#define SECONDS UINT64_C(1000000) /* of CLOCK_MONOTONIC deadlines */
#define PATIENCE 20               /* seconds, far more than anything takes; nothing waits so long when all is well */

/* A folder with a folder ".ovcert" in it, both owner's. home_free() removes it with everything in it. */
char *home_new(uid_t owner);
void home_free(char *home);
/* "HOME/.ovcert/NAME". free(3). */
char *home_path(const char *home, const char *name);
/* Writes a file of mode 0600 there and returns its path. free(3). */
char *home_put(const char *home, const char *name, View contents, uid_t owner);

/* Puts a PKCS#12 file together bag by bag; all with AES-256 and few rounds, but for what claim_... says: rounds that
 * are written into the file without being done, so that the file cannot be opened by those who would do them. */
typedef STACK_OF(PKCS12_SAFEBAG) ContainerBags;
typedef STACK_OF(PKCS7) ContainerSafes;
#define CONTAINER_ROUNDS 5

void container_add_certificate(ContainerBags **bags, X509 *certificate);
void container_add_key(ContainerBags **bags, EVP_PKEY *key, uint32_t claim_rounds); /* 0: none claimed */
void container_add_plain_key(ContainerBags **bags, EVP_PKEY *key);
/* A key encrypted with scrypt, whose cost is not one of rounds. */
void container_add_scrypt_key(ContainerBags **bags, EVP_PKEY *key);
/* A key whose AlgorithmIdentifier is the DER of this description (ASN1_generate_nconf(3)). Nothing is encrypted under
 * it, so whoever gets as far as a derivation does not open the file. */
void container_add_key_described(ContainerBags **bags, EVP_PKEY *key, const char *algorithm);
/* A bag of no use. */
void container_add_secret(ContainerBags **bags);
/* A bag that holds the given bags. Consumes them. */
void container_nest(ContainerBags **bags, ContainerBags *inner);
/* Closes a part of the file. Consumes the bags. */
void container_add_safe(ContainerSafes **safes, ContainerBags *bags, bool encrypted);
/* A part that is signed, which PKCS#12 has no place for. */
void container_add_signed_safe(ContainerSafes **safes);
/* Consumes the safes. mac: its digest, NULL for a file without one. The passphrase of all parts is PASSPHRASE. */
void container_finish(ContainerSafes *safes, const EVP_MD *mac, Bytes *ret);

/* A helper in a process of its own. */
typedef struct Run {
    pid_t pid;
    int socket;
} Run;

typedef struct RunOptions {
    const char *program;
    char *const *arguments;   /* after the program's name; NULL-terminated */
    char *const *environment; /* NULL: empty */
    void (*prepare)(void);    /* in the child, when its socket is in its place; may be NULL */
} RunOptions;

Run run_start(const RunOptions *options);
/* The same, but as the child of a process in between, which is the one that .pid names and that does nothing. */
Run run_start_below(const RunOptions *options);
/* Waits for the process to end, and returns its status as waitpid(2) tells it. Closes the socket after that. */
int run_end(Run *run);
/* The line of /proc/PID/FILE that begins with key, what follows the key without leading white space. free(3). */
char *run_status(const Run *run, const char *file, const char *key);
/* Whether files below /proc/PID belong to root in place of the process's user: what the kernel does with those that
 * must not be dumped or traced (proc(5)). */
bool run_is_undumpable(const Run *run);

/* The socket's peer has gone without another octet. */
void expect_end(int socket);

void send_list(int socket);
void send_unlock(int socket, const char *path, const char *passphrase);
/* wanted: a fingerprint, NULL for none. */
void send_unlock_token(int socket, const char *uri, const char *pin, const uint8_t *wanted, uint8_t flags);
void send_wait(int socket, uint32_t seconds);
void send_sign(int socket, const Statement *statement);
void send_raw(int socket, const void *octets, size_t size);

void expect_ready(int socket);
/* The next frame is of this type; its payload is the caller's. */
void expect_frame(int socket, CredentialFrame type, Bytes *ret);
/* The next frame is FAILED with this outcome. */
void expect_failed(int socket, CredentialOutcome outcome);
/* The next frame is CERTIFICATES; the count. */
uint32_t expect_certificates(int socket);
/* The next frame is SIGNED, and the signature is identity's over the statement. */
void expect_signed(int socket, const PkiIdentity *identity, const Statement *statement);

/* A statement of all fields for a certificate. */
Statement statement_for(const PkiIdentity *identity);

/* SPDX-License-Identifier: BSD-2-Clause */
/* ovcert-credential: lists a user's certificates and signs one statement with one of them (common/credential.h says how
 * to talk to it). Started by pam_ovcert and ovcertctl, never by hand; must never serve before it is confined,
 * undumpable and the user. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "common/credential.h"
#include "common/frame.h"
#include "common/macros.h"
#include "config.h"
#include "ovcert-credential/account.h"
#include "ovcert-credential/arguments.h"
#include "ovcert-credential/pkcs12.h"
#include "ovcert-credential/process.h"
#include "ovcert-credential/session.h"
#include "ovcert-credential/settings.h"

#define CONFIGURATION_FILE OVCERT_CONFIG_DIR "/credential.conf"

static int complain(const char *what, int error) {
    /* Standard error is /dev/null when a program of ours has started it; somebody who tries by hand wants to know. */
    (void) fprintf(stderr, "ovcert-credential: %s: %s\n", what, strerror(-error));
    return EXIT_FAILURE;
}

static int serve(const Account *account, uint64_t deadline) {
    Settings CLEANUP(settings_done) settings = {0};
    Backend *CLEANUP(backend_freep) backend = NULL;
    char *CLEANUP(free_pointer) detail = NULL;
    int r, refusal = settings_load(CONFIGURATION_FILE, 0, &settings, &detail);

    if (refusal < 0)
        return complain("configuration", refusal);
    r = pkcs12_backend_new(&settings, account, &backend);
    if (r == 0)
        r = session_serve(CREDENTIAL_SOCKET_FD, deadline,
                          &(SessionOptions){
                              .backends = &backend,
                              .n_backends = 1,
                              .refusal = refusal,
                              .refusal_detail = detail,
                          });
    return r < 0 ? complain("serving", r) : EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    Account CLEANUP(account_done) account = {0};
    Arguments arguments;
    uint64_t start = frame_now();
    pid_t parent = getppid();
    int r = arguments_parse(argc, argv, &arguments);

    if (r < 0)
        return complain("started by other programs of ovcert, as DEADLINE-SECONDS [UID GID USER HOME]", r);
    r = process_isolate(arguments.deadline);
    if (r < 0)
        return complain("confining the process", r);
    r = account_become(&arguments, &account);
    if (r < 0)
        return complain("becoming the user", r);
    r = process_seal(parent);
    if (r < 0)
        return complain("confining the process", r);
    /* Libraries may use the default context; no configuration file is to have a say there either (SECURITY 21). */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return complain("OpenSSL", -ENOMEM);
    return serve(&account, start + arguments.deadline * UINT64_C(1000000));
}

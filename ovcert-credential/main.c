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
#include "ovcert-credential/filter.h"
#include "ovcert-credential/pkcs11.h"
#include "ovcert-credential/pkcs12.h"
#include "ovcert-credential/process.h"
#include "ovcert-credential/session.h"
#include "ovcert-credential/settings.h"

/* The tests build this file with others. */
#ifndef CREDENTIAL_CONFIGURATION_FILE
#define CREDENTIAL_CONFIGURATION_FILE OVCERT_CONFIG_DIR "/credential.conf"
#endif
#ifndef CREDENTIAL_USER
#define CREDENTIAL_USER OVCERT_CREDENTIAL_USER
#endif

static int complain(const char *what, int error) {
    /* Standard error is /dev/null when a program of ours has started it; somebody who tries by hand wants to know. */
    (void) fprintf(stderr, "ovcert-credential: %s: %s\n", what, strerror(-error));
    return EXIT_FAILURE;
}

/* No module is ever loaded with root's rights. */
static bool drives_tokens(const Arguments *arguments, const Account *account) {
    return arguments->tokens || (!arguments->for_user && account->uid != 0);
}

/* Files are opened as their owner alone. */
static int make_backends(const Arguments *arguments, const Account *account, const Settings *settings,
                         Backend *backends[2], size_t *ret_count) {
    bool files = !arguments->tokens, tokens = drives_tokens(arguments, account);
    size_t count = 0;
    int r = 0;

    if (files)
        r = pkcs12_backend_new(settings, account, &backends[count++]);
    if (r == 0 && tokens)
        r = process_set_environment(OVCERT_OPENSC_CONF, settings->environment, settings->n_environment);
    if (r == 0 && tokens)
        r = pkcs11_backend_new(settings, &backends[count++]);
    *ret_count = count;
    return r;
}

static int serve(const Arguments *arguments, const Account *account, uint64_t deadline) {
    Settings CLEANUP(settings_done) settings = {0};
    char *CLEANUP(free_pointer) detail = NULL;
    Backend *backends[2] = {NULL, NULL};
    size_t n_backends = 0;
    int r, refusal = settings_load(CREDENTIAL_CONFIGURATION_FILE, 0, &settings, &detail);

    if (refusal < 0)
        return complain("configuration", refusal);
    r = make_backends(arguments, account, &settings, backends, &n_backends);
    if (r == 0)
        r = session_serve(CREDENTIAL_SOCKET_FD, deadline,
                          &(SessionOptions){
                              .backends = backends,
                              .n_backends = n_backends,
                              .refusal = refusal,
                              .refusal_detail = detail,
                          });
    for (size_t i = 0; i < ELEMENTSOF(backends); i++)
        (void) backend_free(backends[i]); /* returns NULL */
    return r < 0 ? complain("serving", r) : EXIT_SUCCESS;
}

static int refuse(uint64_t deadline, int outcome) {
    int r = session_refuse(CREDENTIAL_SOCKET_FD, deadline, outcome, CREDENTIAL_USER);
    return complain(r < 0 ? "refusing" : CREDENTIAL_USER, r < 0 ? r : -ENOENT);
}

int main(int argc, char **argv) {
    Account CLEANUP(account_done) account = {0};
    Arguments arguments;
    uint64_t deadline = frame_now();
    pid_t parent = getppid();
    int r = arguments_parse(argc, argv, &arguments);

    if (r < 0)
        return complain("started by other programs of ovcert, as DEADLINE-SECONDS [tokens | UID GID USER HOME]", r);
    deadline += arguments.deadline * UINT64_C(1000000);
    r = process_isolate(arguments.deadline, arguments.tokens || (!arguments.for_user && geteuid() != 0));
    if (r < 0)
        return complain("confining the process", r);
    r = account_become(&arguments, CREDENTIAL_USER, &account);
    if (r > 0)
        return refuse(deadline, r);
    if (r < 0)
        return complain("becoming the user", r);
    r = process_seal(parent);
    if (r < 0)
        return complain("confining the process", r);
    r = filter_install(drives_tokens(&arguments, &account) ? FILTER_TOKENS : FILTER_FILES);
    if (r < 0)
        return complain("filtering system calls", r);
    /* Libraries may use the default context; no configuration file is to have a say there either (SECURITY 21). */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return complain("OpenSSL", -ENOMEM);
    return serve(&arguments, &account, deadline);
}

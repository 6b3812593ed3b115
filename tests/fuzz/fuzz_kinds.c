/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of kinds (trust/kinds.h): what is refused is refused with file, line and column, and what is accepted finds a
 * kind and makes a holder in the normal form. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/macros.h"
#include "common/text.h"
#include "tests/fuzz/input.h"
#include "tests/trust/pki.h"
#include "tests/trust/spanish.h"
#include "trust/holder.h"
#include "trust/kinds.h"

static Certificate *make_certificate(void) {
    PkiIdentity root = {0}, leaf = {0};
    PkiOptions options = spanish_citizen;
    PkiAttribute number = {.type = "2.16.840.1.113730.3.1.3", .value = "4711"};
    Certificate *certificate = NULL;
    options.more = &number;
    options.n_more = 1;
    pki_root(NULL, &root);
    pki_leaf(&root, &options, &leaf);
    FUZZ_PROMISE(certificate_parse(bytes_view(&leaf.der), &certificate) == 0);
    pki_identity_done(&leaf);
    pki_identity_done(&root);
    return certificate;
}

/* A folder with this file as its one drop-in. */
static void place(const char *folder, const char *path) {
    char name[256];
    (void) snprintf(name, sizeof name, "%s/" KINDS_FOLDER, folder); /* it fits */
    FUZZ_PROMISE(mkdir(name, 0700) == 0);
    (void) snprintf(name, sizeof name, "%s/" KINDS_FOLDER "/10.conf", folder);
    FUZZ_PROMISE(symlink(path, name) == 0);
}

static void displace(const char *folder) {
    char name[256];
    (void) snprintf(name, sizeof name, "%s/" KINDS_FOLDER "/10.conf", folder); /* it fits */
    FUZZ_PROMISE(unlink(name) == 0);
    (void) snprintf(name, sizeof name, "%s/" KINDS_FOLDER, folder);
    FUZZ_PROMISE(rmdir(name) == 0 && rmdir(folder) == 0);
}

static void check_kinds(const Kinds *kinds) {
    static Certificate *certificate;
    CLEANUP(free_pointer) char *holder = NULL;
    const Kind *kind = NULL;
    if (!certificate)
        certificate = make_certificate();
    FUZZ_PROMISE(kinds_count(kinds) > 0);
    FUZZ_PROMISE(kinds_find(kinds, certificate, &kind) == 0);
    if (!kind)
        return;
    FUZZ_PROMISE(kind_source(kind, KIND_MATCH)[0] != '\0');
    FUZZ_PROMISE(kind_holder(kind, certificate, &holder) == 0);
    FUZZ_PROMISE(holder[0] == '\0' || holder_is_valid(holder));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[32], folder[] = "/tmp/ovcert-fuzz-XXXXXX";
    CLEANUP(kinds_unrefp) Kinds *kinds = NULL;
    CLEANUP(free_pointer) char *problem = NULL;
    int fd = input_file((View){data, size}, path);
    FUZZ_PROMISE(mkdtemp(folder));
    place(folder, path);
    const char *const folders[] = {folder};
    int r = kinds_load(folders, 1, &kinds, &problem);
    FUZZ_PROMISE(r == 0 || r == KINDS_INVALID || r == KINDS_NONE);
    if (r == 0)
        check_kinds(kinds);
    else
        FUZZ_PROMISE(problem && text_is_printable((View){(const uint8_t *) problem, strlen(problem)}));
    displace(folder);
    FUZZ_PROMISE(close(fd) == 0);
    return 0;
}

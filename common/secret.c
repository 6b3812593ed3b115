/* SPDX-License-Identifier: BSD-2-Clause */
/* Secrets in pages of their own. Used by the PAM module, the tool and the helper; must never write a secret anywhere.
 */
#include "common/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

struct Secret {
    size_t size;
    uint8_t octets[SECRET_SIZE_MAX];
};

int secret_new(const void *octets, size_t size, Secret **ret) {
    if (size > SECRET_SIZE_MAX)
        return -EMSGSIZE;
    Secret *secret = mmap(NULL, sizeof *secret, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (secret == MAP_FAILED)
        return -ENOMEM;
    /* A memory-lock limit of 0 must not keep people out; the other two precautions do not depend on it. */
    (void) mlock(secret, sizeof *secret);
    (void) madvise(secret, sizeof *secret, MADV_DONTDUMP);   /* advice: a kernel without it is no reason to refuse */
    (void) madvise(secret, sizeof *secret, MADV_WIPEONFORK); /* likewise */
    secret->size = size;
    if (size > 0)
        memcpy(secret->octets, octets, size);
    *ret = secret;
    return 0;
}

View secret_view(const Secret *secret) {
    return (View){secret->octets, secret->size};
}

Secret *secret_free(Secret *secret) {
    if (secret) {
        explicit_bzero(secret, sizeof *secret);
        (void) munmap(secret, sizeof *secret); /* cannot fail for a mapping of ours */
    }
    return NULL;
}

void secret_wipe(void *memory, size_t size) {
    if (memory && size > 0)
        explicit_bzero(memory, size);
}

void secret_wipe_string(char *string) {
    if (string)
        explicit_bzero(string, strlen(string));
}

int secret_harden_process(void) {
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return -errno;
    if (setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) < 0)
        return -errno;
    return 0;
}

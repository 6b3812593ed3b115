/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps the outcome of auth in the handle. Called by login.c to write, account.c and entry.c to read; must never
 * outlive the handle or speak for another user. */
#include "pam_ovcert/memory.h"

#include <stdlib.h>
#include <string.h>

#define MEMORY_KEY "ovcert-login"

static void memory_free(pam_handle_t *pam, void *data, int error_status) {
    (void) pam, (void) error_status; /* libpam's signature */
    Memory *memory = data;
    if (memory)
        free(memory->user);
    free(memory);
}

int memory_clear(pam_handle_t *pam) {
    return pam_set_data(pam, MEMORY_KEY, NULL, memory_free);
}

int memory_store(pam_handle_t *pam, const Memory *memory) {
    int code = memory_clear(pam);
    if (code != PAM_SUCCESS)
        return code;
    Memory *copy = malloc(sizeof *copy);
    if (!copy)
        return PAM_BUF_ERR;
    *copy = *memory;
    copy->user = strdup(memory->user);
    code = copy->user ? pam_set_data(pam, MEMORY_KEY, copy, memory_free) : PAM_BUF_ERR;
    if (code != PAM_SUCCESS)
        memory_free(pam, copy, 0);
    return code;
}

const Memory *memory_find(pam_handle_t *pam) {
    const void *data = NULL, *user = NULL;
    if (pam_get_data(pam, MEMORY_KEY, &data) != PAM_SUCCESS || !data)
        return NULL;
    if (pam_get_item(pam, PAM_USER, &user) != PAM_SUCCESS || !user)
        return NULL;
    const Memory *memory = data;
    return strcmp(memory->user, user) == 0 ? memory : NULL;
}

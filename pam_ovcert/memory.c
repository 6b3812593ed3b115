/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps the outcome of auth in the handle. Called by login.c to write, account.c and entry.c to read; must never
 * outlive the handle or speak for another user. */
#include "pam_ovcert/memory.h"

#include <stdlib.h>
#include <string.h>

#define MEMORY_KEY "ovcert-login"

typedef struct Entry {
    Memory memory;
    char *user;
} Entry;

static void entry_free(pam_handle_t *pam, void *data, int error_status) {
    (void) pam, (void) error_status; /* libpam's signature */
    Entry *entry = data;
    if (entry)
        free(entry->user);
    free(entry);
}

int memory_clear(pam_handle_t *pam) {
    return pam_set_data(pam, MEMORY_KEY, NULL, entry_free);
}

int memory_store(pam_handle_t *pam, const char *user, const Memory *memory) {
    int code = memory_clear(pam);
    if (code != PAM_SUCCESS)
        return code;
    Entry *entry = malloc(sizeof *entry);
    if (!entry)
        return PAM_BUF_ERR;
    *entry = (Entry){.memory = *memory, .user = strdup(user)};
    code = entry->user ? pam_set_data(pam, MEMORY_KEY, entry, entry_free) : PAM_BUF_ERR;
    if (code != PAM_SUCCESS)
        entry_free(pam, entry, 0);
    return code;
}

const Memory *memory_find(pam_handle_t *pam) {
    const void *data = NULL, *user = NULL;
    if (pam_get_data(pam, MEMORY_KEY, &data) != PAM_SUCCESS || !data)
        return NULL;
    if (pam_get_item(pam, PAM_USER, &user) != PAM_SUCCESS || !user)
        return NULL;
    const Entry *entry = data;
    return strcmp(entry->user, user) == 0 ? &entry->memory : NULL;
}

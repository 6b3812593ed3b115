/* SPDX-License-Identifier: BSD-2-Clause */
/* What all backends share: their lists. Called by backends and session; must never know one backend from another. */
#include "ovcert-credential/backend.h"

#include <errno.h>
#include <stdlib.h>

void source_done(Source *source) {
    free(source->id);
    free(source->label);
    free(source->detail);
    identity_list_done(&source->certificates);
    *source = (Source){0};
}

void source_list_done(SourceList *list) {
    for (size_t i = 0; i < list->count; i++)
        source_done(&list->items[i]);
    free(list->items);
    *list = (SourceList){0};
}

int source_list_append(SourceList *list, Source *source) {
    Source *grown = reallocarray(list->items, list->count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    list->items = grown;
    grown[list->count++] = *source;
    *source = (Source){0};
    return 0;
}

void identity_list_done(IdentityList *list) {
    for (size_t i = 0; i < list->count; i++) {
        (void) certificate_free(list->items[i].certificate);
        bytes_list_done(&list->items[i].chain);
    }
    free(list->items);
    *list = (IdentityList){0};
}

const Identity *identity_list_find(const IdentityList *list, View fingerprint) {
    for (size_t i = 0; i < list->count; i++) {
        const CertificateFacts *facts = certificate_facts(list->items[i].certificate);
        if (view_equal((View){facts->fingerprint, sizeof facts->fingerprint}, fingerprint))
            return &list->items[i];
    }
    return NULL;
}

Backend *backend_free(Backend *backend) {
    if (backend)
        backend->free(backend);
    return NULL;
}

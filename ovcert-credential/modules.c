/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads modules through p11-kit. Called by the PKCS#11 backend once tokens are asked for, never as root; must never
 * load one that is not in the settings: p11-kit's own configuration names others, which cost time and are not ours. */
#include "ovcert-credential/modules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/macros.h"
#include "ovcert-credential/failure.h"

static bool mentions(const CK_UTF8CHAR *field, size_t size, const char *word) {
    return memmem(field, size, word, strlen(word)) != NULL;
}

static bool is_built_on_opensc(CK_FUNCTION_LIST *functions) {
    CK_INFO info = {0};

    return functions->C_GetInfo(&info) == CKR_OK &&
           (mentions(info.manufacturerID, sizeof info.manufacturerID, "OpenSC") ||
            mentions(info.libraryDescription, sizeof info.libraryDescription, "OpenSC"));
}

static void initialise(Module *module) {
    CK_FUNCTION_LIST *functions = p11_kit_module_load(module->path, 0);
    const char *message;
    CK_RV rv;

    if (!functions) {
        message = p11_kit_message();
        (void) failure_set(&module->detail, CREDENTIAL_OUTCOME_MODULE, "%s", message ? message : "cannot be loaded");
        return;
    }
    rv = p11_kit_module_initialize(functions);
    if (rv != CKR_OK) {
        (void) failure_set(&module->detail, CREDENTIAL_OUTCOME_MODULE, "C_Initialize: %s", p11_kit_strerror(rv));
        p11_kit_module_release(functions);
        return;
    }
    module->functions = functions;
    module->caches = is_built_on_opensc(functions);
}

int modules_load(const Settings *settings, Modules *ret) {
    Modules CLEANUP(modules_done) modules = {.items = calloc(settings->n_modules + 1, sizeof *modules.items)};
    if (!modules.items)
        return -ENOMEM;
    p11_kit_be_quiet(); /* what it would print goes into the details */
    for (size_t i = 0; i < settings->n_modules; i++) {
        Module *module = &modules.items[modules.count];
        if (settings->modules_optional && access(settings->modules[i], F_OK) < 0)
            continue;
        module->path = strdup(settings->modules[i]);
        if (!module->path)
            return -ENOMEM;
        modules.count++;
        initialise(module);
    }
    *ret = modules;
    modules = (Modules){0};
    return 0;
}

void modules_done(Modules *modules) {
    for (size_t i = 0; i < modules->count; i++) {
        Module *module = &modules->items[i];
        if (module->functions) {
            (void) p11_kit_module_finalize(module->functions); /* the process ends soon, with it or without */
            p11_kit_module_release(module->functions);
        }
        free(module->path);
        free(module->detail);
    }
    free(modules->items);
    *modules = (Modules){0};
}

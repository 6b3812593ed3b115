/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the module's options for "doctor". Must never know an option by itself: pam_ovcert/options.c lists them. */
#include "ovcertctl/pam_arguments.h"

#include "pam_ovcert/options.h"

PamArguments pam_arguments_of(const StackLine *line) {
    Options options = {0};
    const char *refused = NULL;
    if (module_options_parse((int) line->n_arguments, (const char *const *) line->arguments, &options, &refused) < 0)
        return (PamArguments){.refused = refused};
    return (PamArguments){
        .renew = options.renew,
        .require = options.require,
        .use_first_pass = options.use_first_pass,
        .password_renew = options.password_renew,
    };
}

bool pam_arguments_name(const char *list, const char *service) {
    return options_list_has(list, service);
}

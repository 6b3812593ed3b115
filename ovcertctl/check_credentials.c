/* SPDX-License-Identifier: BSD-2-Clause */
/* What the helper sees of tokens and their drivers. Must never load a module, nor ask for a PIN. */
#include "ovcertctl/check_credentials.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "client/helper.h"
#include "common/frame.h"
#include "common/i18n.h"
#include "common/text.h"
#include "ovcertctl/credential.h"

#define HELPER_SECONDS 30u
#define HELPER_TIME UINT64_C(20000000)

/* The path of a module that cannot be loaded stands in the place of a token's URI. */
static bool is_module(const HelperSource *source) {
    return source->id[0] == '/';
}

static void report_module(Findings *findings, const char *path, const HelperSource *source) {
    findings_add(findings, FINDING_ERROR, "pkcs11", _("Install the driver, or correct modules= in credential.conf."),
                 "%s: %s%s%s", path, credential_problem(source), source->detail[0] ? " " : "", source->detail);
}

static void report_token(Findings *findings, const char *label, const HelperSource *source) {
    const char *problem = credential_problem(source);
    if (problem)
        findings_add(findings, FINDING_WARNING, "tokens", NULL, "%s: %s%s%s", label, problem,
                     source->detail[0] ? " " : "", source->detail);
    else if (source->flags & CREDENTIAL_SOURCE_FINAL_TRY)
        findings_add(findings, FINDING_WARNING, "tokens",
                     _("Unlock it with \"ovcertctl credentials --unlock\" and the right PIN; no login asks for it."),
                     _("%s: one more wrong PIN locks it."), label);
    else
        findings_add(findings, FINDING_OK, "tokens",
                     source->flags & CREDENTIAL_SOURCE_CACHE_HINT
                         ? _("Its driver is OpenSC: other programs may show a renewed card's old certificates from its "
                             "file cache (use_file_caching in opensc.conf).")
                         : NULL,
                     _("%s is there."), label);
}

static void report_source(Findings *findings, const HelperSource *source) {
    CLEANUP(free_pointer) char *id = text_escape_string(source->id), *label = credential_label(source);
    if (!id || !label)
        findings->fault = -ENOMEM;
    else if (is_module(source))
        report_module(findings, id, source);
    else
        report_token(findings, label, source);
}

static void report_sources(Findings *findings, const HelperSource *sources, size_t count) {
    unsigned modules = 0, tokens = 0;
    for (size_t i = 0; i < count; i++) {
        if (!credential_is_token(&sources[i]))
            continue;
        report_source(findings, &sources[i]);
        modules += is_module(&sources[i]);
        tokens += !is_module(&sources[i]);
    }
    if (modules == 0)
        findings_add(findings, FINDING_OK, "pkcs11", NULL, _("The configured drivers of tokens can be loaded."));
    if (tokens == 0)
        findings_add(findings, FINDING_OK, "tokens", NULL, _("No token is there."));
}

static void report_failure(Findings *findings, const Helper *helper, int r) {
    if (r == CREDENTIAL_OUTCOME_CONFIGURATION)
        findings_add(findings, FINDING_ERROR, "pkcs11", _("Correct it: until then no file and no token is opened."),
                     "%s", helper_detail(helper));
    else
        findings_add(findings, FINDING_ERROR, "pkcs11", _("Install ovcert-credential again; see the journal."),
                     _("The credential helper did not do its work: %s"),
                     r < 0 ? strerrordesc_np(-r) : _(credential_outcome_text(r)));
}

void check_credentials(Findings *findings) {
    CLEANUP(helper_freep) Helper *helper = NULL;
    HelperSource *sources = NULL;
    size_t count = 0;
    uint64_t deadline = frame_now() + HELPER_TIME;
    const HelperOptions options = {.seconds = HELPER_SECONDS, .tokens = geteuid() == 0};
    int r = helper_start(&options, deadline, &helper);
    if (r == 0)
        r = helper_list(helper, deadline, &sources, &count);
    if (r == 0)
        report_sources(findings, sources, count);
    else if (r == -ENOMEM)
        findings->fault = r;
    else
        report_failure(findings, helper, r);
    (void) helper_sources_free(sources, count); /* returns NULL */
}

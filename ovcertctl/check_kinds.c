/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds of certificate: whether the daemon could read them. Must never judge a certificate. */
#include "ovcertctl/check_kinds.h"

#include <errno.h>
#include <string.h>

#include "common/i18n.h"
#include "ovcertctl/installed_kinds.h"

/* The reader's words for a file that only others may read: "FILE:1:1: Permission denied". */
static bool is_hidden(const char *problem) {
    const char *denied = strerrordesc_np(EACCES);
    size_t size = strlen(problem), tail = strlen(denied);
    return size > tail && strcmp(problem + size - tail, denied) == 0;
}

static void report(int r, const char *problem, Findings *findings) {
    if (is_hidden(problem))
        findings_add(findings, FINDING_UNKNOWN, "kinds", _("Run it as root."), "%s.", problem);
    else if (r == KINDS_NONE)
        findings_add(findings, FINDING_ERROR, "kinds", _("Install it again: ovcertd does not start without any."),
                     "%s.", problem);
    else
        findings_add(findings, FINDING_ERROR, "kinds",
                     _("Correct it: ovcertd does not start with it, and goes on with the former kinds on a reload."),
                     "%s.", problem);
}

void check_kinds(const Machine *machine, Findings *findings) {
    CLEANUP(kinds_unrefp) Kinds *kinds = NULL;
    CLEANUP(free_pointer) char *problem = NULL;
    int r = installed_kinds_load(machine->root, &kinds, &problem);
    if (r < 0)
        findings->fault = r;
    else if (r > 0)
        report(r, problem, findings);
    else
        findings_add(findings, FINDING_OK, "kinds", NULL,
                     dngettext(OVCERT_GETTEXT_DOMAIN, "%zu kind of certificate is valid.",
                               "%zu kinds of certificate are valid.", kinds_count(kinds)),
                     kinds_count(kinds));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* "doctor": looks at everything that signing in with a certificate rests on, and says what to do. Works without the
 * daemon, which is when it is needed, and as any user, who is told what he cannot see. Must never change anything. */
#include <errno.h>
#include <string.h>

#include "common/i18n.h"
#include "config.h"
#include "ovcertctl/check_credentials.h"
#include "ovcertctl/check_daemon.h"
#include "ovcertctl/check_files.h"
#include "ovcertctl/check_kinds.h"
#include "ovcertctl/check_pam.h"
#include "ovcertctl/check_trust.h"
#include "ovcertctl/verbs.h"

/* 0 or an ExitStatus, said. */
static int examine(Tool *tool, Findings *findings) {
    static const Machine machine = {.root = "", .daemon = OVCERT_DAEMON_USER, .credential = OVCERT_CREDENTIAL_USER};
    CLEANUP(config_done) Config config = {0};
    TrustCounts counts;
    int r = check_configuration(&machine, findings, &config);
    if (r < 0)
        return tool_fault(r);
    check_accounts(&machine, findings);
    check_files(&machine, &config, findings);
    check_disk(&machine, &config, findings);
    check_kinds(&machine, findings);
    check_trust(&machine, &config, tool->now, findings, &counts);
    r = check_daemon(tool, &machine, &counts, findings);
    if (r != 0)
        return r;
    check_credentials(findings);
    check_pam(&machine, findings);
    return findings->fault < 0 ? tool_fault(findings->fault) : 0;
}

static void sum_up(const Tool *tool, FindingState worst) {
    if (!tool->output.legend || tool->output.format != OUTPUT_TEXT)
        return;
    output_say(&tool->output, "\n%s",
               worst == FINDING_ERROR     ? _("Something does not work or is not safe.")
               : worst == FINDING_WARNING ? _("It works; the warnings say what will not, or not as it seems.")
               : worst == FINDING_UNKNOWN ? _("What could be looked at is in order.")
                                          : _("Everything is in order."));
}

int verb_doctor(Tool *tool, char **operands, size_t n_operands) {
    (void) operands; /* the table says none */
    (void) n_operands;
    CLEANUP(findings_done) Findings findings = {0};
    int r = examine(tool, &findings);
    if (r != 0)
        return r;
    r = findings_print(&tool->output, &findings);
    if (r < 0)
        return tool_fault(r);
    sum_up(tool, findings_worst(&findings));
    return findings_worst(&findings) == FINDING_ERROR ? EXIT_FAILED : EXIT_DONE;
}

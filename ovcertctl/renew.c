/* SPDX-License-Identifier: BSD-2-Clause */
/* "renew": the whole renewal in one process, since polkit keeps an identification for one process: choose and prove the
 * new certificate, show old and new, unlink, one question, confirm, assign. Must never leave a profile without a
 * certificate: the old one stays until the daemon swaps both in one step. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/i18n.h"
#include "ovcertctl/assign.h"
#include "ovcertctl/description.h"
#include "ovcertctl/operations.h"
#include "ovcertctl/proof.h"
#include "ovcertctl/verbs.h"
#include "ovcertctl/view.h"

typedef struct Renewal {
    Tool *tool;
    ProfileInfo profile;
    Proof proof;
    char *operation; /* id of the open unlink; NULL while there is none */
    bool confirmed;
} Renewal;

static void renewal_done(Renewal *renewal) {
    profile_info_done(&renewal->profile);
    proof_done(&renewal->proof);
    free(renewal->operation);
}

static const Output *output_of(const Renewal *renewal) {
    return &renewal->tool->output;
}

/* Without a terminal there is no answer to the question, so nothing is begun. */
static int check_answerable(Tool *tool) {
    Ask *ask = NULL;
    if (options_has(tool->options, OPTION_YES))
        return 0;
    return tool_terminal(tool, _("The answer to the question before the change (--yes)"), &ask);
}

/* An unlink that is open already is gone on with if it is one of this very kind and of this user. */
static int take_up(Renewal *renewal) {
    const OperationInfo *open = profile_operation(&renewal->profile, "unlink");
    if (!open)
        return 0;
    if (!open->until_assign || (open->opener != geteuid() && geteuid() != 0))
        return tool_failed(renewal->tool, OVCERT_ERROR_OPERATION_PENDING);
    renewal->operation = strdup(open->id);
    if (!renewal->operation)
        return tool_fault(-ENOMEM);
    renewal->confirmed = strcmp(open->state, "confirmed") == 0;
    output_say(output_of(renewal), _("Going on with the operation that is open until %s."),
               output_time(open->deadline).text);
    return 0;
}

static int begin(Renewal *renewal) {
    CLEANUP(free_pointer) char *user = NULL;
    Tool *tool = renewal->tool;
    int r = tool_connect(tool);
    if (r != 0)
        return r;
    r = tool_user(tool, NULL, &user);
    if (r != 0)
        return r;
    r = profile_describe(tool, user, &renewal->profile, NULL);
    if (r != 0)
        return tool_failed(tool, r);
    if (strcmp(renewal->profile.state, "blocked") == 0)
        return tool_failed(tool, OVCERT_ERROR_PROFILE_BLOCKED);
    r = check_answerable(tool);
    return r != 0 ? r : take_up(renewal);
}

static int unlink_old(Renewal *renewal) {
    uint64_t deadline;
    if (!renewal->profile.has_certificate || renewal->operation)
        return 0;
    int r = operation_unlink(renewal->tool, renewal->profile.user, &(UnlinkOptions){.until_assign = true},
                             &renewal->operation, &deadline);
    if (r != 0)
        return tool_failed(renewal->tool, r);
    output_say(output_of(renewal),
               _("The old certificate is ready to be unlinked; it stays until the new one takes its "
                 "place. Waiting for you until %s."),
               output_time((int64_t) deadline).text);
    return 0;
}

static int show_both(const Renewal *renewal) {
    const ProfileInfo *profile = &renewal->profile;
    output_say(output_of(renewal), "%s", "");
    int r = view_old_and_new(renewal->tool, profile->has_certificate ? &profile->certificate : NULL,
                             &renewal->proof.certificate);
    return r < 0 ? tool_fault(r) : 0;
}

/* 0 for yes, EXIT_FAILED for no and for no answer. */
static int question(Renewal *renewal) {
    Ask *ask = NULL;
    if (options_has(renewal->tool->options, OPTION_YES))
        return 0;
    int r = tool_terminal(renewal->tool, _("The answer"), &ask);
    if (r != 0)
        return r;
    r = ask_yes(ask, renewal->profile.has_certificate ? _("Unlink the old certificate and assign the new one?")
                                                      : _("Assign the new certificate?"));
    return r < 0 ? tool_fault(r) : r == 1 ? 0 : EXIT_FAILED;
}

static int decline(Renewal *renewal) {
    if (renewal->operation) {
        int r = operation_cancel(renewal->tool, renewal->profile.user, renewal->operation);
        if (r != 0)
            return tool_failed(renewal->tool, r);
        free_pointer(&renewal->operation);
        renewal->operation = NULL;
    }
    return EXIT_FAILED;
}

static int swap(Renewal *renewal) {
    Tool *tool = renewal->tool;
    const char *user = renewal->profile.user;
    int r = 0;
    if (renewal->operation && !renewal->confirmed)
        r = operation_confirm(tool, user, renewal->operation);
    if (r != 0)
        return tool_failed(tool, r);
    renewal->confirmed = renewal->operation != NULL;
    r = proof_assign(tool, user, &renewal->proof);
    return r == 0 ? 0 : tool_failed(tool, r);
}

static int run(Renewal *renewal) {
    int r;
    if ((r = begin(renewal)) != 0 || (r = proof_obtain(renewal->tool, &renewal->profile, &renewal->proof)) != 0 ||
        (r = show_both(renewal)) != 0 || (r = unlink_old(renewal)) != 0)
        return r;
    r = question(renewal);
    if (r == EXIT_FAILED)
        return decline(renewal);
    if (r != 0)
        return r;
    r = swap(renewal);
    return r != 0 ? r : assign_summary(renewal->tool, renewal->profile.user, &renewal->proof.certificate);
}

/* Whatever stopped it: the profile is as it was, and this is how to go on. */
static void say_where_it_stands(const Renewal *renewal) {
    if (!renewal->profile.user)
        return;
    if (renewal->operation)
        output_complain_more(NULL,
                             _("The old certificate is still assigned. Go on with \"ovcertctl renew\", or drop the "
                               "open operation with \"ovcertctl cancel\"."));
    else
        output_complain_more(NULL, _("Nothing was changed."));
}

int verb_renew(Tool *tool, char **operands, size_t n_operands) {
    (void) operands; /* the table says none */
    (void) n_operands;
    CLEANUP(renewal_done) Renewal renewal = {.tool = tool};
    int r = run(&renewal);
    if (r != 0)
        say_where_it_stands(&renewal);
    return r;
}

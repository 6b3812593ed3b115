/* SPDX-License-Identifier: BSD-2-Clause */
/* "profile delete": opens the operation and, once the question is answered, confirms it. Must never delete without an
 * answer: --yes, or a second command. */
#include <errno.h>
#include <string.h>

#include "common/error.h"
#include "common/i18n.h"
#include "ovcertctl/operations.h"
#include "ovcertctl/verbs.h"

/* Without a terminal there is no answer to the question, so nothing is begun. */
static int check_answerable(Tool *tool) {
    Ask *ask = NULL;
    if (options_has(tool->options, OPTION_YES) || options_has(tool->options, OPTION_NO_ASK_PASSWORD))
        return 0;
    return tool_terminal(tool, _("The answer to the question before the deletion (--yes)"), &ask);
}

/* At once: the answer is there, or somebody who can be asked. */
static bool will_confirm(const Tool *tool) {
    return options_has(tool->options, OPTION_YES) || !options_has(tool->options, OPTION_NO_ASK_PASSWORD);
}

/* An operation that is open already is the one to go on with; the daemon's detail names it, and *ret_deadline is 0. */
static int open_operation(Tool *tool, const char *user, char **ret_id, uint64_t *ret_deadline) {
    int r = operation_delete(tool, user, ret_id, ret_deadline);
    if (r != OVCERT_ERROR_OPERATION_PENDING || !will_confirm(tool))
        return r;
    *ret_deadline = 0;
    *ret_id = strdup(client_failure(tool->client));
    return *ret_id ? 0 : -ENOMEM;
}

/* 0 for yes, EXIT_FAILED for no, having said so. */
static int question(Tool *tool, const char *user) {
    Ask *ask = NULL;
    CLEANUP(free_pointer) char *text = NULL;
    if (options_has(tool->options, OPTION_YES))
        return 0;
    int r = tool_terminal(tool, _("The answer"), &ask);
    if (r != 0)
        return r;
    if (asprintf(&text, _("Delete the profile %s with its certificate, for good?"), user) < 0) {
        text = NULL; /* unspecified after a failure */
        return tool_fault(-ENOMEM);
    }
    r = ask_yes(ask, text);
    return r < 0 ? tool_fault(r) : r == 1 ? 0 : EXIT_FAILED;
}

/* Whatever kept it from being confirmed: what this run has opened goes with it, what was open before stays. */
static int drop(Tool *tool, const char *user, const char *id, bool ours, int why) {
    if (ours && operation_cancel(tool, user, id) == 0)
        output_complain_more(NULL, _("Nothing was changed."));
    else
        output_complain_more(NULL,
                             _("Nothing was changed; the deletion is still open, and lapses by itself unless it is "
                               "confirmed."));
    return why;
}

static int finish(Tool *tool, const char *user, const char *id, bool ours) {
    int r = question(tool, user);
    if (r != 0)
        return drop(tool, user, id, ours, r);
    r = operation_confirm(tool, user, id);
    if (r != 0)
        return tool_failed(tool, r);
    output_say(&tool->output, _("The profile %s is deleted. The log keeps what happened, without names."), user);
    return operation_print(tool, id, "confirmed", 0);
}

int verb_profile_delete(Tool *tool, char **operands, size_t n_operands) {
    CLEANUP(free_pointer) char *user = NULL;
    CLEANUP(free_pointer) char *id = NULL;
    uint64_t deadline = 0;
    int r = check_answerable(tool);
    if (r == 0)
        r = tool_connect(tool);
    if (r != 0)
        return r;
    tool_identify(tool);
    r = tool_user(tool, n_operands > 0 ? operands[0] : NULL, &user);
    if (r != 0)
        return r;
    r = open_operation(tool, user, &id, &deadline);
    if (r != 0)
        return tool_failed(tool, r);
    if (will_confirm(tool))
        return finish(tool, user, id, deadline != 0);
    output_say(&tool->output, _("Deleting the profile %s is prepared; nothing has changed yet (operation %s)."), user,
               id);
    operation_say_next(tool, n_operands > 0 || options_has(tool->options, OPTION_USER) ? user : NULL, id, deadline);
    return operation_print(tool, id, "requested", deadline);
}

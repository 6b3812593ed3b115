/* SPDX-License-Identifier: BSD-2-Clause */
/* "setup": from an empty machine to the first person who signs in with a certificate. Must never turn certificates on
 * before a sign-in has succeeded, and leave nothing half done when it ends in the middle. */
#include "ovcertctl/setup.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/i18n.h"
#include "config.h"
#include "ovcertctl/json.h"
#include "ovcertctl/trial.h"
#include "ovcertctl/verbs.h"

#define STEPS 4u

void setup_step(const Setup *setup, unsigned number, const char *what) {
    const Output *output = &setup->tool->output;
    output_say(output, "%s%u/%u %s%s", output_colour(output, COLOUR_BOLD), number, STEPS, what,
               output_colour(output, COLOUR_NONE));
}

static bool nobody_may_be_asked(const Setup *setup) {
    return options_has(setup->tool->options, OPTION_NO_ASK_PASSWORD);
}

int setup_ask(const Setup *setup, const char *prompt, char **ret) {
    Ask *ask = NULL;
    CLEANUP(free_pointer) char *line = NULL;
    *ret = NULL;
    if (nobody_may_be_asked(setup))
        return 0;
    int r = tool_terminal(setup->tool, _("The answer to a question"), &ask);
    if (r != 0)
        return r;
    r = ask_text(ask, prompt, &line);
    if (r < 0)
        return tool_fault(r);
    if (line[0] != '\0')
        *ret = TAKE_PTR(line);
    return 0;
}

int setup_agree(const Setup *setup, bool yes, const char *question, bool *ret) {
    Ask *ask = NULL;
    *ret = yes;
    if (yes || nobody_may_be_asked(setup))
        return 0;
    int r = tool_terminal(setup->tool, _("The answer to a question"), &ask);
    if (r != 0)
        return r;
    r = ask_yes(ask, question);
    *ret = r == 1;
    return r < 0 ? tool_fault(r) : 0;
}

/* --- the steps --- */

static int load_config(Setup *setup) {
    static const ConfigFolders folders = {
        .etc = OVCERT_CONFIG_DIR, .run = "/run/ovcert", .vendor = OVCERT_VENDOR_CONFIG_DIR};
    CLEANUP(free_pointer) char *problem = NULL;
    int r = config_load(&folders, &setup->config, &problem);
    if (r < 0)
        return tool_fault(r);
    if (r > 0)
        output_complain(_("Correct it first."), "%s.", problem);
    return r > 0 ? EXIT_FAILED : 0;
}

static int try_sign_in(Setup *setup) {
    bool agreed = false;
    setup_step(setup, 3, _("A sign-in to try"));
    if (nobody_may_be_asked(setup)) {
        output_say(&setup->tool->output, _("Not tried: nobody may be asked for the passphrase or PIN."));
        return 0;
    }
    output_say(&setup->tool->output,
               _("This asks as a login would, in a PAM service of its own; nothing on the machine changes."));
    int r = setup_agree(setup, options_has(setup->tool->options, OPTION_YES), _("Try to sign in now?"), &agreed);
    if (r != 0 || !agreed)
        return r;
    r = trial_sign_in(setup->tool, setup->user);
    setup->tried = r == 0;
    return r;
}

static int run_steps(Setup *setup) {
    int r = load_config(setup);
    if (r == 0)
        r = setup_trust(setup);
    if (r == 0)
        r = setup_profile(setup);
    if (r != 0 || !setup->user)
        return r;
    r = try_sign_in(setup);
    return r != 0 ? r : setup_pam(setup);
}

static int print_json(const Setup *setup) {
    CLEANUP(json_freep) JsonObject *object = json_object_new_object();
    int r = object ? json_put(object, "tried", json_object_new_boolean(setup->tried)) : -ENOMEM;
    if (r == 0)
        r = json_put(object, "enabled", json_object_new_boolean(setup->on));
    if (r == 0 && setup->user)
        r = json_put(object, "user", json_object_new_string(setup->user));
    if (r < 0)
        return tool_fault(r);
    json_print(&setup->tool->output, object);
    return 0;
}

int verb_setup(Tool *tool, char **operands, size_t n_operands) {
    (void) operands; /* the table says none */
    (void) n_operands;
    Setup setup = {.tool = tool};
    if (geteuid() != 0) {
        output_complain(_("Run it as root, with sudo say."), _("Only root may set a machine up."));
        return EXIT_DENIED;
    }
    int r = run_steps(&setup);
    if (r == 0 && tool->output.format != OUTPUT_TEXT)
        r = print_json(&setup);
    config_done(&setup.config);
    free(setup.user);
    return r;
}

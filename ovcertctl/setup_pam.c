/* SPDX-License-Identifier: BSD-2-Clause */
/* Step 4 of "setup": turning certificates on for the machine's services, through pam-auth-update(8) where it is, else
 * by telling which lines to add. Must never do so before a sign-in has succeeded. */
#include "ovcertctl/setup.h"

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/i18n.h"
#include "config.h"
#include "ovcertctl/check_pam.h"
#include "ovcertctl/pam_stack.h"

#define UPDATE "/usr/sbin/pam-auth-update"
#define PROFILE OVCERT_DATA_DIR "/pam-configs/ovcert"

static bool is_on(void) {
    CLEANUP(stack_done) Stack stack = {0};
    if (stack_load("", "common-auth", STACK_AUTH, &stack) < 0)
        return false;
    for (size_t i = 0; i < stack.count; i++)
        if (stack_line_is(&stack.lines[i], "pam_ovcert.so"))
            return true;
    return false;
}

/* The signals that end us are blocked, and stay so in it: Ctrl-C does not stop it half-way. */
static int run_update(void) {
    char *const arguments[] = {(char[]){UPDATE}, (char[]){"--enable"}, (char[]){"ovcert"}, NULL};
    char *const environment[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                                 (char[]){"DEBIAN_FRONTEND=noninteractive"}, NULL};
    pid_t child;
    int status;
    int r = posix_spawn(&child, UPDATE, NULL, NULL, arguments, environment);
    if (r != 0)
        return -r;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

/* What it has made of the stacks. */
static int look_again(const Setup *setup) {
    static const Machine machine = {.root = "", .daemon = OVCERT_DAEMON_USER, .credential = OVCERT_CREDENTIAL_USER};
    CLEANUP(findings_done) Findings findings = {0};
    check_pam(&machine, &findings);
    if (findings.fault < 0)
        return tool_fault(findings.fault);
    if (findings_worst(&findings) < FINDING_ERROR)
        return 0;
    Output shown = setup->tool->output;
    shown.format = OUTPUT_TEXT;
    (void) findings_print(&shown, &findings); /* text needs no memory */
    output_complain(_("Take it back with \"pam-auth-update --disable ovcert\", and correct what is named."),
                    _("The PAM stacks are not safe as they are."));
    return EXIT_FAILED;
}

static int turn_on(Setup *setup) {
    int r = run_update();
    if (r < 0 || !is_on()) {
        output_complain(_("Run it by hand, and read what it says."), _("pam-auth-update --enable ovcert failed: %s."),
                        r < 0 ? strerrordesc_np(-r) : _("the module is in no stack"));
        return EXIT_FAILED;
    }
    setup->on = true;
    output_say(
        &setup->tool->output,
        _("Certificates sign people in from now on, beside the password. \"pam-auth-update --disable ovcert\" takes "
          "that back.\nKeep this shell open until you have signed in once more in another one."));
    return look_again(setup);
}

static void print_lines(const Setup *setup) {
    output_say(
        &setup->tool->output,
        _("This machine has no pam-auth-update with a profile of ovcert. Add to the PAM services that you want, above "
          "pam_unix.so:"));
    output_say(&setup->tool->output,
               "\nauth     [success=done auth_err=die cred_expired=ignore default=ignore]  pam_ovcert.so\n"
               "account  [success=ignore ignore=ignore module_unknown=ignore default=die]  pam_ovcert.so "
               "renew=login,su,gdm-password\n");
    output_say(
        &setup->tool->output,
        _("In a file that others include, write success=N in place of success=done. Then run \"ovcertctl doctor\"."));
}

static int refuse_untried(const Setup *setup) {
    if (!options_has(setup->tool->options, OPTION_ENABLE_PAM)) {
        output_say(&setup->tool->output,
                   _("Not turned on: no sign-in has been tried. Run \"ovcertctl setup --user=%s\" again for that."),
                   setup->user);
        return 0;
    }
    output_complain(_("Run it at a terminal, without --no-ask-password, and try a sign-in."),
                    _("It is turned on only after a sign-in has succeeded."));
    return EXIT_FAILED;
}

int setup_pam(Setup *setup) {
    bool agreed = false;
    setup_step(setup, 4, _("Certificates for the machine's services"));
    setup->on = is_on();
    if (setup->on) {
        output_say(&setup->tool->output, _("Certificates sign people in already."));
        return 0;
    }
    if (!setup->tried)
        return refuse_untried(setup);
    if (access(UPDATE, X_OK) < 0 || access(PROFILE, R_OK) < 0) {
        print_lines(setup);
        return 0;
    }
    int r =
        setup_agree(setup, options_has(setup->tool->options, OPTION_ENABLE_PAM),
                    _("Let certificates sign people in, in all services (pam-auth-update --enable ovcert)?"), &agreed);
    if (r != 0)
        return r;
    if (agreed)
        return turn_on(setup);
    output_say(&setup->tool->output, _("Not turned on. \"pam-auth-update --enable ovcert\" does it later."));
    return 0;
}

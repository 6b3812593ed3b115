/* SPDX-License-Identifier: BSD-2-Clause */
/* Step 2 of "setup": the first profile, with its holder, and its certificate. Must never take somebody's certificate
 * away, nor assign one that the daemon does not accept. */
#include "ovcertctl/setup.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/i18n.h"
#include "common/text.h"
#include "ovcertctl/assign.h"
#include "ovcertctl/file.h"
#include "ovcertctl/profile.h"
#include "ovcertctl/verdict.h"
#include "ovcertctl/view.h"
#include "trust/holder.h"

/* Who it is about, and with what. */
typedef struct First {
    uint32_t uid;
    char *full_name; /* escaped; "" */
    ProfileInfo profile;
    bool has_profile;
    Bytes certificate;
    BytesList chain;
    VerdictInfo verdict;
} First;

static void first_done(First *first) {
    free(first->full_name);
    profile_info_done(&first->profile);
    bytes_done(&first->certificate);
    bytes_list_done(&first->chain);
    verdict_info_done(&first->verdict);
}

/* --- the person --- */

static int find_account(const char *name, First *first) {
    const struct passwd *entry = text_is_user_name(name) ? getpwnam(name) : NULL;
    if (!entry) {
        CLEANUP(free_pointer) char *shown = text_escape_string(name);
        output_complain(_("Give the name of somebody who has an account here."), _("There is no account \"%s\"."),
                        shown ? shown : "");
        return EXIT_NOT_FOUND;
    }
    size_t length = entry->pw_gecos ? strcspn(entry->pw_gecos, ",") : 0;
    first->uid = entry->pw_uid;
    free(first->full_name);
    first->full_name = text_escape((View){(const uint8_t *) entry->pw_gecos, length});
    return first->full_name ? 0 : tool_fault(-ENOMEM);
}

static int take_user(Setup *setup, const char *name, First *first) {
    int r = find_account(name, first);
    if (r != 0)
        return r;
    setup->user = strdup(name);
    return setup->user ? 0 : tool_fault(-ENOMEM);
}

/* setup->user stays NULL when nobody is named. */
static int choose_user(Setup *setup, First *first) {
    if (options_has(setup->tool->options, OPTION_USER))
        return take_user(setup, setup->tool->options->values[OPTION_USER], first);
    for (;;) {
        CLEANUP(free_pointer) char *name = NULL;
        int r = setup_ask(setup, _("User who signs in with a certificate first (nothing: nobody yet): "), &name);
        if (r != 0 || !name)
            return r;
        r = take_user(setup, name, first);
        if (r != EXIT_NOT_FOUND)
            return r;
    }
}

static int look_at_profile(const Setup *setup, First *first) {
    int r = profile_describe(setup->tool, setup->user, &first->profile, NULL);
    first->has_profile = r == 0;
    if (r != 0 && r != OVCERT_ERROR_NOT_FOUND)
        return tool_failed(setup->tool, r);
    if (first->has_profile)
        output_say(&setup->tool->output, _("%s has a profile already."), setup->user);
    return 0;
}

/* --- the certificate --- */

static int judge(const Setup *setup, const char *path, First *first) {
    bytes_done(&first->certificate);
    bytes_list_done(&first->chain);
    verdict_info_done(&first->verdict);
    int r = file_read_certificates(path, &first->certificate, &first->chain);
    if (r != 0)
        return r;
    r = verdict_ask(setup->tool, bytes_view(&first->certificate), &first->chain,
                    first->has_profile ? setup->user : NULL, &first->verdict, NULL);
    if (r != 0)
        return tool_failed(setup->tool, r);
    if (first->verdict.accepted)
        return 0;
    output_complain(NULL, _("The certificate is not accepted:"));
    view_reasons(setup->tool, &first->verdict.reasons, true);
    return EXIT_FAILED;
}

static bool is_assigned(const First *first) {
    return first->profile.has_certificate && view_equal(bytes_view(&first->profile.certificate.fingerprint),
                                                        bytes_view(&first->verdict.certificate.fingerprint));
}

/* first->certificate stays empty when none is named. */
static int choose_certificate(const Setup *setup, First *first) {
    const char *given = setup->tool->options->values[OPTION_CERTIFICATE];
    if (given)
        return judge(setup, given, first);
    if (first->profile.has_certificate)
        return 0;
    for (;;) {
        CLEANUP(free_pointer) char *path = NULL;
        int r = setup_ask(
            setup, _("File of the certificate, PEM or DER; the issuers may follow it (nothing: none yet): "), &path);
        if (r != 0 || !path)
            return r;
        r = judge(setup, path, first);
        if (r == 0 || r == EXIT_INTERRUPTED || r == EXIT_UNAVAILABLE)
            return r;
    }
}

/* --- both together --- */

static const char *holder_of(const Setup *setup, const First *first) {
    const char *given = setup->tool->options->values[OPTION_HOLDER];
    return given ? given : first->verdict.certificate.holder;
}

static int agree(const Setup *setup, const First *first, bool *ret) {
    CLEANUP(free_pointer) char *question = NULL;
    const char *open = first->full_name[0] ? " (" : "", *close = first->full_name[0] ? ")" : "";
    const char *holder = first->has_profile ? first->profile.holder : holder_of(setup, first);
    CLEANUP(free_pointer) char *shown = text_escape_string(holder);
    view_certificate(setup->tool, &first->verdict.certificate);
    if (!shown || asprintf(&question, _("Shall it be the certificate of %s%s%s%s, whose holder is %s?"), setup->user,
                           open, first->full_name, close, shown[0] ? shown : _("not known")) < 0) {
        question = NULL; /* unspecified after a failure */
        return tool_fault(-ENOMEM);
    }
    return setup_agree(setup, options_has(setup->tool->options, OPTION_YES), question, ret);
}

/* The daemon would refuse the assignment, and leave a profile with the wrong holder behind. */
static int compare_holders(const char *given, const CertificateInfo *certificate) {
    CLEANUP(free_pointer) char *normal = NULL;
    int r = given ? holder_normalise(given, &normal) : 0;
    if (r < 0)
        return tool_fault(r);
    if (!given || strcmp(normal, certificate->holder) == 0)
        return 0;
    output_complain(_("Give the certificate's own holder, or leave --holder out."),
                    _("The certificate's holder is %s, not %s."),
                    certificate->holder[0] ? certificate->holder : _("not known"), normal);
    return EXIT_FAILED;
}

static int make_profile(const Setup *setup, const First *first) {
    const char *holder = holder_of(setup, first);
    if (first->has_profile)
        return 0;
    int r = profile_check_holder(holder[0] ? holder : NULL);
    if (r == 0)
        r = compare_holders(setup->tool->options->values[OPTION_HOLDER], &first->verdict.certificate);
    if (r != 0)
        return r;
    r = profile_create(setup->tool, setup->user, first->uid, holder[0] ? holder : NULL);
    if (r != 0)
        return tool_failed(setup->tool, r);
    output_say(&setup->tool->output, _("Profile %s (uid %u) is there."), setup->user, first->uid);
    return 0;
}

static int assign(const Setup *setup, const First *first) {
    bool agreed = false;
    if (first->profile.has_certificate) {
        output_complain(_("It stays. \"ovcertctl renew\" is how the user replaces it."),
                        _("%s has another certificate."), setup->user);
        return EXIT_FAILED;
    }
    int r = agree(setup, first, &agreed);
    if (r != 0)
        return r;
    if (!agreed) {
        output_complain(_("Run it again with the right one."), _("Nothing was assigned."));
        return EXIT_FAILED;
    }
    r = make_profile(setup, first);
    if (r != 0)
        return r;
    r = assign_certificate(setup->tool, setup->user, bytes_view(&first->certificate), &first->chain);
    if (r != 0)
        return tool_failed(setup->tool, r);
    output_say(&setup->tool->output, _("The certificate is assigned to %s. Next: a sign-in with it."), setup->user);
    return 0;
}

static int assign_chosen(Setup *setup, const First *first) {
    if (first->certificate.size == 0 && !first->profile.has_certificate) {
        output_complain(_("Run it again with --certificate=FILE."), _("%s has no certificate yet."), setup->user);
        return EXIT_FAILED;
    }
    if (first->certificate.size > 0 && !is_assigned(first))
        return assign(setup, first);
    output_say(&setup->tool->output, _("The certificate of %s is assigned already. Next: a sign-in with it."),
               setup->user);
    return 0;
}

int setup_profile(Setup *setup) {
    CLEANUP(first_done) First first = {0};
    setup_step(setup, 2, _("Who signs in"));
    int r = choose_user(setup, &first);
    if (r == 0 && !setup->user)
        output_say(&setup->tool->output,
                   _("Nobody was named; go on with \"ovcertctl setup --user=NAME --certificate=FILE\"."));
    if (r != 0 || !setup->user)
        return r;
    r = look_at_profile(setup, &first);
    if (r == 0)
        r = choose_certificate(setup, &first);
    return r != 0 ? r : assign_chosen(setup, &first);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Shows profiles and certificates to people, for all verbs. Names of certificates arrive escaped from the daemon or
 * trust/; must never leave out a reason. */
#include "ovcertctl/view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/i18n.h"
#include "ovcertctl/table.h"
#include "trust/certificate.h"
#include "trust/verdict.h"

Colour view_colour(const char *word) {
    static const char *const good[] = {"valid", "assigned"};
    static const char *const fair[] = {"expiring", "none", "unassigned"};
    for (size_t i = 0; i < ELEMENTSOF(good); i++)
        if (strcmp(word, good[i]) == 0)
            return COLOUR_GREEN;
    for (size_t i = 0; i < ELEMENTSOF(fair); i++)
        if (strcmp(word, fair[i]) == 0)
            return COLOUR_YELLOW;
    return COLOUR_RED;
}

/* "12 days left", "expired 1 day ago". Caller frees; NULL when out of memory. */
static char *days_text(bool expired, unsigned long days) {
    char *text = NULL;
    int n = expired
                ? asprintf(&text, dngettext(OVCERT_GETTEXT_DOMAIN, "expired %lu day ago", "expired %lu days ago", days),
                           days)
                : asprintf(&text, dngettext(OVCERT_GETTEXT_DOMAIN, "%lu day left", "%lu days left", days), days);
    return n < 0 ? NULL : text;
}

static void view_validity(const Tool *tool, const CertificateInfo *certificate) {
    TimeText from = output_time(certificate->not_before), until = output_time(certificate->not_after);
    bool expired = certificate->not_after < tool->now;
    CLEANUP(free_pointer) char *days = days_text(expired, output_days(certificate->not_after, tool->now));
    output_property(&tool->output, _("Valid"), expired ? COLOUR_RED : COLOUR_NONE, _("from %s until %s (%s)"),
                    from.text, until.text, days ? days : "");
}

void view_certificate(const Tool *tool, const CertificateInfo *certificate) {
    CLEANUP(free_pointer) char *fingerprint = hex_encode(bytes_view(&certificate->fingerprint));
    const Output *output = &tool->output;
    output_property(output, _("Subject"), COLOUR_NONE, "%s", certificate->subject);
    output_property(output, _("Certificate's holder"), COLOUR_NONE, "%s", certificate->holder);
    output_property(output, _("Issuer"), COLOUR_NONE, "%s", certificate->issuer);
    output_property(output, _("Serial number"), COLOUR_NONE, "%s", certificate->serial);
    view_validity(tool, certificate);
    output_property(output, _("Fingerprint"), COLOUR_NONE, "%s", fingerprint ? fingerprint : "");
}

/* "3 days old". Caller frees; NULL when out of memory. */
static char *age_text(int64_t since, int64_t now) {
    unsigned long days = output_days(since, now);
    char *text = NULL;
    if (since > now)
        return strdup(_("in the future"));
    if (days == 0)
        return strdup(_("less than a day old"));
    return asprintf(&text, dngettext(OVCERT_GETTEXT_DOMAIN, "%lu day old", "%lu days old", days), days) < 0 ? NULL
                                                                                                            : text;
}

void view_revocation(const Tool *tool, int64_t checked) {
    if (checked == 0)
        return;
    CLEANUP(free_pointer) char *age = age_text(checked, tool->now);
    output_property(&tool->output, _("Revocation data of"), COLOUR_NONE, "%s (%s)", output_time(checked).text,
                    age ? age : "");
}

static const char *depth_name(uint32_t depth, char *buffer, size_t size) {
    if (depth == 0)
        return "";
    (void) snprintf(buffer, size, _(" (issuer %u)"), depth); /* shortened rather than overrun */
    return buffer;
}

void view_reasons(const Tool *tool, const Reasons *reasons, bool to_errors) {
    if (tool->output.quiet && !to_errors)
        return;
    FILE *stream = to_errors || tool->output.format != OUTPUT_TEXT ? stderr : stdout;
    for (size_t i = 0; i < reasons->count; i++) {
        const Reason *reason = &reasons->items[i];
        int known = verdict_reason_from_name(reason->name);
        char depth[64];
        (void) fprintf(stream, "  - %s%s%s%s%s\n", /* a failure shows at the end */
                       known < 0 ? reason->name : _(verdict_reason_text((VerdictReason) known)),
                       depth_name(reason->depth, depth, sizeof depth), reason->detail[0] ? " (" : "", reason->detail,
                       reason->detail[0] ? ")" : "");
        if (reason->wanted[0])
            (void) fprintf(stream, _("    Wanted: %s\n"), _(reason->wanted)); /* the daemon's words are untranslated */
        if (known >= 0)
            (void) fprintf(stream, "    %s\n", _(verdict_reason_advice((VerdictReason) known)));
    }
}

static const char *kind_words(const char *kind) {
    if (strcmp(kind, "delta-crl") == 0)
        return _("Delta revocation list");
    return strcmp(kind, "ocsp") == 0 ? _("OCSP answer") : _("Revocation list");
}

static void view_source(const Tool *tool, const SourceInfo *source) {
    int known = revocation_state_from_name(source->state);
    CLEANUP(free_pointer) char *age = age_text(source->this_update, tool->now);
    output_say(&tool->output, _("     %s %s: %s; of %s (%s), next by %s"), kind_words(source->kind), source->file,
               known < 0 ? source->state : _(revocation_state_text((RevocationState) known)),
               output_time(source->this_update).text, age ? age : "", output_time(source->next_update).text);
}

static void view_words(const Tool *tool, const char *name, const char *words) {
    output_say(&tool->output, "     %s: %s", name, words[0] ? words : _("none"));
}

static void view_step(const Tool *tool, size_t number, const PathStep *step, bool anchored, bool anchor) {
    const Output *output = &tool->output;
    output_say(output, _("  %zu. %s, valid until %s%s"), number, step->subject, output_time(step->not_after).text,
               anchor ? _(" (trust anchor)") : "");
    view_words(tool, _("Key usage"), step->key_usage);
    view_words(tool, _("Extended key usage"), step->extended_key_usage);
    view_words(tool, _("Policies"), step->policies);
    for (size_t i = 0; i < step->n_sources; i++)
        view_source(tool, &step->sources[i]);
    if (step->n_sources == 0 && !anchor)
        output_say(output, "     %s",
                   anchored ? _("Revocation: no list and no answer")
                            : _("Revocation: not asked without a trust anchor"));
}

/* Without "untrusted" among the reasons, the last one is an anchor. */
void view_path(const Tool *tool, const Path *path, const Reasons *reasons) {
    bool anchored = path->count > 1 && !reasons_have(reasons, "untrusted");
    output_say(&tool->output, "\n%s%s%s", output_colour(&tool->output, COLOUR_BOLD),
               _("The chain, from the certificate upwards:"), output_colour(&tool->output, COLOUR_NONE));
    for (size_t i = 0; i < path->count; i++)
        view_step(tool, i, &path->items[i], anchored, anchored && i + 1 == path->count);
    if (path->count < 2)
        output_say(&tool->output, "%s", _("  No issuer was found."));
}

void view_kind(const Tool *tool, const char *kind, const Rules *rules) {
    const Output *output = &tool->output;
    if (rules->count == 0)
        return;
    output_say(output, _("\n%sIts kind is %s, which says:%s"), output_colour(output, COLOUR_BOLD), kind,
               output_colour(output, COLOUR_NONE));
    for (size_t i = 0; i < rules->count; i++) {
        const Rule *rule = &rules->items[i];
        if (rule->text[0])
            output_say(output, "  %s = %s  (%s)", rule->key, rule->text, rule->source[0] ? rule->source : _("default"));
    }
}

static void view_assigned(const Tool *tool, const ProfileInfo *profile) {
    const Output *output = &tool->output;
    const CertificateInfo *certificate = &profile->certificate;
    output_property(output, _("Certificate"), view_colour(profile->certificate_status), "%s",
                    output_word(profile->certificate_status));
    view_certificate(tool, certificate);
    output_property(output, _("Assigned since"), COLOUR_NONE, "%s (%s)", output_time(certificate->since).text,
                    certificate->proven ? _("possession was proven") : _("by an administrator, without proof"));
    view_revocation(tool, certificate->revocation_checked);
    if (certificate->accepted)
        return;
    output_say(output, "\n%s", _("The certificate is not accepted for signing in:"));
    view_reasons(tool, &certificate->reasons, false);
}

static void view_unassigned(const Tool *tool, const ProfileInfo *profile) {
    output_property(&tool->output, _("Certificate"), COLOUR_YELLOW, "%s", _("no certificate assigned yet"));
    if (tool->output.legend && profile->n_candidates == 0)
        output_say(&tool->output, "\n%s", _("Assign one with \"ovcertctl assign\"."));
}

bool view_is_blocked(const ProfileInfo *profile) {
    return strcmp(profile->state, "blocked") == 0;
}

void view_block(const Tool *tool, const ProfileInfo *profile) {
    if (!view_is_blocked(profile))
        return;
    output_say(&tool->output, "\n%s%s%s", output_colour(&tool->output, COLOUR_RED),
               _("Whatever the certificate is like: the profile is blocked, and nobody signs in by it."),
               output_colour(&tool->output, COLOUR_NONE));
    output_say(&tool->output, _("Only an administrator can unblock it: \"ovcertctl unblock %s\"."), profile->user);
}

/* Commands as they have to be typed: whose profile it is stands in them unless it is one's own. "renew" is for one's
 * own alone; an administrator goes on with "assign". */
static void view_next_step(const Tool *tool, const ProfileInfo *profile, const OperationInfo *operation) {
    bool own = profile->has_uid && profile->uid == geteuid();
    bool requested = strcmp(operation->state, "requested") == 0;
    const char *option = own ? "" : " --user ", *user = own ? "" : profile->user;
    const char *verb = own && operation->until_assign ? "renew" : requested ? "confirm" : "assign";
    output_say(&tool->output, _("  Go on with \"ovcertctl %s%s%s\", or drop it with \"ovcertctl cancel%s%s\"."), verb,
               option, user, option, user);
}

void view_operations(const Tool *tool, const ProfileInfo *profile) {
    for (size_t i = 0; i < profile->n_operations; i++) {
        const OperationInfo *operation = &profile->operations[i];
        output_say(&tool->output, _("\nOpen operation %s: %s, %s, until %s%s"), operation->id,
                   output_word(operation->kind), output_word(operation->state), output_time(operation->deadline).text,
                   operation->until_assign ? _("; the old certificate stays until the new one is assigned") : "");
        if (operation->opener != geteuid())
            output_say(&tool->output, _("  Opened by another user (uid %u)."), operation->opener);
        if (tool->output.legend)
            view_next_step(tool, profile, operation);
    }
}

static void view_candidates(const Tool *tool, const ProfileInfo *profile) {
    for (size_t i = 0; i < profile->n_candidates; i++) {
        const CandidateInfo *candidate = &profile->candidates[i];
        output_say(&tool->output, _("\nProven and waiting to be assigned, until %s: %s (serial number %s)"),
                   output_time(candidate->deadline).text, candidate->certificate.subject,
                   candidate->certificate.serial);
        if (tool->output.legend)
            output_say(&tool->output, "  %s",
                       profile->has_certificate ? _("Go on with \"ovcertctl renew\".")
                                                : _("Go on with \"ovcertctl assign\"."));
    }
}

void view_profile(const Tool *tool, const ProfileInfo *profile, bool own) {
    const Output *output = &tool->output;
    if (output->legend)
        output_say(output, "%s%s%s", output_colour(output, COLOUR_BOLD), own ? _("My profile") : _("Profile"),
                   output_colour(output, COLOUR_NONE));
    if (profile->has_uid)
        output_property(output, _("User"), COLOUR_NONE, "%s (uid %u)", profile->user, profile->uid);
    else
        output_property(output, _("User"), COLOUR_NONE, "%s", profile->user);
    output_property(output, _("State"), view_colour(profile->state), "%s", output_word(profile->state));
    output_property(output, _("Reason"), COLOUR_NONE, "%s", profile->block_reason);
    output_property(output, _("Holder"), COLOUR_NONE, "%s", profile->holder[0] ? profile->holder : _("not set yet"));
    output_property(output, _("Last sign-in"), COLOUR_NONE, "%s",
                    profile->last_login == 0 ? _("never by certificate") : output_time(profile->last_login).text);
    if (profile->has_certificate)
        view_assigned(tool, profile);
    else
        view_unassigned(tool, profile);
    view_block(tool, profile);
    view_operations(tool, profile);
    view_candidates(tool, profile);
}

static int add_row(Table *table, const char *name, const char *old, const char *new) {
    bool same = strcmp(old, new) == 0;
    const Cell cells[] = {{.text = name}, {.text = old}, {.text = new, .colour = same ? COLOUR_NONE : COLOUR_BOLD}};
    return table_add(table, cells);
}

static int add_rows(Table *table, const CertificateInfo *old, const CertificateInfo *new, const char *fingerprints[2]) {
    const char *none = _("none");
    int r;
    if ((r = add_row(table, _("Holder"), old ? old->holder : none, new->holder)) < 0 ||
        (r = add_row(table, _("Name"), old ? old->common_name : "", new->common_name)) < 0 ||
        (r = add_row(table, _("Issuer"), old ? old->issuer : "", new->issuer)) < 0 ||
        (r = add_row(table, _("Serial number"), old ? old->serial : "", new->serial)) < 0 ||
        (r = add_row(table, _("Valid from"), old ? output_time(old->not_before).text : "",
                     output_time(new->not_before).text)) < 0 ||
        (r = add_row(table, _("Valid until"), old ? output_time(old->not_after).text : "",
                     output_time(new->not_after).text)) < 0)
        return r;
    return add_row(table, _("Fingerprint"), fingerprints[0], fingerprints[1]);
}

/* The first half is enough to tell two apart by eye, and lets the table fit; "status" shows all of it. */
static char *short_fingerprint(const CertificateInfo *info) {
    return hex_encode((View){info->fingerprint.data, CERTIFICATE_FINGERPRINT_SIZE / 2});
}

int view_old_and_new(const Tool *tool, const CertificateInfo *old, const CertificateInfo *new) {
    if (tool->output.format != OUTPUT_TEXT)
        return 0;
    const char *headings[] = {"", _("OLD"), _("NEW")};
    CLEANUP(table_freep) Table *table = NULL;
    CLEANUP(free_pointer) char *old_fingerprint = old ? short_fingerprint(old) : strdup("");
    CLEANUP(free_pointer) char *new_fingerprint = short_fingerprint(new);
    if (!old_fingerprint || !new_fingerprint)
        return -ENOMEM;
    int r = table_new(&tool->output, headings, ELEMENTSOF(headings), &table);
    if (r < 0)
        return r;
    r = add_rows(table, old, new, (const char *[]){old_fingerprint, new_fingerprint});
    return r < 0 ? r : table_print(table);
}

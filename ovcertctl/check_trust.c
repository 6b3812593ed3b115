/* SPDX-License-Identifier: BSD-2-Clause */
/* Anchors and revocation lists: what is not used, what ends soon, what is too old or of another time. Must never judge
 * a certificate. */
#include "ovcertctl/check_trust.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/i18n.h"
#include "common/text.h"
#include "trust/trust.h"

#define DAY INT64_C(86400)

typedef struct Trust {
    const Config *config;
    const TrustStore *store;
    int64_t now;
    Findings *findings;
} Trust;

/* --- files that are not used --- */

static void report_problem(const Trust *trust, const TrustProblem *problem) {
    switch (problem->kind) {
    case TRUST_PROBLEM_ANCHOR:
        findings_add(trust->findings, FINDING_WARNING, "anchors",
                     _("Put a root certificate there that may be one, or remove the file."), "%s.", problem->line);
        break;
    case TRUST_PROBLEM_CRL:
        findings_add(trust->findings, FINDING_WARNING, "revocation", _("Fetch the list anew, or remove the file."),
                     "%s.", problem->line);
        break;
    default:
        break; /* said below, with dates */
    }
}

/* --- anchors --- */

static bool report_anchor(const Trust *trust, const CertificateFacts *anchor) {
    int64_t left = anchor->not_after - trust->now;
    if (left < 0)
        findings_add(trust->findings, FINDING_WARNING, "anchors",
                     _("Remove it: nothing below it is accepted. Its successor is the issuer's to give."),
                     _("%s has expired on %s."), anchor->subject, output_time(anchor->not_after).text);
    else if (left < (int64_t) trust->config->warn_days * DAY)
        findings_add(trust->findings, FINDING_WARNING, "anchors",
                     _("Add its successor beside it before that day; the issuer gives it."), _("%s ends on %s."),
                     anchor->subject, output_time(anchor->not_after).text);
    return left >= 0;
}

static void report_anchors(const Trust *trust) {
    size_t count = trust_store_anchors(trust->store), valid = 0;
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        const CertificateFacts *anchor = trust_store_anchor_facts(trust->store, i);
        bool good = report_anchor(trust, anchor);
        first = good && anchor->not_after < first ? anchor->not_after : first;
        valid += good;
    }
    if (valid == 0)
        findings_add(trust->findings, FINDING_ERROR, "anchors",
                     _("Put the issuer's root certificate there, or run \"ovcertctl setup\"."),
                     _("There is no valid trust anchor in %s, so no certificate is accepted."),
                     trust->config->anchors_dir);
    else
        findings_add(
            trust->findings, FINDING_OK, "anchors", NULL,
            ngettext("%zu trust anchor is used, until %s.", "%zu trust anchors are used; the first ends on %s.", valid),
            valid, output_time(first).text);
}

/* --- revocation lists --- */

/* Whether it serves. */
static bool report_list(const Trust *trust, const TrustCrlFacts *list) {
    int64_t end = list->next_update + (int64_t) trust->config->max_stale_days * DAY;
    CLEANUP(free_pointer) char *file = text_escape_string(list->file);
    FindingState bad = trust->config->soft_revocation ? FINDING_WARNING : FINDING_ERROR;
    if (!file)
        trust->findings->fault = -ENOMEM;
    else if (list->this_update > trust->now)
        findings_add(trust->findings, FINDING_ERROR, "revocation",
                     _("Set the clock right; if it is, fetch the list anew."), _("%s is of the future: %s."), file,
                     output_time(list->this_update).text);
    else if (end < trust->now)
        findings_add(trust->findings, bad, "revocation",
                     _("Fetch a fresh list: without one its issuer's certificates are refused."),
                     _("%s is too old: it was to be replaced by %s."), file, output_time(list->next_update).text);
    else if (list->next_update < trust->now)
        findings_add(trust->findings, FINDING_WARNING, "revocation", _("Fetch a fresh list before that."),
                     _("%s is old, and serves until %s only."), file, output_time(end).text);
    return list->this_update <= trust->now && end >= trust->now;
}

static void report_lists(const Trust *trust) {
    size_t count = trust_store_crls(trust->store), good = 0;
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        TrustCrlFacts list = trust_store_crl_facts(trust->store, i);
        if (list.superseded || !report_list(trust, &list))
            continue;
        first = list.next_update < first ? list.next_update : first;
        good++;
    }
    if (count == 0)
        findings_add(trust->findings, trust->config->soft_revocation ? FINDING_WARNING : FINDING_ERROR, "revocation",
                     _("Put the issuers' lists there, or run \"ovcertctl setup --crl=FILE\"."),
                     _("There is no revocation list in %s."), trust->config->crls_dir);
    else if (good > 0)
        findings_add(trust->findings, FINDING_OK, "revocation", NULL,
                     dngettext(OVCERT_GETTEXT_DOMAIN, "%zu revocation list serves; it is to be replaced by %s.",
                               "%zu revocation lists serve; the first is to be replaced by %s.", good),
                     good, output_time(first).text);
}

/* --- both --- */

static int load(const Machine *machine, const Config *config, int64_t now, TrustStore **ret, TrustProblems *problems) {
    CLEANUP(free_pointer) char *anchors = NULL, *crls = NULL;
    if (asprintf(&anchors, "%s%s", machine->root, config->anchors_dir) < 0) {
        anchors = NULL; /* unspecified after a failure */
        return -ENOMEM;
    }
    if (asprintf(&crls, "%s%s", machine->root, config->crls_dir) < 0) {
        crls = NULL;
        return -ENOMEM;
    }
    TrustOptions options = {
        .anchors_dir = anchors,
        .crls_dir = crls,
        .soft_revocation = config->soft_revocation,
        .max_stale = (int64_t) config->max_stale_days * DAY,
    };
    return trust_store_load(&options, NULL, now, ret, problems);
}

void check_trust(const Machine *machine, const Config *config, int64_t now, Findings *findings, TrustCounts *ret) {
    CLEANUP(trust_store_unrefp) TrustStore *store = NULL;
    CLEANUP(trust_problems_done) TrustProblems problems = {0};
    *ret = (TrustCounts){0};
    int r = load(machine, config, now, &store, &problems);
    if (r == -ENOMEM) {
        findings->fault = r;
        return;
    }
    if (r < 0) {
        findings_add(findings, r == -EACCES ? FINDING_UNKNOWN : FINDING_ERROR, "anchors",
                     r == -EACCES ? _("Run it as root.")
                                  : _("Make the folder, and put the issuer's root certificate there."),
                     "%s: %s.", config->anchors_dir, strerrordesc_np(-r));
        return;
    }
    Trust trust = {.config = config, .store = store, .now = now, .findings = findings};
    for (size_t i = 0; i < problems.count; i++)
        report_problem(&trust, &problems.items[i]);
    report_anchors(&trust);
    report_lists(&trust);
    *ret = (TrustCounts){true, trust_store_anchors(store), trust_store_crls(store)};
}

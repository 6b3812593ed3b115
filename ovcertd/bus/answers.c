/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the dictionaries of the contract, for the methods. Must never decide who may read them. */
#include "ovcertd/bus/answers.h"

#include <errno.h>

#include "common/macros.h"
#include "ovcertd/core/operation.h"
#include "trust/certificate.h"

int answers_string(sd_bus_message *message, const char *key, const char *value) {
    return sd_bus_message_append(message, "{sv}", key, "s", value);
}

int answers_time(sd_bus_message *message, const char *key, int64_t value) {
    return sd_bus_message_append(message, "{sv}", key, "x", value);
}

int answers_flag(sd_bus_message *message, const char *key, bool value) {
    return sd_bus_message_append(message, "{sv}", key, "b", (int) value);
}

int answers_u32(sd_bus_message *message, const char *key, uint32_t value) {
    return sd_bus_message_append(message, "{sv}", key, "u", value);
}

/* Opens "{key: variant of type}"; close_entry() ends it. */
static int open_entry(sd_bus_message *message, const char *key, const char *type) {
    int r = sd_bus_message_open_container(message, 'e', "sv");
    if (r < 0)
        return r;
    r = sd_bus_message_append_basic(message, 's', key);
    if (r < 0)
        return r;
    return sd_bus_message_open_container(message, 'v', type);
}

static int close_entry(sd_bus_message *message) {
    int r = sd_bus_message_close_container(message);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

int answers_octets(sd_bus_message *message, const char *key, View value) {
    int r = open_entry(message, key, "ay");
    if (r < 0)
        return r;
    r = sd_bus_message_append_array(message, 'y', value.data, value.size);
    return r < 0 ? r : close_entry(message);
}

static int append_strings(sd_bus_message *message, const char *key, const char *const *strings) {
    int r = open_entry(message, key, "as");
    if (r < 0)
        return r;
    r = sd_bus_message_open_container(message, 'a', "s");
    for (size_t i = 0; r >= 0 && i < CERTIFICATE_WORDS_MAX && strings && strings[i]; i++)
        r = sd_bus_message_append_basic(message, 's', strings[i]);
    if (r < 0)
        return r;
    r = sd_bus_message_close_container(message);
    return r < 0 ? r : close_entry(message);
}

static int append_chain(sd_bus_message *message, const BytesList *chain) {
    int r = open_entry(message, "chain", "aay");
    if (r < 0)
        return r;
    r = sd_bus_message_open_container(message, 'a', "ay");
    for (size_t i = 0; r >= 0 && i < chain->count; i++)
        r = sd_bus_message_append_array(message, 'y', chain->items[i].data, chain->items[i].size);
    if (r < 0)
        return r;
    r = sd_bus_message_close_container(message);
    return r < 0 ? r : close_entry(message);
}

/* --- facts --- */

/* holder: what its kind makes of it. */
static int append_fact_names(sd_bus_message *message, const CertificateFacts *facts, const char *holder) {
    const struct {
        const char *key;
        const char *value;
    } names[] = {
        {"subject", facts->subject}, {"issuer", facts->issuer}, {"common-name", facts->common_name},
        {"serial", facts->serial},   {"holder", holder},        {"key-type", facts->key_type},
    };
    for (size_t i = 0; i < ELEMENTSOF(names); i++) {
        int r = answers_string(message, names[i].key, names[i].value);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The entries of facts, in an open a{sv}. kind may be NULL. */
static int append_facts(sd_bus_message *message, const CertificateFacts *facts, const Kind *kind, const char *holder) {
    int r = answers_octets(message, "fingerprint", (View){facts->fingerprint, sizeof facts->fingerprint});
    if (r < 0)
        return r;
    r = append_fact_names(message, facts, holder);
    if (r < 0)
        return r;
    r = kind ? answers_string(message, "kind", kind_name(kind)) : 0;
    if (r < 0)
        return r;
    r = answers_time(message, "not-before", facts->not_before);
    if (r < 0)
        return r;
    r = answers_time(message, "not-after", facts->not_after);
    if (r < 0)
        return r;
    r = answers_u32(message, "key-bits", facts->key_bits);
    if (r < 0)
        return r;
    r = append_strings(message, "policies", facts->policies);
    if (r < 0)
        return r;
    r = append_strings(message, "key-usage", facts->key_usages);
    return r < 0 ? r : append_strings(message, "extended-key-usage", facts->extended_key_usages);
}

int answers_facts(sd_bus_message *message, const Certificate *certificate, const Verdict *verdict) {
    int r = sd_bus_message_open_container(message, 'a', "{sv}");
    if (r < 0)
        return r;
    if (certificate) {
        const CertificateFacts *facts = certificate_facts(certificate);
        r = append_facts(message, facts, verdict->kind, verdict->holder ? verdict->holder : facts->holder);
    }
    return r < 0 ? r : sd_bus_message_close_container(message);
}

/* One that the store gave: it was parsed when it came in. */
static int parse_row(const CertificateRow *row, Certificate **ret) {
    int r = certificate_parse(bytes_view(&row->der), ret);
    return r > 0 ? -EUCLEAN : r;
}

/* --- verdicts --- */

static int append_reason(sd_bus_message *message, const VerdictItem *item) {
    return sd_bus_message_append(message, "a{sv}", 5, "name", "s", verdict_reason_name(item->reason), "depth", "u",
                                 (uint32_t) item->depth, "detail", "s", item->detail, "found", "s", item->detail,
                                 "wanted", "s", verdict_wanted(item));
}

/* What the kind says and where: the lines that an administrator changes. */
static int append_rules(sd_bus_message *message, const Kind *kind) {
    int r = open_entry(message, "rules", "a(sss)");
    if (r < 0)
        return r;
    r = sd_bus_message_open_container(message, 'a', "(sss)");
    for (KindKey key = 0; r >= 0 && kind && key < KIND_KEY_COUNT_; key++)
        r = sd_bus_message_append(message, "(sss)", kind_key_name(key), kind_text(kind, key), kind_source(kind, key));
    if (r < 0)
        return r;
    r = sd_bus_message_close_container(message);
    return r < 0 ? r : close_entry(message);
}

static int append_source(sd_bus_message *message, const RevocationSource *source) {
    return sd_bus_message_append(message, "a{sv}", 5, "kind", "s", revocation_kind_name(source->kind), "state", "s",
                                 revocation_state_name(source->state), "file", "s", source->file, "this-update", "x",
                                 source->this_update, "next-update", "x", source->next_update);
}

static int append_sources(sd_bus_message *message, const Verdict *verdict, size_t depth) {
    int r = open_entry(message, "revocation", "aa{sv}");
    if (r < 0)
        return r;
    r = sd_bus_message_open_container(message, 'a', "a{sv}");
    for (size_t i = 0; r >= 0 && i < verdict->n_sources; i++)
        if (verdict->sources[i].depth == depth)
            r = append_source(message, &verdict->sources[i]);
    if (r < 0)
        return r;
    r = sd_bus_message_close_container(message);
    return r < 0 ? r : close_entry(message);
}

static int append_step(sd_bus_message *message, Certificate *leaf, const Verdict *verdict, size_t depth) {
    const CertificateFacts *facts = certificate_facts(verdict_certificate(verdict, leaf, depth));
    int r = sd_bus_message_open_container(message, 'a', "{sv}");
    if (r < 0)
        return r;
    r = append_facts(message, facts, depth == 0 ? verdict->kind : NULL,
                     depth == 0 && verdict->holder ? verdict->holder : facts->holder);
    if (r < 0)
        return r;
    r = append_sources(message, verdict, depth);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

/* leaf: what was judged; NULL: no certificate. */
static int append_path(sd_bus_message *message, Certificate *leaf, const Verdict *verdict) {
    int r = open_entry(message, "path", "aa{sv}");
    if (r < 0)
        return r;
    r = sd_bus_message_open_container(message, 'a', "a{sv}");
    for (size_t depth = 0; r >= 0 && leaf && depth <= verdict->chain.count; depth++)
        r = append_step(message, leaf, verdict, depth);
    if (r < 0)
        return r;
    r = sd_bus_message_close_container(message);
    return r < 0 ? r : close_entry(message);
}

/* accepted, reasons and revocation-checked, in an open a{sv}. */
static int append_verdict(sd_bus_message *message, const Verdict *verdict) {
    int r = answers_flag(message, "accepted", verdict_accepted(verdict));
    if (r < 0)
        return r;
    r = open_entry(message, "reasons", "aa{sv}");
    if (r < 0)
        return r;
    r = sd_bus_message_open_container(message, 'a', "a{sv}");
    for (size_t i = 0; r >= 0 && i < verdict->n_items; i++)
        r = append_reason(message, &verdict->items[i]);
    if (r < 0)
        return r;
    r = sd_bus_message_close_container(message);
    if (r < 0)
        return r;
    r = close_entry(message);
    return r < 0 ? r : answers_time(message, "revocation-checked", verdict->revocation_checked);
}

int answers_verdict(sd_bus_message *message, const CheckResult *result) {
    int r = sd_bus_message_open_container(message, 'a', "{sv}");
    if (r < 0)
        return r;
    r = append_verdict(message, &result->verdict);
    if (r < 0)
        return r;
    r = append_chain(message, &result->verdict.chain);
    if (r < 0)
        return r;
    r = append_path(message, result->certificate, &result->verdict);
    if (r < 0)
        return r;
    r = append_rules(message, result->verdict.kind);
    if (r < 0)
        return r;
    r = open_entry(message, "facts", "a{sv}");
    if (r < 0)
        return r;
    r = answers_facts(message, result->certificate, &result->verdict);
    if (r < 0)
        return r;
    r = close_entry(message);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

/* --- profiles --- */

static int append_profile_names(sd_bus_message *message, const ProfileDescription *description) {
    const ProfileRow *profile = &description->profile;
    const struct {
        const char *key;
        const char *value;
    } names[] = {
        {"user", profile->name},
        {"kind", profile->kind == PROFILE_UNIX ? "unix" : "portal"},
        {"holder", profile->holder},
        {"state", profile_state_name(description)},
        {"block-reason", profile->block_reason},
        {"certificate-status", certificate_status_name(description->status)},
    };
    for (size_t i = 0; i < ELEMENTSOF(names); i++) {
        int r = answers_string(message, names[i].key, names[i].value ? names[i].value : "");
        if (r < 0)
            return r;
    }
    return 0;
}

/* What only Describe tells of the assigned certificate. */
static int append_whole(sd_bus_message *message, Certificate *certificate, const Verdict *verdict) {
    int r = append_chain(message, &verdict->chain);
    if (r < 0)
        return r;
    r = append_path(message, certificate, verdict);
    return r < 0 ? r : append_rules(message, verdict->kind);
}

static int append_certificate(sd_bus_message *message, const ProfileDescription *description, bool whole) {
    const CertificateRow *row = &description->association.certificate;
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    int r = parse_row(row, &certificate);
    if (r < 0)
        return r;
    r = open_entry(message, "certificate", "a{sv}");
    if (r < 0)
        return r;
    r = sd_bus_message_open_container(message, 'a', "{sv}");
    if (r < 0)
        return r;
    r = append_facts(message, certificate_facts(certificate), description->verdict.kind, row->holder);
    if (r < 0)
        return r;
    r = answers_time(message, "since", description->association.since);
    if (r < 0)
        return r;
    r = answers_flag(message, "proven", description->association.proven);
    if (r < 0)
        return r;
    r = append_verdict(message, &description->verdict);
    if (r >= 0 && whole)
        r = append_whole(message, certificate, &description->verdict);
    if (r < 0)
        return r;
    r = sd_bus_message_close_container(message);
    return r < 0 ? r : close_entry(message);
}

/* The entries that Describe and ListProfiles share, in an open a{sv}; the certificate as a whole is Describe's alone.
 */
static int append_profile(sd_bus_message *message, const ProfileDescription *description, bool whole) {
    const ProfileRow *profile = &description->profile;
    int r = append_profile_names(message, description);
    if (r < 0)
        return r;
    r = profile->kind == PROFILE_UNIX ? answers_u32(message, "uid", profile->uid) : 0;
    if (r < 0)
        return r;
    r = answers_time(message, "created", profile->created);
    if (r < 0)
        return r;
    r = answers_time(message, "last-login", profile->last_login);
    if (r < 0)
        return r;
    return description->has_certificate ? append_certificate(message, description, whole) : 0;
}

static int append_operation(sd_bus_message *message, const OperationRow *row) {
    const char *kind = operation_kind_name((OperationKind) row->kind);
    const char *state = operation_state_name((OperationState) row->state);
    if (!kind || !state)
        return -EUCLEAN;
    return sd_bus_message_append(message, "a{sv}", 7, "id", "s", row->id, "kind", "s", kind, "state", "s", state,
                                 "until-assign", "b", (int) row->until_assign, "opener", "u", row->opener, "opened",
                                 "x", row->opened, "deadline", "x", row->deadline);
}

static int append_operations(sd_bus_message *message, const ProfileDescription *description) {
    int r = open_entry(message, "operations", "aa{sv}");
    if (r < 0)
        return r;
    r = sd_bus_message_open_container(message, 'a', "a{sv}");
    for (size_t i = 0; r >= 0 && i < description->n_operations; i++)
        r = append_operation(message, &description->operations[i]);
    if (r < 0)
        return r;
    r = sd_bus_message_close_container(message);
    return r < 0 ? r : close_entry(message);
}

static int append_candidate(sd_bus_message *message, const CandidateRow *row, const Kind *kind) {
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    int r = parse_row(&row->certificate, &certificate);
    if (r < 0)
        return r;
    r = sd_bus_message_open_container(message, 'a', "{sv}");
    if (r < 0)
        return r;
    r = answers_string(message, "id", row->id);
    if (r < 0)
        return r;
    r = append_facts(message, certificate_facts(certificate), kind, row->certificate.holder);
    if (r < 0)
        return r;
    r = answers_time(message, "proven", row->proven);
    if (r < 0)
        return r;
    r = answers_time(message, "deadline", row->deadline);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_candidates(sd_bus_message *message, const ProfileDescription *description) {
    int r = open_entry(message, "candidates", "aa{sv}");
    if (r < 0)
        return r;
    r = sd_bus_message_open_container(message, 'a', "a{sv}");
    for (size_t i = 0; r >= 0 && i < description->n_candidates; i++)
        r = append_candidate(message, &description->candidates[i], description->candidate_kinds[i]);
    if (r < 0)
        return r;
    r = sd_bus_message_close_container(message);
    return r < 0 ? r : close_entry(message);
}

int answers_description(sd_bus_message *message, const ProfileDescription *description) {
    int r = sd_bus_message_open_container(message, 'a', "{sv}");
    if (r < 0)
        return r;
    r = append_profile(message, description, true);
    if (r < 0)
        return r;
    r = append_operations(message, description);
    if (r < 0)
        return r;
    r = append_candidates(message, description);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

int answers_row(sd_bus_message *message, const ProfileDescription *description) {
    int r = sd_bus_message_open_container(message, 'a', "{sv}");
    if (r < 0)
        return r;
    r = append_profile(message, description, false);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

/* --- the log --- */

static int append_audit_words(sd_bus_message *message, const AuditRow *row) {
    const struct {
        const char *key;
        const char *value;
    } words[] = {
        {"event", row->event},  {"outcome", row->outcome}, {"detail", row->detail},
        {"user", row->profile}, {"subject", row->subject},
    };
    for (size_t i = 0; i < ELEMENTSOF(words); i++) {
        int r = words[i].value ? answers_string(message, words[i].key, words[i].value) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

int answers_audit(sd_bus_message *message, const AuditRow *row) {
    int r = sd_bus_message_open_container(message, 'a', "{sv}");
    if (r < 0)
        return r;
    r = answers_time(message, "time", row->time);
    if (r < 0)
        return r;
    r = answers_u32(message, "actor", row->actor);
    if (r < 0)
        return r;
    r = append_audit_words(message, row);
    if (r < 0)
        return r;
    r = answers_octets(message, "hash", (View){row->hash, sizeof row->hash});
    return r < 0 ? r : sd_bus_message_close_container(message);
}

/* --- challenges --- */

static int append_statement_ids(sd_bus_message *message, const Statement *statement) {
    int r = answers_octets(message, "host-id", (View){statement->host_id, sizeof statement->host_id});
    if (r < 0)
        return r;
    r = answers_octets(message, "boot-id", (View){statement->boot_id, sizeof statement->boot_id});
    if (r < 0 || !statement->has_replaced)
        return r;
    return answers_octets(message, "replaced", (View){statement->replaced, sizeof statement->replaced});
}

int answers_fields(sd_bus_message *message, const Statement *statement) {
    int r = sd_bus_message_open_container(message, 'a', "{sv}");
    if (r < 0)
        return r;
    r = sd_bus_message_append(message, "{sv}{sv}{sv}{sv}{sv}{sv}", "purpose", "s",
                              statement_purpose_name(statement->purpose), "user", "s", statement->user, "uid", "u",
                              statement->uid, "service", "s", statement->service, "tty", "s", statement->tty,
                              "deadline", "t", statement->deadline);
    if (r < 0)
        return r;
    r = append_statement_ids(message, statement);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

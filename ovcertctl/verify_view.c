/* SPDX-License-Identifier: BSD-2-Clause */
/* Output of "verify". Names of certificates arrive escaped from trust/; must never leave out a reason. */
#include "ovcertctl/verify_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/i18n.h"
#include "ovcertctl/description.h"
#include "ovcertctl/json.h"
#include "ovcertctl/view.h"

/* --- text --- */

static int copy_reasons(const Verdict *verdict, Reasons *ret) {
    ret->items = calloc(verdict->n_items + 1, sizeof *ret->items); /* never of size 0 */
    if (!ret->items)
        return -ENOMEM;
    for (size_t i = 0; i < verdict->n_items; i++) {
        const VerdictItem *item = &verdict->items[i];
        Reason *reason = &ret->items[ret->count++];
        *reason = (Reason){.name = strdup(verdict_reason_name(item->reason)),
                           .depth = item->depth,
                           .detail = strdup(item->detail),
                           .wanted = strdup(verdict_wanted(item))};
        if (!reason->name || !reason->detail || !reason->wanted)
            return -ENOMEM;
    }
    return 0;
}

static int show_path(const Tool *tool, Certificate *certificate, const Verdict *verdict, const Reasons *reasons) {
    CLEANUP(path_done) Path path = {0};
    int r = path_fill(certificate, verdict, &path);
    if (r == 0)
        view_path(tool, &path, reasons);
    return r;
}

/* Of one that is judged to sign in, the holder is its kind's to make. */
static const char *holder_of(const Certificate *certificate, const Verdict *verdict) {
    return verdict->holder ? verdict->holder : certificate_facts(certificate)->holder;
}

static int fill_info(const Certificate *certificate, const Verdict *verdict, CertificateInfo *ret) {
    int r = certificate_info_fill(certificate_facts(certificate), ret);
    if (r < 0)
        return r;
    free(ret->holder);
    ret->holder = strdup(holder_of(certificate, verdict));
    return ret->holder ? 0 : -ENOMEM;
}

static int show_facts(const Tool *tool, const Certificate *certificate, const Verdict *verdict) {
    CLEANUP(certificate_info_done) CertificateInfo info = {0};
    int r = certificate ? fill_info(certificate, verdict, &info) : 0;
    if (r == 0 && certificate)
        view_certificate(tool, &info);
    return r;
}

static int show_kind(const Tool *tool, const Kind *kind) {
    CLEANUP(rules_done) Rules rules = {0};
    int r = rules_fill(kind, &rules);
    if (r == 0 && kind)
        view_kind(tool, kind_name(kind), &rules);
    return r;
}

static void show_problems(const Tool *tool, const TrustProblems *problems) {
    for (size_t i = 0; i < problems->count; i++)
        output_say(&tool->output, _("Note: %s"), problems->items[i].line);
}

static int show(const Tool *tool, Certificate *certificate, const Verdict *verdict, const TrustProblems *problems) {
    CLEANUP(reasons_done) Reasons reasons = {0};
    const Output *output = &tool->output;
    bool accepted = verdict_accepted(verdict);
    int r = copy_reasons(verdict, &reasons);
    if (r < 0)
        return r;
    output_say(output, "%s%s%s", output_colour(output, accepted ? COLOUR_GREEN : COLOUR_RED),
               accepted ? _("The certificate is accepted.") : _("The certificate is not accepted:"),
               output_colour(output, COLOUR_NONE));
    view_reasons(tool, &reasons, false);
    r = show_facts(tool, certificate, verdict);
    view_revocation(tool, verdict->revocation_checked);
    if (r == 0)
        r = show_path(tool, certificate, verdict, &reasons);
    if (r == 0)
        r = show_kind(tool, verdict->kind);
    show_problems(tool, problems);
    return r;
}

/* --- JSON --- */

static int put_text(JsonObject *object, const char *key, const char *value) {
    return json_put(object, key, json_object_new_string(value));
}

static int put_number(JsonObject *object, const char *key, int64_t value) {
    return json_put(object, key, json_object_new_int64(value));
}

static JsonObject *octets(View view) {
    CLEANUP(free_pointer) char *text = hex_encode(view);
    return text ? json_object_new_string(text) : NULL;
}

static int fill_reason(JsonObject *object, const VerdictItem *item) {
    int r = put_text(object, "name", verdict_reason_name(item->reason));
    if (r == 0)
        r = put_number(object, "depth", item->depth);
    if (r == 0)
        r = put_text(object, "detail", item->detail);
    if (r == 0)
        r = put_text(object, "found", item->detail);
    if (r == 0)
        r = put_text(object, "wanted", verdict_wanted(item));
    if (r == 0)
        r = put_text(object, "text", _(verdict_reason_text(item->reason)));
    return r < 0 ? r : put_text(object, "advice", _(verdict_reason_advice(item->reason)));
}

static int put_reasons(JsonObject *object, const Verdict *verdict) {
    CLEANUP(json_freep) JsonObject *array = json_object_new_array();
    int r = array ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < verdict->n_items; i++) {
        CLEANUP(json_freep) JsonObject *reason = json_object_new_object();
        r = reason ? fill_reason(reason, &verdict->items[i]) : -ENOMEM;
        if (r == 0)
            r = json_append(array, TAKE_PTR(reason));
    }
    return r < 0 ? r : json_put(object, "reasons", TAKE_PTR(array));
}

static int put_words(JsonObject *object, const char *key, const char *const *words) {
    CLEANUP(json_freep) JsonObject *array = json_object_new_array();
    int r = array ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && words[i]; i++)
        r = json_append(array, json_object_new_string(words[i]));
    return r < 0 ? r : json_put(object, key, TAKE_PTR(array));
}

static int fill_facts(JsonObject *object, const CertificateFacts *facts, const Kind *kind, const char *holder) {
    const struct {
        const char *key, *value;
    } texts[] = {
        {"subject", facts->subject}, {"issuer", facts->issuer}, {"common-name", facts->common_name},
        {"serial", facts->serial},   {"holder", holder},        {"key-type", facts->key_type},
    };
    int r = json_put(object, "fingerprint", octets((View){facts->fingerprint, sizeof facts->fingerprint}));
    for (size_t i = 0; r == 0 && i < ELEMENTSOF(texts); i++)
        r = put_text(object, texts[i].key, texts[i].value);
    if (r == 0 && kind)
        r = put_text(object, "kind", kind_name(kind));
    if (r == 0)
        r = put_number(object, "not-before", facts->not_before);
    if (r == 0)
        r = put_number(object, "not-after", facts->not_after);
    if (r == 0)
        r = put_number(object, "key-bits", facts->key_bits);
    if (r == 0)
        r = put_words(object, "policies", facts->policies);
    if (r == 0)
        r = put_words(object, "key-usage", facts->key_usages);
    return r < 0 ? r : put_words(object, "extended-key-usage", facts->extended_key_usages);
}

static int put_facts(JsonObject *object, const Certificate *certificate, const Verdict *verdict) {
    CLEANUP(json_freep) JsonObject *facts = json_object_new_object();
    int r = facts ? 0 : -ENOMEM;
    if (r == 0 && certificate)
        r = fill_facts(facts, certificate_facts(certificate), verdict->kind, holder_of(certificate, verdict));
    return r < 0 ? r : json_put(object, "facts", TAKE_PTR(facts));
}

static int put_chain(JsonObject *object, const BytesList *chain) {
    CLEANUP(json_freep) JsonObject *array = json_object_new_array();
    int r = array ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < chain->count; i++)
        r = json_append(array, octets(bytes_view(&chain->items[i])));
    return r < 0 ? r : json_put(object, "chain", TAKE_PTR(array));
}

static int append_rule(JsonObject *array, const Kind *kind, KindKey key) {
    const char *const words[] = {kind_key_name(key), kind_text(kind, key), kind_source(kind, key)};
    CLEANUP(json_freep) JsonObject *rule = json_object_new_array();
    int r = rule ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < ELEMENTSOF(words); i++)
        r = json_append(rule, json_object_new_string(words[i]));
    return r < 0 ? r : json_append(array, TAKE_PTR(rule));
}

static int put_rules(JsonObject *object, const Kind *kind) {
    CLEANUP(json_freep) JsonObject *array = json_object_new_array();
    int r = array ? 0 : -ENOMEM;
    for (KindKey key = 0; kind && r == 0 && key < KIND_KEY_COUNT_; key++)
        r = append_rule(array, kind, key);
    return r < 0 ? r : json_put(object, "rules", TAKE_PTR(array));
}

static int fill_source(JsonObject *object, const RevocationSource *source) {
    int r = put_text(object, "kind", revocation_kind_name(source->kind));
    if (r == 0)
        r = put_text(object, "state", revocation_state_name(source->state));
    if (r == 0)
        r = put_text(object, "file", source->file);
    if (r == 0)
        r = put_number(object, "this-update", source->this_update);
    return r < 0 ? r : put_number(object, "next-update", source->next_update);
}

static int put_sources(JsonObject *object, const Verdict *verdict, size_t depth) {
    CLEANUP(json_freep) JsonObject *array = json_object_new_array();
    int r = array ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < verdict->n_sources; i++) {
        if (verdict->sources[i].depth != depth)
            continue;
        CLEANUP(json_freep) JsonObject *source = json_object_new_object();
        r = source ? fill_source(source, &verdict->sources[i]) : -ENOMEM;
        if (r == 0)
            r = json_append(array, TAKE_PTR(source));
    }
    return r < 0 ? r : json_put(object, "revocation", TAKE_PTR(array));
}

static int append_step(JsonObject *array, Certificate *leaf, const Verdict *verdict, size_t depth) {
    CLEANUP(json_freep) JsonObject *step = json_object_new_object();
    const Certificate *certificate = verdict_certificate(verdict, leaf, depth);
    int r = step ? 0 : -ENOMEM;
    if (r == 0)
        r = fill_facts(step, certificate_facts(certificate), depth == 0 ? verdict->kind : NULL,
                       depth == 0 ? holder_of(certificate, verdict) : certificate_facts(certificate)->holder);
    if (r == 0)
        r = put_sources(step, verdict, depth);
    return r < 0 ? r : json_append(array, TAKE_PTR(step));
}

static int put_path(JsonObject *object, Certificate *leaf, const Verdict *verdict) {
    CLEANUP(json_freep) JsonObject *array = json_object_new_array();
    int r = array ? 0 : -ENOMEM;
    for (size_t depth = 0; r == 0 && leaf && depth <= verdict->chain.count; depth++)
        r = append_step(array, leaf, verdict, depth);
    return r < 0 ? r : json_put(object, "path", TAKE_PTR(array));
}

static int put_problems(JsonObject *object, const TrustProblems *problems) {
    CLEANUP(json_freep) JsonObject *array = json_object_new_array();
    int r = array ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < problems->count; i++)
        r = json_append(array, json_object_new_string(problems->items[i].line));
    return r < 0 ? r : json_put(object, "problems", TAKE_PTR(array));
}

static int show_json(const Tool *tool, Certificate *certificate, const Verdict *verdict,
                     const TrustProblems *problems) {
    CLEANUP(json_freep) JsonObject *object = json_object_new_object();
    int r = object ? json_put(object, "accepted", json_object_new_boolean(verdict_accepted(verdict))) : -ENOMEM;
    if (r == 0)
        r = put_reasons(object, verdict);
    if (r == 0)
        r = put_facts(object, certificate, verdict);
    if (r == 0)
        r = put_chain(object, &verdict->chain);
    if (r == 0)
        r = put_path(object, certificate, verdict);
    if (r == 0)
        r = put_rules(object, verdict->kind);
    if (r == 0)
        r = put_number(object, "revocation-checked", verdict->revocation_checked);
    if (r == 0)
        r = put_problems(object, problems);
    if (r == 0)
        json_print(&tool->output, object);
    return r;
}

int verify_view(const Tool *tool, View der, const Verdict *verdict, const TrustProblems *problems) {
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    int r = certificate_parse(der, &certificate);
    if (r < 0)
        return r; /* of what is no certificate, the verdict says so */
    return tool->output.format == OUTPUT_TEXT ? show(tool, certificate, verdict, problems)
                                              : show_json(tool, certificate, verdict, problems);
}

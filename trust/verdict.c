/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of reasons. Filled by trust_judge() and by the daemon's policy; must never hold a reason back or drop one
 * silently. */
#include "trust/verdict.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/i18n.h"

typedef struct ReasonRow {
    const char *name, *text, *wanted, *advice;
} ReasonRow;

static const ReasonRow reasons[] = {
#define X(symbol, name, text, wanted, advice) [VERDICT_##symbol] = {name, text, wanted, advice},
    VERDICT_REASONS(X)
#undef X
};

static const struct {
    const char *name, *text;
} states[] = {
#define X(symbol, name, words) [REVOCATION_##symbol] = {name, words},
    REVOCATION_STATES(X)
#undef X
};

static const ReasonRow *reason_row(VerdictReason reason) {
    return (size_t) reason < ELEMENTSOF(reasons) ? &reasons[reason] : NULL;
}

void verdict_done(Verdict *verdict) {
    for (size_t i = 0; i < verdict->n_items; i++) {
        free(verdict->items[i].detail);
        free(verdict->items[i].wanted);
    }
    free(verdict->items);
    for (size_t i = 0; i < verdict->n_sources; i++)
        free(verdict->sources[i].file);
    free(verdict->sources);
    (void) kinds_unref(verdict->kinds); /* returns NULL */
    free(verdict->holder);
    bytes_list_done(&verdict->chain);
    for (size_t i = 0; i < verdict->n_issuers; i++)
        (void) certificate_free(verdict->issuers[i]); /* returns NULL */
    free(verdict->issuers);
    *verdict = (Verdict){0};
}

static bool verdict_has_at(const Verdict *verdict, VerdictReason reason, unsigned depth) {
    for (size_t i = 0; i < verdict->n_items; i++)
        if (verdict->items[i].reason == reason && verdict->items[i].depth == depth)
            return true;
    return false;
}

static int item_make(VerdictReason reason, unsigned depth, const char *detail, const char *wanted, VerdictItem *ret) {
    *ret = (VerdictItem){.reason = reason, .depth = depth, .detail = strdup(detail ? detail : "")};
    if (!ret->detail)
        return -ENOMEM;
    if (!wanted || (ret->wanted = strdup(wanted)))
        return 0;
    free(ret->detail);
    return -ENOMEM;
}

int verdict_add_wanted(Verdict *verdict, VerdictReason reason, unsigned depth, const char *detail, const char *wanted) {
    VerdictItem *items;
    int r;

    if (verdict_has_at(verdict, reason, depth))
        return 0;
    items = reallocarray(verdict->items, verdict->n_items + 1, sizeof(*items));
    if (!items)
        return -ENOMEM;
    verdict->items = items;
    r = item_make(reason, depth, detail, wanted, &items[verdict->n_items]);
    if (r == 0)
        verdict->n_items++;
    return r;
}

int verdict_add(Verdict *verdict, VerdictReason reason, unsigned depth, const char *detail) {
    return verdict_add_wanted(verdict, reason, depth, detail, NULL);
}

int verdict_add_source(Verdict *verdict, RevocationSource source, const char *file) {
    RevocationSource *sources;

    if (verdict->n_sources == VERDICT_SOURCES_MAX)
        return 0;
    sources = reallocarray(verdict->sources, verdict->n_sources + 1, sizeof(*sources));
    if (!sources)
        return -ENOMEM;
    verdict->sources = sources;
    source.file = strdup(file);
    if (!source.file)
        return -ENOMEM;
    sources[verdict->n_sources++] = source;
    return 0;
}

Certificate *verdict_certificate(const Verdict *verdict, Certificate *leaf, size_t depth) {
    return depth == 0 ? leaf : verdict->issuers[depth - 1];
}

const char *revocation_state_name(RevocationState state) {
    return (size_t) state < ELEMENTSOF(states) ? states[state].name : NULL;
}

const char *revocation_state_text(RevocationState state) {
    return (size_t) state < ELEMENTSOF(states) ? states[state].text : NULL;
}

int revocation_state_from_name(const char *name) {
    for (size_t i = 0; i < ELEMENTSOF(states); i++)
        if (strcmp(states[i].name, name) == 0)
            return (int) i;
    return -EINVAL;
}

const char *revocation_kind_name(RevocationKind kind) {
    static const char *const names[] = {
        [REVOCATION_KIND_CRL] = "crl", [REVOCATION_KIND_DELTA_CRL] = "delta-crl", [REVOCATION_KIND_OCSP] = "ocsp"};

    return (size_t) kind < ELEMENTSOF(names) ? names[kind] : NULL;
}

const char *verdict_wanted(const VerdictItem *item) {
    return item->wanted && item->wanted[0] != '\0' ? item->wanted : reasons[item->reason].wanted;
}

bool verdict_accepted(const Verdict *verdict) {
    return verdict->n_items == 0;
}

bool verdict_has(const Verdict *verdict, VerdictReason reason) {
    for (size_t i = 0; i < verdict->n_items; i++)
        if (verdict->items[i].reason == reason)
            return true;
    return false;
}

bool verdict_is_only(const Verdict *verdict, VerdictReason reason) {
    for (size_t i = 0; i < verdict->n_items; i++)
        if (verdict->items[i].reason != reason)
            return false;
    return verdict->n_items > 0;
}

const char *verdict_reason_name(VerdictReason reason) {
    const ReasonRow *row = reason_row(reason);

    return row ? row->name : NULL;
}

const char *verdict_reason_text(VerdictReason reason) {
    const ReasonRow *row = reason_row(reason);

    return row ? row->text : NULL;
}

const char *verdict_reason_advice(VerdictReason reason) {
    const ReasonRow *row = reason_row(reason);

    return row ? row->advice : NULL;
}

int verdict_reason_from_name(const char *name) {
    for (size_t i = 0; i < ELEMENTSOF(reasons); i++)
        if (strcmp(reasons[i].name, name) == 0)
            return (int) i;
    return -EINVAL;
}

static int summary_line(Bytes *text, const VerdictItem *item) {
    char where[32];
    int r;

    if (item->depth == 0)
        (void) snprintf(where, sizeof(where), " (certificate)"); /* fits */
    else
        (void) snprintf(where, sizeof(where), " (issuer %u)", item->depth); /* fits */
    const char *parts[] = {
        text->size > 0 ? "\n" : "",
        verdict_reason_name(item->reason),
        where,
        item->detail[0] != '\0' ? ": " : "",
        item->detail,
    };
    for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
        r = bytes_append(text, (View){.data = (const uint8_t *) parts[i], .size = strlen(parts[i])});
        if (r < 0)
            return r;
    }
    return 0;
}

char *verdict_summary(const Verdict *verdict) {
    CLEANUP(bytes_done) Bytes text = {0};

    for (size_t i = 0; i < verdict->n_items; i++)
        if (summary_line(&text, &verdict->items[i]) < 0)
            return NULL;
    if (bytes_append_u8(&text, 0) < 0)
        return NULL;
    return strdup((const char *) text.data);
}

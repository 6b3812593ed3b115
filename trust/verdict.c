/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of reasons. Filled by trust_judge() and by the daemon's policy; must never hold a reason back or drop one
 * silently. */
#include "trust/verdict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/i18n.h"

typedef struct ReasonRow {
    const char *name, *text, *advice;
} ReasonRow;

static const ReasonRow reasons[] = {
#define X(symbol, name, text, advice) [VERDICT_##symbol] = {name, text, advice},
    VERDICT_REASONS(X)
#undef X
};

static const ReasonRow *reason_row(VerdictReason reason) {
    return (size_t) reason < ELEMENTSOF(reasons) ? &reasons[reason] : NULL;
}

void verdict_done(Verdict *verdict) {
    for (size_t i = 0; i < verdict->n_items; i++)
        free(verdict->items[i].detail);
    free(verdict->items);
    bytes_list_done(&verdict->chain);
    *verdict = (Verdict){0};
}

static bool verdict_has_at(const Verdict *verdict, VerdictReason reason, unsigned depth) {
    for (size_t i = 0; i < verdict->n_items; i++)
        if (verdict->items[i].reason == reason && verdict->items[i].depth == depth)
            return true;
    return false;
}

int verdict_add(Verdict *verdict, VerdictReason reason, unsigned depth, const char *detail) {
    VerdictItem *items;
    char *copy;

    if (verdict_has_at(verdict, reason, depth))
        return 0;
    copy = strdup(detail ? detail : "");
    if (!copy)
        return -ENOMEM;
    items = reallocarray(verdict->items, verdict->n_items + 1, sizeof(*items));
    if (!items) {
        free(copy);
        return -ENOMEM;
    }
    verdict->items = items;
    items[verdict->n_items++] = (VerdictItem){.reason = reason, .depth = depth, .detail = copy};
    return 0;
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

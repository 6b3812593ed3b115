/* SPDX-License-Identifier: BSD-2-Clause */
/* A request's unit of work: everything that a use case changes, and its audit row, or nothing (SECURITY 36). Used by
 * every use case that changes or refuses something; must never keep a change without its row. */
#include "ovcertd/core/service_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

#define SERVICE_NAME_MAX 64u

void request_done(Request *request) {
    free(request->profile);
    free(request->subject);
    free(request->note);
}

int request_begin(Request *request) {
    request->counted = request->actor->uid;
    return core_fault(store_begin(request->service->store));
}

static int set_string(char **field, const char *value) {
    char *copy = strdup(value);
    if (!copy)
        return -ENOMEM;
    free(*field);
    *field = copy;
    return 0;
}

int request_note(Request *request, const char *note) {
    return set_string(&request->note, note);
}

/* What is longer than any issuer writes stays out, so that nobody fills the log with what he signs himself. Never cut:
 * erasing a person finds these names by comparing them whole. */
int request_subject(Request *request, const char *subject) {
    return strlen(subject) > SUBJECT_MAX ? 0 : set_string(&request->subject, subject);
}

static bool is_service(const char *name) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@-";
    size_t size = strnlen(name, SERVICE_NAME_MAX + 1);
    return size > 0 && size <= SERVICE_NAME_MAX && strspn(name, allowed) == size;
}

int request_note_service(Request *request, const char *name) {
    return request->actor->uid == 0 && is_service(name) ? request_note(request, name) : 0;
}

int request_detail(const Request *request, const char *note, char **ret) {
    const char *through = request->actor->through;
    char *detail = NULL;
    if (!through) {
        if (note && !(detail = strdup(note)))
            return -ENOMEM;
    } else if (asprintf(&detail, "%s%sthrough %s", note ? note : "", note ? ", " : "",
                        is_service(through) ? through : "root") < 0)
        return -ENOMEM;
    *ret = detail;
    return 0;
}

int request_record(Request *request, const char *event, const char *subject, const char *note) {
    char *CLEANUP(free_pointer) detail = NULL;
    int r = request_detail(request, note, &detail);
    if (r < 0)
        return r;
    AuditEntry entry = {
        .time = request->now->real,
        .event = event,
        .actor = request->actor->uid,
        .outcome = "ok",
        .detail = detail,
        .profile = request->profile,
        .subject = subject,
    };
    return core_fault(store_audit_add(request->service->store, &entry));
}

int request_fail(Request *request, int outcome, const char *detail) {
    if (!request->failure)
        return outcome;
    int r = set_string(&request->failure->detail, detail);
    return r < 0 ? r : outcome;
}

/* " revocation-missing@1": the reason, and which issuer's certificate it is about. */
static int append_reason(Bytes *names, const VerdictItem *item) {
    char place[16] = "";
    if (item->depth > 0)
        (void) snprintf(place, sizeof place, "@%u", item->depth); /* it fits */
    const char *words[] = {names->size > 0 ? " " : "", verdict_reason_name(item->reason), place};
    for (size_t i = 0; i < ELEMENTSOF(words); i++) {
        int r = bytes_append(names, (View){(const uint8_t *) words[i], strlen(words[i])});
        if (r < 0)
            return r;
    }
    return 0;
}

/* What was found may name people, so it stays out of the audit row. */
static int note_reasons(Request *request, const Verdict *verdict) {
    Bytes CLEANUP(bytes_done) names = {0};
    for (size_t i = 0; i < verdict->n_items; i++) {
        int r = append_reason(&names, &verdict->items[i]);
        if (r < 0)
            return r;
    }
    int r = bytes_append_u8(&names, '\0');
    return r < 0 ? r : request_note(request, (const char *) names.data);
}

/* The certificate itself has expired, and nothing else is wrong but that its issuers may have too. */
static bool just_expired(const Verdict *verdict) {
    bool itself = false;
    for (size_t i = 0; i < verdict->n_items; i++)
        itself |= verdict->items[i].depth == 0;
    return itself && verdict_is_only(verdict, VERDICT_EXPIRED);
}

int request_refuse(Request *request, const Verdict *verdict) {
    assert(!verdict_accepted(verdict));
    int r = note_reasons(request, verdict);
    if (r < 0)
        return r;
    char *CLEANUP(free_pointer) summary = verdict_summary(verdict);
    if (!summary)
        return -ENOMEM;
    int outcome = just_expired(verdict) ? OVCERT_ERROR_CERTIFICATE_EXPIRED : OVCERT_ERROR_CERTIFICATE_REFUSED;
    return request_fail(request, outcome, summary);
}

int request_refuse_reason(Request *request, VerdictReason reason) {
    Verdict CLEANUP(verdict_done) verdict = {0};
    int r = verdict_add(&verdict, reason, 0, NULL);
    return r < 0 ? r : request_refuse(request, &verdict);
}

static int request_keep(Request *request) {
    Store *store = request->service->store;
    int r = request->done ? request_record(request, request->done, request->subject, request->note) : 0;
    int end = store_end(store, r == 0);
    return core_fault(r < 0 ? r : end);
}

static int request_undo(Request *request, int result) {
    Store *store = request->service->store;
    int end = core_fault(store_end(store, false));
    if (result < 0 || end < 0)
        return result < 0 ? result : end;
    int r = core_fault(store_begin(store));
    if (r < 0)
        return r;
    r = audit_refusal(request, result);
    end = core_fault(store_end(store, r == 0));
    if (r < 0 || end < 0)
        return r < 0 ? r : end;
    return result;
}

int request_end(Request *request, int result) {
    return result == 0 ? request_keep(request) : request_undo(request, result);
}

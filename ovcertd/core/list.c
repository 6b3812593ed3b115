/* SPDX-License-Identifier: BSD-2-Clause */
/* Listing profiles page by page. Called by bus/ once the caller may read them all; must never judge a certificate that
 * the filter has ruled out already, nor more of them at a time than a login can wait for. */
#include "ovcertd/core/service_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

#define EXPIRING_MAX (INT64_C(100) * 366 * 24 * 60 * 60)

static bool is_any(const char *word) {
    return !word || *word == '\0';
}

static bool is_state(const char *word) {
    return strcmp(word, "unassigned") == 0 || strcmp(word, "assigned") == 0 || strcmp(word, "blocked") == 0;
}

static bool is_status(const char *word) {
    for (int status = 0;; status++) {
        const char *name = certificate_status_name((CertificateStatus) status);
        if (!name || strcmp(name, word) == 0)
            return name != NULL;
    }
}

bool list_filter_is_valid(const ListFilter *filter) {
    if (!is_any(filter->state) && !is_state(filter->state))
        return false;
    if (!is_any(filter->certificate_status) && !is_status(filter->certificate_status))
        return false;
    return !filter->has_expiring || (filter->expiring_within >= 0 && filter->expiring_within <= EXPIRING_MAX);
}

/* What can be said before the certificate is judged. */
static bool may_fit(const ListFilter *filter, const ProfileDescription *description, const Moment *now) {
    if (!is_any(filter->state) && strcmp(filter->state, profile_state_name(description)) != 0)
        return false;
    if (!filter->has_expiring)
        return true;
    return description->has_certificate &&
           description->association.certificate.not_after - now->real <= filter->expiring_within;
}

static bool fits(const ListFilter *filter, const ProfileDescription *description) {
    return is_any(filter->certificate_status) ||
           strcmp(filter->certificate_status, certificate_status_name(description->status)) == 0;
}

typedef struct Page {
    ProfileDescription *items;
    size_t count;
    size_t judged;
} Page;

static void page_done(Page *page) {
    page->items = profile_descriptions_free(page->items, page->count);
}

/* Takes the row over. */
static int look_at(Service *service, const ListFilter *filter, ProfileRow *row, const Moment *now, Page *page) {
    ProfileDescription CLEANUP(profile_description_done) description = {.profile = *row};
    *row = (ProfileRow){0};
    int r = description_read_association(service, &description);
    if (r < 0 || !may_fit(filter, &description, now))
        return r;
    r = description_judge(service, now, &description);
    if (r < 0)
        return r;
    page->judged++;
    if (fits(filter, &description)) {
        page->items[page->count++] = description;
        description = (ProfileDescription){0};
    }
    return 0;
}

/* *ret_next: set unless every profile there is has been looked at. */
static int fill(Service *service, const ListFilter *filter, ProfileRow *rows, size_t n_rows, uint32_t limit,
                const Moment *now, Page *page, char **ret_next) {
    size_t i = 0;
    CLEANUP(free_pointer) char *last = NULL;
    for (; i < n_rows && page->count < limit && page->judged < SERVICE_LIST_MAX; i++) {
        free(last);
        if (!(last = strdup(rows[i].name)))
            return -ENOMEM;
        int r = look_at(service, filter, &rows[i], now, page);
        if (r < 0)
            return r;
    }
    bool end = i == n_rows && n_rows < SERVICE_LIST_SCAN;
    *ret_next = end ? strdup("") : TAKE_PTR(last);
    return *ret_next ? 0 : -ENOMEM;
}

int service_list(Service *service, const ListFilter *filter, const char *after, uint32_t limit, const Moment *now,
                 ProfileDescription **ret, size_t *ret_count, char **ret_next) {
    if (limit == 0 || !list_filter_is_valid(filter))
        return OVCERT_ERROR_INVALID_ARGUMENT;
    ProfileRow *rows = NULL;
    size_t n_rows = 0;
    int r = core_fault(store_profile_list(service->store, after, SERVICE_LIST_SCAN, &rows, &n_rows));
    if (r < 0)
        return r;
    Page CLEANUP(page_done) page = {.items = calloc(SERVICE_LIST_MAX, sizeof *page.items)};
    r = page.items ? fill(service, filter, rows, n_rows, limit, now, &page, ret_next) : -ENOMEM;
    (void) profile_rows_free(rows, n_rows); /* returns NULL */
    if (r < 0)
        return r;
    *ret = page.items;
    *ret_count = page.count;
    page = (Page){0};
    return 0;
}

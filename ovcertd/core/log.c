/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the audit log and checking its chain. Called by bus/ once the caller may read it. */
#include "ovcertd/core/service_internal.h"

#define LOG_PAGE_MAX 1000u

static uint32_t page(uint32_t limit) {
    return limit < LOG_PAGE_MAX ? limit : LOG_PAGE_MAX;
}

int service_read_log(Service *service, const char *user, uint64_t after, uint32_t limit, AuditRow **ret,
                     size_t *ret_count) {
    return core_fault(store_audit_list(service->store, user, after, page(limit), ret, ret_count));
}

int service_verify_log(Service *service, uint64_t after, uint32_t limit, uint64_t *ret_checked, char **ret_problem) {
    return core_fault(store_audit_verify(service->store, after, page(limit), ret_checked, ret_problem));
}

int service_log_head(Service *service, uint64_t *ret_seq, uint8_t ret_hash[32]) {
    return core_fault(store_audit_head(service->store, ret_seq, ret_hash));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock floor: no clock may be earlier than revocation data that was already verified (SECURITY 39). Taken
 * from the trust store by the tick and before a reload, read at start; must never sink. */
#include "ovcertd/core/service_internal.h"

#include <errno.h>

#include "common/error.h"

#define SETTING_CLOCK_FLOOR "clock-floor"

int service_clock_floor(Store *store, int64_t *ret) {
    Bytes CLEANUP(bytes_done) value = {0};
    int r = store_setting_get(store, SETTING_CLOCK_FLOOR, &value);
    if (r == STORE_NOT_FOUND) {
        *ret = 0;
        return 0;
    }
    uint64_t floor = 0;
    Reader reader = {bytes_view(&value)};
    if (r != 0 || (r = reader_u64(&reader, &floor)) < 0)
        return r == -EBADMSG ? -EUCLEAN : core_fault(r);
    *ret = (int64_t) floor;
    return 0;
}

void clock_floor_raise(Service *service) {
    int64_t seen = trust_store_clock_floor(service->trust);
    if (seen > service->clock_floor)
        service->clock_floor = seen;
}

ServiceFacts service_facts(Service *service) {
    clock_floor_raise(service);
    return (ServiceFacts){
        .anchors = trust_store_anchors(service->trust),
        .revocation_lists = trust_store_crls(service->trust),
        .clock_floor = service->clock_floor,
    };
}

int service_check_store(Service *service, uint64_t deadline, StoreCheck **ret) {
    return store_check_new(service->store, deadline, ret);
}

int clock_floor_keep(Service *service) {
    clock_floor_raise(service);
    if (service->clock_floor == service->clock_floor_kept)
        return 0;
    Bytes CLEANUP(bytes_done) value = {0};
    int r = bytes_append_u64(&value, (uint64_t) service->clock_floor);
    if (r < 0)
        return r;
    r = core_fault(store_setting_set(service->store, SETTING_CLOCK_FLOOR, bytes_view(&value)));
    if (r == 0)
        service->clock_floor_kept = service->clock_floor;
    return r;
}

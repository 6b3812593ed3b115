/* SPDX-License-Identifier: BSD-2-Clause */
/* The service's life: making, options, the minute's tick, the group commit and the list of what changed. Called by bus/
 * and main; the use cases stand in files of their own. */
#include "ovcertd/core/service_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "common/error.h"

#define SETTING_HINT_KEY "hint-key"

int core_fault(int result) {
    return result > 0 ? -EUCLEAN : result;
}

void service_failure_done(Failure *failure) {
    free(failure->detail);
    *failure = (Failure){0};
}

/* Made once per database, so that made-up answers stay the same over restarts. */
static int hint_key_make(Service *service) {
    Store *store = service->store;
    randombytes_buf(service->hint_key, sizeof service->hint_key);
    int r = core_fault(store_begin(store));
    if (r < 0)
        return r;
    r = core_fault(store_setting_set(store, SETTING_HINT_KEY, (View){service->hint_key, sizeof service->hint_key}));
    int end = core_fault(store_end(store, r == 0));
    if (r < 0 || end < 0)
        return r < 0 ? r : end;
    return core_fault(store_commit(store));
}

static int hint_key_load(Service *service) {
    Bytes CLEANUP(bytes_done) value = {0};
    int r = store_setting_get(service->store, SETTING_HINT_KEY, &value);
    if (r == STORE_NOT_FOUND)
        return hint_key_make(service);
    if (r != 0)
        return core_fault(r);
    if (value.size != sizeof service->hint_key)
        return -EUCLEAN;
    memcpy(service->hint_key, value.data, value.size);
    sodium_memzero(value.data, value.size);
    return 0;
}

static int service_load(Service *service) {
    int r = hint_key_load(service);
    if (r < 0 || (r = service_clock_floor(service->store, &service->clock_floor)) < 0)
        return r;
    service->clock_floor_kept = service->clock_floor;
    service->challenges = challenge_table_new();
    service->certificates = certificate_cache_new();
    return service->challenges && service->certificates ? 0 : -ENOMEM;
}

int service_new(const ServiceOptions *options, Service **ret) {
    if (sodium_init() < 0)
        return -EIO;
    Service *CLEANUP(service_freep) service = calloc(1, sizeof *service);
    if (!service)
        return -ENOMEM;
    service->store = options->store;
    service->trust = trust_store_ref(options->trust);
    memcpy(service->host_id, options->host_id, sizeof service->host_id);
    memcpy(service->boot_id, options->boot_id, sizeof service->boot_id);
    service_set_options(service, options->warn_days, options->first_assign_user);
    int r = service_load(service);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(service);
    return 0;
}

Service *service_free(Service *service) {
    if (!service)
        return NULL;
    (void) challenge_table_free(service->challenges);     /* returns NULL */
    (void) certificate_cache_free(service->certificates); /* returns NULL */
    (void) trust_store_unref(service->trust);             /* returns NULL */
    for (size_t i = 0; i < service->n_changed; i++)
        free(service->changed[i].name);
    free(service->changed);
    sodium_memzero(service->hint_key, sizeof service->hint_key);
    free(service);
    return NULL;
}

void service_set_trust(Service *service, TrustStore *trust) {
    clock_floor_raise(service);
    TrustStore *former = service->trust;
    service->trust = trust_store_ref(trust);
    (void) trust_store_unref(former); /* returns NULL */
}

void service_set_options(Service *service, uint32_t warn_days, bool first_assign_user) {
    service->warn_days = warn_days;
    service->first_assign_user = first_assign_user;
}

bool service_needs_commit(const Service *service) {
    return store_is_dirty(service->store);
}

int service_commit(Service *service) {
    return core_fault(store_commit(service->store));
}

void service_sender_gone(Service *service, const char *sender) {
    challenge_table_drop_sender(service->challenges, sender);
}

void service_counters(const Service *service, uint64_t *ret_accepted, uint64_t *ret_refused) {
    *ret_accepted = service->logins_accepted;
    *ret_refused = service->logins_refused;
}

static int service_upkeep(Service *service, const Moment *now, bool all) {
    uint64_t expired;
    int r = core_fault(store_candidate_expire(service->store, now->real, &expired));
    if (r < 0 || (r = clock_floor_keep(service)) < 0)
        return r;
    return audit_flush(service, now, all);
}

static int service_keep_up(Service *service, const Moment *now, bool all) {
    int r = operations_lapse(service, now);
    if (r < 0 || (r = core_fault(store_begin(service->store))) < 0)
        return r;
    r = service_upkeep(service, now, all);
    int end = core_fault(store_end(service->store, r == 0));
    return r < 0 ? r : end;
}

int service_tick(Service *service, const Moment *now) {
    int erased = core_fault(store_finish_erasing(service->store));
    int r = service_keep_up(service, now, false);
    return r < 0 ? r : erased;
}

int service_stop(Service *service, const Moment *now) {
    int r = service_keep_up(service, now, true);
    return r < 0 ? r : service_commit(service);
}

int service_changed(Service *service, const ProfileRow *profile) {
    for (size_t i = 0; i < service->n_changed; i++)
        if (strcmp(service->changed[i].name, profile->name) == 0)
            return 0;
    Changed *grown = reallocarray(service->changed, service->n_changed + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    service->changed = grown;
    char *name = strdup(profile->name);
    if (!name)
        return -ENOMEM;
    service->changed[service->n_changed++] = (Changed){.name = name, .uid = profile->uid};
    return 0;
}

char *service_take_changed(Service *service, uint32_t *ret_uid) {
    if (service->n_changed == 0)
        return NULL;
    Changed last = service->changed[--service->n_changed];
    *ret_uid = last.uid;
    return last.name;
}

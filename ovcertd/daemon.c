/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of ovcertd, for main.c: start, event loop, reload, stop. Must never go on with half of what it needs, nor
 * wait in the event loop. */
#include "ovcertd/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>

#include "common/configuration.h"
#include "common/macros.h"
#include "common/protocol.h"
#include "config.h"
#include "ovcertd/bus/server.h"
#include "ovcertd/core/pool.h"
#include "ovcertd/core/service.h"
#include "ovcertd/log.h"
#include "ovcertd/store/store.h"
#include "ovcertd/watch.h"
#include "trust/trust.h"

#define TICK_USEC UINT64_C(60000000)
#define TICKS_PER_HOUR 60u
#define BUS_CALL_USEC UINT64_C(5000000)
#define DAY_SECONDS INT64_C(86400)

/* What ovcertd's machine-specific id is made with (machine-id(5)). */
#define HOST_ID_APPLICATION SD_ID128_MAKE(5d, 0b, 1e, 4a, 93, c7, 4f, 21, 8e, 6a, 2b, d4, 70, 19, f3, 5c)

typedef struct Daemon {
    const char *config_file;
    Config config;
    Kinds *kinds;
    Store *store;
    TrustStore *trust;
    Service *service;
    Pool *pool;
    sd_event *event;
    sd_bus *bus;
    Server *server;
    sd_event_source *timer;
    Watch *watch; /* of the trust folders */
    unsigned ticks;
    bool reloading;
    bool reload_again; /* asked for while one was under way */
} Daemon;

static Moment moment_now(void) {
    struct timespec real;
    struct timespec boot;
    /* Neither can fail for these clocks. */
    (void) clock_gettime(CLOCK_REALTIME, &real);
    (void) clock_gettime(CLOCK_BOOTTIME, &boot);
    return (Moment){
        .real = real.tv_sec,
        .boottime = (uint64_t) boot.tv_sec * 1000000u + (uint64_t) boot.tv_nsec / 1000u,
    };
}

static int fail(LogEvent event, const char *what, int r) {
    log_write(LOG_ERR, event, "%s: %s", what, strerror(-r));
    return r;
}

/* --- parts --- */

int daemon_load_config(const char *config_file, Config *ret) {
    static const ConfigFolders folders = {
        .etc = OVCERT_CONFIG_DIR, .run = "/run/ovcert", .vendor = OVCERT_VENDOR_CONFIG_DIR};
    CLEANUP(free_pointer) char *problem = NULL;
    int r = config_file ? config_load_file(config_file, ret, &problem) : config_load(&folders, ret, &problem);
    if (r > 0)
        log_write(LOG_ERR, LOG_EVENT_CONFIGURATION_INVALID, "%s", problem);
    else if (r < 0)
        return fail(LOG_EVENT_CONFIGURATION_INVALID, "cannot read the configuration", r);
    return r;
}

/* Positive when somebody has to mend the database first; another daemon that still has it may end by itself. */
static int open_store(Daemon *daemon) {
    StoreOptions options = {.path = daemon->config.store_path};
    CLEANUP(free_pointer) char *problem = NULL;
    int r = store_open(&options, &daemon->store, &problem);
    if (r != 0)
        log_write(LOG_ERR, LOG_EVENT_STORE_FAILED, "%s", problem ? problem : strerror(-r));
    return r == STORE_LOCKED ? -EBUSY : r;
}

/* What is not valid is told with file, line and column. */
static int load_kinds(Kinds **ret) {
    static const char *const folders[] = {OVCERT_CONFIG_DIR, "/run/ovcert", OVCERT_VENDOR_CONFIG_DIR};
    CLEANUP(free_pointer) char *problem = NULL;
    int r = kinds_load(folders, ELEMENTSOF(folders), ret, &problem);
    if (r > 0)
        log_write(LOG_ERR, LOG_EVENT_CONFIGURATION_INVALID, "%s", problem);
    else if (r < 0)
        return fail(LOG_EVENT_CONFIGURATION_INVALID, "cannot read the kinds of certificate", r);
    return r;
}

/* kinds: borrowed by the options. */
static int trust_options(const Daemon *daemon, const Config *config, Kinds *kinds, TrustOptions *ret) {
    int64_t floor = 0;
    int r = service_clock_floor(daemon->store, &floor);
    if (r < 0)
        return fail(LOG_EVENT_STORE_FAILED, "cannot read the clock floor", r);
    *ret = (TrustOptions){
        .anchors_dir = config->anchors_dir,
        .crls_dir = config->crls_dir,
        .soft_revocation = config->soft_revocation,
        .max_stale = config->max_stale_days * DAY_SECONDS,
        .clock_floor = floor,
        .kinds = kinds,
    };
    return 0;
}

/* One record for each faulty file and one for the whole. */
static int report_trust(const Config *config, int r, const TrustStore *trust, const TrustProblems *problems) {
    for (size_t i = 0; i < problems->count; i++)
        log_write(LOG_WARNING, LOG_EVENT_TRUST_FILE, "%s", problems->items[i].line);
    if (r < 0) {
        log_write(LOG_ERR, LOG_EVENT_TRUST_FAILED, "cannot read the trust anchors in %s: %s", config->anchors_dir,
                  strerror(-r));
        return r;
    }
    log_write(LOG_INFO, LOG_EVENT_TRUST, "%zu trust anchors, %zu revocation lists", trust_store_anchors(trust),
              trust_store_crls(trust));
    return 0;
}

static int load_trust(Daemon *daemon) {
    TrustOptions options;
    int r = trust_options(daemon, &daemon->config, daemon->kinds, &options);
    if (r < 0)
        return r;
    CLEANUP(trust_problems_done) TrustProblems problems = {0};
    r = trust_store_load(&options, NULL, moment_now().real, &daemon->trust, &problems);
    return report_trust(&daemon->config, r, daemon->trust, &problems);
}

static int make_service(Daemon *daemon) {
    sd_id128_t host;
    sd_id128_t boot;
    int r = sd_id128_get_machine_app_specific(HOST_ID_APPLICATION, &host);
    if (r < 0)
        return fail(LOG_EVENT_START_FAILED, "cannot read the machine id (machine-id(5))", r);
    r = sd_id128_get_boot(&boot);
    if (r < 0)
        return fail(LOG_EVENT_START_FAILED, "cannot read the boot id", r);
    ServiceOptions options = {
        .store = daemon->store,
        .trust = daemon->trust,
        .warn_days = daemon->config.warn_days,
        .first_assign_user = daemon->config.first_assign_user,
    };
    memcpy(options.host_id, host.bytes, sizeof options.host_id);
    memcpy(options.boot_id, boot.bytes, sizeof options.boot_id);
    r = service_new(&options, &daemon->service);
    return r < 0 ? fail(LOG_EVENT_START_FAILED, "cannot start the service", r) : r;
}

/* --- the bus --- */

static int set_up_bus(sd_bus *bus) {
    const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
    int r = sd_bus_set_address(bus, address ? address : OVCERT_BUS_ADDRESS);
    if (r < 0)
        return r;
    r = sd_bus_set_bus_client(bus, 1);
    if (r < 0)
        return r;
    /* No method takes a descriptor: the bus refuses messages that carry one (SECURITY 32). */
    r = sd_bus_negotiate_fds(bus, 0);
    if (r < 0)
        return r;
    r = sd_bus_set_method_call_timeout(bus, BUS_CALL_USEC);
    if (r < 0)
        return r;
    return sd_bus_set_exit_on_disconnect(bus, 1);
}

static int connect_bus(Daemon *daemon) {
    int r = sd_bus_new(&daemon->bus);
    if (r < 0)
        return fail(LOG_EVENT_BUS_FAILED, "cannot make a bus connection", r);
    r = set_up_bus(daemon->bus);
    if (r < 0)
        return fail(LOG_EVENT_BUS_FAILED, "cannot set up the bus connection", r);
    r = sd_bus_start(daemon->bus);
    if (r < 0)
        return fail(LOG_EVENT_BUS_FAILED, "cannot connect to the system bus", r);
    r = sd_bus_attach_event(daemon->bus, daemon->event, SD_EVENT_PRIORITY_NORMAL);
    return r < 0 ? fail(LOG_EVENT_BUS_FAILED, "cannot attach the bus connection", r) : 0;
}

static int claim_name(Daemon *daemon) {
    int r = sd_bus_request_name(daemon->bus, OVCERT_BUS_NAME, 0);
    if (r == -EEXIST || r == -EALREADY) {
        log_write(LOG_ERR, LOG_EVENT_BUS_FAILED,
                  "the bus name " OVCERT_BUS_NAME " is taken: another ovcertd is running");
        return -EEXIST;
    }
    if (r == -EPERM || r == -EACCES) {
        log_write(LOG_ERR, LOG_EVENT_BUS_FAILED,
                  "the bus refuses the name " OVCERT_BUS_NAME ": is org.ovcert1.conf installed, and is this its user?");
        return r;
    }
    return r < 0 ? fail(LOG_EVENT_BUS_FAILED, "cannot claim the bus name " OVCERT_BUS_NAME, r) : 0;
}

static int make_server(Daemon *daemon) {
    ServerOptions options = {
        .bus = daemon->bus,
        .event = daemon->event,
        .service = daemon->service,
        .pool = daemon->pool,
        .backend = "sqlite",
    };
    int r = server_new(&options, &daemon->server);
    return r < 0 ? fail(LOG_EVENT_BUS_FAILED, "cannot put the objects on the bus", r) : 0;
}

static void tell_anchor(bool added, const char *fingerprint, const char *subject) {
    if (added)
        log_write(LOG_NOTICE, LOG_EVENT_TRUST_ANCHOR,
                  "certificates of a new trust anchor are accepted: %s (SHA-256 %s)", subject, fingerprint);
    else
        log_write(LOG_NOTICE, LOG_EVENT_TRUST_ANCHOR, "certificates of a former trust anchor are refused (SHA-256 %s)",
                  fingerprint);
}

/* What fails is done by the next tick. */
static int note_anchors(Daemon *daemon) {
    Moment now = moment_now();
    int r = service_note_anchors(daemon->service, getuid(), &now, tell_anchor);
    if (r < 0)
        log_write(LOG_ERR, LOG_EVENT_TRUST_ANCHOR, "a change of the trust anchors is not in the audit log yet: %s",
                  strerror(-r));
    return server_changed(daemon->server);
}

/* --- reload --- */

/* What a pool thread reads and makes; its own copies. */
typedef struct Reload {
    Daemon *daemon;
    Config config;
    Kinds *kinds;
    bool former_kinds; /* the new ones are not valid */
    TrustOptions options;
    TrustStore *previous;
    int64_t now;
    int result;
    TrustStore *trust;
    TrustProblems problems;
} Reload;

static Reload *reload_free(Reload *reload) {
    if (!reload)
        return NULL;
    config_done(&reload->config);
    (void) kinds_unref(reload->kinds);
    (void) trust_store_unref(reload->previous);
    (void) trust_store_unref(reload->trust);
    trust_problems_done(&reload->problems);
    free(reload);
    return NULL;
}
DEFINE_CLEANUP(Reload *, reload_free)

/* In a pool thread: touches the Reload only. */
static void reload_run(void *data) {
    Reload *reload = data;
    reload->result =
        trust_store_load(&reload->options, reload->previous, reload->now, &reload->trust, &reload->problems);
}

static void reload(Daemon *daemon);

static void on_folders(void *data) {
    reload(data);
}

/* The folders may be others after a reload. Without the watch everything works, but for lists that are dropped: those
 * wait for SIGHUP. */
static void watch_folders(Daemon *daemon) {
    const char *const folders[] = {daemon->config.anchors_dir, daemon->config.crls_dir};
    daemon->watch = watch_free(daemon->watch);
    int r = watch_new(daemon->event, folders, ELEMENTSOF(folders), on_folders, daemon, &daemon->watch);
    if (r < 0)
        log_write(LOG_WARNING, LOG_EVENT_WATCH_FAILED,
                  "cannot watch the trust folders, new files count from the next reload: %s", strerror(-r));
}

static void use_reloaded(Daemon *daemon, Reload *reload) {
    if (strcmp(daemon->config.store_path, reload->config.store_path) != 0)
        log_write(LOG_WARNING, LOG_EVENT_STORE_MOVED, "the database's new path counts from the next start");
    service_set_trust(daemon->service, reload->trust);
    service_set_options(daemon->service, reload->config.warn_days, reload->config.first_assign_user);
    (void) trust_store_unref(daemon->trust);
    daemon->trust = TAKE_PTR(reload->trust);
    (void) kinds_unref(daemon->kinds);
    daemon->kinds = TAKE_PTR(reload->kinds);
    config_done(&daemon->config);
    daemon->config = reload->config;
    reload->config = (Config){0};
    watch_folders(daemon);
    (void) note_anchors(daemon); /* what cannot be committed now is by the next request or tick */
}

static void reload_ended(Daemon *daemon, const char *status) {
    daemon->reloading = false;
    (void) sd_notifyf(0, "READY=1\nSTATUS=%s", status); /* nobody may be listening */
}

static void start_reload(Daemon *daemon);

static void reload_done(void *data) {
    CLEANUP(reload_freep) Reload *reload = data;
    Daemon *daemon = reload->daemon;
    if (reload->result == -ECANCELED)
        return; /* the daemon stops */
    if (report_trust(&reload->config, reload->result, reload->trust, &reload->problems) == 0) {
        bool former_kinds = reload->former_kinds;
        use_reloaded(daemon, reload);
        reload_ended(daemon, former_kinds ? "Running with the former kinds of certificate: the new ones are not valid"
                                          : "Running");
    } else {
        reload_ended(daemon, "Running with the former configuration: the trust anchors cannot be read");
    }
    if (!daemon->reload_again)
        return;
    daemon->reload_again = false;
    start_reload(daemon);
}

/* A fault in them must not keep fresh revocation lists out: the former ones stay. */
static int reload_kinds(const Daemon *daemon, Reload *reload) {
    int r = load_kinds(&reload->kinds);
    if (r <= 0)
        return r;
    reload->kinds = kinds_ref(daemon->kinds);
    reload->former_kinds = true;
    return 0;
}

static int submit_reload(Daemon *daemon) {
    CLEANUP(reload_freep) Reload *reload = calloc(1, sizeof *reload);
    if (!reload)
        return -ENOMEM;
    reload->daemon = daemon;
    reload->result = -ECANCELED;
    reload->now = moment_now().real;
    int r = daemon_load_config(daemon->config_file, &reload->config);
    if (r != 0)
        return r;
    r = reload_kinds(daemon, reload);
    if (r < 0)
        return r;
    r = trust_options(daemon, &reload->config, reload->kinds, &reload->options);
    if (r < 0)
        return r;
    reload->previous = trust_store_ref(daemon->trust);
    PoolJob job = {.run = reload_run, .done = reload_done, .data = reload};
    r = pool_submit(daemon->pool, 0, &job);
    if (r == 0)
        reload = NULL; /* the pool's, until reload_done() */
    return r;
}

static void start_reload(Daemon *daemon) {
    daemon->reloading = true;
    (void) sd_notify(0, "RELOADING=1"); /* nobody may be listening */
    int r = submit_reload(daemon);
    if (r == 0)
        return;
    log_write(LOG_ERR, LOG_EVENT_RELOAD_FAILED, "not reloaded: the former configuration holds");
    reload_ended(daemon, "Running with the former configuration: the new one is not valid");
}

static void reload(Daemon *daemon) {
    if (daemon->reloading)
        daemon->reload_again = true;
    else
        start_reload(daemon);
}

/* --- events --- */

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
    (void) source, (void) info;
    reload(userdata);
    return 0;
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
    Daemon *daemon = userdata;
    (void) source, (void) info;
    return sd_event_exit(daemon->event, EXIT_SUCCESS);
}

static void journal_audit_head(Daemon *daemon) {
    uint64_t seq = 0;
    uint8_t hash[32];
    int r = service_log_head(daemon->service, &seq, hash);
    if (r == 0)
        log_audit_head(seq, hash);
    else
        log_write(LOG_ERR, LOG_EVENT_AUDIT_HEAD_FAILED, "cannot read the audit log's head");
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
    Daemon *daemon = userdata;
    (void) usec;
    Moment now = moment_now();
    int r = service_tick(daemon->service, &now);
    if (r < 0)
        log_write(LOG_ERR, LOG_EVENT_TICK_FAILED, "the work of every minute failed: %s", strerror(-r));
    r = note_anchors(daemon);
    if (r < 0)
        return r;
    if (++daemon->ticks % TICKS_PER_HOUR == 0)
        journal_audit_head(daemon);
    r = sd_event_source_set_time_relative(source, TICK_USEC);
    return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int watch_events(Daemon *daemon) {
    int r = sd_event_add_signal(daemon->event, NULL, SIGTERM, on_stop, daemon);
    if (r < 0)
        return r;
    r = sd_event_add_signal(daemon->event, NULL, SIGINT, on_stop, daemon);
    if (r < 0)
        return r;
    r = sd_event_add_signal(daemon->event, NULL, SIGHUP, on_hangup, daemon);
    if (r < 0)
        return r;
    r = sd_event_add_time_relative(daemon->event, &daemon->timer, CLOCK_BOOTTIME, TICK_USEC, 0, on_tick, daemon);
    if (r < 0)
        return r;
    r = sd_event_set_watchdog(daemon->event, 1);
    return r < 0 ? r : 0;
}

/* --- start and stop --- */

/* 0, -errno, or positive when another try would find the same: configuration or database have to be mended first. */
static int start_parts(Daemon *daemon) {
    int r = daemon_load_config(daemon->config_file, &daemon->config);
    if (r != 0)
        return r;
    r = load_kinds(&daemon->kinds);
    if (r != 0)
        return r;
    r = open_store(daemon);
    if (r != 0)
        return r;
    r = load_trust(daemon);
    if (r != 0)
        return r;
    r = make_service(daemon);
    if (r != 0)
        return r;
    r = pool_new(&daemon->pool);
    return r < 0 ? fail(LOG_EVENT_START_FAILED, "cannot start the pool", r) : 0;
}

static int start_bus(Daemon *daemon) {
    int r = sd_event_default(&daemon->event);
    if (r < 0)
        return fail(LOG_EVENT_START_FAILED, "cannot make the event loop", r);
    r = watch_events(daemon);
    if (r < 0)
        return fail(LOG_EVENT_START_FAILED, "cannot set up the event loop", r);
    watch_folders(daemon);
    r = connect_bus(daemon);
    if (r < 0)
        return r;
    r = make_server(daemon);
    if (r < 0)
        return r;
    r = note_anchors(daemon);
    if (r < 0)
        return fail(LOG_EVENT_START_FAILED, "cannot schedule a commit", r);
    return claim_name(daemon);
}

static int loop(Daemon *daemon) {
    (void) sd_notify(0, "READY=1\nSTATUS=Running"); /* nobody may be listening */
    log_write(LOG_INFO, LOG_EVENT_START, "ovcertd " OVCERT_VERSION " is ready");
    int r = sd_event_loop(daemon->event);
    (void) sd_notify(0, "STOPPING=1\nSTATUS=Stopping"); /* as above */
    if (r == EXIT_SUCCESS)
        return 0;
    if (r < 0)
        return fail(LOG_EVENT_STOP_FAILED, "the event loop failed", r);
    log_write(LOG_ERR, LOG_EVENT_BUS_LOST, "the connection to the system bus was lost");
    return -ENOTCONN;
}

static int finish(Daemon *daemon) {
    int r = server_stop(daemon->server);
    Moment now = moment_now();
    int stopped = service_stop(daemon->service, &now);
    if (stopped < 0)
        return fail(LOG_EVENT_STOP_FAILED, "the last changes could not be stored", stopped);
    if (r == 0)
        log_write(LOG_INFO, LOG_EVENT_STOP, "stopped");
    return r;
}

/* The pool first: its jobs end in the server, which is still there. */
static void daemon_done(Daemon *daemon) {
    (void) pool_free(daemon->pool);
    (void) server_free(daemon->server);
    sd_bus_flush_close_unref(daemon->bus);
    sd_event_source_disable_unref(daemon->timer);
    (void) watch_free(daemon->watch);
    sd_event_unref(daemon->event);
    (void) service_free(daemon->service);
    (void) trust_store_unref(daemon->trust);
    (void) store_close(daemon->store);
    (void) kinds_unref(daemon->kinds);
    config_done(&daemon->config);
}

int daemon_check(const char *config_file) {
    CLEANUP(config_done) Config config = {0};
    CLEANUP(kinds_unrefp) Kinds *kinds = NULL;
    int r = daemon_load_config(config_file, &config);
    if (r == 0)
        r = load_kinds(&kinds);
    if (r == 0 && access(config.anchors_dir, R_OK | X_OK) < 0)
        r = fail(LOG_EVENT_TRUST_FAILED, "cannot read the folder of the trust anchors", -errno);
    return r == 0 ? EXIT_SUCCESS : r > 0 ? EX_CONFIG : EXIT_FAILURE;
}

int daemon_run(const char *config_file) {
    CLEANUP(daemon_done) Daemon daemon = {.config_file = config_file};
    int r = start_parts(&daemon);
    if (r != 0)
        return r > 0 ? EX_CONFIG : EXIT_FAILURE;
    if (start_bus(&daemon) != 0)
        return EXIT_FAILURE;
    r = loop(&daemon);
    int finished = finish(&daemon);
    return r == 0 && finished == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

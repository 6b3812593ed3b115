/* SPDX-License-Identifier: BSD-2-Clause */
/* bench-direct FOLDER DATABASE USERS BATCH SECONDS: "the same work without a bus". Calls what a login of ovcertd calls
 * (Hint, Begin, Finish of core/, with the store at its own settings, synchronous=FULL) in this one process: the same
 * OpenSSL, SQLite, audit chain and judgement, and nothing of D-Bus. The first USERS of the scene sign in; BATCH
 * sign-ins of different users share one commit, as they may in the daemon.
 *
 * The user's own signature is made outside of the clocks. Prints one line of JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/scene.h"
#include "common/macros.h"
#include "ovcertd/core/service.h"

/* As many as may hold a challenge at once. */
#define BATCH_MAX CHALLENGE_MAX

typedef struct Clocks {
    double wall;
    double cpu;
} Clocks;

typedef struct Work {
    Scene scene;
    Store *store;
    TrustStore *trust;
    Service *service;
    size_t n_users;
    size_t batch;
    size_t next; /* user */
    Clocks work; /* commits included */
    Clocks commits;
    unsigned long logins;
    size_t users[BATCH_MAX];
    char senders[BATCH_MAX][32];
    ChallengeIssued issued[BATCH_MAX];
    Bytes signatures[BATCH_MAX];
} Work;

static double seconds(clockid_t clock) {
    struct timespec now;
    MUST(clock_gettime(clock, &now) == 0);
    return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

static Clocks clocks_now(void) {
    return (Clocks){seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};
}

static void clocks_add(Clocks *sum, const Clocks *since) {
    Clocks now = clocks_now();
    sum->wall += now.wall - since->wall;
    sum->cpu += now.cpu - since->cpu;
}

static Moment moment(void) {
    return (Moment){.real = (int64_t) time(NULL), .boottime = (uint64_t) (seconds(CLOCK_BOOTTIME) * 1e6)};
}

static void open_all(Work *work, const char *folder, const char *database) {
    CLEANUP(free_pointer) char *anchors = scene_path(folder, "anchors.d");
    CLEANUP(free_pointer) char *crls = scene_path(folder, "crls.d");
    CLEANUP(free_pointer) char *problem = NULL;
    StoreOptions store = {.path = database};
    int r = store_open(&store, &work->store, &problem);
    if (r != 0)
        (void) fprintf(stderr, "bench-direct: %s\n", problem ? problem : "cannot open the database");
    MUST(r == 0);
    TrustOptions trust = {.anchors_dir = anchors, .crls_dir = crls};
    MUST(trust_store_load(&trust, NULL, moment().real, &work->trust, NULL) == 0);
    ServiceOptions options = {.store = work->store, .trust = work->trust, .host_id = {1}, .boot_id = {2}};
    MUST(service_new(&options, &work->service) == 0);
}

static Actor actor_of(const Work *work, size_t index) {
    return (Actor){.uid = 0, .sender = work->senders[index], .administrator = true};
}

static void begin(Work *work, size_t index) {
    const SceneUser *user = &work->scene.users[work->users[index]];
    Actor actor = actor_of(work, index);
    Moment now = moment();
    LoginContext context = {.has_uid = true, .uid = user->uid, .service = SCENE_SERVICE, .tty = ""};
    LoginHint hint = {0};
    Failure failure = {0};
    MUST(service_login_hint(work->service, &actor, user->name, &context, &now, &hint) == 0);
    MUST(service_login_begin(work->service, &actor, user->name, &context, &now, &work->issued[index], &failure) == 0);
}

static void finish(Work *work, size_t index) {
    const SceneUser *user = &work->scene.users[work->users[index]];
    CLEANUP(login_result_done) LoginResult result = {0};
    Actor actor = actor_of(work, index);
    Moment now = moment();
    Failure failure = {0};
    int r = service_login_finish(work->service, &actor, work->issued[index].id, bytes_view(&user->certificate),
                                 work->scene.algorithm, bytes_view(&work->signatures[index]), &now, &result, &failure);
    if (r != 0)
        (void) fprintf(stderr, "bench-direct: refused: %s\n", failure.detail ? failure.detail : "");
    MUST(r == 0);
    challenge_issued_done(&work->issued[index]);
    bytes_done(&work->signatures[index]);
}

static void commit(Work *work) {
    Clocks since = clocks_now();
    MUST(service_commit(work->service) == 0);
    clocks_add(&work->commits, &since);
}

static void round_of_logins(Work *work) {
    Clocks since = clocks_now();
    for (size_t i = 0; i < work->batch; i++) {
        work->users[i] = work->next++ % work->n_users;
        begin(work, i);
    }
    clocks_add(&work->work, &since);
    for (size_t i = 0; i < work->batch; i++)
        scene_sign(&work->scene, &work->scene.users[work->users[i]], &work->issued[i].statement, &work->signatures[i]);
    since = clocks_now();
    for (size_t i = 0; i < work->batch; i++)
        finish(work, i);
    commit(work);
    clocks_add(&work->work, &since);
    work->logins += work->batch;
}

static void run(Work *work, double length) {
    round_of_logins(work); /* warm */
    work->work = work->commits = (Clocks){0};
    work->logins = 0;
    for (double end = seconds(CLOCK_MONOTONIC) + length; seconds(CLOCK_MONOTONIC) < end;)
        round_of_logins(work);
    double count = (double) work->logins;
    (void) printf(
        "{\"logins\": %lu, \"rate\": %.1f, \"cpu_us\": %.1f, \"commit_wall_us\": %.1f, \"commit_cpu_us\": %.1f}\n",
        work->logins, count / work->work.wall, work->work.cpu / count * 1e6, work->commits.wall / count * 1e6,
        work->commits.cpu / count * 1e6); /* seen when it is missing */
}

int main(int argc, char **argv) {
    if (argc != 6) {
        (void) fputs("usage: bench-direct FOLDER DATABASE USERS BATCH SECONDS\n", stderr); /* nowhere else to say it */
        return 2;
    }
    Work *work = calloc(1, sizeof *work);
    MUST(work);
    work->n_users = strtoul(argv[3], NULL, 10);
    work->batch = strtoul(argv[4], NULL, 10);
    scene_load(argv[1], &work->scene);
    MUST(work->n_users <= work->scene.n_users && work->batch > 0 && work->batch <= work->n_users &&
         work->batch <= BATCH_MAX);
    for (size_t i = 0; i < work->batch; i++)
        (void) snprintf(work->senders[i], sizeof work->senders[i], ":1.%zu", i); /* fits */
    open_all(work, argv[1], argv[2]);
    run(work, strtod(argv[5], NULL));
    (void) service_free(work->service); /* these return NULL */
    (void) trust_store_unref(work->trust);
    (void) store_close(work->store);
    scene_done(&work->scene);
    free(work);
    return 0;
}

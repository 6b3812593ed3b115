/* SPDX-License-Identifier: BSD-2-Clause */
/* bench-clients FOLDER FIRST COUNT [fresh]: COUNT connections to the bus of DBUS_SYSTEM_BUS_ADDRESS, each of which
 * signs one user of the scene in again and again (Hint, Begin, the signature, Finish), beginning with user FIRST. With
 * "fresh" each sign-in opens and closes a connection of its own, as the PAM module does. Run as root.
 *
 * Says "ready" when all are connected, and is then led by letters on standard input, so that several of them keep
 * step: "s" starts, "c" begins to count, "e" ends, prints one line of JSON and exits. Who is told that there are too
 * many challenges (SECURITY 6) tries again, later each time, and is counted; any other refusal ends the program. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "bench/scene.h"
#include "client/dict.h"
#include "common/error.h"
#include "common/macros.h"
#include "common/protocol.h"

#define RETRY_MICROSECONDS UINT64_C(10000)
#define RETRY_DOUBLINGS 4u
#define CALL_MICROSECONDS UINT64_C(60000000)
#define LATENCIES_MAX 1000000u

typedef struct Person Person;

typedef struct Crowd {
    Scene scene;
    sd_event *event;
    Person *people;
    size_t n_people;
    bool fresh;
    unsigned long logins;
    unsigned long retries;
    double since;     /* when counting began */
    float *latencies; /* seconds */
    size_t n_latencies;
} Crowd;

struct Person {
    Crowd *crowd;
    const SceneUser *user;
    sd_bus *bus;
    sd_event_source *again;
    unsigned refusals; /* since the last success */
    double since;
};

static double now_seconds(void) {
    struct timespec now;
    MUST(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

static void connect_person(Person *person) {
    const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
    MUST(address);
    MUST(sd_bus_new(&person->bus) >= 0);
    MUST(sd_bus_set_address(person->bus, address) >= 0 && sd_bus_set_bus_client(person->bus, 1) >= 0);
    MUST(sd_bus_start(person->bus) >= 0);
    MUST(sd_bus_attach_event(person->bus, person->crowd->event, SD_EVENT_PRIORITY_NORMAL) >= 0);
}

static void disconnect_person(Person *person) {
    (void) sd_bus_detach_event(person->bus); /* cannot fail when attached */
    person->bus = sd_bus_flush_close_unref(person->bus);
}

static sd_bus_message *new_call(const Person *person, const char *member) {
    sd_bus_message *message = NULL;
    MUST(sd_bus_message_new_method_call(person->bus, &message, OVCERT_BUS_NAME, OVCERT_OBJECT_PATH,
                                        OVCERT_LOGIN_INTERFACE, member) >= 0);
    return message;
}

static void send_call(Person *person, sd_bus_message *message, sd_bus_message_handler_t handler) {
    MUST(sd_bus_call_async(person->bus, NULL, message, handler, person, CALL_MICROSECONDS) >= 0);
    sd_bus_message_unref(message);
}

static void ask(Person *person, const char *member, sd_bus_message_handler_t handler) {
    sd_bus_message *message = new_call(person, member);
    MUST(sd_bus_message_append(message, "sa{sv}", person->user->name, 3, "uid", "u", person->user->uid, "service", "s",
                               SCENE_SERVICE, "tty", "s", "") >= 0);
    send_call(person, message, handler);
}

static void begin(Person *person);
static void start(Person *person);

static int on_again(sd_event_source *source, uint64_t usec, void *userdata) {
    Person *person = userdata;
    (void) source, (void) usec;
    person->again = sd_event_source_disable_unref(person->again);
    begin(person);
    return 0;
}

static void begin_later(Person *person) {
    uint64_t wait = RETRY_MICROSECONDS << person->refusals;
    person->refusals += person->refusals < RETRY_DOUBLINGS;
    person->crowd->retries++;
    MUST(sd_event_add_time_relative(person->crowd->event, &person->again, CLOCK_MONOTONIC, wait, 0, on_again, person) >=
         0);
}

/* True when the answer is one. */
static bool is_answer(sd_bus_message *reply) {
    const sd_bus_error *error = sd_bus_message_get_error(reply);
    if (!error)
        return true;
    if (strcmp(error->name, ovcert_error_name(OVCERT_ERROR_LIMIT_EXCEEDED)) == 0)
        return false;
    (void) fprintf(stderr, "bench-clients: %s: %s\n", error->name, error->message);
    exit(EXIT_FAILURE);
}

static void note_login(Person *person) {
    Crowd *crowd = person->crowd;
    crowd->logins++;
    person->refusals = 0;
    if (crowd->n_latencies < LATENCIES_MAX)
        crowd->latencies[crowd->n_latencies++] = (float) (now_seconds() - person->since);
}

static int on_finished(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
    Person *person = userdata;
    (void) error;
    MUST(is_answer(reply));
    note_login(person);
    start(person);
    return 0;
}

static void read_octets(const Bytes *octets, uint8_t *ret, size_t size) {
    MUST(octets->size == size);
    memcpy(ret, octets->data, size);
}

static void finish(Person *person, const char *id, Statement *statement) {
    const Crowd *crowd = person->crowd;
    CLEANUP(bytes_done) Bytes signature = {0};
    scene_sign(&crowd->scene, person->user, statement, &signature);
    sd_bus_message *message = new_call(person, "Finish");
    MUST(sd_bus_message_append_basic(message, 's', id) >= 0);
    MUST(sd_bus_message_append_array(message, 'y', person->user->certificate.data, person->user->certificate.size) >=
         0);
    MUST(sd_bus_message_append(message, "aays", 0, crowd->scene.algorithm) >= 0);
    MUST(sd_bus_message_append_array(message, 'y', signature.data, signature.size) >= 0);
    MUST(sd_bus_message_append(message, "a{sv}", 0) >= 0);
    send_call(person, message, on_finished);
}

static int on_begun(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
    Person *person = userdata;
    const char *id;
    const void *nonce;
    size_t size;
    (void) error;
    if (!is_answer(reply)) {
        begin_later(person);
        return 0;
    }
    CLEANUP(bytes_done) Bytes host = {0};
    CLEANUP(bytes_done) Bytes boot = {0};
    Statement statement = {
        .purpose = STATEMENT_LOGIN,
        .user = person->user->name,
        .uid = person->user->uid,
        .service = SCENE_SERVICE,
        .tty = "",
    };
    const DictField fields[] = {
        {.key = "host-id", .type = "ay", .target = &host},
        {.key = "boot-id", .type = "ay", .target = &boot},
        {.key = "deadline", .type = "t", .target = &statement.deadline},
    };
    MUST(sd_bus_message_read(reply, "s", &id) >= 0 && sd_bus_message_read_array(reply, 'y', &nonce, &size) >= 0);
    MUST(size == sizeof statement.nonce && dict_read(reply, fields, ELEMENTSOF(fields)) >= 0);
    memcpy(statement.nonce, nonce, size);
    read_octets(&host, statement.host_id, sizeof statement.host_id);
    read_octets(&boot, statement.boot_id, sizeof statement.boot_id);
    finish(person, id, &statement);
    return 0;
}

static void begin(Person *person) {
    ask(person, "Begin", on_begun);
}

static int on_hint(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
    (void) error;
    MUST(is_answer(reply));
    begin(userdata);
    return 0;
}

static int on_start(sd_event_source *source, void *userdata) {
    Person *person = userdata;
    (void) source;
    person->again = sd_event_source_disable_unref(person->again);
    disconnect_person(person);
    connect_person(person);
    ask(person, "Hint", on_hint);
    return 0;
}

/* A connection cannot be closed from its own handler. */
static void start(Person *person) {
    person->since = now_seconds();
    if (!person->crowd->fresh)
        ask(person, "Hint", on_hint);
    else
        MUST(sd_event_add_defer(person->crowd->event, &person->again, on_start, person) >= 0);
}

static int by_size(const void *a, const void *b) {
    float x = *(const float *) a, y = *(const float *) b;
    return (x > y) - (x < y);
}

static double percentile(const Crowd *crowd, double part) {
    return crowd->n_latencies ? (double) crowd->latencies[(size_t) (part * (double) (crowd->n_latencies - 1))] * 1e3
                              : 0;
}

static void report(Crowd *crowd) {
    qsort(crowd->latencies, crowd->n_latencies, sizeof *crowd->latencies, by_size);
    (void) printf("{\"logins\": %lu, \"retries\": %lu, \"seconds\": %.3f, \"p50_ms\": %.2f, \"p99_ms\": %.2f}\n",
                  crowd->logins, crowd->retries, now_seconds() - crowd->since, percentile(crowd, 0.5),
                  percentile(crowd, 0.99)); /* seen when it is missing */
}

static int on_letter(sd_event_source *source, int fd, uint32_t events, void *userdata) {
    Crowd *crowd = userdata;
    char letter = 'e'; /* so does the end of the input */
    (void) source, (void) events;
    MUST(read(fd, &letter, 1) >= 0);
    if (letter == 's')
        for (size_t i = 0; i < crowd->n_people; i++)
            start(&crowd->people[i]);
    if (letter == 'c') {
        crowd->logins = crowd->retries = 0;
        crowd->n_latencies = 0;
        crowd->since = now_seconds();
    }
    if (letter == 'e')
        MUST(sd_event_exit(crowd->event, 0) >= 0);
    return 0;
}

static void run(Crowd *crowd) {
    sd_event_source *letters = NULL;
    MUST(sd_event_add_io(crowd->event, &letters, STDIN_FILENO, EPOLLIN, on_letter, crowd) >= 0);
    MUST(sd_event_source_set_priority(letters, SD_EVENT_PRIORITY_IMPORTANT) >= 0);
    (void) puts("ready");
    (void) fflush(stdout); /* seen when it is missing */
    MUST(sd_event_loop(crowd->event) >= 0);
    report(crowd);
    sd_event_source_disable_unref(letters);
}

int main(int argc, char **argv) {
    if (argc < 4 || argc > 5) {
        (void) fputs("usage: bench-clients FOLDER FIRST COUNT [fresh]\n", stderr); /* nowhere else to say it */
        return 2;
    }
    size_t first = strtoul(argv[2], NULL, 10), count = strtoul(argv[3], NULL, 10);
    Person *people = calloc(count, sizeof *people);
    Crowd crowd = {
        .people = people,
        .n_people = count,
        .fresh = argc == 5,
        .latencies = malloc(LATENCIES_MAX * sizeof(float)),
    };
    MUST(people && crowd.latencies && count > 0);
    scene_load(argv[1], &crowd.scene);
    MUST(sd_event_new(&crowd.event) >= 0);
    for (size_t i = 0; i < count; i++) {
        people[i] = (Person){.crowd = &crowd, .user = &crowd.scene.users[(first + i) % crowd.scene.n_users]};
        connect_person(&people[i]);
    }
    run(&crowd);
    return 0; /* the kernel closes the connections, whose calls may still be under way */
}

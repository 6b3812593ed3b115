/* SPDX-License-Identifier: BSD-2-Clause */
/* A real store in a folder of its own, the few rows that tests begin with, and a second, plain connection to do damage
 * with. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ovcertd/store/store.h"

#define FIXTURE_NOW INT64_C(1750000000)
#define FIXTURE_ADMIN 0u
#define FIXTURE_SUBJECT "CN=EIDAS CERTIFICADO PRUEBAS - 99999999R,serialNumber=IDCES-99999999R,C=ES"

typedef struct Fixture {
    char *folder;
    char *path;
    Store *store; /* NULL while closed */
} Fixture;

/* cmocka's set-up and tear-down: the store is open. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

void fixture_close(Fixture *fixture);
void fixture_reopen(Fixture *fixture);
/* store_open() on the path, whose result is the caller's to judge; a store goes to fixture->store, the problem is kept
 * to be read until the next call. */
int fixture_try_open(Fixture *fixture, const char **ret_problem);
char *fixture_file(const Fixture *fixture, const char *suffix); /* path and suffix; caller frees */

/* A connection as the sqlite3 shell would have it: no foreign keys, nothing defensive. */
sqlite3 *fixture_raw(const Fixture *fixture);
void fixture_sql(const Fixture *fixture, const char *sql); /* runs it there; the store may be open */
int64_t fixture_number(const Fixture *fixture, const char *sql);

void fixture_read(const char *path, uint8_t **ret, size_t *ret_size);   /* whole file; caller frees */
void fixture_write(const char *path, const uint8_t *data, size_t size); /* in place */
/* Whether any file of the folder holds the text. */
bool fixture_files_contain(const Fixture *fixture, const char *text);

/* Each in the request that the caller has begun; they fail the test when the store does. */
int64_t fixture_profile(Store *store, const char *name, uint32_t uid);
/* A certificate whose octets are the text; chain of two. */
int64_t fixture_certificate(Store *store, const char *octets, const char *subject);
void fixture_audit(Store *store, const char *event, const char *profile, const char *subject);
void fixture_fingerprint(const char *octets, uint8_t ret[32]);

/* The backup of the open store, as a file in its folder; the path, caller frees. */
char *fixture_backup(const Fixture *fixture, const char *suffix);
/* The whole chain of the open store. */
void fixture_assert_log_whole(Store *store);

/* store_begin(); store_end() with keep and store_commit(). */
void fixture_begin(Store *store);
void fixture_commit(Store *store);

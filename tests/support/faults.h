/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults: takes the place of libc's allocator and system calls for the whole process, libraries and modules included,
 * and lets the n-th of them fail. Either linked into a test program (export_dynamic), whose faults_get() is its own, or
 * loaded by LD_PRELOAD into a program under test, which finds them in the file that FAULTS_FILE names.
 *
 * Not for the address sanitizer, which has an allocator of its own. Nothing is synchronised: for programs of one
 * thread. */
#pragma once

#include <stdbool.h>

#define FAULTS_FILE "OVCERT_TEST_FAULTS" /* environment variable: a file of sizeof(Faults) octets */
#define FAULTS_ENDED 77                  /* exit status of a process that ended so */
#define FAULTS_MAX 200000u               /* far more calls than any test makes */

typedef enum FaultKind {
    FAULT_MEMORY = 1,  /* malloc(3) and all that use it, mmap(2): ENOMEM */
    FAULT_SOCKETS = 2, /* socket(2), send(2), poll(2), ...: Faults.error, as the rest */
    FAULT_FILES = 4,   /* open(2), pwrite(2), fsync(2), ... */
    FAULT_PROCESS = 8, /* prctl(2), setresuid(2), getpwnam(3), dlopen(3), ... */
} FaultKind;

typedef struct Faults {
    bool armed;
    unsigned kinds;   /* of FaultKind; the others neither count nor fail */
    int error;        /* errno; 0: EIO */
    unsigned failing; /* the call that fails, from 1 on; 0: none */
    bool ends;        /* the process ends at that call, as kill -9 would have it */
    char secret[64];  /* what freed memory must not hold; "": anything may */

    /* Written by the calls: */
    unsigned count; /* since it was armed */
    bool failed;
    bool leaked;       /* the secret was in freed memory */
    char function[24]; /* that failed */
} Faults;

Faults *faults_get(void);
/* Arms this process's faults and clears what the calls write. */
void faults_arm(unsigned kinds, int error, unsigned failing);
void faults_disarm(void);

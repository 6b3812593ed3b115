/* SPDX-License-Identifier: BSD-2-Clause */
/* Input: the octets that libFuzzer made, taken one value after the other, and what every target promises by. A value
 * beyond the end is 0 or empty, so that any input is a good one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/bytes.h"

/* A promise that must hold whatever the input is; the input is kept when it does not. */
#define FUZZ_PROMISE(condition)                                                                                        \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fuzz_broken(#condition, __FILE__, __LINE__);                                                               \
    } while (0)

_Noreturn void fuzz_broken(const char *condition, const char *file, int line);

/* The function that libFuzzer calls; 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Called once, before the first input; 0. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

uint8_t input_u8(Reader *input);
uint32_t input_u32(Reader *input);
uint64_t input_u64(Reader *input);
/* Fills size octets; zeros where the input ends. */
void input_fixed(Reader *input, void *ret, size_t size);
/* A length, then so many octets; sometimes the same few octets over and over, so that limits are reached by a short
 * input. Frees nothing that was there. */
void input_octets(Reader *input, Bytes *ret);
/* The same as a C string: cut at the first NUL. Caller frees. */
char *input_text(Reader *input);
/* The same, but what is not UTF-8 becomes "?", since sd-bus takes nothing else. Caller frees. */
char *input_utf8(Reader *input);
/* What remains, as a C string with whatever NULs are in it; *ret_size without the last. Caller frees. */
char *input_rest(Reader *input, size_t *ret_size);
/* A new file of these octets in memory, to be opened by *ret_path as long as the descriptor is open. */
int input_file(View contents, char ret_path[static 32]);

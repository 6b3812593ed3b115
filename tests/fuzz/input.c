/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what the fuzzer made. Called by every target; ends the program when it cannot go on. */
#include "tests/fuzz/input.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"

/* Past the largest limit of a single value (a certificate of 64 KiB), by repetition. */
#define REPEAT_MAX 20u
#define REPEAT_STEP 4096u

void fuzz_broken(const char *condition, const char *file, int line) {
    (void) fprintf(stderr, "%s:%d: broken promise: %s\n", file, line, condition);
    abort();
}

uint8_t input_u8(Reader *input) {
    uint8_t value = 0;
    (void) reader_u8(input, &value); /* 0 at the end */
    return value;
}

void input_fixed(Reader *input, void *ret, size_t size) {
    size_t there = input->rest.size < size ? input->rest.size : size;
    memset(ret, 0, size);
    (void) reader_fixed(input, ret, there); /* there are as many */
}

uint32_t input_u32(Reader *input) {
    uint32_t value;
    input_fixed(input, &value, sizeof value);
    return value;
}

uint64_t input_u64(Reader *input) {
    uint64_t value;
    input_fixed(input, &value, sizeof value);
    return value;
}

static View input_view(Reader *input, size_t size) {
    View view = {input->rest.data, input->rest.size < size ? input->rest.size : size};
    if (view.size > 0) {
        input->rest.data += view.size;
        input->rest.size -= view.size;
    }
    return view;
}

static void append(Bytes *bytes, View view) {
    FUZZ_PROMISE(bytes_append(bytes, view) == 0);
}

static void repeat(View pattern, size_t size, Bytes *ret) {
    if (pattern.size == 0 || size == 0)
        return;
    *ret = (Bytes){.data = malloc(size), .size = size, .capacity = size};
    FUZZ_PROMISE(ret->data);
    for (size_t i = 0; i < size; i++)
        ret->data[i] = pattern.data[i % pattern.size];
}

void input_octets(Reader *input, Bytes *ret) {
    uint8_t length = input_u8(input);
    *ret = (Bytes){0};
    if (length < 0xF0) {
        append(ret, input_view(input, length));
        return;
    }
    size_t size = (size_t) (input_u8(input) % REPEAT_MAX) * REPEAT_STEP + input_u8(input);
    repeat(input_view(input, (length & 0x0Fu) + 1u), size, ret);
}

static char *take_string(Bytes *bytes) {
    append(bytes, (View){(const uint8_t *) "", 1});
    return (char *) bytes->data;
}

char *input_text(Reader *input) {
    Bytes bytes;
    input_octets(input, &bytes);
    return take_string(&bytes);
}

char *input_utf8(Reader *input) {
    char *text = input_text(input);
    if (text_is_utf8((View){(const uint8_t *) text, strlen(text)}))
        return text;
    for (char *c = text; *c != '\0'; c++)
        if (*c & 0x80)
            *c = '?';
    return text;
}

char *input_rest(Reader *input, size_t *ret_size) {
    Bytes bytes = {0};
    append(&bytes, input->rest);
    *ret_size = bytes.size;
    return take_string(&bytes);
}

int input_file(View contents, char ret_path[static 32]) {
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    FUZZ_PROMISE(fd >= 0);
    FUZZ_PROMISE(fchmod(fd, 0600) == 0);
    while (contents.size > 0) {
        ssize_t n = write(fd, contents.data, contents.size);
        FUZZ_PROMISE(n > 0);
        contents.data += n;
        contents.size -= (size_t) n;
    }
    (void) snprintf(ret_path, 32, "/proc/self/fd/%d", fd); /* it fits */
    return fd;
}

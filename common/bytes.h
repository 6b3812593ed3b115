/* SPDX-License-Identifier: BSD-2-Clause */
/* Octet strings: borrowed views, owned buffers that grow, and a reader that cannot overrun. All integers big-endian. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macros.h"

/* Borrowed octets. Valid as long as whatever owns them. */
typedef struct View {
    const uint8_t *data;
    size_t size;
} View;

/* Owned octets. Zero-initialise; bytes_done() frees and empties. */
typedef struct Bytes {
    uint8_t *data;
    size_t size;
    size_t capacity;
} Bytes;

/* An owned list of octet strings (a certificate chain, say). Zero-initialise. */
typedef struct BytesList {
    Bytes *items;
    size_t count;
} BytesList;

static inline View bytes_view(const Bytes *bytes) {
    return (View){.data = bytes->data, .size = bytes->size};
}

void bytes_done(Bytes *bytes);
void bytes_list_done(BytesList *list);

/* Each returns 0, or -ENOMEM with the buffer as it was. */
int bytes_append(Bytes *bytes, View view);
int bytes_append_u8(Bytes *bytes, uint8_t value);
int bytes_append_u32(Bytes *bytes, uint32_t value);
int bytes_append_u64(Bytes *bytes, uint64_t value);
/* A u32 length, then the octets; -EMSGSIZE past UINT32_MAX. */
int bytes_append_sized(Bytes *bytes, View view);
int bytes_append_string(Bytes *bytes, const char *string); /* sized, without the NUL */
int bytes_copy(View view, Bytes *ret);
int bytes_list_append(BytesList *list, View view); /* copies */

/* Reader: each read returns 0, or -EBADMSG when the input is too short; nothing is consumed then. */
typedef struct Reader {
    View rest;
} Reader;

int reader_u8(Reader *reader, uint8_t *ret);
int reader_u32(Reader *reader, uint32_t *ret);
int reader_u64(Reader *reader, uint64_t *ret);
int reader_fixed(Reader *reader, void *ret, size_t size);
int reader_sized(Reader *reader, View *ret); /* borrowed from the input */
/* A sized string copied out; -EBADMSG also when it holds a NUL. Caller frees. */
int reader_string(Reader *reader, char **ret);
bool reader_at_end(const Reader *reader);

bool view_equal(View a, View b); /* not constant-time: never for secrets */
/* Lower-case hexadecimal. Caller frees; NULL when out of memory. */
char *hex_encode(View view);
/* 0, or -EINVAL when text is not exactly 2*size hexadecimal digits. */
int hex_decode(const char *text, uint8_t *ret, size_t size);

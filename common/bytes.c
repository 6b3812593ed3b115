/* SPDX-License-Identifier: BSD-2-Clause */
/* Octet strings. Used everywhere; never interprets what it carries, and always wipes what it lets go of, since it may
 * be a secret. */
#include "common/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/secret.h"

void bytes_done(Bytes *bytes) {
    secret_wipe(bytes->data, bytes->size);
    free(bytes->data);
    *bytes = (Bytes){0};
}

void bytes_list_done(BytesList *list) {
    for (size_t i = 0; i < list->count; i++)
        bytes_done(&list->items[i]);
    free(list->items);
    *list = (BytesList){0};
}

/* Grows by copying, so that no old copy of a secret stays behind in the heap as realloc(3) would leave it. */
static int bytes_reserve(Bytes *bytes, size_t more) {
    if (more > SIZE_MAX / 2 - bytes->size)
        return -ENOMEM;
    size_t needed = bytes->size + more;
    if (needed <= bytes->capacity)
        return 0;
    size_t capacity = bytes->capacity < 64 ? 64 : bytes->capacity;
    while (capacity < needed)
        capacity *= 2;
    uint8_t *data = malloc(capacity);
    if (!data)
        return -ENOMEM;
    if (bytes->size > 0)
        memcpy(data, bytes->data, bytes->size);
    secret_wipe(bytes->data, bytes->size);
    free(bytes->data);
    bytes->data = data;
    bytes->capacity = capacity;
    return 0;
}

int bytes_append(Bytes *bytes, View view) {
    int r = bytes_reserve(bytes, view.size);
    if (r < 0)
        return r;
    if (view.size > 0)
        memcpy(bytes->data + bytes->size, view.data, view.size);
    bytes->size += view.size;
    return 0;
}

int bytes_append_u8(Bytes *bytes, uint8_t value) {
    return bytes_append(bytes, (View){&value, 1});
}

int bytes_append_u32(Bytes *bytes, uint32_t value) {
    uint8_t octets[4];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t) (value >> (8 * (sizeof octets - 1 - i)));
    return bytes_append(bytes, (View){octets, sizeof octets});
}

int bytes_append_u64(Bytes *bytes, uint64_t value) {
    uint8_t octets[8];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t) (value >> (8 * (sizeof octets - 1 - i)));
    return bytes_append(bytes, (View){octets, sizeof octets});
}

int bytes_append_sized(Bytes *bytes, View view) {
    if (view.size > UINT32_MAX)
        return -EMSGSIZE;
    int r = bytes_reserve(bytes, view.size + sizeof(uint32_t));
    if (r < 0)
        return r;
    (void) bytes_append_u32(bytes, (uint32_t) view.size); /* cannot fail: the room is there */
    (void) bytes_append(bytes, view);
    return 0;
}

int bytes_append_string(Bytes *bytes, const char *string) {
    return bytes_append_sized(bytes, (View){(const uint8_t *) string, strlen(string)});
}

int bytes_copy(View view, Bytes *ret) {
    Bytes copy = {0};
    int r = bytes_append(&copy, view);
    if (r < 0)
        return r;
    *ret = copy;
    return 0;
}

int bytes_list_append(BytesList *list, View view) {
    Bytes copy = {0};
    int r = bytes_copy(view, &copy);
    if (r < 0)
        return r;
    Bytes *items = reallocarray(list->items, list->count + 1, sizeof *items);
    if (!items) {
        bytes_done(&copy);
        return -ENOMEM;
    }
    list->items = items;
    list->items[list->count++] = copy;
    return 0;
}

int reader_fixed(Reader *reader, void *ret, size_t size) {
    if (reader->rest.size < size)
        return -EBADMSG;
    if (size == 0)
        return 0; /* the data may be NULL then, which C lets nobody add to */
    memcpy(ret, reader->rest.data, size);
    reader->rest = (View){reader->rest.data + size, reader->rest.size - size};
    return 0;
}

int reader_u8(Reader *reader, uint8_t *ret) {
    return reader_fixed(reader, ret, 1);
}

int reader_u32(Reader *reader, uint32_t *ret) {
    uint8_t octets[4];
    int r = reader_fixed(reader, octets, sizeof octets);
    if (r < 0)
        return r;
    *ret = 0;
    for (size_t i = 0; i < sizeof octets; i++)
        *ret = (*ret << 8) | octets[i];
    return 0;
}

int reader_u64(Reader *reader, uint64_t *ret) {
    uint8_t octets[8];
    int r = reader_fixed(reader, octets, sizeof octets);
    if (r < 0)
        return r;
    *ret = 0;
    for (size_t i = 0; i < sizeof octets; i++)
        *ret = (*ret << 8) | octets[i];
    return 0;
}

int reader_sized(Reader *reader, View *ret) {
    Reader ahead = *reader;
    uint32_t size;
    int r = reader_u32(&ahead, &size);
    if (r < 0)
        return r;
    if (ahead.rest.size < size)
        return -EBADMSG;
    *ret = (View){ahead.rest.data, size};
    reader->rest = (View){ahead.rest.data + size, ahead.rest.size - size};
    return 0;
}

int reader_string(Reader *reader, char **ret) {
    Reader ahead = *reader;
    View text;
    int r = reader_sized(&ahead, &text);
    if (r < 0)
        return r;
    if (text.size > 0 && memchr(text.data, 0, text.size))
        return -EBADMSG;
    char *copy = malloc(text.size + 1);
    if (!copy)
        return -ENOMEM;
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    *reader = ahead;
    *ret = copy;
    return 0;
}

bool reader_at_end(const Reader *reader) {
    return reader->rest.size == 0;
}

bool view_equal(View a, View b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

char *hex_encode(View view) {
    static const char digits[] = "0123456789abcdef";
    if (view.size > SIZE_MAX / 4)
        return NULL;
    char *text = malloc(2 * view.size + 1);
    if (!text)
        return NULL;
    for (size_t i = 0; i < view.size; i++) {
        text[2 * i] = digits[view.data[i] >> 4];
        text[2 * i + 1] = digits[view.data[i] & 15];
    }
    text[2 * view.size] = '\0';
    return text;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -EINVAL;
}

int hex_decode(const char *text, uint8_t *ret, size_t size) {
    if (strlen(text) != 2 * size)
        return -EINVAL;
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return -EINVAL;
        ret[i] = (uint8_t) (high << 4 | low);
    }
    return 0;
}

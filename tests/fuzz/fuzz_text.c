/* SPDX-License-Identifier: BSD-2-Clause */
/* Text from outside (common/text.h): what is escaped can be shown, and says exactly what it was. */
#include <string.h>

#include "common/macros.h"
#include "common/text.h"
#include "tests/fuzz/input.h"

static uint8_t digit(char c) {
    const char *digits = "0123456789abcdef";
    const char *place = strchr(digits, c);
    FUZZ_PROMISE(c != '\0' && place);
    return (uint8_t) (place - digits);
}

/* The octets that an escaped text stands for. */
static void unescape(const char *text, Bytes *ret) {
    for (const char *c = text; *c != '\0'; c++) {
        uint8_t octet = (uint8_t) *c;
        if (*c == '\\' && c[1] == '\\') {
            c++;
        } else if (*c == '\\') {
            FUZZ_PROMISE(c[1] == 'x');
            octet = (uint8_t) (digit(c[2]) << 4 | digit(c[3]));
            c += 3;
        }
        FUZZ_PROMISE(bytes_append_u8(ret, octet) == 0);
    }
}

static void check_escape(View text) {
    CLEANUP(free_pointer) char *escaped = text_escape(text);
    CLEANUP(bytes_done) Bytes again = {0};
    FUZZ_PROMISE(escaped);
    FUZZ_PROMISE(text_is_printable((View){(const uint8_t *) escaped, strlen(escaped)}));
    unescape(escaped, &again);
    FUZZ_PROMISE(view_equal(bytes_view(&again), text));
}

static void check_user_name(Reader input) {
    size_t size;
    CLEANUP(free_pointer) char *name = input_rest(&input, &size);
    if (!text_is_user_name(name))
        return;
    size = strlen(name);
    FUZZ_PROMISE(size > 0 && size <= TEXT_USER_NAME_MAX);
    FUZZ_PROMISE(name[0] != '-' && !strpbrk(name, ":/\n"));
    FUZZ_PROMISE(text_is_printable((View){(const uint8_t *) name, size}));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    View text = {data, size};
    if (text_is_printable(text))
        FUZZ_PROMISE(text_is_utf8(text));
    if (text_is_utf8(text))
        FUZZ_PROMISE(size == 0 || !memchr(data, '\0', size));
    check_escape(text);
    check_user_name((Reader){text});
    return 0;
}

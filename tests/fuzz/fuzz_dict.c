/* SPDX-License-Identifier: BSD-2-Clause */
/* The client's reader of dictionaries (client/dict.h): a daemon that answers anything at all makes it refuse, never
 * leave a mandatory place empty. */
#include <string.h>

#include "client/dict.h"
#include "common/macros.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/message.h"

#define TEXTS_MAX 4u

typedef struct Answer {
    char *text;
    bool flag;
    uint32_t number;
    uint64_t time;
    int64_t moment;
    Bytes octets;
    char *inner;
    char *texts[TEXTS_MAX];
    size_t n_texts;
    size_t n_entries;
} Answer;

static const char *const keys[] = {"text",   "flag",  "number",  "time",  "moment",
                                   "octets", "texts", "entries", "inner", NULL};

static void answer_done(Answer *answer) {
    free(answer->text);
    free(answer->inner);
    bytes_done(&answer->octets);
    for (size_t i = 0; i < answer->n_texts; i++)
        free(answer->texts[i]);
}

/* A DictReader. */
static int read_one_text(sd_bus_message *message, void *userdata) {
    Answer *answer = userdata;
    const char *text;
    int r = sd_bus_message_read_basic(message, 's', &text);
    if (r < 0)
        return r;
    if (answer->n_texts < TEXTS_MAX)
        answer->texts[answer->n_texts++] = strdup(text);
    return 0;
}

static int read_texts(sd_bus_message *message, void *userdata) {
    return dict_read_list(message, "s", read_one_text, userdata);
}

static int read_entry(sd_bus_message *message, void *userdata) {
    Answer *answer = userdata;
    char *inner = NULL;
    const DictField fields[] = {{.key = "inner", .type = "s", .target = &inner}};
    int r = dict_read(message, fields, ELEMENTSOF(fields));
    FUZZ_PROMISE(r != 0 || inner);
    free(answer->inner);
    answer->inner = inner;
    answer->n_entries++;
    return r;
}

static int read_entries(sd_bus_message *message, void *userdata) {
    return dict_read_list(message, "a{sv}", read_entry, userdata);
}

static int read_answer(sd_bus_message *message, Answer *answer) {
    const DictField fields[] = {
        {.key = "text", .type = "s", .target = &answer->text},
        {.key = "flag", .type = "b", .target = &answer->flag, .optional = true},
        {.key = "number", .type = "u", .target = &answer->number, .optional = true},
        {.key = "time", .type = "t", .target = &answer->time, .optional = true},
        {.key = "moment", .type = "x", .target = &answer->moment, .optional = true},
        {.key = "octets", .type = "ay", .target = &answer->octets, .optional = true},
        {.key = "texts", .target = answer, .read = read_texts, .optional = true},
        {.key = "entries", .target = answer, .read = read_entries, .optional = true},
    };
    return dict_read(message, fields, ELEMENTSOF(fields));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Reader input = {{data, size}};
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = message_new();
    CLEANUP(answer_done) Answer answer = {0};
    message_append_value(message, input_u8(&input) & 0x80u ? message_type(&input) : "a{sv}", keys, &input);
    message_seal(message);
    int r = read_answer(message, &answer);
    FUZZ_PROMISE(r <= 0);
    FUZZ_PROMISE(r != 0 || answer.text);
    return 0;
}

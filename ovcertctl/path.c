/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads and makes paths, for "explain" and "verify". Must never leave out a certificate of the chain. */
#include "ovcertctl/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/dict.h"
#include "common/macros.h"

static void step_done(PathStep *step) {
    free(step->subject);
    free(step->key_usage);
    free(step->extended_key_usage);
    free(step->policies);
    for (size_t i = 0; i < step->n_sources; i++) {
        free(step->sources[i].kind);
        free(step->sources[i].state);
        free(step->sources[i].file);
    }
    free(step->sources);
}

void path_done(Path *path) {
    for (size_t i = 0; i < path->count; i++)
        step_done(&path->items[i]);
    free(path->items);
    *path = (Path){0};
}

static PathStep *add_step(Path *path) {
    PathStep *grown = reallocarray(path->items, path->count + 1, sizeof *grown);
    if (!grown)
        return NULL;
    path->items = grown;
    grown[path->count] = (PathStep){0};
    return &grown[path->count++];
}

static SourceInfo *add_source(PathStep *step) {
    SourceInfo *grown = reallocarray(step->sources, step->n_sources + 1, sizeof *grown);
    if (!grown)
        return NULL;
    step->sources = grown;
    grown[step->n_sources] = (SourceInfo){0};
    return &grown[step->n_sources++];
}

/* One more word, behind a comma. */
static int add_word(char **words, const char *word) {
    char *longer = NULL;
    if (asprintf(&longer, "%s%s%s", *words ? *words : "", *words ? ", " : "", word) < 0)
        return -ENOMEM;
    free(*words);
    *words = longer;
    return 0;
}

static int or_empty(char **text) {
    if (!*text)
        *text = strdup("");
    return *text ? 0 : -ENOMEM;
}

static int complete(PathStep *step) {
    return or_empty(&step->key_usage) < 0 || or_empty(&step->extended_key_usage) < 0 || or_empty(&step->policies) < 0
               ? -ENOMEM
               : 0;
}

/* --- out of a message --- */

static int read_word(sd_bus_message *message, void *words) {
    const char *word;
    int r = sd_bus_message_read_basic(message, 's', &word);
    return r < 0 ? r : add_word(words, word);
}

static int read_words(sd_bus_message *message, void *words) {
    return dict_read_list(message, "s", read_word, words);
}

static int read_source(sd_bus_message *message, void *step) {
    SourceInfo *source = add_source(step);
    if (!source)
        return -ENOMEM;
    const DictField dict[] = {
        {.key = "kind", .type = "s", .target = &source->kind},
        {.key = "state", .type = "s", .target = &source->state},
        {.key = "file", .type = "s", .target = &source->file},
        {.key = "this-update", .type = "x", .target = &source->this_update},
        {.key = "next-update", .type = "x", .target = &source->next_update},
    };
    return dict_read(message, dict, ELEMENTSOF(dict));
}

static int read_sources(sd_bus_message *message, void *step) {
    return dict_read_list(message, "a{sv}", read_source, step);
}

static int read_step(sd_bus_message *message, void *path) {
    PathStep *step = add_step(path);
    if (!step)
        return -ENOMEM;
    const DictField dict[] = {
        {.key = "subject", .type = "s", .target = &step->subject},
        {.key = "not-after", .type = "x", .target = &step->not_after},
        {.key = "key-usage", .type = "as", .target = &step->key_usage, .read = read_words},
        {.key = "extended-key-usage", .type = "as", .target = &step->extended_key_usage, .read = read_words},
        {.key = "policies", .type = "as", .target = &step->policies, .read = read_words},
        {.key = "revocation", .type = "aa{sv}", .target = step, .read = read_sources},
    };
    int r = dict_read(message, dict, ELEMENTSOF(dict));
    return r < 0 ? r : complete(step);
}

int path_read(sd_bus_message *message, void *path) {
    return dict_read_list(message, "a{sv}", read_step, path);
}

/* --- of a verdict --- */

static int fill_words(const char *const *words, char **ret) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < CERTIFICATE_WORDS_MAX && words[i]; i++)
        r = add_word(ret, words[i]);
    return r;
}

static int fill_source(PathStep *step, const RevocationSource *from) {
    SourceInfo *source = add_source(step);
    if (!source)
        return -ENOMEM;
    source->kind = strdup(revocation_kind_name(from->kind));
    source->state = strdup(revocation_state_name(from->state));
    source->file = strdup(from->file);
    source->this_update = from->this_update;
    source->next_update = from->next_update;
    return source->kind && source->state && source->file ? 0 : -ENOMEM;
}

static int fill_step(PathStep *step, const CertificateFacts *facts) {
    step->subject = strdup(facts->subject);
    step->not_after = facts->not_after;
    int r = step->subject ? fill_words(facts->key_usages, &step->key_usage) : -ENOMEM;
    if (r == 0)
        r = fill_words(facts->extended_key_usages, &step->extended_key_usage);
    if (r == 0)
        r = fill_words(facts->policies, &step->policies);
    return r == 0 ? complete(step) : r;
}

static int fill_at(Certificate *leaf, const Verdict *verdict, size_t depth, Path *path) {
    PathStep *step = add_step(path);
    int r = step ? fill_step(step, certificate_facts(verdict_certificate(verdict, leaf, depth))) : -ENOMEM;
    for (size_t i = 0; r == 0 && i < verdict->n_sources; i++)
        if (verdict->sources[i].depth == depth)
            r = fill_source(step, &verdict->sources[i]);
    return r;
}

int path_fill(Certificate *leaf, const Verdict *verdict, Path *ret) {
    int r = 0;
    for (size_t depth = 0; leaf && r == 0 && depth <= verdict->chain.count; depth++)
        r = fill_at(leaf, verdict, depth, ret);
    return r;
}

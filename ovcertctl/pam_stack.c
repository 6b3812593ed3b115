/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads PAM stacks for "doctor". Must never follow includes for ever, and must read as libpam does: what it would
 * overlook may lock somebody out. */
#include "ovcertctl/pam_stack.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <security/pam_modules.h>

#include "common/bytes.h"
#include "ovcertctl/file.h"

#define WHITE_SPACE " \t\r\n"
#define UNSET (-6)

typedef struct Loading {
    const char *root;
    StackType type;
    Stack *stack;
} Loading;

/* Where in the tree of includes. */
typedef struct Spot {
    const char *file;
    unsigned number; /* of the line */
    unsigned depth;
    unsigned level;
} Spot;

static void line_done(StackLine *line) {
    for (size_t i = 0; i < line->n_arguments; i++)
        free(line->arguments[i]);
    free(line->arguments);
    free(line->module);
    free(line->broken);
    free(line->file);
}

void stack_done(Stack *stack) {
    for (size_t i = 0; i < stack->count; i++)
        line_done(&stack->lines[i]);
    free(stack->lines);
    *stack = (Stack){0};
}

bool stack_line_is(const StackLine *line, const char *module) {
    const char *slash = line->module ? strrchr(line->module, '/') : NULL;
    return line->module && strcmp(slash ? slash + 1 : line->module, module) == 0;
}

/* --- words --- */

/* The next word of a line, cut out of it; "[...]" is one, "\]" in it a bracket. NULL at the end. */
static char *next_word(char **cursor) {
    char *start = *cursor + strspn(*cursor, WHITE_SPACE);
    if (*start == '\0')
        return NULL;
    if (*start != '[') {
        char *end = start + strcspn(start, WHITE_SPACE);
        *cursor = *end == '\0' ? end : end + 1;
        *end = '\0';
        return start;
    }
    char *in = start + 1, *out = start;
    for (; *in != '\0' && *in != ']'; in++) {
        in += in[0] == '\\' && in[1] == ']';
        *out++ = *in;
    }
    *cursor = in + (*in == ']');
    *out = '\0';
    return start;
}

/* --- controls --- */

static const char *const codes[STACK_CODES] = {
    [PAM_SUCCESS] = "success",
    [PAM_OPEN_ERR] = "open_err",
    [PAM_SYMBOL_ERR] = "symbol_err",
    [PAM_SERVICE_ERR] = "service_err",
    [PAM_SYSTEM_ERR] = "system_err",
    [PAM_BUF_ERR] = "buf_err",
    [PAM_PERM_DENIED] = "perm_denied",
    [PAM_AUTH_ERR] = "auth_err",
    [PAM_CRED_INSUFFICIENT] = "cred_insufficient",
    [PAM_AUTHINFO_UNAVAIL] = "authinfo_unavail",
    [PAM_USER_UNKNOWN] = "user_unknown",
    [PAM_MAXTRIES] = "maxtries",
    [PAM_NEW_AUTHTOK_REQD] = "new_authtok_reqd",
    [PAM_ACCT_EXPIRED] = "acct_expired",
    [PAM_SESSION_ERR] = "session_err",
    [PAM_CRED_UNAVAIL] = "cred_unavail",
    [PAM_CRED_EXPIRED] = "cred_expired",
    [PAM_CRED_ERR] = "cred_err",
    [PAM_NO_MODULE_DATA] = "no_module_data",
    [PAM_CONV_ERR] = "conv_err",
    [PAM_AUTHTOK_ERR] = "authtok_err",
    [PAM_AUTHTOK_RECOVERY_ERR] = "authtok_recover_err",
    [PAM_AUTHTOK_LOCK_BUSY] = "authtok_lock_busy",
    [PAM_AUTHTOK_DISABLE_AGING] = "authtok_disable_aging",
    [PAM_TRY_AGAIN] = "try_again",
    [PAM_IGNORE] = "ignore",
    [PAM_ABORT] = "abort",
    [PAM_AUTHTOK_EXPIRED] = "authtok_expired",
    [PAM_MODULE_UNKNOWN] = "module_unknown",
    [PAM_BAD_ITEM] = "bad_item",
    [PAM_CONV_AGAIN] = "conv_again",
    [PAM_INCOMPLETE] = "incomplete",
};

static void fill(int *actions, int action) {
    for (size_t i = 0; i < STACK_CODES; i++)
        actions[i] = actions[i] == UNSET ? action : actions[i];
}

static bool read_action(const char *word, size_t size, int *ret) {
    static const struct {
        const char *name;
        int action;
    } known[] = {{"ignore", STACK_IGNORE}, {"ok", STACK_OK},   {"done", STACK_DONE},
                 {"bad", STACK_BAD},       {"die", STACK_DIE}, {"reset", STACK_RESET}};
    for (size_t i = 0; i < ELEMENTSOF(known); i++)
        if (strlen(known[i].name) == size && strncasecmp(known[i].name, word, size) == 0) {
            *ret = known[i].action;
            return true;
        }
    if (size == 0 || size > 4 || strspn(word, "0123456789") < size)
        return false;
    *ret = (int) strtol(word, NULL, 10); /* digits, four at most, and what ends them */
    return true;
}

static bool set_action(int *actions, const char *name, size_t size, int action) {
    if (size == strlen("default") && strncasecmp(name, "default", size) == 0) {
        fill(actions, action);
        return true;
    }
    for (size_t i = 0; i < STACK_CODES; i++)
        if (strlen(codes[i]) == size && strncasecmp(name, codes[i], size) == 0) {
            actions[i] = action;
            return true;
        }
    return false;
}

/* "value=action ..."; false where libpam stops reading. */
static bool read_pairs(const char *text, int *actions) {
    for (text += strspn(text, WHITE_SPACE); *text != '\0'; text += strspn(text, WHITE_SPACE)) {
        size_t name = strcspn(text, "=" WHITE_SPACE);
        const char *value = text + name + strspn(text + name, WHITE_SPACE);
        if (*value != '=')
            return false;
        value += 1 + strspn(value + 1, WHITE_SPACE);
        size_t size = strcspn(value, WHITE_SPACE);
        int action;
        if (!read_action(value, size, &action) || !set_action(actions, text, name, action))
            return false;
        text = value + size;
    }
    return true;
}

/* False when there is something in it that libpam does not understand. */
static bool read_control(const char *word, int *actions) {
    static const struct {
        const char *name;
        int success, failure, ignore;
    } words[] = {
        {"required", STACK_OK, STACK_BAD, STACK_IGNORE},
        {"requisite", STACK_OK, STACK_DIE, STACK_IGNORE},
        {"sufficient", STACK_DONE, STACK_IGNORE, STACK_IGNORE},
        {"optional", STACK_OK, STACK_IGNORE, STACK_IGNORE},
    };
    for (size_t i = 0; i < STACK_CODES; i++)
        actions[i] = UNSET;
    for (size_t i = 0; i < ELEMENTSOF(words); i++)
        if (strcasecmp(words[i].name, word) == 0) {
            actions[PAM_SUCCESS] = actions[PAM_NEW_AUTHTOK_REQD] = words[i].success;
            actions[PAM_IGNORE] = words[i].ignore;
            fill(actions, words[i].failure);
            return true;
        }
    bool good = read_pairs(word, actions);
    fill(actions, STACK_BAD); /* what is not named counts as a failure */
    return good;
}

/* --- lines --- */

/* Takes over what is in the line, also on failure. */
static int add_line(Loading *loading, const Spot *spot, StackLine line) {
    Stack *stack = loading->stack;
    StackLine *grown = NULL;
    int r = stack->count == STACK_LINES_MAX ? -E2BIG : -ENOMEM;
    line.file = strdup(spot->file);
    line.number = spot->number;
    line.level = spot->level;
    if (line.file && stack->count < STACK_LINES_MAX)
        grown = reallocarray(stack->lines, stack->count + 1, sizeof *grown);
    if (!grown) {
        line_done(&line);
        return r;
    }
    stack->lines = grown;
    grown[stack->count++] = line;
    return 0;
}

static int add_broken(Loading *loading, const Spot *spot, const char *why, const char *what) {
    StackLine line = {0};
    if (asprintf(&line.broken, "%s%s%s", why, what[0] ? " " : "", what) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < STACK_CODES; i++)
        line.actions[i] = STACK_BAD;
    return add_line(loading, spot, line);
}

static int read_arguments(char *rest, StackLine *line) {
    for (const char *word; (word = next_word(&rest));) {
        char **grown = reallocarray(line->arguments, line->n_arguments + 1, sizeof *grown);
        if (!grown)
            return -ENOMEM;
        line->arguments = grown;
        grown[line->n_arguments] = strdup(word);
        if (!grown[line->n_arguments++])
            return -ENOMEM;
    }
    return 0;
}

static int add_module(Loading *loading, const Spot *spot, const char *control, char *rest) {
    StackLine line = {0};
    if (!read_control(control, line.actions))
        return add_broken(loading, spot, "a control that PAM does not understand:", control);
    const char *module = next_word(&rest);
    if (!module)
        return add_broken(loading, spot, "a line without a module", "");
    line.module = strdup(module);
    int r = line.module ? read_arguments(rest, &line) : -ENOMEM;
    if (r == 0)
        return add_line(loading, spot, line);
    line_done(&line);
    return r;
}

static int read_file(Loading *loading, const Spot *spot);

static int include(Loading *loading, const Spot *spot, const char *file, Spot below) {
    below.file = file;
    below.depth = spot->depth + 1;
    if (!file)
        return add_broken(loading, spot, "an include without a file", "");
    if (below.depth >= STACK_INCLUDES_MAX)
        return add_broken(loading, spot, "too many includes in each other, at", file);
    int r = read_file(loading, &below);
    if (r == -ENOMEM || r == -E2BIG || r == 0)
        return r;
    return add_broken(loading, spot, "an include that cannot be read:", file);
}

static int read_substack(Loading *loading, const Spot *spot, const char *file) {
    int r = add_line(loading, spot, (StackLine){.is_substack = true});
    return r < 0 ? r : include(loading, spot, file, (Spot){.level = spot->level + 1});
}

static bool type_is(const char *word, StackType type) {
    static const char *const types[] = {
        [STACK_AUTH] = "auth",
        [STACK_ACCOUNT] = "account",
        [STACK_PASSWORD] = "password",
        [STACK_SESSION] = "session",
    };
    return strcasecmp(word, types[type]) == 0;
}

/* One line, continuations and comment gone; cut to pieces. */
static int read_line(Loading *loading, const Spot *spot, char *text) {
    const char *type = next_word(&text);
    if (!type)
        return 0;
    if (strcasecmp(type, "@include") == 0)
        return include(loading, spot, next_word(&text), (Spot){.level = spot->level});
    type += *type == '-'; /* a missing file is not logged; it fails all the same */
    if (!type_is(type, loading->type))
        return 0;
    const char *control = next_word(&text);
    if (!control)
        return add_broken(loading, spot, "a line without a control", "");
    if (strcasecmp(control, "include") == 0)
        return include(loading, spot, next_word(&text), (Spot){.level = spot->level});
    if (strcasecmp(control, "substack") == 0)
        return read_substack(loading, spot, next_word(&text));
    return add_module(loading, spot, control, text);
}

/* --- files --- */

/* Whether the line goes on with the next one; the backslash becomes a space. */
static bool is_continued(char *text, size_t size) {
    while (size > 0 && strchr(WHITE_SPACE, text[size - 1]))
        size--;
    if (size == 0 || text[size - 1] != '\\')
        return false;
    text[size - 1] = ' ';
    return true;
}

static int read_text(Loading *loading, const Spot *file, char *text) {
    CLEANUP(bytes_done) Bytes whole = {0};
    Spot spot = *file;
    unsigned number = 0;
    for (bool goes_on = *text != '\0'; goes_on;) {
        size_t length = strcspn(text, "\n"), size = strcspn(text, "#\n");
        bool comment = text[size] == '#';
        goes_on = text[length] == '\n' && text[length + 1] != '\0';
        number++;
        if (whole.size == 0)
            spot.number = number;
        bool continued = !comment && is_continued(text, size);
        int r = bytes_append(&whole, (View){(const uint8_t *) text, size});
        text += length + goes_on;
        if (r == 0 && continued && goes_on)
            continue;
        if (r == 0)
            r = bytes_append_u8(&whole, 0);
        if (r == 0)
            r = read_line(loading, &spot, (char *) whole.data);
        if (r < 0)
            return r;
        bytes_done(&whole);
    }
    return 0;
}

static int slurp(const char *root, const char *folder, const char *file, Bytes *ret) {
    CLEANUP(free_pointer) char *path = NULL;
    if (asprintf(&path, "%s%s%s", root, folder, file) < 0) {
        path = NULL; /* unspecified after a failure */
        return -ENOMEM;
    }
    int r = file_read(path, FILE_SIZE_MAX, ret);
    return r < 0 ? r : bytes_append_u8(ret, 0); /* a NUL in the file ends it here as it does in libpam */
}

static int read_file(Loading *loading, const Spot *spot) {
    CLEANUP(bytes_done) Bytes text = {0};
    bool absolute = spot->file[0] == '/';
    int r = slurp(loading->root, absolute ? "" : "/etc/pam.d/", spot->file, &text);
    if (r == -ENOENT && !absolute)
        r = slurp(loading->root, "/usr/lib/pam.d/", spot->file, &text);
    return r < 0 ? r : read_text(loading, spot, (char *) text.data);
}

int stack_load(const char *root, const char *service, StackType type, Stack *ret) {
    CLEANUP(stack_done) Stack stack = {0};
    Loading loading = {.root = root, .type = type, .stack = &stack};
    int r = read_file(&loading, &(Spot){.file = service});
    if (r < 0)
        return r;
    *ret = stack;
    stack = (Stack){0};
    return 0;
}

/* --- running --- */

typedef enum Impression { IMPRESSION_NONE, IMPRESSION_GOOD, IMPRESSION_BAD } Impression;

typedef struct Standing {
    Impression impression;
    int code;
} Standing;

static void take_good(Standing *now, int code) {
    if (now->impression == IMPRESSION_NONE || (now->impression == IMPRESSION_GOOD && now->code == PAM_SUCCESS))
        *now = (Standing){IMPRESSION_GOOD, code};
}

static void take_bad(Standing *now, int code) {
    if (now->impression != IMPRESSION_BAD)
        *now = (Standing){IMPRESSION_BAD, code == PAM_IGNORE ? PAM_PERM_DENIED : code};
}

/* The last line of this level from here on: the one before where a substack ends. */
static size_t last_of_level(const Stack *stack, size_t i) {
    unsigned level = stack->lines[i].level;
    while (i + 1 < stack->count && stack->lines[i + 1].level >= level)
        i++;
    return i;
}

/* A substack counts as one line. Past the end of the level it is a failure, as in libpam. */
static size_t jump(const Stack *stack, size_t i, int over, Standing *now) {
    unsigned level = stack->lines[i].level;
    for (; over > 0 && i + 1 < stack->count && stack->lines[i + 1].level >= level; over--)
        do
            i++;
        while (i + 1 < stack->count && stack->lines[i + 1].level > level);
    if (over > 0)
        *now = (Standing){IMPRESSION_BAD, PAM_PERM_DENIED};
    return i;
}

/* The line to go on behind. */
static size_t act(const Stack *stack, size_t i, int code, const Standing *before, Standing *now) {
    int action = stack->lines[i].actions[code];
    switch (action) {
    case STACK_IGNORE:
        return i;
    case STACK_RESET:
        *now = *before;
        return i;
    case STACK_OK:
    case STACK_DONE:
        take_good(now, code);
        return action == STACK_DONE && now->impression == IMPRESSION_GOOD ? last_of_level(stack, i) : i;
    case STACK_BAD:
    case STACK_DIE:
        take_bad(now, code);
        return action == STACK_DIE ? last_of_level(stack, i) : i;
    default:
        return jump(stack, i, action, now);
    }
}

int stack_run(const Stack *stack, StackAnswer answer, void *userdata, bool *ran) {
    Standing now = {IMPRESSION_NONE, PAM_PERM_DENIED}, before[STACK_INCLUDES_MAX + 1] = {now};
    unsigned level = 0;
    for (size_t i = 0; ran && i < stack->count; i++)
        ran[i] = false;
    for (size_t i = 0; i < stack->count; i++) {
        const StackLine *line = &stack->lines[i];
        assert(line->level <= STACK_INCLUDES_MAX);
        if (line->level > level)
            before[line->level] = now;
        level = line->level;
        if (line->is_substack)
            continue;
        if (ran)
            ran[i] = true;
        int code = line->broken ? PAM_PERM_DENIED : answer(line, userdata);
        assert(code >= 0 && code < (int) STACK_CODES);
        i = act(stack, i, code, &before[level], &now);
        level = line->level;
    }
    return now.code == PAM_SUCCESS && now.impression != IMPRESSION_GOOD ? PAM_PERM_DENIED : now.code;
}

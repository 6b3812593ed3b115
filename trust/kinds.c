/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading kinds and finding a certificate's. Read at start and on reload, asked at every judgement; must never take a
 * file for read that has a mistake in it, nor take somebody for a holder whom the kind does not name. */
#include "trust/kinds.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>

#include "common/config_files.h"
#include "common/ini.h"
#include "common/text.h"
#include "trust/holder.h"
#include "trust/internal.h"
#include "trust/match.h"

#define KINDS_MAX 256u
#define KIND_NAME_MAX 64u

/* What a file says under one key. */
typedef struct Value {
    char *text; /* NULL: nothing */
    char *file;
    char *source; /* "FILE:LINE" */
    unsigned line, column;
} Value;

typedef enum HolderFrom {
    HOLDER_FROM_NAMES,          /* person, or person and organisation, as the certificate names them */
    HOLDER_FROM_PERSON,         /* a person and nobody else */
    HOLDER_FROM_REPRESENTATIVE, /* a person and an organisation */
    HOLDER_FROM_ATTRIBUTE,      /* one of the subject's attributes, in a realm */
} HolderFrom;

struct Kind {
    char *name;
    Value values[KIND_KEY_COUNT_];
    MatchRule *match;
    uint32_t priority;
    KindLogin login;
    bool needs_purpose;
    HolderFrom holder;
    char *realm;            /* of HOLDER_FROM_ATTRIBUTE */
    ASN1_OBJECT *attribute; /* likewise */
};

struct Kinds {
    atomic_uint references;
    Kind **items;
    size_t count;
};

static const struct {
    const char *name, *otherwise;
} keys[KIND_KEY_COUNT_] = {
#define X(symbol, key, otherwise_) [KIND_##symbol] = {.name = key, .otherwise = otherwise_},
    KIND_KEYS(X)
#undef X
};

static void value_done(Value *value) {
    free(value->text);
    free(value->file);
    free(value->source);
    *value = (Value){0};
}

static void kind_free(Kind *kind) {
    if (!kind)
        return;
    for (size_t i = 0; i < KIND_KEY_COUNT_; i++)
        value_done(&kind->values[i]);
    (void) match_free(kind->match); /* returns NULL */
    ASN1_OBJECT_free(kind->attribute);
    free(kind->realm);
    free(kind->name);
    free(kind);
}

Kinds *kinds_ref(Kinds *kinds) {
    if (kinds)
        (void) atomic_fetch_add(&kinds->references, 1);
    return kinds;
}

Kinds *kinds_unref(Kinds *kinds) {
    if (!kinds || atomic_fetch_sub(&kinds->references, 1) > 1)
        return NULL;
    for (size_t i = 0; i < kinds->count; i++)
        kind_free(kinds->items[i]);
    free(kinds->items);
    free(kinds);
    return NULL;
}

/* ── what may stand under a key ── */

/* Where in the value the fault is, and what it is. */
typedef struct Fault {
    size_t offset;
    char *what;
} Fault;

static void fault_done(Fault *fault) {
    free(fault->what);
}

static int fault_at(Fault *fault, size_t offset, const char *what) {
    fault->offset = offset;
    fault->what = strdup(what);
    return fault->what ? KINDS_INVALID : -ENOMEM;
}

static int read_match(Kind *kind, const char *text, Fault *fault) {
    int r = match_parse(text, &kind->match, &fault->offset, &fault->what);

    return r > 0 ? KINDS_INVALID : r;
}

static int read_priority(Kind *kind, const char *text, Fault *fault) {
    size_t digits = strspn(text, "0123456789");
    unsigned long long priority = digits > 0 && digits <= 10 ? strtoull(text, NULL, 10) : UINT64_MAX;

    if (text[digits] != '\0' || priority > UINT32_MAX)
        return fault_at(fault, 0, "priority wants a number from 0 (the first) to 4294967295");
    kind->priority = (uint32_t) priority;
    return 0;
}

static int read_login(Kind *kind, const char *text, Fault *fault) {
    static const char *const words[] = {[KIND_LOGIN_NO] = "no", [KIND_LOGIN_YES] = "yes", [KIND_LOGIN_NEVER] = "never"};

    for (size_t i = 0; i < ELEMENTSOF(words); i++)
        if (strcmp(text, words[i]) == 0) {
            kind->login = (KindLogin) i;
            return 0;
        }
    return fault_at(fault, 0, "login wants yes, no or never");
}

static int read_purpose(Kind *kind, const char *text, Fault *fault) {
    kind->needs_purpose = strcmp(text, "required") == 0;
    if (kind->needs_purpose || strcmp(text, "optional") == 0)
        return 0;
    return fault_at(fault, 0, "extended-key-usage wants required or optional");
}

/* OpenSSL has no name for it. */
#define OID_EMPLOYEE_NUMBER "2.16.840.1.113730.3.1.3"

static int read_attribute(Kind *kind, const char *text, size_t size, Fault *fault, size_t offset) {
    CLEANUP(free_pointer) char *name = strndup(text, size);

    if (!name)
        return -ENOMEM;
    kind->attribute = OBJ_txt2obj(strcmp(name, "employeeNumber") == 0 ? OID_EMPLOYEE_NUMBER : name, 0);
    ERR_clear_error();
    return kind->attribute ? 0 : fault_at(fault, offset, "no attribute of a name is called this; its OID would do");
}

/* "REALM:{subject_dn_component.ATTRIBUTE}" */
static int read_template(Kind *kind, const char *text, Fault *fault) {
    static const char opening[] = "{subject_dn_component.";
    const char *colon = strchrnul(text, ':'), *start = colon + (*colon != '\0'), *close = strchrnul(start, '}');

    if (!holder_is_realm((View){(const uint8_t *) text, (size_t) (colon - text)}))
        return fault_at(fault, 0,
                        "holder wants named, person, person+organisation, or REALM:{subject_dn_component.ATTRIBUTE} "
                        "with a realm of 3 to 32 capital letters");
    if (strncmp(start, opening, strlen(opening)) != 0)
        return fault_at(fault, (size_t) (start - text), "{subject_dn_component.ATTRIBUTE} is wanted behind the realm");
    if (*close == '\0' || close[1] != '\0')
        return fault_at(fault, (size_t) (close - text), "a holder ends with its }");
    kind->holder = HOLDER_FROM_ATTRIBUTE;
    kind->realm = strndup(text, (size_t) (colon - text));
    if (!kind->realm)
        return -ENOMEM;
    start += strlen(opening);
    return read_attribute(kind, start, (size_t) (close - start), fault, (size_t) (start - text));
}

static int read_holder(Kind *kind, const char *text, Fault *fault) {
    static const struct {
        const char *word;
        HolderFrom from;
    } words[] = {
        {"named", HOLDER_FROM_NAMES},
        {"person", HOLDER_FROM_PERSON},
        {"person+organisation", HOLDER_FROM_REPRESENTATIVE},
    };

    for (size_t i = 0; i < ELEMENTSOF(words); i++)
        if (strcmp(text, words[i].word) == 0) {
            kind->holder = words[i].from;
            return 0;
        }
    return read_template(kind, text, fault);
}

typedef int (*ReadFunction)(Kind *kind, const char *text, Fault *fault);

static const ReadFunction readers[KIND_KEY_COUNT_] = {
    [KIND_MATCH] = read_match,   [KIND_PRIORITY] = read_priority,
    [KIND_LOGIN] = read_login,   [KIND_EXTENDED_KEY_USAGE] = read_purpose,
    [KIND_HOLDER] = read_holder,
};

/* ── files ── */

typedef struct Loader {
    Kinds *kinds;
    const char *file; /* the one at hand */
} Loader;

static int problem_at(const char *file, unsigned line, unsigned column, const char *what, char **ret_problem) {
    CLEANUP(free_pointer) char *escaped = text_escape_string(what);

    if (!escaped || asprintf(ret_problem, "%s:%u:%u: %s", file, line, column, escaped) < 0) {
        *ret_problem = NULL;
        return -ENOMEM;
    }
    return KINDS_INVALID;
}

static bool is_kind_name(const char *name) {
    size_t size = strlen(name);

    return size > 0 && size <= KIND_NAME_MAX && name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

static Kind *find_kind(const Kinds *kinds, const char *name) {
    for (size_t i = 0; i < kinds->count; i++)
        if (strcmp(kinds->items[i]->name, name) == 0)
            return kinds->items[i];
    return NULL;
}

static Kind *add_kind(Kinds *kinds, const char *name) {
    Kind **grown = reallocarray(kinds->items, kinds->count + 1, sizeof(Kind *));
    Kind *kind;

    if (!grown)
        return NULL;
    kinds->items = grown;
    kind = calloc(1, sizeof(*kind));
    if (!kind)
        return NULL;
    kind->name = strdup(name);
    if (!kind->name) {
        kind_free(kind);
        return NULL;
    }
    return grown[kinds->count++] = kind;
}

static int entry_fault(unsigned *column, unsigned where, const char *what, char **ret_what) {
    *column = where;
    *ret_what = strdup(what);
    return *ret_what ? KINDS_INVALID : -ENOMEM;
}

static int set_value(const Loader *loader, Value *value, const IniEntry *entry) {
    value_done(value);
    value->line = entry->line;
    value->column = entry->value_column;
    value->text = strdup(entry->value);
    value->file = strdup(loader->file);
    if (asprintf(&value->source, "%s:%u", loader->file, entry->line) < 0)
        value->source = NULL;
    return value->text && value->file && value->source ? 0 : -ENOMEM;
}

static int assign_key(const Loader *loader, Kind *kind, KindKey key, const IniEntry *entry, unsigned *column,
                      char **ret_what) {
    Value *value = &kind->values[key];

    if (value->text && strcmp(value->file, loader->file) == 0)
        return entry_fault(column, entry->key_column, "this key stands in the file twice for this kind", ret_what);
    if (key == KIND_LOGIN && value->text && strcmp(value->text, "never") == 0 && strcmp(entry->value, "never") != 0)
        return entry_fault(column, entry->value_column, "login = never is final for this kind", ret_what);
    return set_value(loader, value, entry);
}

/* An IniAssignEntry. */
static int assign(void *data, const IniEntry *entry, unsigned *column, char **ret_what) {
    const Loader *loader = data;
    Kind *kind = find_kind(loader->kinds, entry->section);

    if (!is_kind_name(entry->section))
        return entry_fault(column, entry->key_column,
                           "the section above wants the name of a kind: small letters, digits and -", ret_what);
    if (!kind && loader->kinds->count == KINDS_MAX)
        return entry_fault(column, entry->key_column, "there are 256 kinds at most", ret_what);
    if (!kind)
        kind = add_kind(loader->kinds, entry->section);
    if (!kind)
        return -ENOMEM;
    for (KindKey key = 0; key < KIND_KEY_COUNT_; key++)
        if (strcmp(keys[key].name, entry->key) == 0)
            return assign_key(loader, kind, key, entry, column, ret_what);
    return entry_fault(column, entry->key_column, "unknown key", ret_what);
}

static int load_file(Kinds *kinds, const char *path, char **ret_problem) {
    CLEANUP(bytes_done) Bytes text = {0};
    CLEANUP(free_pointer) char *what = NULL;
    Loader loader = {.kinds = kinds, .file = path};
    unsigned line, column;
    int r = config_file_read(path, &text);

    if (r == -ENOMEM)
        return r;
    if (r < 0)
        return problem_at(path, 1, 1, strerrordesc_np(-r), ret_problem);
    r = ini_read_entries((char *) text.data, text.size - 1, assign, &loader, &line, &column, &what);
    return r <= 0 ? r : problem_at(path, line, column, what, ret_problem);
}

/* ── the whole ── */

/* The values as they are after all files. */
static int complete_key(Kind *kind, KindKey key, char **ret_problem) {
    const Value *value = &kind->values[key];
    CLEANUP(fault_done) Fault fault = {0};
    int r = readers[key] ? readers[key](kind, kind_text(kind, key), &fault) : 0;

    if (r <= 0)
        return r;
    return problem_at(value->file, value->line, value->column + (unsigned) fault.offset, fault.what, ret_problem);
}

/* Any value: there is one, or there would be no kind. */
static const Value *first_value(const Kind *kind) {
    for (size_t i = 0; i < KIND_KEY_COUNT_; i++)
        if (kind->values[i].text)
            return &kind->values[i];
    return NULL;
}

static int complete(Kind *kind, char **ret_problem) {
    const Value *any = first_value(kind), *holder = &kind->values[KIND_HOLDER];

    if (!kind->values[KIND_MATCH].text)
        return problem_at(any->file, any->line, 1, "a kind wants a rule under match, in this file or another",
                          ret_problem);
    for (KindKey key = 0; key < KIND_KEY_COUNT_; key++) {
        int r = complete_key(kind, key, ret_problem);

        if (r != 0)
            return r;
    }
    if (kind->holder == HOLDER_FROM_ATTRIBUTE && !match_demands_issuer(kind->match))
        return problem_at(holder->file, holder->line, holder->column,
                          "who is made of an attribute has to be told by its issuer: the rule under match wants an "
                          "<ISSUER> that must match",
                          ret_problem);
    return 0;
}

static int compare(const void *left, const void *right) {
    const Kind *a = *(Kind *const *) left, *b = *(Kind *const *) right;

    if (a->priority != b->priority)
        return a->priority < b->priority ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int load_files(Kinds *kinds, const char *const *folders, size_t n_folders, const char *name,
                      char **ret_problem) {
    CLEANUP(config_files_done) ConfigFiles files = {0};
    CLEANUP(free_pointer) char *folder = NULL;
    int r = config_files_find(folders, n_folders, name, &files, &folder);

    if (r < 0 && folder)
        return problem_at(folder, 1, 1, strerrordesc_np(-r), ret_problem);
    for (size_t i = 0; r == 0 && i < files.count; i++)
        r = load_file(kinds, files.paths[i], ret_problem);
    for (size_t i = 0; r == 0 && i < kinds->count; i++)
        r = complete(kinds->items[i], ret_problem);
    return r;
}

/* Nobody could sign in, and nobody would see why. */
static int no_kinds(const char *name, char **ret_problem) {
    CLEANUP(free_pointer) char *escaped = text_escape_string(name);

    if (!escaped || asprintf(ret_problem, "there are no kinds of certificate: no file in %s has any", escaped) < 0) {
        *ret_problem = NULL;
        return -ENOMEM;
    }
    return KINDS_NONE;
}

/* name: of the folder in each of the folders. */
static int load(const char *const *folders, size_t n_folders, const char *name, Kinds **ret, char **ret_problem) {
    CLEANUP(kinds_unrefp) Kinds *kinds = calloc(1, sizeof(*kinds));
    int r;

    if (!kinds)
        return -ENOMEM;
    atomic_init(&kinds->references, 1);
    r = load_files(kinds, folders, n_folders, name, ret_problem);
    if (r != 0)
        return r;
    if (kinds->count == 0)
        return no_kinds(name, ret_problem);
    qsort(kinds->items, kinds->count, sizeof(Kind *), compare);
    *ret = TAKE_PTR(kinds);
    return 0;
}

int kinds_load(const char *const *folders, size_t n_folders, Kinds **ret, char **ret_problem) {
    return load(folders, n_folders, KINDS_FOLDER, ret, ret_problem);
}

int kinds_load_folder(const char *folder, Kinds **ret, char **ret_problem) {
    CLEANUP(free_pointer) char *path = strdup(folder);
    const char *parent = ".", *name = path;
    size_t size = strlen(folder);
    char *slash;

    if (!path)
        return -ENOMEM;
    while (size > 1 && path[size - 1] == '/')
        path[--size] = '\0';
    slash = strrchr(path, '/');
    if (slash) {
        *slash = '\0';
        parent = path; /* "" for what lies in the root folder */
        name = slash + 1;
    }
    return load(&parent, 1, name, ret, ret_problem);
}

size_t kinds_count(const Kinds *kinds) {
    return kinds->count;
}

int kinds_find(const Kinds *kinds, const Certificate *certificate, const Kind **ret) {
    *ret = NULL;
    for (size_t i = 0; i < kinds->count; i++) {
        bool matches;
        int r = match_test(kinds->items[i]->match, certificate, &matches);

        if (r < 0)
            return r;
        if (!matches)
            continue;
        *ret = kinds->items[i];
        return 0;
    }
    return 0;
}

/* ── one kind ── */

const char *kind_key_name(KindKey key) {
    return keys[key].name;
}

const char *kind_name(const Kind *kind) {
    return kind->name;
}

const char *kind_text(const Kind *kind, KindKey key) {
    return kind->values[key].text ? kind->values[key].text : keys[key].otherwise;
}

const char *kind_source(const Kind *kind, KindKey key) {
    return kind->values[key].source ? kind->values[key].source : "";
}

KindLogin kind_login(const Kind *kind) {
    return kind->login;
}

bool kind_needs_extended_key_usage(const Kind *kind) {
    return kind->needs_purpose;
}

bool kind_demands_holder(const Kind *kind) {
    return kind->holder != HOLDER_FROM_NAMES;
}

static int no_holder(char **ret) {
    *ret = strdup("");
    return *ret ? 0 : -ENOMEM;
}

/* Exactly one value: of two, nobody could say which is meant. */
static int holder_of_attribute(const Kind *kind, const Certificate *certificate, char **ret) {
    const X509_NAME *subject = X509_get_subject_name(certificate_x509(certificate));
    int index = X509_NAME_get_index_by_OBJ(subject, kind->attribute, -1);
    CLEANUP(bytes_done) Bytes value = {0};
    int r;

    if (index < 0 || X509_NAME_get_index_by_OBJ(subject, kind->attribute, index) >= 0)
        return no_holder(ret);
    r = name_entry_utf8(X509_NAME_get_entry(subject, index), &value);
    if (r == 0)
        r = holder_make(kind->realm, bytes_view(&value), ret);
    return r == -EINVAL ? no_holder(ret) : r;
}

int kind_holder(const Kind *kind, const Certificate *certificate, char **ret) {
    const char *named = certificate_facts(certificate)->holder;
    bool organisation = strchr(named, '@') != NULL;

    if (kind->holder == HOLDER_FROM_ATTRIBUTE)
        return holder_of_attribute(kind, certificate, ret);
    if ((kind->holder == HOLDER_FROM_PERSON && organisation) ||
        (kind->holder == HOLDER_FROM_REPRESENTATIVE && !organisation))
        return no_holder(ret);
    *ret = strdup(named);
    return *ret ? 0 : -ENOMEM;
}

int kinds_judge(const Kinds *kinds, const Certificate *certificate, const Kind **ret_kind, char **ret_holder) {
    const Kind *kind = NULL;
    int r = kinds ? kinds_find(kinds, certificate, &kind) : 0;

    if (r < 0)
        return r;
    *ret_kind = kind;
    if (kind)
        return kind_holder(kind, certificate, ret_holder);
    *ret_holder = strdup(certificate_facts(certificate)->holder);
    return *ret_holder ? 0 : -ENOMEM;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsing and testing of match rules. Parsed when kinds are loaded, tested at every judgement; must never let a value
 * of a certificate decide how long a test takes beyond its length, nor match what cannot be seen. */
#include "trust/match.h"

#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <sodium.h>

#include "common/text.h"
#include "trust/expression.h"
#include "trust/internal.h"
#include "trust/trust.h"

#define MATCH_REGEX_MAX 512u /* octets of one expression */
/* Octets of a name, more than any issuer writes. */
#define MATCH_TEXT_MAX 1024u
#define MATCH_COMPONENTS_MAX 32u
#define MATCH_LIST_MAX 32u
#define MATCH_OID_SIZE 128u

#define OID_NT_PRINCIPAL "1.3.6.1.4.1.311.20.2.3"

typedef enum Field {
    FIELD_SUBJECT,
    FIELD_ISSUER,
    FIELD_KEY_USAGE,
    FIELD_PURPOSE,
    FIELD_POLICY,
    FIELD_ALTERNATIVE_NAME,
} Field;

typedef struct Component {
    Field field;
    int name_type;  /* of FIELD_ALTERNATIVE_NAME: GEN_... */
    char *other;    /* of GEN_OTHERNAME: its OID, dotted */
    bool principal; /* besides, PKINIT's is as good */
    bool has_regex;
    regex_t regex;
    Bytes blob; /* instead of one: octets of the name's value */
    uint32_t usage;
    char **oids; /* of FIELD_PURPOSE and FIELD_POLICY; dotted, NULL-terminated */
} Component;

struct MatchRule {
    bool any; /* "||" */
    Component *components;
    size_t count;
};

static void component_done(Component *component) {
    if (component->has_regex)
        regfree(&component->regex);
    for (size_t i = 0; component->oids && component->oids[i]; i++)
        free(component->oids[i]);
    free(component->oids);
    free(component->other);
    bytes_done(&component->blob);
}

MatchRule *match_free(MatchRule *rule) {
    if (!rule)
        return NULL;
    for (size_t i = 0; i < rule->count; i++)
        component_done(&rule->components[i]);
    free(rule->components);
    free(rule);
    return NULL;
}

/* ── parsing ── */

typedef enum Operator {
    OPERATOR_NONE,
    OPERATOR_ALL,
    OPERATOR_ANY,
} Operator;

typedef struct Parser {
    const char *text;
    const char *position;
    Operator operator; /* the rule's, once there is one */
    size_t *ret_offset;
    char **ret_what;
} Parser;

__attribute__((format(printf, 3, 4))) static int invalid(const Parser *parser, const char *where, const char *format,
                                                         ...) {
    va_list arguments;
    int r;

    *parser->ret_offset = (size_t) (where - parser->text);
    va_start(arguments, format);
    r = vasprintf(parser->ret_what, format, arguments);
    va_end(arguments);
    if (r >= 0)
        return MATCH_INVALID;
    *parser->ret_what = NULL;
    return -ENOMEM;
}

static void skip_spaces(Parser *parser) {
    parser->position += strspn(parser->position, " \t");
}

static Operator operator_at(const char *text) {
    if (strncmp(text, "&&", 2) == 0)
        return OPERATOR_ALL;
    return strncmp(text, "||", 2) == 0 ? OPERATOR_ANY : OPERATOR_NONE;
}

static int parse_operator(Parser *parser) {
    Operator found = operator_at(parser->position);

    if (found == OPERATOR_NONE)
        return 0;
    if (parser->operator!= OPERATOR_NONE && parser->operator!= found)
        return invalid(parser, parser->position, "a rule has either && or ||, not both");
    parser->operator= found;
    parser->position += 2;
    skip_spaces(parser);
    return 0;
}

/* A part of the rule's text, without the spaces around it. */
typedef struct Part {
    const char *start;
    size_t size;
} Part;

static Part part_trimmed(const char *start, const char *end) {
    while (start < end && (*start == ' ' || *start == '\t'))
        start++;
    while (start < end && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (Part){.start = start, .size = (size_t) (end - start)};
}

static bool part_is(Part part, const char *word) {
    return strlen(word) == part.size && memcmp(part.start, word, part.size) == 0;
}

/* The value of a component, up to the next '<' or the end; an operator that joins it to the next is left to be read. */
static Part parse_value(Parser *parser) {
    const char *start = parser->position, *end = strchrnul(start, '<');
    Part part = part_trimmed(start, end);

    parser->position = end;
    if (*end == '\0' || part.size < 2 || operator_at(part.start + part.size - 2) == OPERATOR_NONE)
        return part;
    parser->position = part.start + part.size - 2;
    return part_trimmed(part.start, parser->position);
}

static int parse_regex(const Parser *parser, Part value, Component *component) {
    CLEANUP(free_pointer) char *text = NULL;
    CLEANUP(free_pointer) char *what = NULL;
    int r;

    if (value.size == 0)
        return invalid(parser, value.start, "a regular expression is missing");
    if (value.size > MATCH_REGEX_MAX)
        return invalid(parser, value.start, "the regular expression is longer than 512 octets");
    text = strndup(value.start, value.size);
    if (!text)
        return -ENOMEM;
    r = expression_compile(text, &component->regex, &what);
    component->has_regex = r == 0;
    return r <= 0 ? r : invalid(parser, value.start, "%s", what);
}

static int parse_blob(const Parser *parser, Part value, Component *component) {
    if (value.size == 0)
        return invalid(parser, value.start, "what to look for is missing, in base64");
    component->blob.data = malloc(value.size);
    if (!component->blob.data)
        return -ENOMEM;
    if (sodium_base642bin(component->blob.data, value.size, value.start, value.size, NULL, &component->blob.size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        component->blob.size == 0)
        return invalid(parser, value.start, "%.*s is not base64", (int) value.size, value.start);
    return 0;
}

typedef int (*ListItem)(const Parser *parser, Part item, Component *component);

static int parse_list(const Parser *parser, Part value, Component *component, ListItem parse) {
    const char *position = value.start, *end = value.start + value.size;

    for (size_t i = 0;; i++) {
        const char *comma = memchr(position, ',', (size_t) (end - position));
        Part item = part_trimmed(position, comma ? comma : end);
        int r;

        if (item.size == 0)
            return invalid(parser, item.start, "an empty place in a list");
        if (i == MATCH_LIST_MAX)
            return invalid(parser, item.start, "a list has 32 words at most");
        r = parse(parser, item, component);
        if (r != 0 || !comma)
            return r;
        position = comma + 1;
    }
}

static View part_view(Part part) {
    return (View){.data = (const uint8_t *) part.start, .size = part.size};
}

static int parse_usage(const Parser *parser, Part item, Component *component) {
    uint32_t bit = usage_bit(part_view(item));

    if (bit == 0 && item.size <= 9 && strspn(item.start, "0123456789") >= item.size)
        bit = (uint32_t) strtoul(item.start, NULL, 10);
    else if (bit == 0)
        return invalid(parser, item.start, "unknown key usage %.*s", (int) item.size, item.start);
    component->usage |= bit;
    return 0;
}

/* In OpenSSL's own spelling, so that texts compare. MATCH_INVALID when it is no OID. */
static int canonical_oid(const char *dotted, char **ret) {
    char text[MATCH_OID_SIZE];
    ASN1_OBJECT *object = trust_is_oid(dotted) ? OBJ_txt2obj(dotted, 1) : NULL;
    int size = object ? OBJ_obj2txt(text, sizeof(text), object, 1) : 0;

    ASN1_OBJECT_free(object);
    if (size <= 0 || (size_t) size >= sizeof(text))
        return MATCH_INVALID;
    *ret = strdup(text);
    return *ret ? 0 : -ENOMEM;
}

static int part_oid(const Parser *parser, Part item, char **ret) {
    CLEANUP(free_pointer) char *dotted = strndup(item.start, item.size);
    int r = dotted ? canonical_oid(dotted, ret) : -ENOMEM;

    return r <= 0 ? r : invalid(parser, item.start, "%s is no OID", dotted);
}

static int add_oid(Component *component, char **oid) {
    size_t count = 0;
    char **grown;

    while (component->oids && component->oids[count])
        count++;
    grown = reallocarray(component->oids, count + 2, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    component->oids = grown;
    grown[count] = TAKE_PTR(*oid);
    grown[count + 1] = NULL;
    return 0;
}

static int parse_oid(const Parser *parser, Part item, Component *component) {
    CLEANUP(free_pointer) char *oid = NULL;
    int r = part_oid(parser, item, &oid);

    return r != 0 ? r : add_oid(component, &oid);
}

static int parse_purpose(const Parser *parser, Part item, Component *component) {
    const char *known = usage_purpose_oid(part_view(item));
    CLEANUP(free_pointer) char *oid = known ? strdup(known) : NULL;

    if (!known)
        return parse_oid(parser, item, component);
    return oid ? add_oid(component, &oid) : -ENOMEM;
}

static int parse_name_type(const Parser *parser, Part type, Component *component) {
    static const struct {
        const char *name;
        int type;
        const char *other;
    } types[] = {
        {"rfc822Name", GEN_EMAIL, NULL},
        {"dNSName", GEN_DNS, NULL},
        {"uniformResourceIdentifier", GEN_URI, NULL},
        {"iPAddress", GEN_IPADD, NULL},
        {"registeredID", GEN_RID, NULL},
        {"directoryName", GEN_DIRNAME, NULL},
        {"ntPrincipalName", GEN_OTHERNAME, OID_NT_PRINCIPAL},
        {"pkinit", GEN_OTHERNAME, NAME_PKINIT_OID},
        {"Principal", GEN_OTHERNAME, OID_NT_PRINCIPAL},
        {"otherName", GEN_OTHERNAME, NULL},
        {"x400Address", GEN_X400, NULL},
        {"ediPartyName", GEN_EDIPARTY, NULL},
    };

    component->principal = part_is(type, "Principal");
    for (size_t i = 0; i < ELEMENTSOF(types); i++)
        if (part_is(type, types[i].name)) {
            component->name_type = types[i].type;
            component->other = types[i].other ? strdup(types[i].other) : NULL;
            return types[i].other && !component->other ? -ENOMEM : 0;
        }
    component->name_type = GEN_OTHERNAME;
    if (type.size > 0 && type.start[0] >= '0' && type.start[0] <= '9')
        return part_oid(parser, type, &component->other);
    return invalid(parser, type.start, "unknown or unsupported type of name %.*s", (int) type.size, type.start);
}

static int parse_keyword(const Parser *parser, Part word, Component *component) {
    static const struct {
        const char *name;
        Field field;
    } fields[] = {
        {"SUBJECT", FIELD_SUBJECT}, {"ISSUER", FIELD_ISSUER}, {"KU", FIELD_KEY_USAGE},
        {"EKU", FIELD_PURPOSE},     {"POLICY", FIELD_POLICY}, {"SAN", FIELD_ALTERNATIVE_NAME},
    };

    for (size_t i = 0; i < ELEMENTSOF(fields); i++)
        if (part_is(word, fields[i].name)) {
            component->field = fields[i].field;
            return component->field == FIELD_ALTERNATIVE_NAME
                       ? parse_name_type(parser, (Part){"Principal", strlen("Principal")}, component)
                       : 0;
        }
    if (word.size > 4 && memcmp(word.start, "SAN:", 4) == 0) {
        component->field = FIELD_ALTERNATIVE_NAME;
        return parse_name_type(parser, (Part){word.start + 4, word.size - 4}, component);
    }
    return invalid(parser, word.start, "unknown component <%.*s>", (int) word.size, word.start);
}

/* Names of these types are no texts: any otherName, whatever its OID, and two that hold structures. */
static bool has_blob(const Component *component) {
    return component->name_type == GEN_X400 || component->name_type == GEN_EDIPARTY ||
           (component->name_type == GEN_OTHERNAME && !component->other);
}

static int parse_content(const Parser *parser, Part value, Component *component) {
    switch (component->field) {
    case FIELD_KEY_USAGE:
        return parse_list(parser, value, component, parse_usage);
    case FIELD_PURPOSE:
        return parse_list(parser, value, component, parse_purpose);
    case FIELD_POLICY:
        return parse_list(parser, value, component, parse_oid);
    case FIELD_ALTERNATIVE_NAME:
        if (has_blob(component))
            return parse_blob(parser, value, component);
        break;
    case FIELD_SUBJECT:
    case FIELD_ISSUER:
        break;
    }
    return parse_regex(parser, value, component);
}

static int parse_component(Parser *parser, Component *component) {
    const char *close;
    int r;

    if (*parser->position != '<')
        return invalid(parser, parser->position, "a component such as <ISSUER> is wanted here");
    close = strchr(parser->position, '>');
    if (!close)
        return invalid(parser, parser->position, "the > is missing");
    r = parse_keyword(parser, (Part){parser->position + 1, (size_t) (close - parser->position) - 1}, component);
    if (r != 0)
        return r;
    parser->position = close + 1;
    return parse_content(parser, parse_value(parser), component);
}

static int parse_next(Parser *parser, MatchRule *rule) {
    Component *grown;
    int r = parse_operator(parser);

    if (r != 0)
        return r;
    if (rule->count == MATCH_COMPONENTS_MAX)
        return invalid(parser, parser->position, "a rule has 32 components at most");
    grown = reallocarray(rule->components, rule->count + 1, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    rule->components = grown;
    grown[rule->count] = (Component){0};
    return parse_component(parser, &grown[rule->count++]);
}

/* The kind of rule; sss-certmap(5) knows no other than KRB5 either. */
static int parse_prefix(Parser *parser) {
    size_t size = strspn(parser->position, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    if (parser->position[size] != ':')
        return 0;
    if (!part_is((Part){parser->position, size}, "KRB5"))
        return invalid(parser, parser->position, "unknown kind of rule before the colon");
    parser->position += size + 1;
    skip_spaces(parser);
    return 0;
}

int match_parse(const char *text, MatchRule **ret, size_t *ret_offset, char **ret_what) {
    Parser parser = {.text = text, .position = text, .ret_offset = ret_offset, .ret_what = ret_what};
    CLEANUP(match_freep) MatchRule *rule = calloc(1, sizeof(*rule));
    int r;

    if (!rule)
        return -ENOMEM;
    skip_spaces(&parser);
    r = parse_prefix(&parser);
    while (r == 0) {
        r = parse_next(&parser, rule);
        if (r == 0 && *parser.position == '\0')
            break;
    }
    if (r != 0)
        return r;
    rule->any = parser.operator== OPERATOR_ANY;
    *ret = TAKE_PTR(rule);
    return 0;
}

bool match_demands_issuer(const MatchRule *rule) {
    bool demanded = rule->count > 0 && rule->any;

    for (size_t i = 0; i < rule->count; i++)
        if (rule->any)
            demanded = demanded && rule->components[i].field == FIELD_ISSUER;
        else
            demanded = demanded || rule->components[i].field == FIELD_ISSUER;
    return demanded;
}

/* ── testing ── */

/* text: NUL-terminated octets of this size. */
static int test_text(const Component *component, View text, bool *ret) {
    int r;

    if (text.size > MATCH_TEXT_MAX || !text_is_printable(text))
        return 0;
    r = regexec(&component->regex, (const char *) text.data, 0, NULL, 0);
    if (r == REG_ESPACE)
        return -ENOMEM;
    *ret = r == 0;
    return 0;
}

static int test_bytes(const Component *component, Bytes *text, bool *ret) {
    int r = bytes_append_u8(text, 0);

    return r < 0 ? r : test_text(component, (View){.data = text->data, .size = text->size - 1}, ret);
}

/* name_text() writes what cannot be seen in another way, so that is looked for first. */
static int test_name(const Component *component, const X509_NAME *name, const char *text, bool *ret) {
    return name_is_printable(name) ? test_text(component, (View){(const uint8_t *) text, strlen(text)}, ret) : 0;
}

static bool test_usage(const Component *component, X509 *certificate) {
    uint32_t usage = X509_get_key_usage(certificate);

    return usage != UINT32_MAX && (usage & component->usage) == component->usage; /* UINT32_MAX: it has none */
}

static bool has_purpose(const EXTENDED_KEY_USAGE *purposes, const char *oid) {
    for (int i = 0; i < sk_ASN1_OBJECT_num(purposes); i++) {
        char text[MATCH_OID_SIZE];
        int size = OBJ_obj2txt(text, sizeof(text), sk_ASN1_OBJECT_value(purposes, i), 1);

        if (size > 0 && (size_t) size < sizeof(text) && strcmp(text, oid) == 0)
            return true;
    }
    return false;
}

static bool test_purposes(const Component *component, X509 *certificate) {
    EXTENDED_KEY_USAGE *purposes = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
    bool all = true;

    for (size_t i = 0; component->oids[i] && all; i++)
        all = has_purpose(purposes, component->oids[i]);
    EXTENDED_KEY_USAGE_free(purposes);
    ERR_clear_error();
    return all;
}

static bool has_policy(const Certificate *certificate, const char *oid) {
    const char *const *policies = certificate_facts(certificate)->policies;

    for (size_t i = 0; policies[i]; i++)
        if (strcmp(policies[i], oid) == 0)
            return true;
    return false;
}

static bool test_policies(const Component *component, const Certificate *certificate) {
    for (size_t i = 0; component->oids[i]; i++)
        if (!has_policy(certificate, component->oids[i]))
            return false;
    return true;
}

static int test_directory(const Component *component, const X509_NAME *name, bool *ret) {
    CLEANUP(free_pointer) char *text = name_text(name);

    return text ? test_name(component, name, text, ret) : -ENOMEM;
}

/* An otherName's own OID is not searched. */
static int value_der(const GENERAL_NAME *name, uint8_t **ret) {
    ASN1_TYPE *value;

    *ret = NULL;
    return GENERAL_NAME_get0_otherName(name, NULL, &value) ? i2d_ASN1_TYPE(value, ret) : i2d_GENERAL_NAME(name, ret);
}

static int test_octets(const Component *component, const GENERAL_NAME *name, bool *ret) {
    uint8_t *der;
    int size = value_der(name, &der);

    if (size <= 0) {
        ERR_clear_error();
        return -ENOMEM;
    }
    *ret = memmem(der, (size_t) size, component->blob.data, component->blob.size) != NULL;
    OPENSSL_free(der);
    return 0;
}

static int test_alternative_name(const Component *component, const GENERAL_NAME *name, bool *ret) {
    CLEANUP(bytes_done) Bytes text = {0};
    int type = 0, r;
    const void *value = GENERAL_NAME_get0_value(name, &type);

    if (type != component->name_type)
        return 0;
    if (component->blob.size > 0)
        return test_octets(component, name, ret);
    if (type == GEN_DIRNAME)
        return test_directory(component, value, ret);
    r = name_general_text(name, component->other, &text);
    if (r > 0 && component->principal)
        r = name_general_text(name, NAME_PKINIT_OID, &text);
    return r < 0 ? r : r > 0 ? 0 : test_bytes(component, &text, ret);
}

static int test_alternative_names(const Component *component, X509 *certificate, bool *ret) {
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int r = 0;

    ERR_clear_error();
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && r == 0 && !*ret; i++)
        r = test_alternative_name(component, sk_GENERAL_NAME_value(names, i), ret);
    GENERAL_NAMES_free(names);
    return r;
}

static int test_component(const Component *component, const Certificate *certificate, bool *ret) {
    const CertificateFacts *facts = certificate_facts(certificate);
    X509 *x509 = certificate_x509(certificate);

    *ret = false;
    switch (component->field) {
    case FIELD_SUBJECT:
        return test_name(component, X509_get_subject_name(x509), facts->subject, ret);
    case FIELD_ISSUER:
        return test_name(component, X509_get_issuer_name(x509), facts->issuer, ret);
    case FIELD_KEY_USAGE:
        *ret = test_usage(component, x509);
        return 0;
    case FIELD_PURPOSE:
        *ret = test_purposes(component, x509);
        return 0;
    case FIELD_POLICY:
        *ret = test_policies(component, certificate);
        return 0;
    case FIELD_ALTERNATIVE_NAME:
        return test_alternative_names(component, x509, ret);
    }
    return 0;
}

int match_test(const MatchRule *rule, const Certificate *certificate, bool *ret) {
    bool matches = !rule->any;
    int r = 0;

    for (size_t i = 0; i < rule->count && r == 0 && matches != rule->any; i++)
        r = test_component(&rule->components[i], certificate, &matches);
    *ret = matches;
    return r;
}

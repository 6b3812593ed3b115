/* SPDX-License-Identifier: BSD-2-Clause */
/* Normal form of holders. Called for every certificate that is parsed and for what administrators type; must never turn
 * two different ids into the same text, nor a representative into the person. */
#include "trust/holder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "trust/internal.h"

#define HOLDER_ID_MAX 40u    /* octets of one id without its country */
#define HOLDER_TEXT_MAX 128u /* octets of any holder */
#define HOLDER_REALM_MAX 32u
#define HOLDER_VALUE_MAX 64u

typedef enum IdKind {
    ID_NONE,
    ID_PERSON,
    ID_ORGANISATION,
} IdKind;

/* Identity types of ETSI EN 319 412-1 5.1.3 and 5.1.4. Where a country's numbers are not known here, the type stays in
 * the normal form
 * ("FR:PAS-12AB34567"), since a passport and an identity card may have the same number. */
typedef struct IdType {
    const char *name;
    IdKind kind;
} IdType;

static const IdType id_types[] = {
    {"IDC", ID_PERSON},       {"TIN", ID_PERSON},       {"PNO", ID_PERSON},
    {"PAS", ID_PERSON},       {"VAT", ID_ORGANISATION}, {"NTR", ID_ORGANISATION},
    {"GOV", ID_ORGANISATION}, {"LEI", ID_ORGANISATION}, {"PSD", ID_ORGANISATION},
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return c >= 'A' && c <= 'Z';
}

static char upper(char c) {
    return c >= 'a' && c <= 'z' ? (char) (c - 'a' + 'A') : c;
}

/* Value of `count` digits; -1 when there is something else among them. */
static long digits_value(const char *text, size_t count) {
    long value = 0;

    for (size_t i = 0; i < count; i++) {
        if (!is_digit(text[i]))
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* NIF of citizens (8 digits), of persons without DNI (K, L, M) and NIE (X, Y, Z), each with a letter from the number
 * modulo 23. */
static bool is_spanish_person(const char *id) {
    static const char letters[] = "TRWAGMYFPDXBNJZSQVHLCKE";
    static const char foreigners[] = "XYZ";
    bool prefixed = !is_digit(id[0]);
    long value;

    if (strlen(id) != 9 || (prefixed && !strchr("KLMXYZ", id[0])))
        return false;
    value = prefixed ? digits_value(id + 1, 7) : digits_value(id, 8);
    if (value < 0)
        return false;
    if (strchr(foreigners, id[0]))
        value += 10000000L * (strchr(foreigners, id[0]) - foreigners);
    return id[8] == letters[value % 23];
}

/* CIF: a letter for the legal form, seven digits, a control that is a digit, a letter, or either, by legal form. */
static bool is_spanish_organisation(const char *id) {
    static const char letters[] = "JABCDEFGHI";
    int sum = 0, control;

    if (strlen(id) != 9 || !strchr("ABCDEFGHJNPQRSUVW", id[0]) || digits_value(id + 1, 7) < 0)
        return false;
    for (size_t i = 1; i <= 7; i++) {
        int digit = id[i] - '0';
        int doubled = 2 * digit;

        sum += i % 2 == 1 ? doubled / 10 + doubled % 10 : digit;
    }
    control = (10 - sum % 10) % 10;
    if (id[8] == '0' + control)
        return !strchr("NPQRSW", id[0]);
    return id[8] == letters[control] && !strchr("ABEH", id[0]);
}

static IdKind spanish_kind(const char *id) {
    if (is_spanish_person(id))
        return ID_PERSON;
    return is_spanish_organisation(id) ? ID_ORGANISATION : ID_NONE;
}

static const IdType *type_find(const char *text) {
    for (size_t i = 0; i < ELEMENTSOF(id_types); i++)
        if (strncmp(text, id_types[i].name, 3) == 0)
            return &id_types[i];
    return NULL;
}

static bool is_number(const char *text) {
    size_t size = strlen(text);

    if (size == 0 || size > HOLDER_ID_MAX || text[0] == '-' || text[size - 1] == '-')
        return false;
    for (size_t i = 0; i < size; i++)
        if (!is_letter(text[i]) && !is_digit(text[i]) && text[i] != '-')
            return false;
    return true;
}

static int id_print(const char *country, const char *type, const char *number, char **ret) {
    const char *dash = type[0] != '\0' ? "-" : "";

    if (asprintf(ret, "%.2s:%.3s%s%s", country, type, dash, number) < 0) {
        *ret = NULL;
        return -ENOMEM;
    }
    return 0;
}

static IdKind kind_or_fault(int r, IdKind kind, int *ret_fault) {
    *ret_fault = r;
    return r < 0 ? ID_NONE : kind;
}

/* Spanish identity card, tax and VAT numbers are one and the same. */
static bool type_is_fiscal(const IdType *type) {
    return strcmp(type->name, "IDC") == 0 || strcmp(type->name, "TIN") == 0 || strcmp(type->name, "PNO") == 0 ||
           strcmp(type->name, "VAT") == 0;
}

/* One id of a known type and country. */
static IdKind id_typed(const IdType *type, const char *country, const char *number, char **ret, int *ret_fault) {
    bool spanish = strncmp(country, "ES", 2) == 0;
    IdKind kind;

    if (!is_letter(country[0]) || !is_letter(country[1]) || !is_number(number))
        return ID_NONE;
    if (!spanish || !type_is_fiscal(type))
        return kind_or_fault(id_print(country, type->name, number, ret), type->kind, ret_fault);
    kind = spanish_kind(number);
    if (kind == ID_NONE || (type->kind == ID_PERSON && kind != ID_PERSON))
        return ID_NONE;
    /* A person in trade has the same number for VAT, and is an organisation where one is named. */
    return kind_or_fault(id_print(country, "", number, ret), type->kind, ret_fault);
}

/* One id in any form, upper case. The kind, with the normal form in *ret; ID_NONE when it is none, or on a fault. */
static IdKind id_normalise(const char *text, char **ret, int *ret_fault) {
    const IdType *type;
    size_t size = strlen(text);
    IdKind kind = spanish_kind(text);

    *ret_fault = 0;
    if (kind != ID_NONE) /* bare */
        return kind_or_fault(id_print("ES", "", text, ret), kind, ret_fault);
    if (size > 6 && text[5] == '-' && (type = type_find(text))) /* IDCES-00000000T */
        return id_typed(type, text + 3, text + 6, ret, ret_fault);
    if (size > 7 && text[2] == ':' && text[6] == '-' && (type = type_find(text + 3))) /* FR:PAS-12AB34567 */
        return id_typed(type, text, text + 7, ret, ret_fault);
    if (size > 3 && strncmp(text, "ES:", 3) == 0) { /* ES:00000000T */
        kind = spanish_kind(text + 3);
        if (kind != ID_NONE)
            return kind_or_fault(id_print("ES", "", text + 3, ret), kind, ret_fault);
    }
    return ID_NONE;
}

static int part_normalise(const char *text, bool organisation, char **ret) {
    int fault;
    IdKind kind = id_normalise(text, ret, &fault);

    if (fault < 0)
        return fault;
    if (kind == ID_PERSON || (kind == ID_ORGANISATION && organisation))
        return 0;
    free(*ret);
    *ret = NULL;
    return -EINVAL;
}

static int holder_join(const char *person, const char *organisation, char **ret) {
    int r = organisation ? asprintf(ret, "%s@%s", person, organisation) : asprintf(ret, "%s", person);

    if (r >= 0)
        return 0;
    *ret = NULL;
    return -ENOMEM;
}

bool holder_is_realm(View text) {
    if (text.size < 3 || text.size > HOLDER_REALM_MAX || !is_letter((char) text.data[0]))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!is_letter((char) text.data[i]) && !is_digit((char) text.data[i]) && text.data[i] != '-')
            return false;
    return true;
}

int holder_make(const char *realm, View value, char **ret) {
    if (value.size == 0 || value.size > HOLDER_VALUE_MAX || !text_is_printable(value) || value.data[0] == ' ' ||
        value.data[value.size - 1] == ' ')
        return -EINVAL;
    if (asprintf(ret, "%s:%.*s", realm, (int) value.size, (const char *) value.data) >= 0)
        return 0;
    *ret = NULL;
    return -ENOMEM;
}

/* text: "realm:value"; the realm in any case, the value as it is. -EINVAL when it is no such form. */
static int realm_normalise(const char *text, char **ret) {
    CLEANUP(free_pointer) char *realm = strdup(text);
    char *colon = realm ? strchr(realm, ':') : NULL;

    if (!realm)
        return -ENOMEM;
    if (!colon)
        return -EINVAL;
    *colon++ = '\0';
    for (char *c = realm; *c; c++)
        *c = upper(*c);
    if (!holder_is_realm((View){(const uint8_t *) realm, strlen(realm)}))
        return -EINVAL;
    return holder_make(realm, (View){(const uint8_t *) colon, strlen(colon)}, ret);
}

int holder_normalise(const char *text, char **ret) {
    CLEANUP(free_pointer) char *copy = NULL, *person = NULL, *organisation = NULL;
    char *at;
    int r;

    if (strnlen(text, HOLDER_TEXT_MAX + 1) > HOLDER_TEXT_MAX)
        return -EINVAL;
    r = realm_normalise(text, ret);
    if (r != -EINVAL)
        return r;
    copy = strdup(text);
    if (!copy)
        return -ENOMEM;
    for (char *c = copy; *c; c++)
        *c = upper(*c);
    at = strchr(copy, '@');
    if (at)
        *at++ = '\0';
    r = part_normalise(copy, false, &person);
    if (r < 0)
        return r;
    if (at) {
        r = part_normalise(at, true, &organisation);
        if (r < 0)
            return r;
    }
    return holder_join(person, organisation, ret);
}

bool holder_is_valid(const char *holder) {
    CLEANUP(free_pointer) char *normal = NULL;

    return holder_normalise(holder, &normal) == 0 && strcmp(normal, holder) == 0;
}

void holder_claims_done(HolderClaims *claims) {
    free(claims->person);
    free(claims->organisation);
    *claims = (HolderClaims){0};
}

static int claim_read(View value, IdKind *ret_kind, char **ret) {
    CLEANUP(free_pointer) char *text = NULL;
    int fault;

    *ret_kind = ID_NONE;
    if (value.size > HOLDER_TEXT_MAX || !text_is_printable(value))
        return 0;
    text = strndup((const char *) value.data, value.size);
    if (!text)
        return -ENOMEM;
    for (char *c = text; *c; c++)
        *c = upper(*c);
    *ret_kind = id_normalise(text, ret, &fault);
    return fault;
}

/* Takes text. The same id twice is fine, two ids are not. */
static void claim_set(HolderClaims *claims, char **slot, char *text) {
    if (*slot && strcmp(*slot, text) != 0)
        claims->contradictory = true;
    free(*slot);
    *slot = text;
}

int holder_claim_any(HolderClaims *claims, View value) {
    char *text = NULL;
    IdKind kind;
    int r = claim_read(value, &kind, &text);

    if (r < 0)
        return r;
    if (kind == ID_PERSON)
        claim_set(claims, &claims->person, text);
    else if (kind == ID_ORGANISATION)
        claim_set(claims, &claims->organisation, text);
    return 0;
}

int holder_claim_person(HolderClaims *claims, View value) {
    CLEANUP(free_pointer) char *text = NULL;
    IdKind kind;
    int r = claim_read(value, &kind, &text);

    if (r < 0)
        return r;
    if (kind == ID_PERSON)
        claim_set(claims, &claims->person, TAKE_PTR(text));
    else
        claims->contradictory = true;
    return 0;
}

int holder_claim_organisation(HolderClaims *claims, View value) {
    CLEANUP(free_pointer) char *text = NULL;
    IdKind kind;
    int r = claim_read(value, &kind, &text);

    if (r < 0)
        return r;
    if (kind == ID_NONE)
        claims->contradictory = true;
    else
        claim_set(claims, &claims->organisation, TAKE_PTR(text));
    return 0;
}

int holder_claims_finish(const HolderClaims *claims, char **ret) {
    if (claims->person && !claims->contradictory)
        return holder_join(claims->person, claims->organisation, ret);
    *ret = strdup("");
    return *ret ? 0 : -ENOMEM;
}

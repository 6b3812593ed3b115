/* SPDX-License-Identifier: BSD-2-Clause */
/* Syntax of names, and wildcards under constraints. Called by rules.c for every certificate of a chain; must never read
 * past a name, which is no C string. */
#include "trust/constraints.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <openssl/x509v3.h>

#include "trust/internal.h"

#define DNS_NAME_MAX 253u /* RFC 1035 2.3.4 */
#define DNS_LABEL_MAX 63u
#define COMPARISONS_MAX (1 << 20) /* OpenSSL's own limit; past it, a name is taken for excluded */

static View string_view(const ASN1_STRING *string) {
    return (View){ASN1_STRING_get0_data(string), (size_t) ASN1_STRING_length(string)};
}

static bool is_letter_or_digit(uint8_t c) {
    return c < 0x80 && isalnum(c);
}

static bool is_label(View label) {
    if (label.size == 0 || label.size > DNS_LABEL_MAX || !is_letter_or_digit(label.data[0]) ||
        !is_letter_or_digit(label.data[label.size - 1]))
        return false;
    for (size_t i = 0; i < label.size; i++)
        if (!is_letter_or_digit(label.data[i]) && label.data[i] != '-')
            return false;
    return true;
}

/* Up to the next dot; what follows it in *rest. */
static View first_label(View name, View *rest) {
    const uint8_t *dot = name.size > 0 ? memchr(name.data, '.', name.size) : NULL;
    size_t size = dot ? (size_t) (dot - name.data) : name.size;

    *rest = dot ? (View){dot + 1, name.size - size - 1} : (View){0};
    return (View){name.data, size};
}

/* The "preferred name syntax" of RFC 1034 3.5, digits in front allowed (RFC 1123 2.1). */
static bool is_dns_name(View name) {
    if (name.size == 0 || name.size > DNS_NAME_MAX || name.data[name.size - 1] == '.')
        return false;
    while (name.size > 0) {
        View label = first_label(name, &name);

        if (!is_label(label))
            return false;
    }
    return true;
}

static bool is_wildcard(View name) {
    return name.size > 2 && name.data[0] == '*' && name.data[1] == '.';
}

/* After the "*.". */
static View wildcard_domain(View name) {
    return (View){name.data + 2, name.size - 2};
}

/* One "@" between two parts without space; a quoted local part may hold more of them (RFC 5321 4.1.2). What a domain
 * may be called is left to mail. */
static bool is_mailbox(View name) {
    size_t at = 0, count = 0;
    bool quoted = name.size > 0 && name.data[0] == '"';

    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] <= 0x20 || name.data[i] >= 0x7f)
            return false;
        if (name.data[i] != '@')
            continue;
        at = i;
        count++;
    }
    if (count == 0 || at == 0 || at + 1 == name.size)
        return false;
    return count == 1 || (quoted && at > 1 && name.data[at - 1] == '"');
}

static const char *alternative_problem(const GENERAL_NAME *general) {
    int type = 0;
    void *value = GENERAL_NAME_get0_value(general, &type);
    View name;

    if (type != GEN_DNS && type != GEN_EMAIL && type != GEN_IPADD)
        return NULL;
    name = string_view(value);
    if (type == GEN_DNS)
        return is_dns_name(is_wildcard(name) ? wildcard_domain(name) : name) ? NULL : "a DNS name that is none";
    if (type == GEN_EMAIL)
        return is_mailbox(name) ? NULL : "an e-mail address that is none";
    return name.size == 4 || name.size == 16 ? NULL : "an IP address that is none";
}

/* False when there is such an extension that cannot be read, be it for want of memory: that must not pass for none. */
static bool read_extension(X509 *certificate, int nid, void **ret) {
    int critical = 0;

    *ret = X509_get_ext_d2i(certificate, nid, &critical, NULL);
    ERR_clear_error();
    return *ret || critical == -1;
}

const char *constraints_name_problem(X509 *certificate) {
    void *read = NULL;
    const char *problem = read_extension(certificate, NID_subject_alt_name, &read) ? NULL : "names that cannot be read";
    GENERAL_NAMES *names = read;

    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !problem; i++)
        problem = alternative_problem(sk_GENERAL_NAME_value(names, i));
    GENERAL_NAMES_free(names);
    return problem;
}

/* A mailbox, a host or, with a dot in front, a domain. An empty constraint is about all names of its kind. */
static const char *subtree_problem(const GENERAL_SUBTREE *subtree) {
    int type = 0;
    void *value = GENERAL_NAME_get0_value(subtree->base, &type);
    View name;

    if (type != GEN_DNS && type != GEN_EMAIL && type != GEN_IPADD)
        return NULL;
    name = string_view(value);
    if (type == GEN_IPADD)
        return name.size == 8 || name.size == 32 ? NULL : "a constraint of addresses that is none";
    if (name.size == 0 || is_dns_name(name))
        return NULL;
    if (type == GEN_DNS)
        return "a constraint of DNS names that is none";
    if (name.data[0] == '.' && is_dns_name((View){name.data + 1, name.size - 1}))
        return NULL;
    return is_mailbox(name) ? NULL : "a constraint of e-mail addresses that is none";
}

static const char *subtrees_problem(const STACK_OF(GENERAL_SUBTREE) * subtrees) {
    const char *problem = NULL;

    for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees) && !problem; i++)
        problem = subtree_problem(sk_GENERAL_SUBTREE_value(subtrees, i));
    return problem;
}

const char *constraints_problem(X509 *certificate) {
    void *read = NULL;
    NAME_CONSTRAINTS *constraints;
    const char *problem;

    if (!read_extension(certificate, NID_name_constraints, &read))
        return "constraints that cannot be read";
    constraints = read;
    if (!constraints)
        return NULL;
    problem = subtrees_problem(constraints->permittedSubtrees);
    if (!problem)
        problem = subtrees_problem(constraints->excludedSubtrees);
    NAME_CONSTRAINTS_free(constraints);
    return problem;
}

static bool same_name(View a, View b) {
    return a.size == b.size && strncasecmp((const char *) a.data, (const char *) b.data, a.size) == 0;
}

/* One label in the wildcard's place makes the excluded name: "*.example.org" and "a.example.org". What excludes the
 * domain itself, or one above it, OpenSSL sees. */
static bool excludes(const STACK_OF(GENERAL_SUBTREE) * subtrees, View domain) {
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); i++) {
        int type = 0;
        void *value = GENERAL_NAME_get0_value(sk_GENERAL_SUBTREE_value(subtrees, i)->base, &type);
        View rest;

        if (type != GEN_DNS)
            continue;
        (void) first_label(string_view(value), &rest); /* only for what follows it */
        if (same_name(rest, domain))
            return true;
    }
    return false;
}

static bool excludes_any(const STACK_OF(GENERAL_SUBTREE) * subtrees, const GENERAL_NAMES *names) {
    int n_subtrees = sk_GENERAL_SUBTREE_num(subtrees), n_names = sk_GENERAL_NAME_num(names);

    if (n_subtrees > 0 && n_names > COMPARISONS_MAX / n_subtrees)
        return true;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        int type = 0;
        void *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        View name = type == GEN_DNS ? string_view(value) : (View){0};

        if (is_wildcard(name) && excludes(subtrees, wildcard_domain(name)))
            return true;
    }
    return false;
}

bool constraints_exclude_wildcard(X509 *authority, X509 *certificate) {
    void *constraints = NULL, *names = NULL;
    bool readable = read_extension(authority, NID_name_constraints, &constraints) &&
                    read_extension(certificate, NID_subject_alt_name, &names);
    bool found = !readable ||
                 (constraints && names && excludes_any(((NAME_CONSTRAINTS *) constraints)->excludedSubtrees, names));

    GENERAL_NAMES_free(names);
    NAME_CONSTRAINTS_free(constraints);
    return found;
}

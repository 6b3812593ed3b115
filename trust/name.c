/* SPDX-License-Identifier: BSD-2-Clause */
/* Names in certificates: shown, searched for characters that deceive, and read for holders. Called at parsing and
 * judging; must never take a value for a C string before it is known to hold no NUL (SECURITY 16). */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "common/text.h"
#include "trust/internal.h"

static int append_text(Bytes *bytes, const char *text) {
    return bytes_append(bytes, (View){.data = (const uint8_t *) text, .size = strlen(text)});
}

static View string_octets(const ASN1_STRING *string) {
    return (View){.data = ASN1_STRING_get0_data(string), .size = (size_t) ASN1_STRING_length(string)};
}

static int string_utf8(const ASN1_STRING *string, Bytes *ret) {
    unsigned char *utf8 = NULL;
    int size = ASN1_STRING_to_UTF8(&utf8, string), r;

    if (size < 0)
        return openssl_out_of_memory() ? -ENOMEM : bytes_copy(string_octets(string), ret);
    r = bytes_copy((View){.data = utf8, .size = (size_t) size}, ret);
    OPENSSL_free(utf8);
    return r;
}

int name_entry_utf8(const X509_NAME_ENTRY *entry, Bytes *ret) {
    return string_utf8(X509_NAME_ENTRY_get_data(entry), ret);
}

static int append_type(Bytes *text, const X509_NAME_ENTRY *entry) {
    const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(entry);
    int nid = OBJ_obj2nid(type);
    char dotted[128];

    if (nid != NID_undef)
        return append_text(text, OBJ_nid2sn(nid));
    if (OBJ_obj2txt(dotted, sizeof(dotted), type, 1) <= 0)
        return append_text(text, "?");
    return append_text(text, dotted);
}

/* RFC 4514 2.4: the specials anywhere, '#' and space at the start, space at the end. */
static int append_value(Bytes *text, const X509_NAME_ENTRY *entry) {
    CLEANUP(bytes_done) Bytes value = {0};
    CLEANUP(free_pointer) char *escaped = NULL;
    int r = name_entry_utf8(entry, &value);

    if (r < 0)
        return r;
    escaped = text_escape(bytes_view(&value));
    if (!escaped)
        return -ENOMEM;
    for (const char *c = escaped; *c; c++) {
        bool edge = (c == escaped && (*c == '#' || *c == ' ')) || (c[1] == '\0' && *c == ' ');

        if (edge || strchr(",+\"<>;=", *c)) {
            r = bytes_append_u8(text, '\\');
            if (r < 0)
                return r;
        }
        r = bytes_append_u8(text, (uint8_t) *c);
        if (r < 0)
            return r;
    }
    return 0;
}

static int append_entry(Bytes *text, const X509_NAME *name, int index) {
    const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, index);
    const X509_NAME_ENTRY *after = X509_NAME_get_entry(name, index + 1);
    int r = 0;

    if (after)
        r = append_text(text, X509_NAME_ENTRY_set(after) == X509_NAME_ENTRY_set(entry) ? "+" : ",");
    if (r == 0)
        r = append_type(text, entry);
    if (r == 0)
        r = append_text(text, "=");
    return r < 0 ? r : append_value(text, entry);
}

char *name_text(const X509_NAME *name) {
    CLEANUP(bytes_done) Bytes text = {0};

    for (int i = X509_NAME_entry_count(name) - 1; i >= 0; i--)
        if (append_entry(&text, name, i) < 0)
            return NULL;
    if (bytes_append_u8(&text, 0) < 0)
        return NULL;
    return strdup((const char *) text.data);
}

static bool string_is_printable(const ASN1_STRING *string) {
    CLEANUP(bytes_done) Bytes value = {0};

    return string_utf8(string, &value) == 0 && text_is_printable(bytes_view(&value));
}

bool name_is_printable(const X509_NAME *name) {
    for (int i = 0; i < X509_NAME_entry_count(name); i++)
        if (!string_is_printable(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i))))
            return false;
    return true;
}

static bool other_name_is_printable(const GENERAL_NAME *general) {
    ASN1_OBJECT *type = NULL;
    ASN1_TYPE *value = NULL;

    if (!GENERAL_NAME_get0_otherName(general, &type, &value) || !value)
        return false;
    switch (ASN1_TYPE_get(value)) {
    case V_ASN1_UTF8STRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_PRINTABLESTRING:
        return string_is_printable(value->value.asn1_string);
    default: /* no text, so nobody reads or matches it as such */
        return true;
    }
}

static bool general_name_is_printable(const GENERAL_NAME *general) {
    int type = 0;
    void *value = GENERAL_NAME_get0_value(general, &type);

    switch (type) {
    case GEN_EMAIL:
    case GEN_DNS:
    case GEN_URI:
        return string_is_printable(value);
    case GEN_DIRNAME:
        return name_is_printable(value);
    case GEN_OTHERNAME:
        return other_name_is_printable(general);
    default:
        return true;
    }
}

static int other_name_text(const GENERAL_NAME *general, const char *other, Bytes *ret) {
    ASN1_OBJECT *type = NULL;
    ASN1_TYPE *value = NULL;
    char dotted[128];

    if (!GENERAL_NAME_get0_otherName(general, &type, &value) || !value || !other ||
        OBJ_obj2txt(dotted, sizeof(dotted), type, 1) >= (int) sizeof(dotted) || strcmp(dotted, other) != 0)
        return 1;
    switch (ASN1_TYPE_get(value)) {
    case V_ASN1_UTF8STRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_PRINTABLESTRING:
        return string_utf8(value->value.asn1_string, ret);
    default:
        return strcmp(other, NAME_PKINIT_OID) == 0 ? principal_text(value, ret) : 1;
    }
}

/* RFC 5280 4.2.1.6: four octets or sixteen. */
static int address_text(const ASN1_OCTET_STRING *address, Bytes *ret) {
    int size = ASN1_STRING_length(address);
    char text[INET6_ADDRSTRLEN];

    if (size != 4 && size != 16)
        return 1;
    return inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text, sizeof(text))
               ? append_text(ret, text)
               : 1;
}

int name_general_text(const GENERAL_NAME *name, const char *other, Bytes *ret) {
    int type = 0;
    const void *value = GENERAL_NAME_get0_value(name, &type);
    char dotted[128];

    switch (type) {
    case GEN_EMAIL:
    case GEN_DNS:
    case GEN_URI:
        return string_utf8(value, ret);
    case GEN_IPADD:
        return address_text(value, ret);
    case GEN_RID:
        return OBJ_obj2txt(dotted, sizeof(dotted), value, 1) < (int) sizeof(dotted) ? append_text(ret, dotted) : 1;
    case GEN_OTHERNAME:
        return other_name_text(name, other, ret);
    default:
        return 1;
    }
}

/* False when there is such an extension that cannot be read, which must not pass for none. */
static bool alternative_names(X509 *certificate, GENERAL_NAMES **ret) {
    int critical = 0;

    *ret = X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, NULL);
    ERR_clear_error();
    return *ret || critical == -1;
}

bool certificate_names_are_printable(X509 *certificate) {
    GENERAL_NAMES *names = NULL;
    bool printable = name_is_printable(X509_get_subject_name(certificate)) && alternative_names(certificate, &names);

    for (int i = 0; i < sk_GENERAL_NAME_num(names) && printable; i++)
        printable = general_name_is_printable(sk_GENERAL_NAME_value(names, i));
    GENERAL_NAMES_free(names);
    return printable;
}

typedef int (*ClaimFunction)(HolderClaims *claims, View value);

static int claim_attributes(HolderClaims *claims, const X509_NAME *name, const char *oid, ClaimFunction claim) {
    ASN1_OBJECT *type = OBJ_txt2obj(oid, 1);
    int r = type ? 0 : -ENOMEM;

    for (int i = -1; r == 0 && (i = X509_NAME_get_index_by_OBJ(name, type, i)) >= 0;) {
        CLEANUP(bytes_done) Bytes value = {0};

        r = name_entry_utf8(X509_NAME_get_entry(name, i), &value);
        if (r == 0)
            r = claim(claims, bytes_view(&value));
    }
    ASN1_OBJECT_free(type);
    return r;
}

static int claim_directory(HolderClaims *claims, const X509_NAME *name) {
    int r = claim_attributes(claims, name, "1.3.6.1.4.1.5734.1.4", holder_claim_person);

    return r < 0 ? r : claim_attributes(claims, name, "1.3.6.1.4.1.5734.1.7", holder_claim_organisation);
}

static int claim_alternative_names(HolderClaims *claims, X509 *certificate) {
    GENERAL_NAMES *names = NULL;
    int r = 0;

    if (!alternative_names(certificate, &names))
        claims->contradictory = true; /* it might name an organisation */
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && r == 0; i++) {
        int type = 0;
        void *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);

        if (type == GEN_DIRNAME)
            r = claim_directory(claims, value);
    }
    GENERAL_NAMES_free(names);
    return r;
}

int name_holder(X509 *certificate, char **ret) {
    CLEANUP(holder_claims_done) HolderClaims claims = {0};
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int r;

    r = claim_attributes(&claims, subject, "2.5.4.5", holder_claim_any); /* serialNumber */
    if (r == 0)
        r = claim_attributes(&claims, subject, "2.5.4.97", holder_claim_organisation); /* organizationIdentifier */
    if (r == 0)
        r = claim_alternative_names(&claims, certificate);
    return r < 0 ? r : holder_claims_finish(&claims, ret);
}

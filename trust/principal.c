/* SPDX-License-Identifier: BSD-2-Clause */
/* Kerberos principals in certificates for PKINIT (RFC 4556 3.2.2): an otherName that holds a structure, and no text.
 * Must never give a text that another principal could give too. */
#include <errno.h>
#include <string.h>

#include <openssl/asn1t.h>
#include <openssl/err.h>

#include "trust/internal.h"

typedef struct PrincipalName {
    ASN1_INTEGER *type;
    STACK_OF(ASN1_GENERALSTRING) * parts;
} PrincipalName;

typedef struct Principal {
    ASN1_GENERALSTRING *realm;
    PrincipalName *name;
} Principal;

/* RFC 4120 5.2.2 */
ASN1_SEQUENCE(PrincipalName) =
    {
        ASN1_EXP(PrincipalName, type, ASN1_INTEGER, 0),
        ASN1_EXP_SEQUENCE_OF(PrincipalName, parts, ASN1_GENERALSTRING, 1),
} static_ASN1_SEQUENCE_END(PrincipalName)

        ASN1_SEQUENCE(Principal) =
            {
                ASN1_EXP(Principal, realm, ASN1_GENERALSTRING, 0),
                ASN1_EXP(Principal, name, PrincipalName, 1),
} static_ASN1_SEQUENCE_END(Principal)

    /* 1 for what is not plain, or would be taken for a separator. */
    static int append_plain(Bytes * text, const ASN1_STRING *string) {
    View view = {.data = ASN1_STRING_get0_data(string), .size = (size_t) ASN1_STRING_length(string)};

    if (view.size == 0)
        return 1;
    for (size_t i = 0; i < view.size; i++)
        if (view.data[i] <= ' ' || view.data[i] > '~' || strchr("/@\\", view.data[i]))
            return 1;
    return bytes_append(text, view);
}

static int append_mark(Bytes *text, char mark) {
    return bytes_append(text, (View){.data = (const uint8_t *) &mark, .size = 1});
}

static int append_principal(Bytes *text, const Principal *principal) {
    int count = sk_ASN1_GENERALSTRING_num(principal->name->parts), r = count > 0 ? 0 : 1;

    for (int i = 0; i < count && r == 0; i++) {
        if (i > 0)
            r = append_mark(text, '/');
        if (r == 0)
            r = append_plain(text, sk_ASN1_GENERALSTRING_value(principal->name->parts, i));
    }
    if (r == 0)
        r = append_mark(text, '@');
    return r == 0 ? append_plain(text, principal->realm) : r;
}

int principal_text(const ASN1_TYPE *value, Bytes *ret) {
    CLEANUP(bytes_done) Bytes text = {0};
    Principal *principal = NULL;
    int r = 1;

    if (ASN1_TYPE_get(value) == V_ASN1_SEQUENCE)
        principal = ASN1_item_unpack(value->value.sequence, ASN1_ITEM_rptr(Principal));
    if (principal)
        r = append_principal(&text, principal);
    else if (openssl_out_of_memory())
        r = -ENOMEM;
    ERR_clear_error();
    ASN1_item_free((ASN1_VALUE *) principal, ASN1_ITEM_rptr(Principal));
    if (r == 0) {
        *ret = text;
        text = (Bytes){0};
    }
    return r;
}

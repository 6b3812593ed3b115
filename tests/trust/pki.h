/* SPDX-License-Identifier: BSD-2-Clause */
/* A small public-key infrastructure for tests: authorities, personal certificates, CRLs and .p12 files made on the
 * spot, with every mistake that a test wants to see refused. Nothing here is a secret and nothing is kept. A function
 * that fails ends the test program with a message, so tests need not check. Zero in an option always means the default
 * that its comment names. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "common/bytes.h"

#define PKI_DAY INT64_C(86400)
#define PKI_NOW INT64_C(1767225600) /* 2026-01-01T00:00:00Z: the default "now" around which certificates are valid */

/* A certificate with its private key. Zero-initialise; pki_identity_done(). */
typedef struct PkiIdentity {
    X509 *certificate;
    EVP_PKEY *key;
    Bytes der; /* of the certificate */
} PkiIdentity;

void pki_identity_done(PkiIdentity *identity);

typedef enum PkiKey {
    PKI_KEY_P256, /* the default: made in a moment */
    PKI_KEY_P384,
    PKI_KEY_P521,
    PKI_KEY_P192,
    PKI_KEY_SECP256K1,
    PKI_KEY_RSA2048,
    PKI_KEY_RSA1024,
    PKI_KEY_DSA1024,
    PKI_KEY_ED25519,
} PkiKey;

EVP_PKEY *pki_key(PkiKey type); /* a new one; EVP_PKEY_free() */

/* One attribute of a name. */
typedef struct PkiAttribute {
    const char *type; /* short name or dotted OID */
    const char *value;
    size_t size;     /* octets of value; 0: strlen(). Any octets go in as they are, NUL included */
    int string_type; /* V_ASN1_...; 0: UTF8String (PrintableString for serialNumber and C) */
} PkiAttribute;

/* An extension given octet by octet. */
typedef struct PkiExtension {
    const char *oid;
    bool critical;
    const char *der; /* hexadecimal */
} PkiExtension;

/* What kind of certificate: sets the defaults of key usage and basic constraints. */
typedef struct PkiOptions {
    PkiKey key_type;
    EVP_PKEY *key; /* use this key instead of a new one (renewal with the same key); borrowed */

    /* Subject. C=ES and the CN come first, then serialNumber, organizationIdentifier, then more[]. */
    const char *common_name;             /* default: "EIDAS CERTIFICADO PRUEBAS" */
    const char *serial_number;           /* "IDCES-99999999R"; NULL: none */
    const char *organization_identifier; /* "VATES-Q2826004J"; NULL: none */
    const PkiAttribute *more;
    size_t n_more;
    bool bare_subject; /* only more[], nothing by itself */

    int64_t not_before; /* default: PKI_NOW - 365 days */
    int64_t not_after;  /* default: PKI_NOW + 365 days */
    const char *serial; /* hexadecimal, "-" before it for a negative one; default: 64 random bits */
    long version;       /* 1 to 3; default 3; without extensions when under 3 */
    const char *digest; /* "SHA256" (default), "SHA1", "MD5", ...; ignored for Ed25519 */

    /* In the syntax of x509v3_config(5); NULL: the default; "": no such extension. */
    const char *basic_constraints;  /* authority: "critical,CA:TRUE"; leaf: "critical,CA:FALSE" */
    const char *key_usage;          /* authority: "critical,keyCertSign,cRLSign"; leaf: "critical,digitalSignature" */
    const char *extended_key_usage; /* authority: none; leaf: "clientAuth,emailProtection" */
    const char *policies;           /* certificatePolicies: "1.3.6.1.4.1.5734.3.10.1"; default none */
    const char *name_constraints;   /* default none */
    const char *alternative_name;   /* subjectAltName; default none */
    const PkiAttribute
        *directory; /* attributes of a directoryName in subjectAltName (FNMT); not with alternative_name */
    size_t n_directory;
    const PkiExtension *extensions;
    size_t n_extensions;

    bool without_key_identifiers; /* neither the subject's nor the authority's */
    bool break_signature;         /* one bit of the signature is wrong */
} PkiOptions;

/* options may be NULL: all defaults. An authority's common name defaults to "AC PRUEBAS RAIZ" and "AC PRUEBAS
 * USUARIOS". */
void pki_root(const PkiOptions *options, PkiIdentity *ret);
void pki_intermediate(const PkiIdentity *issuer, const PkiOptions *options, PkiIdentity *ret);
void pki_leaf(const PkiIdentity *issuer, const PkiOptions *options, PkiIdentity *ret);
/* A leaf that signs itself. */
void pki_self_signed(const PkiOptions *options, PkiIdentity *ret);

typedef struct PkiCrlOptions {
    int64_t this_update;               /* default: PKI_NOW - 1 day */
    int64_t next_update;               /* default: PKI_NOW + 7 days; -1: absent */
    const PkiIdentity *const *revoked; /* by their serial numbers */
    size_t n_revoked;
    EVP_PKEY *key;      /* signs instead of the issuer's key (a forged list); borrowed */
    const char *digest; /* default "SHA256" */
    int reason;         /* of all entries: 6 certificateHold, 8 removeFromCRL; 0: no such extension */
    const char *number; /* hexadecimal; default: 64 random bits; "": none */
    const PkiExtension *extensions;
    size_t n_extensions;
} PkiCrlOptions;

/* DER of a CRL; options may be NULL. */
void pki_crl(const PkiIdentity *issuer, const PkiCrlOptions *options, Bytes *ret);

typedef struct PkiOcspOptions {
    const PkiIdentity *signer; /* a delegated responder, whose certificate comes along; NULL: the issuer */
    int status;                /* V_OCSP_CERTSTATUS_...; 0 is good */
    int64_t this_update;       /* default: PKI_NOW - 1 hour */
    int64_t next_update;       /* default: absent */
} PkiOcspOptions;

/* DER of an OCSP response about one certificate of the issuer's; options may be NULL. */
void pki_ocsp(const PkiIdentity *subject, const PkiIdentity *issuer, const PkiOcspOptions *options, Bytes *ret);

typedef enum PkiPbe {
    PKI_PBE_AES256,   /* PBES2: PBKDF2 with HMAC-SHA-256, AES-256-CBC; MAC with SHA-256 */
    PKI_PBE_3DES,     /* pbeWithSHAAnd3-KeyTripleDES-CBC for all; MAC with SHA-1 */
    PKI_PBE_RC2_3DES, /* as browsers wrote for decades: 40-bit RC2 for certificates, 3DES for the key; MAC with SHA-1 */
} PkiPbe;

typedef struct PkiPkcs12Options {
    const char *passphrase;    /* default "" */
    const char *friendly_name; /* default none */
    PkiPbe pbe;
    int iterations; /* of certificates, key and MAC; default 2048 */
    /* Written into the file without doing the work, so that a file that asks for ten million rounds is made in a moment
     * (it cannot be opened, which nobody should try); 0: as above. */
    uint32_t claim_certificate_iterations;
    uint32_t claim_key_iterations;
    uint32_t claim_mac_iterations;
    bool without_key; /* certificates alone */
} PkiPkcs12Options;

/* A PKCS#12 file (RFC 7292) of identity and the certificates above it. options may be NULL. */
void pki_pkcs12(const PkiIdentity *identity, const PkiIdentity *const *chain, size_t n_chain,
                const PkiPkcs12Options *options, Bytes *ret);

/* A signature by one of the names of trust/signature.h. */
void pki_sign(EVP_PKEY *key, const char *algorithm, View data, Bytes *ret);

void pki_pem(const char *type, View der, Bytes *ret); /* "CERTIFICATE", "X509 CRL"; appends */
/* FOLDER/NAME with mode 0600, replaced when it is there. */
void pki_write(const char *folder, const char *name, View contents);
void pki_remove(const char *folder, const char *name); /* it may be missing */
/* A new empty folder under TMPDIR; pki_folder_free() removes it with the regular files in it. */
char *pki_folder(void);
void pki_folder_free(char *path);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the first inputs of targets that read what OpenSSL writes: fuzz-seeds TARGET FOLDER. Run by the script `run`
 * before a target; a target that is not named here has its seeds as files. */
#include <stdio.h>
#include <string.h>

#include "common/macros.h"
#include "tests/trust/pki.h"

static const PkiAttribute citizen[] = {
    {.type = "1.3.6.1.4.1.5734.1.1", .value = "PRUEBAS"},
    {.type = "1.3.6.1.4.1.5734.1.4", .value = "99999999R"},
};

static const PkiOptions certificates[] = {
    {.serial_number = "IDCES-99999999R", .policies = "1.3.6.1.4.1.5734.3.10.1"},
    {.directory = citizen, .n_directory = ELEMENTSOF(citizen), .key_type = PKI_KEY_ED25519},
    {.organization_identifier = "VATES-Q2826004J", .serial_number = "00000000T", .key_type = PKI_KEY_P521},
    {.alternative_name = "email:a@example.org,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:demo@example.org"},
    {.key_type = PKI_KEY_RSA1024, .digest = "SHA1", .version = 1},
    {.name_constraints = "permitted;DNS:example.org", .basic_constraints = "critical,CA:TRUE,pathlen:1"},
};

static void put(const char *folder, size_t number, const Bytes *contents) {
    char name[32];
    (void) snprintf(name, sizeof name, "made-%zu", number); /* it fits */
    pki_write(folder, name, bytes_view(contents));
}

static void make_certificates(const PkiIdentity *root, const char *folder) {
    for (size_t i = 0; i < ELEMENTSOF(certificates); i++) {
        CLEANUP(pki_identity_done) PkiIdentity leaf = {0};
        pki_leaf(root, &certificates[i], &leaf);
        put(folder, i, &leaf.der);
    }
}

static void make_crls(const PkiIdentity *root, const char *folder) {
    CLEANUP(pki_identity_done) PkiIdentity leaf = {0};
    pki_leaf(root, NULL, &leaf);
    const PkiIdentity *revoked[] = {&leaf};
    const PkiCrlOptions lists[] = {
        {0},
        {.revoked = revoked, .n_revoked = 1},
        {.next_update = -1},
        {.extensions = &(PkiExtension){.oid = "2.5.29.28", .critical = true, .der = "30038101FF"}, .n_extensions = 1},
    };
    for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
        CLEANUP(bytes_done) Bytes crl = {0};
        pki_crl(root, &lists[i], &crl);
        put(folder, i, &crl);
    }
}

static void make_pkcs12(const PkiIdentity *root, const char *folder) {
    static const PkiPkcs12Options files[] = {
        {.iterations = 1},
        {.iterations = 1, .pbe = PKI_PBE_3DES, .friendly_name = "pruebas"},
        {.iterations = 1, .pbe = PKI_PBE_RC2_3DES},
        {.iterations = 1, .without_key = true},
        {.iterations = 2, .claim_key_iterations = 10000000},
        {.iterations = 2, .claim_certificate_iterations = 10000000},
        {.iterations = 2, .claim_mac_iterations = 10000000},
    };
    CLEANUP(pki_identity_done) PkiIdentity leaf = {0};
    pki_leaf(root, NULL, &leaf);
    for (size_t i = 0; i < ELEMENTSOF(files); i++) {
        CLEANUP(bytes_done) Bytes file = {0};
        pki_pkcs12(&leaf, &root, 1, &files[i], &file);
        put(folder, i, &file);
    }
}

static void make_pem(const PkiIdentity *root, const char *folder) {
    CLEANUP(bytes_done) Bytes file = {0};
    put(folder, 0, &root->der);
    pki_pem("CERTIFICATE", bytes_view(&root->der), &file);
    put(folder, 1, &file);
    pki_pem("PRIVATE KEY", (View){(const uint8_t *) "none", 4}, &file);
    pki_pem("X509 CERTIFICATE", bytes_view(&root->der), &file);
    put(folder, 2, &file);
}

static const struct Maker {
    const char *target;
    void (*make)(const PkiIdentity *root, const char *folder);
} makers[] = {
    {"certificate", make_certificates},
    {"crl", make_crls},
    {"pkcs12", make_pkcs12},
    {"pem", make_pem},
};

int main(int argc, char **argv) {
    CLEANUP(pki_identity_done) PkiIdentity root = {0};
    if (argc != 3)
        return 2;
    pki_root(NULL, &root);
    for (size_t i = 0; i < ELEMENTSOF(makers); i++)
        if (strcmp(makers[i].target, argv[1]) == 0)
            makers[i].make(&root, argv[2]);
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What the Spanish certificates look like, kind by kind, as far as trust/ reads them: for test certificates. */
#pragma once

#include "tests/trust/pki.h"

#define SPANISH_DNI "IDCES-99999999R"
#define SPANISH_ORGANISATION "VATES-Q2826004J"

/* The identity card: key usage of one purpose each, no extended key usage, RSA, no CRL distribution point. The
 * subject's serialNumber is the bare number. */
static const PkiOptions spanish_dnie_authentication = {
    .key_type = PKI_KEY_RSA2048,
    .common_name = "ESPAÑOL ESPAÑOL, JUAN (AUTENTICACIÓN)",
    .serial_number = "99999999R",
    .key_usage = "critical,digitalSignature",
    .extended_key_usage = "",
    .policies = "2.16.724.1.2.2.2.4",
};
static const PkiOptions spanish_dnie_signature = {
    .key_type = PKI_KEY_RSA2048,
    .common_name = "ESPAÑOL ESPAÑOL, JUAN (FIRMA)",
    .serial_number = "99999999R",
    .key_usage = "critical,nonRepudiation",
    .extended_key_usage = "",
    .policies = "2.16.724.1.2.2.2.3",
};

static const PkiOptions spanish_citizen = {
    .common_name = "EIDAS CERTIFICADO PRUEBAS - 99999999R",
    .serial_number = SPANISH_DNI,
    .key_usage = "critical,digitalSignature,nonRepudiation,keyEncipherment",
    .extended_key_usage = "emailProtection,clientAuth",
    .policies = "1.3.6.1.4.1.5734.3.10.1",
};
/* As before the number had its prefix. */
static const PkiOptions spanish_citizen_bare = {
    .common_name = "EIDAS CERTIFICADO PRUEBAS - 99999999R",
    .serial_number = "99999999R",
    .key_usage = "critical,digitalSignature,nonRepudiation,keyEncipherment",
    .extended_key_usage = "emailProtection,clientAuth,anyExtendedKeyUsage",
    .policies = "1.3.6.1.4.1.5734.3.10.1",
};
static const PkiOptions spanish_representative = {
    .common_name = "99999999R EIDAS CERTIFICADO (R: Q2826004J)",
    .serial_number = SPANISH_DNI,
    .organization_identifier = SPANISH_ORGANISATION,
    .key_usage = "critical,digitalSignature,nonRepudiation,keyEncipherment",
    .extended_key_usage = "emailProtection,clientAuth",
    .policies = "1.3.6.1.4.1.5734.3.11.2",
};
/* The card signs in on Windows, too. */
static const PkiOptions spanish_employee_card = {
    .key_type = PKI_KEY_RSA2048,
    .common_name = "CERTIFICADO PRUEBAS EIDAS - DNI 99999999R",
    .serial_number = SPANISH_DNI,
    .organization_identifier = SPANISH_ORGANISATION,
    .key_usage = "critical,digitalSignature,nonRepudiation,keyEncipherment",
    .extended_key_usage = "emailProtection,clientAuth,msSmartcardLogin",
    .policies = "1.3.6.1.4.1.5734.3.3.4.4.1",
    .alternative_name = "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:eidas@example.org",
};
static const PkiOptions spanish_employee_software = {
    .common_name = "CERTIFICADO PRUEBAS EIDAS - DNI 99999999R",
    .serial_number = SPANISH_DNI,
    .organization_identifier = SPANISH_ORGANISATION,
    .key_usage = "critical,digitalSignature,nonRepudiation,keyEncipherment",
    .extended_key_usage = "emailProtection,clientAuth,msSmartcardLogin",
    .policies = "1.3.6.1.4.1.5734.3.3.4.4.2",
    .alternative_name = "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:eidas@example.org",
};

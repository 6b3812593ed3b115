/* SPDX-License-Identifier: BSD-2-Clause */
/* The holder of a certificate, normalised, so that a renewed certificate of the same person or of the same person and
 * organisation compares equal octet by octet. Sources: subject serialNumber ("IDCES-00000000T" of ETSI EN 319 412-1 and
 * a bare "00000000T" are the same), organizationIdentifier ("VATES-..."), FNMT's directoryName
 * attributes 1.3.6.1.4.1.5734.1.4 (person) and .7 (organisation).
 *
 * Form: "ES:00000000T" for a person; "ES:00000000T@ES:Q2826004J" for a person who represents an organisation.
 * Two-letter country, upper case. Spanish NIF, NIE and CIF are accepted only with their right control character;
 * identity card, tax and VAT numbers are the same number there. Ids whose number space is another keep their type:
 * "ES:PAS-AAA123456" (a passport), "FR:IDC-...", "DE:VAT-...".
 *
 * A certificate that names an organisation by an id never has the person alone for its holder: representatives and
 * public employees (whose administration stands in organizationIdentifier) are person and organisation, so leaving the
 * administration ends the continuity and no certificate of office passes for the citizen's own. An organisation alone
 * (a seal) is no holder, nor is a certificate whose sources contradict each other or name an organisation in a way that
 * cannot be read.
 *
 * Where a kind of certificate (trust/kinds.h) makes the holder of something else, an employee's number say, the form is
 * "ACME:4711": a realm of three octets or more, so that it is nobody's country, and a value that counts octet by octet.
 */
#pragma once

#include <stdbool.h>

#include "common/bytes.h"

/* Normalises what an administrator types or a certificate carries. 0 with *ret (caller frees), -EINVAL when it is no
 * such id, -ENOMEM. */
int holder_normalise(const char *text, char **ret);
bool holder_is_valid(const char *holder); /* already in the normal form */
/* The realm of such a form: 3 to 32 capital letters, digits and '-', the first a letter. */
bool holder_is_realm(View text);
/* "REALM:value". 0 with *ret (caller frees), -EINVAL when the value is none (empty, longer than 64 octets, not
 * printable, spaces at its ends), -ENOMEM. */
int holder_make(const char *realm, View value, char **ret);

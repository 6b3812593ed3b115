/* SPDX-License-Identifier: BSD-2-Clause */
/* MatchRule: does a certificate look like this? The matching rules of sss-certmap(5), and <POLICY>. Immutable once
 * parsed, so it may be read from several threads.
 *
 *   rule       = ["KRB5:"] ["&&" | "||"] component *(["&&" | "||"] component)
 *   component  = "<SUBJECT>" regex | "<ISSUER>" regex | "<KU>" usages | "<EKU>" purposes | "<POLICY>" oids
 *              | "<SAN" [":" type] ">" regex | "<SAN:" type ">" base64
 *
 * "&&" (the default): all components match; "||": one does. A rule has one of the two, not both. A value ends at the
 * next '<', and at an operator before it; spaces at its ends do not count. Lists have commas, and all of a list must be
 * there.
 *
 * regex: POSIX extended, found anywhere in the text (anchor with ^ and $), case counts, octet by octet. Names are texts
 * in RFC 4514 order, the most specific part first: "CN=...,O=...,C=ES". Text that holds anything but printable
 * characters never matches (SECURITY 16), nor does more than 1 KiB of it. What expression.h does not allow is an
 * error: it could take for ever (SECURITY 14, 40).
 *
 * usages: digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment, keyAgreement, keyCertSign, cRLSign,
 * encipherOnly, decipherOnly, or a number of their bits.
 *
 * purposes: serverAuth, clientAuth, codeSigning, emailProtection, timeStamping, OCSPSigning, KPClientAuth, pkinit,
 * msScLogin, or an OID.
 *
 * oids: certificate policies, dotted.
 *
 * type before a regex: rfc822Name, dNSName, uniformResourceIdentifier, iPAddress, registeredID, directoryName,
 * ntPrincipalName, pkinit (RFC 4556: "name/part@REALM"), Principal (either of these two, and what <SAN> alone means),
 * or the OID of an otherName that holds text. Before base64 (RFC 4648, section 4): otherName, whatever its OID,
 * x400Address, ediPartyName; the octets have to be somewhere in the DER of the name's value. One name of the type has
 * to match.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/macros.h"
#include "trust/certificate.h"

typedef struct MatchRule MatchRule;

#define MATCH_INVALID 1 /* not a rule: *ret_offset octets into the text, *ret_what (caller frees) */

/* 0 with *ret, MATCH_INVALID, or -ENOMEM. */
int match_parse(const char *text, MatchRule **ret, size_t *ret_offset, char **ret_what);
MatchRule *match_free(MatchRule *rule); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(MatchRule *, match_free)

/* 0 with the answer, or -ENOMEM. Any thread. */
int match_test(const MatchRule *rule, const Certificate *certificate, bool *ret);
/* No certificate matches unless its issuer's name does. */
bool match_demands_issuer(const MatchRule *rule);

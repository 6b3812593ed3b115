/* SPDX-License-Identifier: BSD-2-Clause */
/* Alternative names and name constraints where OpenSSL is content with less than RFC 5280 4.2.1.6 and 4.2.1.10: it
 * compares names that are none, and takes a wildcard for one name. */
#pragma once

#include <stdbool.h>

#include <openssl/x509.h>

/* NULL when each DNS name, mailbox and address in subjectAltName is one, else what is wrong, in static words. */
const char *constraints_name_problem(X509 *certificate);
/* The same of the subtrees in nameConstraints. */
const char *constraints_problem(X509 *certificate);
/* Whether a wildcard in the certificate's subjectAltName stands for a DNS name that the authority excludes. */
bool constraints_exclude_wildcard(X509 *authority, X509 *certificate);

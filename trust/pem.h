/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates out of a file's contents: PEM (RFC 7468), one or several with anything between them, or one in DER. */
#pragma once

#include "common/bytes.h"

/* Appends the DER of each certificate in the order of the file: the leaf comes first by custom. Nothing is parsed
 * beyond the framing: certificate_parse() says whether each is one. Private keys in the file are skipped and wiped. 0
 * with at least one, -ENODATA when there is none, -EBADMSG for a damaged PEM block, -ENOMEM. */
int trust_read_certificates(View file, BytesList *ret);
/* The same for revocation lists. */
int trust_read_crls(View file, BytesList *ret);
/* The certificates in a file of lists: PEM blocks beside those of the lists, perhaps none. 0, -EBADMSG, -ENOMEM. */
int trust_read_signers(View file, BytesList *ret);
/* The text without the PEM blocks of the certificate of this DER, all else as it was, octet by octet. 0; -ENODATA when
 * it has none in PEM; -EBADMSG when what is left would not hold exactly the others; -ENOMEM. */
int trust_cut_certificate(View file, View der, Bytes *ret);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at a credential's certificates, for proof.c, credential.c and credentials.c. Must never take the helper's word
 * for what a certificate says. */
#include "ovcertctl/fit.h"

#include "common/i18n.h"
#include "common/protocol.h"
#include "trust/certificate.h"

int fit_read(const HelperCertificate *certificate, CertificateInfo *ret) {
    CLEANUP(certificate_freep) Certificate *parsed = NULL;
    int r = certificate_parse(bytes_view(&certificate->der), &parsed);
    return r == 0 ? certificate_info_fill(certificate_facts(parsed), ret) : r;
}

bool fit_is_assigned(const ProfileInfo *profile, const CertificateInfo *info) {
    return profile->has_certificate &&
           view_equal(bytes_view(&profile->certificate.fingerprint), bytes_view(&info->fingerprint));
}

const char *fit_problem(const Tool *tool, const ProfileInfo *profile, const CertificateInfo *info) {
    if (fit_is_assigned(profile, info))
        return info->not_after < tool->now ? _("it is the one that is assigned now, and has expired")
                                           : _("it is the one that is assigned now");
    return info->not_after < tool->now ? _("it has expired") : NULL;
}

BytesList fit_issuers(const HelperCertificate *certificate) {
    BytesList chain = certificate->chain;
    if (chain.count > OVCERT_CHAIN_MAX - 1)
        chain.count = OVCERT_CHAIN_MAX - 1;
    return chain;
}

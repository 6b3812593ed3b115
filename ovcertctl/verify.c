/* SPDX-License-Identifier: BSD-2-Clause */
/* "verify": a verdict without the daemon, by its rules and with its code, on files alone. Reads nothing but what the
 * command line names; must never end with 0 unless trust_judge() found no reason against the certificate. */
#include <errno.h>
#include <string.h>

#include "common/i18n.h"
#include "common/macros.h"
#include "common/text.h"
#include "ovcertctl/file.h"
#include "ovcertctl/verbs.h"
#include "ovcertctl/verify_view.h"
#include "trust/pem.h"

#define VERIFY_CRL_MAX (32u * 1024u * 1024u)

/* What the files hold. Zero-initialise; inputs_done(). */
typedef struct Inputs {
    Bytes contents[OPTION_USES_MAX];
    size_t n_contents;
    TrustFile anchors[OPTION_USES_MAX], crls[OPTION_USES_MAX], ocsps[OPTION_USES_MAX];
    TrustFiles files;
    Bytes certificate;
    BytesList chain;
} Inputs;

static void inputs_done(Inputs *inputs) {
    for (size_t i = 0; i < inputs->n_contents; i++)
        bytes_done(&inputs->contents[i]);
    bytes_done(&inputs->certificate);
    bytes_list_done(&inputs->chain);
}

static int unreadable(const char *path, int error) {
    CLEANUP(free_pointer) char *shown = text_escape_string(path);
    const char *why = error == -EFBIG     ? _("it is too large")
                      : error == -EINVAL  ? _("it is not a regular file")
                      : error == -ENODATA ? _("it holds nothing of that kind in PEM or DER")
                      : error == -EBADMSG ? _("it is damaged")
                                          : strerrordesc_np(-error);
    output_complain(NULL, _("%s cannot be used: %s."), shown ? shown : "", why);
    return EXIT_USAGE;
}

/* Whether the file has in it what it was given for. */
typedef int (*ReadFunction)(View file, BytesList *ret);

static int read_answer(View file, BytesList *ret) {
    return file.size > 0 && file.data[0] == 0x30 ? bytes_list_append(ret, file) : -ENODATA; /* a SEQUENCE */
}

static int read_file(Inputs *inputs, const char *path, size_t max, ReadFunction read, BytesList *ret,
                     TrustFile *ret_file) {
    Bytes *contents = &inputs->contents[inputs->n_contents];
    int r = file_read(path, max, contents);
    if (r == 0) {
        inputs->n_contents++; /* at most one for each option */
        r = read(bytes_view(contents), ret);
    }
    if (r < 0)
        return unreadable(path, r);
    *ret_file = (TrustFile){path, bytes_view(contents)};
    return 0;
}

/* The files of one option, for the store. */
static int read_files(const Tool *tool, OptionId id, size_t max, ReadFunction read, Inputs *inputs, TrustFile *ret,
                      size_t *ret_count) {
    const char *path;
    for (size_t cursor = 0; (path = options_next(tool->options, id, &cursor));) {
        CLEANUP(bytes_list_done) BytesList found = {0}; /* the store reads it by itself */
        int r = read_file(inputs, path, max, read, &found, &ret[*ret_count]);
        if (r != 0)
            return r;
        (*ret_count)++;
    }
    return 0;
}

static int read_intermediates(const Tool *tool, Inputs *inputs) {
    const char *path;
    for (size_t cursor = 0; (path = options_next(tool->options, OPTION_INTERMEDIATES, &cursor));) {
        TrustFile file;
        int r = read_file(inputs, path, FILE_SIZE_MAX, trust_read_certificates, &inputs->chain, &file);
        if (r != 0)
            return r;
    }
    return 0;
}

static int read_inputs(const Tool *tool, const char *certificate, Inputs *inputs) {
    TrustFiles *files = &inputs->files;
    *files = (TrustFiles){.anchors = inputs->anchors, .crls = inputs->crls, .ocsps = inputs->ocsps};
    if (file_read_certificates(certificate, &inputs->certificate, &inputs->chain) != 0)
        return EXIT_USAGE;
    int r =
        read_files(tool, OPTION_CA, FILE_SIZE_MAX, trust_read_certificates, inputs, inputs->anchors, &files->n_anchors);
    if (r == 0)
        r = read_intermediates(tool, inputs);
    if (r == 0)
        r = read_files(tool, OPTION_CRL, VERIFY_CRL_MAX, trust_read_crls, inputs, inputs->crls, &files->n_crls);
    if (r == 0)
        r = read_files(tool, OPTION_OCSP, FILE_SIZE_MAX, read_answer, inputs, inputs->ocsps, &files->n_ocsps);
    return r;
}

/* --- rules --- */

static int not_an_oid(OptionId id, const char *value) {
    CLEANUP(free_pointer) char *shown = text_escape_string(value);
    output_complain(_("Give another value."), _("%s does not take \"%s\"."), options_name(id), shown ? shown : "");
    return EXIT_USAGE;
}

static int read_purpose(const char *value, TrustRules *rules) {
    static const struct {
        const char *name;
        TrustPurpose purpose;
        const char *usage;
    } purposes[] = {
        {"login", TRUST_PURPOSE_LOGIN, NULL},
        {"any", TRUST_PURPOSE_ANY, NULL},
        {"clientAuth", TRUST_PURPOSE_USAGE, "1.3.6.1.5.5.7.3.2"},
        {"serverAuth", TRUST_PURPOSE_USAGE, "1.3.6.1.5.5.7.3.1"},
    };
    for (size_t i = 0; i < ELEMENTSOF(purposes); i++)
        if (strcmp(value, purposes[i].name) == 0) {
            rules->purpose = purposes[i].purpose;
            rules->usage = purposes[i].usage;
            return 0;
        }
    if (!trust_is_oid(value))
        return not_an_oid(OPTION_PURPOSE, value);
    rules->purpose = TRUST_PURPOSE_USAGE;
    rules->usage = value;
    return 0;
}

static int read_policies(const Options *options, const char *policies[OPTION_USES_MAX], TrustRules *rules) {
    const char *policy;
    for (size_t cursor = 0; (policy = options_next(options, OPTION_POLICY, &cursor));) {
        if (!trust_is_oid(policy))
            return not_an_oid(OPTION_POLICY, policy);
        policies[rules->n_policies++] = policy;
    }
    rules->policies = policies;
    return 0;
}

static int read_rules(const Options *options, const char *policies[OPTION_USES_MAX], TrustRules *rules) {
    *rules = (TrustRules){
        .revocation = options_has(options, OPTION_CRL)    ? TRUST_REVOCATION_CHAIN
                      : options_has(options, OPTION_OCSP) ? TRUST_REVOCATION_LEAF
                                                          : TRUST_REVOCATION_NONE,
        .explicit_policy = options_has(options, OPTION_EXPLICIT_POLICY),
        .inhibit_any_policy = options_has(options, OPTION_INHIBIT_ANY_POLICY),
        .inhibit_policy_mapping = options_has(options, OPTION_INHIBIT_POLICY_MAPPING),
        .limit_depth = options_has(options, OPTION_MAX_DEPTH),
        .max_depth = options->max_depth,
    };
    const char *purpose = options->values[OPTION_PURPOSE];
    int r = purpose ? read_purpose(purpose, rules) : 0;
    return r != 0 ? r : read_policies(options, policies, rules);
}

/* --- the verb --- */

static int judge(const Inputs *inputs, const TrustRules *rules, int64_t now, Verdict *ret, TrustProblems *problems) {
    CLEANUP(trust_store_unrefp) TrustStore *store = NULL;
    CLEANUP(free_pointer) View *chain = calloc(inputs->chain.count + 1, sizeof *chain); /* never of size 0 */
    int r = chain ? trust_store_make(&(TrustOptions){0}, &inputs->files, now, &store, problems) : -ENOMEM;
    if (r < 0)
        return r;
    for (size_t i = 0; i < inputs->chain.count; i++)
        chain[i] = bytes_view(&inputs->chain.items[i]);
    TrustQuery query = {
        .leaf = bytes_view(&inputs->certificate),
        .chain = chain,
        .n_chain = inputs->chain.count,
        .rules = rules,
        .now = now,
    };
    return trust_judge(store, &query, ret);
}

int verb_verify(Tool *tool, char **operands, size_t n_operands) {
    (void) n_operands; /* the table says one */
    CLEANUP(inputs_done) Inputs inputs = {0};
    CLEANUP(verdict_done) Verdict verdict = {0};
    CLEANUP(trust_problems_done) TrustProblems problems = {0};
    const char *policies[OPTION_USES_MAX];
    TrustRules rules;
    if (!options_has(tool->options, OPTION_CA)) {
        output_complain(_("Give the trust anchors with --ca."), _("Nothing is trusted by itself."));
        return EXIT_USAGE;
    }
    int r = read_rules(tool->options, policies, &rules);
    if (r == 0)
        r = read_inputs(tool, operands[0], &inputs);
    if (r != 0)
        return r;
    if (options_has(tool->options, OPTION_AT))
        tool->now = tool->options->at;
    r = judge(&inputs, &rules, tool->now, &verdict, &problems);
    if (r == 0)
        r = verify_view(tool, bytes_view(&inputs.certificate), &verdict, &problems);
    if (r < 0)
        return tool_fault(r);
    return verdict_accepted(&verdict) ? EXIT_DONE : EXIT_FAILED;
}

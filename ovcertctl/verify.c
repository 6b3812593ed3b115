/* SPDX-License-Identifier: BSD-2-Clause */
/* "verify": a verdict without the daemon, by its rules and with its code, on files alone. Reads nothing but what the
 * command line names, and the kinds of certificate that are installed; must never end with 0 unless trust_judge() found
 * no reason against the certificate, nor with 1 for a file that is not what it was given for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/i18n.h"
#include "common/macros.h"
#include "common/text.h"
#include "ovcertctl/file.h"
#include "ovcertctl/installed_kinds.h"
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

#define WHOLE_FILES                                                                                                    \
    N_("Give certificates, lists and answers as their issuer made them: PEM (one or more in a file) or DER.")

static int unreadable(const char *path, int error) {
    CLEANUP(free_pointer) char *shown = text_escape_string(path);
    const char *why = error == -EFBIG     ? _("it is too large")
                      : error == -EINVAL  ? _("it is not a regular file")
                      : error == -ENODATA ? _("it holds nothing of that kind in PEM or DER")
                                          : strerrordesc_np(-error);
    output_complain(error == -ENODATA ? _(WHOLE_FILES) : NULL, _("%s cannot be used: %s."), shown ? shown : "", why);
    return EXIT_USAGE;
}

/* A PEM block; number: of the certificate or list in the file. */
static int damaged(const char *path, bool list, size_t number) {
    CLEANUP(free_pointer) char *shown = text_escape_string(path);
    output_complain(_(WHOLE_FILES),
                    list ? _("%s cannot be used: list %zu in it is damaged.")
                         : _("%s cannot be used: certificate %zu in it is damaged."),
                    shown ? shown : "", number);
    return EXIT_USAGE;
}

/* number: of the certificate in the file. */
static int malformed(const char *path, size_t number) {
    CLEANUP(free_pointer) char *shown = text_escape_string(path);
    output_complain(_(WHOLE_FILES), _("%s cannot be used: certificate %zu in it is not a certificate in DER."),
                    shown ? shown : "", number);
    return EXIT_USAGE;
}

/* One that is too large is one: the verdict says so. 0, or EXIT_USAGE, said. */
static int check_certificate(const char *path, size_t number, View der) {
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    int r = certificate_parse(der, &certificate);
    if (r < 0)
        return tool_fault(r);
    return r == CERTIFICATE_MALFORMED ? malformed(path, number) : 0;
}

/* before: in front of the first one in the file. */
static int check_certificates(const char *path, size_t before, const BytesList *list, size_t from) {
    int r = 0;
    for (size_t i = from; r == 0 && i < list->count; i++)
        r = check_certificate(path, before + i - from + 1, bytes_view(&list->items[i]));
    return r;
}

/* Whether the file has in it what it was given for. */
typedef int (*ReadFunction)(View file, BytesList *ret);

static int read_answer(View file, BytesList *ret) {
    return file.size > 0 && file.data[0] == 0x30 ? bytes_list_append(ret, file) : -ENODATA; /* a SEQUENCE */
}

static int read_file(Inputs *inputs, const char *path, size_t max, ReadFunction read, BytesList *ret,
                     TrustFile *ret_file) {
    Bytes *contents = &inputs->contents[inputs->n_contents];
    size_t before = ret->count;
    int r = file_read(path, max, contents);
    if (r == 0) {
        inputs->n_contents++; /* at most one for each option */
        r = read(bytes_view(contents), ret);
    }
    if (r == -EBADMSG)
        return damaged(path, read == trust_read_crls, ret->count - before + 1);
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
        size_t from = inputs->chain.count;
        int r = read_file(inputs, path, FILE_SIZE_MAX, trust_read_certificates, &inputs->chain, &file);
        if (r == 0)
            r = check_certificates(path, 0, &inputs->chain, from);
        if (r != 0)
            return r;
    }
    return 0;
}

static int read_certificate(const char *path, Inputs *inputs) {
    if (file_read_certificates(path, &inputs->certificate, &inputs->chain) != 0)
        return EXIT_USAGE;
    int r = check_certificate(path, 1, bytes_view(&inputs->certificate));
    return r == 0 ? check_certificates(path, 1, &inputs->chain, 0) : r;
}

static int read_inputs(const Tool *tool, const char *certificate, Inputs *inputs) {
    TrustFiles *files = &inputs->files;
    *files = (TrustFiles){.anchors = inputs->anchors, .crls = inputs->crls, .ocsps = inputs->ocsps};
    int r = read_certificate(certificate, inputs);
    if (r == 0)
        r = read_files(tool, OPTION_CA, FILE_SIZE_MAX, trust_read_certificates, inputs, inputs->anchors,
                       &files->n_anchors);
    if (r == 0)
        r = read_intermediates(tool, inputs);
    if (r == 0)
        r = read_files(tool, OPTION_CRL, VERIFY_CRL_MAX, trust_read_crls, inputs, inputs->crls, &files->n_crls);
    if (r == 0)
        r = read_files(tool, OPTION_OCSP, FILE_SIZE_MAX, read_answer, inputs, inputs->ocsps, &files->n_ocsps);
    return r;
}

/* --- rules --- */

static int not_an_oid(OptionId id, const char *value, const char *advice) {
    CLEANUP(free_pointer) char *shown = text_escape_string(value);
    output_complain(advice, _("%s does not take \"%s\"."), options_name(id), shown ? shown : "");
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
        return not_an_oid(OPTION_PURPOSE, value,
                          _("Give login, any, clientAuth, serverAuth, or the OID of an extended key usage."));
    rules->purpose = TRUST_PURPOSE_USAGE;
    rules->usage = value;
    return 0;
}

static int read_policies(const Options *options, const char *policies[OPTION_USES_MAX], TrustRules *rules) {
    const char *policy;
    for (size_t cursor = 0; (policy = options_next(options, OPTION_POLICY, &cursor));) {
        if (!trust_is_oid(policy))
            return not_an_oid(OPTION_POLICY, policy, _("Give the policy's OID, such as 1.3.6.1.4.1.5734.3.10.1."));
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

/* --- kinds --- */

/* Where nothing is installed there are no kinds that anybody could sign in by: all other rules count all the same. */
static int go_without_kinds(TrustProblems *problems) {
    char *line = strdup(_("no kinds of certificate are installed, so none was asked for; --kinds=FOLDER names some"));
    return line ? trust_problems_add(problems, (TrustProblem){.kind = TRUST_PROBLEM_NO_KINDS, .line = line}) : -ENOMEM;
}

/* *ret: NULL where none count. 0, or an ExitStatus, said. */
static int read_kinds(const Options *options, TrustPurpose purpose, Kinds **ret, TrustProblems *problems) {
    const char *folder = options->values[OPTION_KINDS];
    CLEANUP(free_pointer) char *problem = NULL;
    if (purpose != TRUST_PURPOSE_LOGIN && folder) {
        output_complain(_("Leave one of the two out."), _("Kinds count for --purpose=login alone."));
        return EXIT_USAGE;
    }
    if (purpose != TRUST_PURPOSE_LOGIN)
        return 0;
    int r = folder ? kinds_load_folder(folder, ret, &problem) : installed_kinds_load("", ret, &problem);
    if (r == KINDS_NONE && !folder)
        r = go_without_kinds(problems);
    if (r < 0)
        return tool_fault(r);
    if (r == 0)
        return 0;
    output_complain(_("Correct it, name other kinds with --kinds=FOLDER, or leave them out with --purpose=any."), "%s.",
                    problem);
    return EXIT_USAGE;
}

/* --- the verb --- */

/* 0, or EXIT_USAGE, said: what does not even parse is no input, and no verdict rests on it. */
static int check_problems(const TrustProblems *problems) {
    for (size_t i = 0; i < problems->count; i++)
        if (problems->items[i].malformed) {
            output_complain(_(WHOLE_FILES), "%s.", problems->items[i].line);
            return EXIT_USAGE;
        }
    return 0;
}

static int judge(const Inputs *inputs, const TrustStore *store, const TrustRules *rules, int64_t now, Verdict *ret) {
    CLEANUP(free_pointer) View *chain = calloc(inputs->chain.count + 1, sizeof *chain); /* never of size 0 */
    if (!chain)
        return -ENOMEM;
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

static int verdict_of(const Tool *tool, const Inputs *inputs, const TrustStore *store, const TrustRules *rules,
                      const TrustProblems *problems) {
    CLEANUP(verdict_done) Verdict verdict = {0};
    int r = judge(inputs, store, rules, tool->now, &verdict);
    if (r == 0)
        r = verify_view(tool, bytes_view(&inputs->certificate), &verdict, problems);
    if (r < 0)
        return tool_fault(r);
    return verdict_accepted(&verdict) ? EXIT_DONE : EXIT_FAILED;
}

int verb_verify(Tool *tool, char **operands, size_t n_operands) {
    (void) n_operands; /* the table says one */
    CLEANUP(inputs_done) Inputs inputs = {0};
    CLEANUP(kinds_unrefp) Kinds *kinds = NULL;
    CLEANUP(trust_store_unrefp) TrustStore *store = NULL;
    CLEANUP(trust_problems_done) TrustProblems problems = {0};
    const char *policies[OPTION_USES_MAX];
    TrustRules rules;
    if (!options_has(tool->options, OPTION_CA)) {
        output_complain(_("Give the trust anchors with --ca."), _("Nothing is trusted by itself."));
        return EXIT_USAGE;
    }
    int r = read_rules(tool->options, policies, &rules);
    if (r == 0)
        r = read_kinds(tool->options, rules.purpose, &kinds, &problems);
    if (r == 0)
        r = read_inputs(tool, operands[0], &inputs);
    if (r != 0)
        return r;
    if (options_has(tool->options, OPTION_AT))
        tool->now = tool->options->at;
    r = trust_store_make(&(TrustOptions){.kinds = kinds}, &inputs.files, tool->now, &store, &problems);
    if (r < 0)
        return tool_fault(r);
    r = check_problems(&problems);
    return r != 0 ? r : verdict_of(tool, &inputs, store, &rules, &problems);
}

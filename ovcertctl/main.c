/* SPDX-License-Identifier: BSD-2-Clause */
/* ovcertctl: everything that the daemon offers, for people and for scripts. The table of verbs, and what surrounds a
 * run: signals, help, the exit status. Must never open the database. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "common/i18n.h"
#include "common/text.h"
#include "config.h"
#include "ovcertctl/verbs.h"

typedef struct Verb {
    const char *name; /* one word or two */
    const char *operands;
    size_t min, max;  /* number of operands */
    uint64_t options; /* besides OPTIONS_COMMON */
    VerbFunction run;
    const char *summary;
    const char *more; /* for its own help */
} Verb;

static const Verb verbs[] = {
    {"status", "[USER]", 0, 1, OPTION_BIT(USER), verb_status,
     N_("My profile: the certificate, whether it is accepted, what is open"),
     N_("Ends with 0 when the assigned certificate is accepted, 1 when it is not, 3 when there is none.")},
    {"renew", "", 0, 0, OPTION_BIT(CREDENTIAL) | OPTION_BIT(YES), verb_renew,
     N_("Replace the certificate by a new one of the same holder, in one go"),
     N_("Chooses and proves the new certificate first; the old one stays assigned until the new one takes its place.\n"
        "Interrupted anywhere, it goes on where it was when run again.")},
    {"change", "", 0, 0, OPTION_BIT(CREDENTIAL) | OPTION_BIT(YES), verb_renew,
     N_("Change the certificate for another one of the same holder; the same as \"renew\""),
     N_("Chooses and proves the other certificate first; the assigned one stays until that takes its place.\n"
        "Interrupted anywhere, it goes on where it was when run again.")},
    {"unlink", "[USER]", 0, 1, OPTION_BIT(USER) | OPTION_BIT(UNTIL_ASSIGN) | OPTION_BIT(BAR), verb_unlink,
     N_("Prepare to unlink the certificate from the profile; nothing changes yet"),
     N_("The next step is \"ovcertctl confirm\".")},
    {"confirm", "[OPERATION]", 0, 1, OPTION_BIT(USER), verb_confirm,
     N_("Confirm an open operation (the only one, if none is named)"),
     N_("After an unlink the profile has no certificate until one is assigned, unless it was an unlink with\n"
        "--until-assign: then the old certificate stays until the new one is assigned.")},
    {"cancel", "[OPERATION]", 0, 1, OPTION_BIT(USER), verb_cancel, N_("Drop an open operation; nothing was changed"),
     NULL},
    {"assign", "", 0, 0,
     OPTION_BIT(USER) | OPTION_BIT(CREDENTIAL) | OPTION_BIT(CERTIFICATE) | OPTION_BIT(HOLDER_CHANGE), verb_assign,
     N_("Assign a certificate to a profile that has none, or after a confirmed unlink --until-assign"),
     N_("Users prove that they have the private key: --credential, or one of the files that are found.\n"
        "Administrators may assign a certificate file (--certificate) without proof; the log says so.")},
    {"check", "CERTIFICATE", 1, 1, OPTION_BIT(USER), verb_check, N_("Would this certificate file do, and if not, why?"),
     N_("PEM or DER; in PEM the certificates of the issuers may follow. Ends with 0 when it is accepted, 1 when not.")},
    {"verify", "CERTIFICATE", 1, 1,
     OPTION_BIT(CA) | OPTION_BIT(INTERMEDIATES) | OPTION_BIT(CRL) | OPTION_BIT(OCSP) | OPTION_BIT(AT) |
         OPTION_BIT(PURPOSE) | OPTION_BIT(KINDS) | OPTION_BIT(POLICY) | OPTION_BIT(EXPLICIT_POLICY) |
         OPTION_BIT(INHIBIT_ANY_POLICY) | OPTION_BIT(INHIBIT_POLICY_MAPPING) | OPTION_BIT(MAX_DEPTH),
     verb_verify, N_("The verdict on a certificate file with these anchors and lists alone, without the daemon"),
     N_("By the rules that the daemon has, with the chain and every reason. Files are PEM, one or more in each, or "
        "DER.\n"
        "Without --crl and --ocsp nothing is said about revocation. Ends with 0 when it is accepted, 1 when not, 2 "
        "when\n"
        "a file cannot be read or holds what is no certificate, list or answer.")},
    {"explain", "[CERTIFICATE|USER]", 0, 1, OPTION_BIT(USER) | OPTION_BIT(CERTIFICATE), verb_explain,
     N_("Everything about a verdict: facts, chain, every reason with what to do"),
     N_("Of one's own or a USER's assigned certificate, or of a certificate file. What has a slash in it or is the "
        "name of\n"
        "a file is a certificate; --user and --certificate leave no doubt, and together judge the file for that user.\n"
        "Ends with 0 when it is accepted, 1 when not, 3 when there is none.")},
    {"credentials", "", 0, 0, OPTION_BIT(CREDENTIAL) | OPTION_BIT(UNLOCK), verb_credentials,
     N_("What .p12 files and tokens there are, and whether their certificates would do"),
     N_("What is inside a .p12 file shows only with --unlock, as on tokens that hide their certificates.")},
    {"find", "CERTIFICATE", 1, 1, OPTION_BIT(NO_VALIDATION), verb_find,
     N_("Whose is this certificate? (administrators, services)"),
     N_("It proves nothing about who brings the certificate. Ends with 1 when it is not accepted, 3 when it is\n"
        "assigned to nobody.")},
    {"ssh-keys", "USER", 1, 1, 0, verb_ssh_keys,
     N_("The public key of a user's certificate for sshd (services, administrators)"),
     N_("For AuthorizedKeysCommand of sshd_config(5). Prints nothing and ends with 0 when there is no certificate that "
        "is\naccepted at this moment, whatever the reason.")},
    {"list", "", 0, 0, OPTION_BIT(STATE) | OPTION_BIT(STATUS) | OPTION_BIT(EXPIRING), verb_list,
     N_("List profiles (administrators)"), N_("With several of the options, only profiles that fit all of them.")},
    {"block", "NAME", 0, 1, OPTION_BIT(USER) | OPTION_BIT(REASON), verb_block,
     N_("Refuse sign-ins with a profile's certificate, at once (administrators)"),
     N_("A lost card, say. It lasts until \"ovcertctl unblock\".")},
    {"unblock", "NAME", 0, 1, OPTION_BIT(USER), verb_unblock, N_("Lift a block (administrators)"), NULL},
    {"unbar", "FINGERPRINT|FILE", 1, 1, 0, verb_unbar, N_("Take back \"unlink --bar\" (administrators)"),
     N_("The fingerprint stands in the log (certificate-barred); a certificate file will do, too.")},
    {"profile create", "NAME", 1, 1, OPTION_BIT(UID) | OPTION_BIT(HOLDER), verb_profile_create,
     N_("Make a profile for a Unix account (root)"),
     N_("With a holder, the user can assign the first certificate alone; without, it takes an administrator.")},
    {"profile show", "[NAME]", 0, 1, OPTION_BIT(USER), verb_profile_show, N_("Show a profile, as \"status\" does"),
     NULL},
    {"profile delete", "[NAME]", 0, 1, OPTION_BIT(USER) | OPTION_BIT(YES), verb_profile_delete,
     N_("Delete a profile, after a question"),
     N_("With --no-ask-password and without --yes it is prepared only, and \"ovcertctl confirm\" deletes it.")},
    {"trust list", "", 0, 0, 0, verb_trust_list,
     N_("The trust anchors: the authorities whose certificates are accepted"), NULL},
    {"trust add", "FILE", 1, 1, OPTION_BIT(YES), verb_trust_add,
     N_("Accept certificates of this authority, after a question (root)"),
     N_("FILE is its root certificate, PEM or DER. Compare the fingerprint with the one that the authority "
        "publishes.")},
    {"trust remove", "FINGERPRINT", 1, 1, OPTION_BIT(YES), verb_trust_remove,
     N_("Accept no certificates of this authority any more, after a question (root)"),
     N_("The fingerprint is that of \"ovcertctl trust list\". Whoever signs in with such a certificate no longer "
        "can.")},
    {"backup", "FILE", 1, 1, OPTION_BIT(FORCE), verb_backup,
     N_("Write a checked copy of the whole database into a file (root)"),
     N_("While the service runs, and without keeping anybody waiting. The file, of mode 0600, holds every name of the "
        "log "
        "and\nall that erases them: keep it as the database is kept.")},
    {"restore", "FILE", 1, 1, OPTION_BIT(YES) | OPTION_BIT(FORCE), verb_restore,
     N_("Put a backup in the place of the database, after a question (root)"),
     N_("Certificates that were unlinked or barred and profiles that were blocked or deleted since stay so, if the "
        "database\ncan still be read; it is kept beside the new one. Stops the service before and starts it after, "
        "where "
        "systemd runs it.")},
    {"log", "", 0, 0, OPTION_BIT(USER) | OPTION_BIT(VERIFY) | OPTION_BIT(LINES) | OPTION_BIT(FOLLOW), verb_log,
     N_("Show the audit log, or check that it is whole (administrators)"),
     N_("--follow begins with the newest 10 entries, or --lines, and ends with 0 when it is interrupted.\n"
        "With --json=short it prints one object a line.")},
    {"setup", "", 0, 0,
     OPTION_BIT(ANCHOR) | OPTION_BIT(CRL) | OPTION_BIT(USER) | OPTION_BIT(HOLDER) | OPTION_BIT(CERTIFICATE) |
         OPTION_BIT(YES) | OPTION_BIT(ENABLE_PAM),
     verb_setup, N_("Set a machine up: trust, the first profile, a sign-in to try (root)"),
     N_("Asks for what is missing. What is there already stays, so that it may be run again, after Ctrl-C too.\n"
        "Certificates sign nobody in before a sign-in has been tried; --yes alone does not turn that on.")},
    {"doctor", "", 0, 0, 0, verb_doctor, N_("Look whether everything works, and say what to do where it does not"),
     N_("Ends with 0 when nothing is wrong (warnings are about later), 1 when something is. Root sees everything.")},
};

static void print_verbs(void) {
    for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
        int width = 28 - (int) strlen(verbs[i].name);
        (void) printf("  %s %*s%s\n", verbs[i].name, -width, verbs[i].operands, _(verbs[i].summary));
    }
}

static int help(void) {
    (void) printf("%s\n\n%s\n\n%s\n", _("ovcertctl [OPTION...] VERB [OPERAND...]"),
                  _("Manage the association between users and the certificates they sign in with."), _("Verbs:"));
    print_verbs();
    (void) printf("\n%s\n", _("Options of every verb:"));
    options_print_help(OPTIONS_COMMON);
    (void) printf("\n%s\n%s\n", _("\"ovcertctl VERB --help\" shows the options of one verb."),
                  _("Exit status: 0 done, 1 failed or a negative verdict, 2 usage, 3 not found or no certificate, 4 "
                    "denied,\n5 daemon unavailable."));
    return EXIT_DONE;
}

static int verb_help(const Verb *verb) {
    (void) printf("ovcertctl [OPTION...] %s %s\n\n%s\n", verb->name, verb->operands, _(verb->summary));
    if (verb->more)
        (void) printf("%s\n", _(verb->more));
    (void) printf("\n%s\n", _("Options:"));
    options_print_help(verb->options | OPTIONS_COMMON);
    return EXIT_DONE;
}

/* "profile --help": the verbs that begin with this word. NULL when there is none. */
static const Verb *first_of_group(const char *word) {
    size_t length = strlen(word);
    for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
        if (strncmp(verbs[i].name, word, length) == 0 && verbs[i].name[length] == ' ')
            return &verbs[i];
    return NULL;
}

static int group_help(const char *word) {
    size_t length = strlen(word);
    for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
        if (strncmp(verbs[i].name, word, length) == 0 && verbs[i].name[length] == ' ')
            (void) printf("ovcertctl [OPTION...] %s %s\n    %s\n", verbs[i].name, verbs[i].operands,
                          _(verbs[i].summary));
    return EXIT_DONE;
}

/* How many of the operands make up the verb's name; 0: they do not. */
static size_t match(const Verb *verb, const Options *options) {
    const char *space = strchr(verb->name, ' ');
    size_t first = space ? (size_t) (space - verb->name) : strlen(verb->name);
    const char *const *words = (const char *const *) options->operands;
    if (strlen(words[0]) != first || strncmp(words[0], verb->name, first) != 0)
        return 0;
    if (!space)
        return 1;
    return options->n_operands > 1 && strcmp(words[1], space + 1) == 0 ? 2 : 0;
}

static const Verb *find_verb(const Options *options, size_t *ret_words) {
    for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
        size_t words = match(&verbs[i], options);
        if (words > 0) {
            *ret_words = words;
            return &verbs[i];
        }
    }
    return NULL;
}

#define WORD_MAX 16u /* longer ones resemble no verb */

/* Letters to add, drop or change to get from one word to the other. */
static size_t distance(const char *a, const char *b) {
    size_t row[WORD_MAX + 1], n = strlen(b);
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t change = corner + (a[i - 1] != b[j - 1]), add = row[j - 1] + 1, drop = row[j] + 1;
            corner = row[j];
            row[j] = change < add ? change : add;
            row[j] = row[j] < drop ? row[j] : drop;
        }
    }
    return row[n];
}

/* The verb that was probably meant; NULL when none is close. */
static const char *nearest_verb(const char *word) {
    const char *nearest = NULL;
    size_t least = 3;
    for (size_t i = 0; strlen(word) <= WORD_MAX && i < ELEMENTSOF(verbs); i++) {
        if (strlen(verbs[i].name) > WORD_MAX)
            continue;
        size_t d = distance(word, verbs[i].name);
        if (d < least) {
            least = d;
            nearest = verbs[i].name;
        }
    }
    return nearest;
}

/* What was typed in a verb's place: a word, or two where the first is one that verbs begin with. */
static char *typed_verb(const Options *options) {
    char *typed = NULL;
    if (!first_of_group(options->operands[0]))
        return strdup(options->operands[0]);
    return asprintf(&typed, "%s %s", options->operands[0], options->operands[1]) < 0 ? NULL : typed;
}

static int unknown_verb(const Options *options) {
    const char *word = options->operands[0];
    if (first_of_group(word) && options_has(options, OPTION_HELP))
        return group_help(word);
    if (first_of_group(word) && options->n_operands == 1) {
        output_complain(NULL, _("\"%s\" needs a second word."), word);
        (void) fprintf(stderr, _("See \"ovcertctl %s --help\".\n"), word);
        return EXIT_USAGE;
    }
    CLEANUP(free_pointer) char *typed = typed_verb(options);
    CLEANUP(free_pointer) char *shown = typed ? text_escape_string(typed) : NULL;
    const char *nearest = typed ? nearest_verb(typed) : NULL;
    output_complain(NULL, _("There is no verb \"%s\"."), shown ? shown : "");
    if (nearest)
        (void) fprintf(stderr, _("Did you mean \"ovcertctl %s\"? See \"ovcertctl --help\".\n"), nearest);
    else
        (void) fprintf(stderr, "%s\n", _("See \"ovcertctl --help\"."));
    return EXIT_USAGE;
}

/* Options and operands that the verb does not take are mistakes, never ignored. */
static int check_usage(const Verb *verb, const Options *options, size_t n_operands) {
    for (OptionId id = 0; id < OPTION_COUNT_; id++)
        if (options_has(options, id) && !((verb->options | OPTIONS_COMMON) & UINT64_C(1) << id)) {
            output_complain(NULL, _("\"%s\" does not take %s."), verb->name, options_name(id));
            (void) fprintf(stderr, _("See \"ovcertctl %s --help\".\n"), verb->name);
            return EXIT_USAGE;
        }
    if (n_operands >= verb->min && n_operands <= verb->max)
        return 0;
    if (n_operands < verb->min)
        output_complain(NULL, _("\"%s\" needs %s."), verb->name, verb->operands);
    else
        output_complain(NULL, _("There is too much behind \"%s%s%s\"."), verb->name, verb->operands[0] ? " " : "",
                        verb->operands);
    (void) fprintf(stderr, _("See \"ovcertctl %s --help\".\n"), verb->name);
    return EXIT_USAGE;
}

/* Signals that end a run become readable, so that every wait can give up in order. -1: they end it at once. */
static int watch_signals(void) {
    sigset_t signals;
    (void) sigemptyset(&signals); /* none of these can fail with such arguments */
    (void) sigaddset(&signals, SIGINT);
    (void) sigaddset(&signals, SIGTERM);
    (void) sigaddset(&signals, SIGHUP);
    (void) sigprocmask(SIG_BLOCK, &signals, NULL);
    int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        (void) sigprocmask(SIG_UNBLOCK, &signals, NULL);
    return fd;
}

static int run_verb(const Verb *verb, const Options *options, size_t words) {
    Tool tool = {
        .options = options,
        .output = {.format = options->format,
                   .legend = !options_has(options, OPTION_NO_LEGEND),
                   .quiet = options_has(options, OPTION_QUIET),
                   .colour = output_wants_colour()},
        .now = (int64_t) time(NULL),
        .interrupt = watch_signals(),
    };
    int r = verb->run(&tool, options->operands + words, options->n_operands - words);
    tool_done(&tool);
    if (tool.interrupt >= 0)
        (void) close(tool.interrupt); /* a signalfd holds nothing back */
    return r;
}

static int dispatch(const Options *options) {
    if (options_has(options, OPTION_VERSION)) {
        (void) printf("ovcertctl %s\n", OVCERT_VERSION);
        return EXIT_DONE;
    }
    if (options->n_operands == 0 || strcmp(options->operands[0], "help") == 0) {
        if (options->n_operands > 0 || options_has(options, OPTION_HELP))
            return help();
        output_complain(_("See \"ovcertctl --help\"."), _("A verb is missing."));
        return EXIT_USAGE;
    }
    size_t words = 0;
    const Verb *verb = find_verb(options, &words);
    if (!verb)
        return unknown_verb(options);
    if (options_has(options, OPTION_HELP))
        return verb_help(verb);
    int r = check_usage(verb, options, options->n_operands - words);
    return r != 0 ? r : run_verb(verb, options, words);
}

int main(int argc, char *argv[]) {
    Options options;
    i18n_init();
    (void) setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* passphrases are typed here; lowering cannot fail */
    int r = options_parse(argc, argv, &options);
    if (r == 0)
        r = dispatch(&options);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        output_complain(NULL, _("The output could not be written: %s."), strerrordesc_np(errno));
        return r != 0 ? r : EXIT_FAILED;
    }
    return r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The PAM part of "doctor". Each trap is a question to a whole stack: who gets in if the module answers this and the
 * others that? Must never judge a stack that does not have the module. */
#include "ovcertctl/check_pam.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <security/pam_modules.h>

#include "common/bytes.h"
#include "common/i18n.h"
#include "common/text.h"
#include "config.h"
#include "ovcertctl/pam_arguments.h"
#include "ovcertctl/pam_stack.h"

#define MODULE "pam_ovcert.so"
#define CHECK "pam"
#define SERVICES_SHOWN 4u

/* --- traps --- */

typedef enum TrapKind {
    TRAP_BROKEN,
    TRAP_OPTION,
    TRAP_FILE,
    TRAP_NO_WAY_IN,
    TRAP_FILE_LOCKS_OUT,
    TRAP_ACCOUNT_LOCKS_OUT,
    TRAP_OPEN,
    TRAP_REFUSES,
    TRAP_SKIPS,
    TRAP_ORDER,
    TRAP_UNREACHED,
    TRAP_NEW_PASSWORD,
    TRAP_TOOTHLESS,
    TRAP_RENEW_REFUSED,
    TRAP_RENEW_NOWHERE,
    TRAP_REQUIRE_AUTH,
    TRAP_REQUIRE_ELSEWHERE,
    TRAP_REQUIRE_UNATTENDED,
    TRAP_REQUIRE_KEYS,
} TrapKind;

static const struct {
    FindingState state;
    const char *text; /* the trap's word follows */
    const char *advice;
} traps[] = {
    [TRAP_BROKEN] = {FINDING_ERROR, N_("PAM fails at this line: "),
                     N_("Correct it at once, in a shell that stays open: it may keep root out.")},
    [TRAP_OPTION] = {FINDING_ERROR, N_("the module refuses an option, and does nothing: "),
                     N_("Correct it: in account lines it may let nobody in, root neither.")},
    [TRAP_FILE] = {FINDING_ERROR, N_("the module's file is not there: "),
                   N_("Install it again, or take the line out (pam-auth-update --remove ovcert).")},
    [TRAP_NO_WAY_IN] = {FINDING_ERROR, N_("while ovcertd is not running nobody gets in here, root neither"),
                        N_("Put default=ignore into the line's control, and keep pam_unix.so below it.")},
    [TRAP_FILE_LOCKS_OUT] = {FINDING_ERROR,
                             N_("should the module's file go missing, nobody gets in here, root neither"),
                             N_("Put module_unknown=ignore into the line's control (default=ignore for auth).")},
    [TRAP_ACCOUNT_LOCKS_OUT] = {FINDING_ERROR, N_("who has no certificate does not get in here, root neither"),
                                N_("Put success=ignore ignore=ignore into the line's control.")},
    [TRAP_OPEN] = {FINDING_ERROR, N_("a sign-in that fails gets in here, without any password"),
                   N_("Correct the line's control: no code but success may jump or be ok.")},
    [TRAP_REFUSES] = {FINDING_ERROR, N_("who signs in with a certificate does not get in here"),
                      N_("Correct success=N: it has to skip the password modules and pam_deny.so, and no more.")},
    [TRAP_SKIPS] = {FINDING_WARNING, N_("after a sign-in with a certificate this is skipped: "),
                    N_("Write success=N, over so many lines that it goes on there, in place of success=done.")},
    [TRAP_ORDER] = {FINDING_WARNING, N_("the password is asked for before the certificate"),
                    N_("Put the line above pam_unix.so, or let it use that password (use_first_pass).")},
    [TRAP_UNREACHED] = {FINDING_ERROR, N_("this line is never reached: one above it ends the stack"),
                        N_("Put it above that line.")},
    [TRAP_NEW_PASSWORD] = {FINDING_WARNING, N_("this line is not reached while a password has to be changed"),
                           N_("Put it above pam_unix.so.")},
    [TRAP_TOOTHLESS] = {FINDING_ERROR, N_("require= keeps nobody out: the stack overlooks the module's refusal"),
                        N_("Put default=die into the line's control.")},
    [TRAP_RENEW_REFUSED] = {FINDING_WARNING,
                            N_("password=renew does not go with what the line does with new_authtok_reqd"),
                            N_("Put new_authtok_reqd=ok into the line's control.")},
    [TRAP_RENEW_NOWHERE] = {FINDING_WARNING, N_("password=renew leads nowhere: the password lines do not have it"),
                            N_("Put the module, with password=renew, above pam_unix.so there too.")},
    [TRAP_REQUIRE_AUTH] =
        {FINDING_ERROR, N_("nobody is asked for a certificate, so who has one is kept out, in a service of require=: "),
         N_("Put the module into its auth lines too, or take it out of require=.")},
    [TRAP_REQUIRE_ELSEWHERE] = {FINDING_WARNING,
                                N_("the account lines do not have this option in a service of require=: "),
                                N_("Correct the name, or add the line there: nothing is required so far.")},
    [TRAP_REQUIRE_UNATTENDED] = {FINDING_WARNING,
                                 N_("nobody is there to prove a certificate in a service of require=: "),
                                 N_("Take it out of require=, or exempt a group (exempt-group=).")},
    [TRAP_REQUIRE_KEYS] = {FINDING_WARNING,
                           N_("who comes with a public key is kept out as well in a service of require=: "),
                           N_("If that is not what you want, take it out of require=.")},
};

/* One trap, and in which services somebody steps into it. */
typedef struct Trap {
    TrapKind kind;
    char *where; /* "FILE:LINE" */
    char *word;  /* escaped; "" */
    Bytes services;
    size_t n_services;
} Trap;

typedef struct Look {
    const Machine *machine;
    Trap *traps;
    size_t count;
    size_t n_services; /* that have the module */
    int fault;
} Look;

static void trap_done(Trap *trap) {
    free(trap->where);
    free(trap->word);
    bytes_done(&trap->services);
}

static void look_done(Look *look) {
    for (size_t i = 0; i < look->count; i++)
        trap_done(&look->traps[i]);
    free(look->traps);
}

static int add_service(Trap *trap, const char *service) {
    CLEANUP(free_pointer) char *shown = text_escape_string(service);
    if (!shown)
        return -ENOMEM;
    if (trap->n_services++ >= SERVICES_SHOWN)
        return 0;
    int r = trap->services.size > 0 ? bytes_append(&trap->services, (View){(const uint8_t *) ", ", 2}) : 0;
    return r < 0 ? r : bytes_append(&trap->services, (View){(const uint8_t *) shown, strlen(shown)});
}

static int make_trap(const StackLine *line, TrapKind kind, const char *word, Trap *ret) {
    CLEANUP(free_pointer) char *file = text_escape_string(line->file);
    *ret = (Trap){.kind = kind, .word = text_escape_string(word)};
    if (!file || !ret->word)
        return -ENOMEM;
    const char *folder = line->file[0] == '/' ? "" : "/etc/pam.d/";
    if (asprintf(&ret->where, "%s%s:%u", folder, file, line->number) >= 0)
        return 0;
    ret->where = NULL; /* unspecified after a failure */
    return -ENOMEM;
}

static Trap *find_trap(const Look *look, const Trap *like) {
    for (size_t i = 0; i < look->count; i++) {
        Trap *trap = &look->traps[i];
        if (trap->kind == like->kind && strcmp(trap->where, like->where) == 0 && strcmp(trap->word, like->word) == 0)
            return trap;
    }
    return NULL;
}

/* An included line is said once, with the services that it is in. */
static int keep(Look *look, const char *service, const StackLine *line, TrapKind kind, const char *word) {
    CLEANUP(trap_done) Trap made = {0};
    int r = make_trap(line, kind, word, &made);
    if (r < 0)
        return r;
    Trap *known = find_trap(look, &made);
    if (known)
        return add_service(known, service);
    Trap *grown = reallocarray(look->traps, look->count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    look->traps = grown;
    grown[look->count++] = made;
    made = (Trap){0};
    return add_service(&grown[look->count - 1], service);
}

static void trap(Look *look, const char *service, const StackLine *line, TrapKind kind, const char *word) {
    int r = keep(look, service, line, kind, word);
    look->fault = r < 0 ? r : look->fault;
}

/* --- what the modules around it do --- */

typedef enum Role {
    ROLE_PROOF,     /* lets somebody in, by whatever it asks for */
    ROLE_PASSWORD,  /* likewise, by the password */
    ROLE_CONDITION, /* says yes to some, no to others */
    ROLE_HELPER,    /* does something on the way, and decides nothing */
    ROLE_PERMIT,
    ROLE_DENY,
    ROLE_OURS,
} Role;

static Role role_of(const StackLine *line) {
    static const struct {
        const char *module;
        Role role;
    } roles[] = {
        {MODULE, ROLE_OURS},
        {"pam_permit.so", ROLE_PERMIT},
        {"pam_deny.so", ROLE_DENY},
        {"pam_unix.so", ROLE_PASSWORD},
        {"pam_sss.so", ROLE_PASSWORD},
        {"pam_ldap.so", ROLE_PASSWORD},
        {"pam_krb5.so", ROLE_PASSWORD},
        {"pam_winbind.so", ROLE_PASSWORD},
        {"pam_systemd_home.so", ROLE_PASSWORD},
        {"pam_access.so", ROLE_CONDITION},
        {"pam_exec.so", ROLE_CONDITION},
        {"pam_faillock.so", ROLE_CONDITION},
        {"pam_listfile.so", ROLE_CONDITION},
        {"pam_localuser.so", ROLE_CONDITION},
        {"pam_nologin.so", ROLE_CONDITION},
        {"pam_rootok.so", ROLE_CONDITION},
        {"pam_securetty.so", ROLE_CONDITION},
        {"pam_shells.so", ROLE_CONDITION},
        {"pam_succeed_if.so", ROLE_CONDITION},
        {"pam_time.so", ROLE_CONDITION},
        {"pam_usertype.so", ROLE_CONDITION},
        {"pam_wheel.so", ROLE_CONDITION},
        {"pam_cap.so", ROLE_HELPER},
        {"pam_echo.so", ROLE_HELPER},
        {"pam_ecryptfs.so", ROLE_HELPER},
        {"pam_env.so", ROLE_HELPER},
        {"pam_faildelay.so", ROLE_HELPER},
        {"pam_gnome_keyring.so", ROLE_HELPER},
        {"pam_group.so", ROLE_HELPER},
        {"pam_issue.so", ROLE_HELPER},
        {"pam_keyinit.so", ROLE_HELPER},
        {"pam_kwallet.so", ROLE_HELPER},
        {"pam_kwallet5.so", ROLE_HELPER},
        {"pam_mail.so", ROLE_HELPER},
        {"pam_mount.so", ROLE_HELPER},
        {"pam_systemd.so", ROLE_HELPER},
        {"pam_warn.so", ROLE_HELPER},
    };
    for (size_t i = 0; i < ELEMENTSOF(roles); i++)
        if (stack_line_is(line, roles[i].module))
            return roles[i].role;
    return ROLE_PROOF;
}

/* What each role answers. */
typedef struct Scenario {
    int ours;
    int proof;
    int password;
    int condition;
    int helper;
} Scenario;

static int play(const StackLine *line, void *userdata) {
    const Scenario *scenario = userdata;
    switch (role_of(line)) {
    case ROLE_OURS:
        return scenario->ours;
    case ROLE_PASSWORD:
        return scenario->password;
    case ROLE_CONDITION:
        return scenario->condition;
    case ROLE_HELPER:
        return scenario->helper;
    case ROLE_PERMIT:
        return PAM_SUCCESS;
    case ROLE_DENY:
        return PAM_AUTH_ERR;
    default:
        return scenario->proof;
    }
}

/* One service's stack of one type that has the module. */
typedef struct Case {
    Look *look;
    const char *service;
    Stack stack;
    size_t ours; /* index of the module's first line */
    PamArguments arguments;
} Case;

static const StackLine *our_line(const Case *of) {
    return &of->stack.lines[of->ours];
}

static void step(const Case *of, TrapKind kind, const char *word) {
    trap(of->look, of->service, our_line(of), kind, word);
}

static bool gets_in(const Case *of, Scenario scenario) {
    return stack_run(&of->stack, play, &scenario, NULL) == PAM_SUCCESS;
}

/* Whatever the conditions say, as long as they let somebody through. */
static bool somebody_gets_in(const Case *of, Scenario scenario) {
    Scenario strict = scenario;
    strict.condition = PAM_AUTH_ERR;
    return gets_in(of, scenario) || gets_in(of, strict);
}

/* --- auth --- */

static Scenario others_know_the_person(int ours) {
    return (Scenario){.ours = ours, .helper = PAM_IGNORE}; /* PAM_SUCCESS but for these */
}

static Scenario nobody_knows_the_person(int ours) {
    return (Scenario){ours, PAM_AUTH_ERR, PAM_AUTH_ERR, PAM_AUTH_ERR, PAM_IGNORE};
}

/* GDM's prompt for smart cards: whoever has none, root above all, takes the one for passwords (gdm-password, login). */
static bool has_another_prompt_beside_it(const char *service) {
    return strcmp(service, "gdm-smartcard") == 0 || strcmp(service, "gdm-smartcard-ovcert") == 0;
}

static void ask_who_is_locked_out(const Case *of) {
    if (has_another_prompt_beside_it(of->service))
        return;
    if (!somebody_gets_in(of, others_know_the_person(PAM_AUTHINFO_UNAVAIL)))
        step(of, TRAP_NO_WAY_IN, "");
    else if (!somebody_gets_in(of, others_know_the_person(PAM_MODULE_UNKNOWN)))
        step(of, TRAP_FILE_LOCKS_OUT, "");
}

static void ask_who_is_refused(const Case *of) {
    if (!somebody_gets_in(of, others_know_the_person(PAM_SUCCESS)))
        step(of, TRAP_REFUSES, "");
}

/* A stack that lets everybody in without the module's doing is its administrator's own. */
static bool is_open_anyway(Case *of) {
    StackLine *line = &of->stack.lines[of->ours];
    int actions[STACK_CODES];
    memcpy(actions, line->actions, sizeof actions);
    memset(line->actions, 0, sizeof line->actions); /* STACK_IGNORE */
    bool open = gets_in(of, nobody_knows_the_person(PAM_IGNORE));
    memcpy(line->actions, actions, sizeof actions);
    return open;
}

static void ask_who_gets_in(Case *of) {
    static const int failures[] = {PAM_AUTHINFO_UNAVAIL, PAM_AUTH_ERR,       PAM_CRED_EXPIRED, PAM_CONV_ERR,
                                   PAM_SERVICE_ERR,      PAM_MODULE_UNKNOWN, PAM_ABORT};
    for (size_t i = 0; i < ELEMENTSOF(failures); i++)
        if (gets_in(of, nobody_knows_the_person(failures[i])) && !is_open_anyway(of)) {
            step(of, TRAP_OPEN, "");
            return;
        }
}

/* Lines behind it that do something on the way in by password, but not by certificate. */
static void ask_what_is_skipped(const Case *of) {
    bool by_password[STACK_LINES_MAX], by_certificate[STACK_LINES_MAX];
    Scenario password = others_know_the_person(PAM_AUTHINFO_UNAVAIL);
    Scenario certificate = others_know_the_person(PAM_SUCCESS);
    if (stack_run(&of->stack, play, &password, by_password) != PAM_SUCCESS ||
        stack_run(&of->stack, play, &certificate, by_certificate) != PAM_SUCCESS)
        return;
    for (size_t i = of->ours + 1; i < of->stack.count; i++)
        if (by_password[i] && !by_certificate[i] && role_of(&of->stack.lines[i]) == ROLE_HELPER)
            step(of, TRAP_SKIPS, of->stack.lines[i].module);
}

static void ask_for_the_order(const Case *of) {
    for (size_t i = 0; i < of->ours; i++)
        if (role_of(&of->stack.lines[i]) == ROLE_PASSWORD && !of->arguments.use_first_pass) {
            step(of, TRAP_ORDER, "");
            return;
        }
}

static void check_auth(Case *of) {
    ask_who_is_locked_out(of);
    ask_who_is_refused(of);
    ask_who_gets_in(of);
    ask_what_is_skipped(of);
    ask_for_the_order(of);
}

/* --- account --- */

static bool reaches(const Case *of, Scenario scenario) {
    bool ran[STACK_LINES_MAX];
    (void) stack_run(&of->stack, play, &scenario, ran); /* the way counts */
    return ran[of->ours];
}

static void ask_whether_it_is_reached(const Case *of) {
    Scenario well = {.ours = PAM_IGNORE}, refused = {.ours = PAM_IGNORE, .condition = PAM_PERM_DENIED};
    Scenario change = {.ours = PAM_IGNORE, .password = PAM_NEW_AUTHTOK_REQD};
    if (!reaches(of, well) && !reaches(of, refused))
        step(of, TRAP_UNREACHED, "");
    else if (!reaches(of, change) && (of->arguments.require || of->arguments.renew))
        step(of, TRAP_NEW_PASSWORD, "");
}

static void ask_whether_it_locks_out(const Case *of) {
    if (!somebody_gets_in(of, (Scenario){.ours = PAM_IGNORE}) || !somebody_gets_in(of, (Scenario){.ours = PAM_SUCCESS}))
        step(of, TRAP_ACCOUNT_LOCKS_OUT, "");
    else if (!somebody_gets_in(of, (Scenario){.ours = PAM_MODULE_UNKNOWN}))
        step(of, TRAP_FILE_LOCKS_OUT, "");
}

static bool overlooks(const Case *of, int refusal) {
    Scenario scenario = {.ours = refusal};
    return reaches(of, scenario) && gets_in(of, scenario);
}

/* Has a stack of the service the module, requiring a certificate there (NULL: in any way)? */
static bool stack_has(const Case *of, const char *service, StackType type, const char *required) {
    CLEANUP(stack_done) Stack stack = {0};
    if (stack_load(of->look->machine->root, service, type, &stack) < 0)
        return false;
    for (size_t i = 0; i < stack.count; i++)
        if (role_of(&stack.lines[i]) == ROLE_OURS &&
            (!required || pam_arguments_name(pam_arguments_of(&stack.lines[i]).require, required)))
            return true;
    return false;
}

static bool is_one_of(const char *word, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

static void check_required_service(const Case *of, const char *service) {
    static const char *const unattended[] = {"cron", "crond", "atd", "polkit-1", "systemd-user"};
    if (!stack_has(of, service, STACK_ACCOUNT, service))
        step(of, TRAP_REQUIRE_ELSEWHERE, service);
    else if (is_one_of(service, unattended, ELEMENTSOF(unattended)))
        step(of, TRAP_REQUIRE_UNATTENDED, service);
    else if (!stack_has(of, service, STACK_AUTH, NULL))
        step(of, TRAP_REQUIRE_AUTH, service);
    else if (strcmp(service, "sshd") == 0)
        step(of, TRAP_REQUIRE_KEYS, service);
}

static void check_require(const Case *of) {
    if (overlooks(of, PAM_PERM_DENIED) || overlooks(of, PAM_AUTHINFO_UNAVAIL))
        step(of, TRAP_TOOTHLESS, "");
    for (const char *name = of->arguments.require; name;) {
        size_t length = strcspn(name, ",");
        CLEANUP(free_pointer) char *service = strndup(name, length);
        if (!service) {
            of->look->fault = -ENOMEM;
            return;
        }
        check_required_service(of, service);
        name = name[length] == ',' ? name + length + 1 : NULL;
    }
}

static void check_password_renew(const Case *of) {
    if (our_line(of)->actions[PAM_NEW_AUTHTOK_REQD] != STACK_OK)
        step(of, TRAP_RENEW_REFUSED, "");
    else if (!stack_has(of, of->service, STACK_PASSWORD, NULL))
        step(of, TRAP_RENEW_NOWHERE, "");
}

static void check_account(Case *of) {
    ask_whether_it_is_reached(of);
    ask_whether_it_locks_out(of);
    if (of->arguments.password_renew)
        check_password_renew(of);
    if (of->arguments.require)
        check_require(of);
}

/* --- services --- */

static void check_line(const Case *of) {
    const StackLine *line = our_line(of);
    CLEANUP(free_pointer) char *path = NULL;
    bool absolute = line->module[0] == '/';
    int r = asprintf(&path, "%s%s%s", of->look->machine->root, absolute ? "" : OVCERT_PAM_MODULE_DIR "/", line->module);
    if (r < 0) {
        path = NULL; /* unspecified after a failure */
        of->look->fault = -ENOMEM;
    } else if (access(path, F_OK) < 0 && errno == ENOENT) {
        step(of, TRAP_FILE, path + strlen(of->look->machine->root));
    }
    if (of->arguments.refused)
        step(of, TRAP_OPTION, of->arguments.refused);
}

/* True when the module is in it. */
static bool find_ours(Case *of) {
    for (of->ours = 0; of->ours < of->stack.count; of->ours++)
        if (role_of(our_line(of)) == ROLE_OURS) {
            of->arguments = pam_arguments_of(our_line(of));
            return true;
        }
    return false;
}

static void check_broken_lines(const Case *of) {
    for (size_t i = 0; i < of->stack.count; i++)
        if (of->stack.lines[i].broken)
            trap(of->look, of->service, &of->stack.lines[i], TRAP_BROKEN, of->stack.lines[i].broken);
}

static bool check_type(Look *look, const char *service, StackType type) {
    Case of = {.look = look, .service = service};
    int r = stack_load(look->machine->root, service, type, &of.stack);
    look->fault = r == -ENOMEM ? r : look->fault;
    bool found = r == 0 && find_ours(&of);
    if (found) {
        check_broken_lines(&of);
        check_line(&of);
        (type == STACK_AUTH ? check_auth : check_account)(&of);
    }
    stack_done(&of.stack);
    return found;
}

static void check_service(Look *look, const char *service) {
    bool auth = check_type(look, service, STACK_AUTH), account = check_type(look, service, STACK_ACCOUNT);
    look->n_services += auth || account;
}

/* What editors and packages leave beside the files is no service. */
static int is_service(const struct dirent *entry) {
    static const char *const endings[] = {"~", ".bak", ".old", ".orig", ".rpmnew", ".rpmsave", ".rej", ".swp"};
    const char *name = entry->d_name;
    size_t size = strlen(name);
    for (size_t i = 0; i < ELEMENTSOF(endings); i++) {
        size_t end = strlen(endings[i]);
        if (size >= end && strcmp(name + size - end, endings[i]) == 0)
            return 0;
    }
    return name[0] != '.' && !strstr(name, ".dpkg-") && !strstr(name, ".ucf-") && !strstr(name, ".pam-");
}

/* The files of the second folder that the first does not have. */
static bool is_replaced(const Look *look, const char *service) {
    CLEANUP(free_pointer) char *path = NULL;
    if (asprintf(&path, "%s/etc/pam.d/%s", look->machine->root, service) < 0) {
        path = NULL;  /* unspecified after a failure */
        return false; /* looked at twice then */
    }
    return access(path, F_OK) == 0;
}

/* 0 or a negative errno of scandir(3). */
static int check_folder(Look *look, const char *folder, bool vendor) {
    CLEANUP(free_pointer) char *path = NULL;
    struct dirent **entries = NULL;
    if (asprintf(&path, "%s%s", look->machine->root, folder) < 0) {
        path = NULL; /* unspecified after a failure */
        return -ENOMEM;
    }
    int count = scandir(path, &entries, is_service, alphasort);
    if (count < 0)
        return -errno;
    for (int i = 0; i < count; i++) {
        if (!vendor || !is_replaced(look, entries[i]->d_name))
            check_service(look, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return 0;
}

/* --- report --- */

static void report(const Trap *found, Findings *findings) {
    int size = (int) found->services.size;
    const char *services = (const char *) found->services.data, *text = _(traps[found->kind].text);
    const char *advice = _(traps[found->kind].advice);
    if (found->n_services > SERVICES_SHOWN)
        findings_add(findings, traps[found->kind].state, CHECK, advice, _("%s: %s%s (in %.*s and %zu more)."),
                     found->where, text, found->word, size, services, found->n_services - SERVICES_SHOWN);
    else
        findings_add(findings, traps[found->kind].state, CHECK, advice, _("%s: %s%s (in %.*s)."), found->where, text,
                     found->word, size, services);
}

static void report_all(Look *look, Findings *findings) {
    for (size_t i = 0; i < look->count; i++)
        report(&look->traps[i], findings);
    if (look->fault < 0)
        findings->fault = look->fault;
    if (look->n_services == 0)
        findings_add(findings, FINDING_WARNING, CHECK,
                     _("Turn it on with \"pam-auth-update --enable ovcert\" when all else is well."),
                     _("No PAM service has the module: nobody signs in with a certificate yet."));
    else if (look->count == 0)
        findings_add(findings, FINDING_OK, CHECK, NULL, _("%zu PAM files have the module, in good order."),
                     look->n_services);
}

void check_pam(const Machine *machine, Findings *findings) {
    CLEANUP(look_done) Look look = {.machine = machine};
    int r = check_folder(&look, "/etc/pam.d", false);
    if (r == 0)
        (void) check_folder(&look, "/usr/lib/pam.d", true); /* few have it */
    if (r == 0)
        report_all(&look, findings);
    else
        findings_add(findings, FINDING_UNKNOWN, CHECK, NULL, _("/etc/pam.d cannot be read: %s."), strerrordesc_np(-r));
}

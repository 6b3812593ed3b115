/* SPDX-License-Identifier: BSD-2-Clause */
/* Step 1 of "setup": trust anchors and revocation lists. A file is made whole in a hidden folder beside the others,
 * read there by the daemon's own reader, and renamed into place. Must never replace a file, and never put an anchor in
 * place that nobody has agreed to. */
#include "ovcertctl/setup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/dict.h"
#include "common/i18n.h"
#include "common/protocol.h"
#include "common/text.h"
#include "ovcertctl/file.h"
#include "ovcertctl/view.h"
#include "trust/pem.h"
#include "trust/trust.h"

#define LIST_SIZE_MAX (32 * 1024 * 1024) /* SECURITY 14 */
#define DAY INT64_C(86400)
#define LOOKS 50
#define LOOK_NANOSECONDS 200000000L

/* --- the hidden folder --- */

typedef struct Staging {
    char *folder; /* NULL: none */
    char *file;   /* in it; NULL: none */
} Staging;

static void staging_done(Staging *staging) {
    if (staging->file)
        (void) unlink(staging->file); /* not there once it has been renamed */
    if (staging->folder)
        (void) rmdir(staging->folder); /* whatever else lies in it is not ours */
    free(staging->file);
    free(staging->folder);
}

static int complain_about(const char *path, int r) {
    CLEANUP(free_pointer) char *shown = text_escape_string(path);
    output_complain(NULL, "%s: %s.", shown ? shown : "", strerrordesc_np(-r));
    return EXIT_FAILED;
}

/* For the daemon's user too, whatever the umask says. */
static int make_folder(const char *path) {
    if (mkdir(path, 0755) < 0)
        return errno == EEXIST ? 0 : complain_about(path, -errno);
    return chmod(path, 0755) < 0 ? complain_about(path, -errno) : 0;
}

/* name: what the file will be called. */
static int stage(const char *target, const char *name, Staging *ret) {
    int r = make_folder(target);
    if (r != 0)
        return r;
    if (asprintf(&ret->folder, "%s/.setup-XXXXXX", target) < 0) {
        ret->folder = NULL; /* unspecified after a failure */
        return tool_fault(-ENOMEM);
    }
    if (!mkdtemp(ret->folder)) {
        r = complain_about(target, -errno);
        free(TAKE_PTR(ret->folder));
        return r;
    }
    if (asprintf(&ret->file, "%s/%s", ret->folder, name) >= 0)
        return 0;
    ret->file = NULL; /* unspecified after a failure */
    return tool_fault(-ENOMEM);
}

static int write_whole(int fd, View octets) {
    while (octets.size > 0) {
        ssize_t n = write(fd, octets.data, octets.size);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            octets = (View){octets.data + n, octets.size - (size_t) n};
    }
    return fchmod(fd, 0644) < 0 || fsync(fd) < 0 ? -errno : 0; /* for the daemon's user, whatever the umask says */
}

static int fill(const Staging *staging, View octets) {
    int fd = open(staging->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    int r = fd < 0 ? -errno : write_whole(fd, octets);
    if (fd >= 0 && close(fd) < 0 && r == 0)
        r = -errno;
    return r < 0 ? complain_about(staging->file, r) : 0;
}

/* Into place, durably; never over another file. */
static int publish(const Setup *setup, const char *target, const Staging *staging) {
    CLEANUP(free_pointer) char *path = NULL;
    if (asprintf(&path, "%s/%s", target, strrchr(staging->file, '/') + 1) < 0) {
        path = NULL; /* unspecified after a failure */
        return tool_fault(-ENOMEM);
    }
    int folder = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = folder < 0 ? -errno : 0;
    if (r == 0 && (renameat2(AT_FDCWD, staging->file, AT_FDCWD, path, RENAME_NOREPLACE) < 0 || fsync(folder) < 0))
        r = -errno;
    if (folder >= 0)
        (void) close(folder); /* was only read */
    if (r < 0)
        return complain_about(path, r);
    CLEANUP(free_pointer) char *shown = text_escape_string(path);
    output_say(&setup->tool->output, _("Added %s."), shown ? shown : "");
    return 0;
}

/* --- what a daemon would make of it --- */

static int load(const Setup *setup, const char *anchors, const char *crls, TrustStore **ret, TrustProblems *problems) {
    TrustOptions options = {
        .anchors_dir = anchors,
        .crls_dir = crls,
        .max_stale = (int64_t) setup->config.max_stale_days * DAY,
    };
    int r = trust_store_load(&options, NULL, setup->tool->now, ret, problems);
    return r == -ENOENT ? complain_about(anchors, r) : r < 0 ? tool_fault(r) : 0;
}

/* The first thing that is wrong with what was staged. */
static int refuse_problem(const TrustProblems *problems, TrustProblemKind from, TrustProblemKind to) {
    for (size_t i = 0; i < problems->count; i++)
        if (problems->items[i].kind >= from && problems->items[i].kind <= to) {
            output_complain(_("It was not added."), "%s.", problems->items[i].line);
            return EXIT_FAILED;
        }
    return 0;
}

/* --- anchors --- */

/* The file's name without ending, and some of the fingerprint, so that two of one name have room. */
static char *anchor_name(const char *path, const CertificateFacts *facts) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    CLEANUP(free_pointer) char *digits = hex_encode((View){facts->fingerprint, 4});
    char *name = NULL;
    int length = dot && dot > base ? (int) (dot - base) : (int) strlen(base);
    base = base[0] == '.' ? "anchor" : base;
    return !digits || asprintf(&name, "%.*s-%s.der", length, base, digits) < 0 ? NULL : name;
}

static int is_known_anchor(const Setup *setup, const CertificateFacts *facts, bool *ret) {
    CLEANUP(trust_store_unrefp) TrustStore *store = NULL;
    int r = load(setup, setup->config.anchors_dir, "", &store, NULL);
    for (size_t i = 0; r == 0 && i < trust_store_anchors(store); i++)
        *ret = *ret || memcmp(trust_store_anchor_facts(store, i)->fingerprint, facts->fingerprint,
                              sizeof facts->fingerprint) == 0;
    return r;
}

static int check_anchor(const Setup *setup, const Staging *staging) {
    CLEANUP(trust_store_unrefp) TrustStore *store = NULL;
    CLEANUP(trust_problems_done) TrustProblems problems = {0};
    int r = load(setup, staging->folder, "", &store, &problems);
    return r != 0 ? r : refuse_problem(&problems, TRUST_PROBLEM_ANCHOR, TRUST_PROBLEM_NO_ANCHOR);
}

static int agree_to_anchor(const Setup *setup, const CertificateFacts *facts, bool *ret) {
    CLEANUP(certificate_info_done) CertificateInfo info = {0};
    int r = certificate_info_fill(facts, &info);
    if (r < 0)
        return tool_fault(r);
    view_certificate(setup->tool, &info);
    return setup_agree(
        setup, options_has(setup->tool->options, OPTION_YES),
        _("Is the fingerprint the one that the issuer publishes, and shall its certificates sign people in?"), ret);
}

static int stage_anchor(const Setup *setup, const char *path, const Certificate *certificate) {
    CLEANUP(staging_done) Staging staging = {0};
    CLEANUP(free_pointer) char *name = anchor_name(path, certificate_facts(certificate));
    bool agreed = false;
    int r = name ? stage(setup->config.anchors_dir, name, &staging) : tool_fault(-ENOMEM);
    if (r == 0)
        r = fill(&staging, certificate_der(certificate));
    if (r == 0)
        r = check_anchor(setup, &staging);
    if (r == 0)
        r = agree_to_anchor(setup, certificate_facts(certificate), &agreed);
    if (r != 0)
        return r;
    if (!agreed) {
        output_say(&setup->tool->output, _("It was left out."));
        return 0;
    }
    return publish(setup, setup->config.anchors_dir, &staging);
}

static int add_anchor(const Setup *setup, const char *path, View der) {
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    bool known = false;
    int r = certificate_parse(der, &certificate);
    if (r < 0)
        return tool_fault(r);
    if (r > 0)
        return complain_about(path, -EBADMSG);
    r = make_folder(setup->config.anchors_dir);
    if (r == 0)
        r = is_known_anchor(setup, certificate_facts(certificate), &known);
    if (r != 0)
        return r;
    if (!known)
        return stage_anchor(setup, path, certificate);
    output_say(&setup->tool->output, _("%s is trusted already."), certificate_facts(certificate)->subject);
    return 0;
}

/* Only the certificates of a file: a key that lies beside them stays where it is. */
static int add_anchors(const Setup *setup, const char *path) {
    CLEANUP(bytes_done) Bytes first = {0};
    CLEANUP(bytes_list_done) BytesList more = {0};
    int r = file_read_certificates(path, &first, &more);
    if (r == 0)
        r = add_anchor(setup, path, bytes_view(&first));
    for (size_t i = 0; r == 0 && i < more.count; i++)
        r = add_anchor(setup, path, bytes_view(&more.items[i]));
    return r;
}

/* --- revocation lists --- */

static int read_list(const char *path, Bytes *ret) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    int r = fd < 0 || fstat(fd, &status) < 0 ? -errno : S_ISREG(status.st_mode) ? 0 : -EINVAL;
    while (r == 0) {
        uint8_t step[65536];
        ssize_t n = read(fd, step, sizeof step);
        if (n <= 0) {
            r = n < 0 ? -errno : 0;
            break;
        }
        r = ret->size + (size_t) n > LIST_SIZE_MAX ? -EFBIG : bytes_append(ret, (View){step, (size_t) n});
    }
    if (fd >= 0)
        (void) close(fd); /* only read from */
    return r < 0 ? complain_about(path, r) : 0;
}

/* 0 with *ret_same when this very list is there; a name that another has is an error. */
static int is_known_list(const Setup *setup, const char *name, View octets, bool *ret_same) {
    CLEANUP(free_pointer) char *path = NULL;
    CLEANUP(bytes_done) Bytes there = {0};
    if (asprintf(&path, "%s/%s", setup->config.crls_dir, name) < 0) {
        path = NULL; /* unspecified after a failure */
        return tool_fault(-ENOMEM);
    }
    if (access(path, F_OK) < 0)
        return 0;
    int r = read_list(path, &there);
    if (r != 0)
        return r;
    *ret_same = view_equal(bytes_view(&there), octets);
    CLEANUP(free_pointer) char *shown = text_escape_string(path);
    if (*ret_same)
        output_say(&setup->tool->output, _("%s is there already."), shown ? shown : "");
    else
        output_complain(_("If yours is its successor, move it into its place; else give it another name."),
                        _("%s is another list."), shown ? shown : "");
    return *ret_same ? 0 : EXIT_FAILED;
}

static int check_list(const Setup *setup, const Staging *staging) {
    CLEANUP(trust_store_unrefp) TrustStore *store = NULL;
    CLEANUP(trust_problems_done) TrustProblems problems = {0};
    int r = load(setup, setup->config.anchors_dir, staging->folder, &store, &problems);
    if (r == 0)
        r = refuse_problem(&problems, TRUST_PROBLEM_CRL, TRUST_PROBLEM_CRL_FUTURE);
    if (r == 0 && trust_store_crls(store) == 0) { /* certificates alone may lie there, but are no list */
        output_complain(_("It was not added."), _("There is no revocation list in the file."));
        r = EXIT_FAILED;
    }
    for (size_t i = 0; r == 0 && i < trust_store_crls(store); i++) {
        TrustCrlFacts facts = trust_store_crl_facts(store, i);
        output_say(&setup->tool->output, _("A revocation list of %s, to be replaced by %s."),
                   output_time(facts.this_update).text, output_time(facts.next_update).text);
    }
    return r;
}

static int add_list(const Setup *setup, const char *path) {
    CLEANUP(bytes_done) Bytes octets = {0};
    CLEANUP(staging_done) Staging staging = {0};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    bool same = false;
    int r = name[0] == '.' || name[0] == '\0' ? complain_about(path, -EINVAL) : read_list(path, &octets);
    if (r == 0)
        r = is_known_list(setup, name, bytes_view(&octets), &same);
    if (r != 0 || same)
        return r;
    r = stage(setup->config.crls_dir, name, &staging);
    if (r == 0)
        r = fill(&staging, bytes_view(&octets));
    if (r == 0)
        r = check_list(setup, &staging);
    return r != 0 ? r : publish(setup, setup->config.crls_dir, &staging);
}

/* --- both --- */

typedef int (*AddFile)(const Setup *setup, const char *path);

/* Those of the command line; one that will not do ends it. */
static int add_given(const Setup *setup, OptionId id, AddFile add) {
    size_t cursor = 0;
    int r = 0;
    for (const char *file; r == 0 && (file = options_next(setup->tool->options, id, &cursor));)
        r = add(setup, file);
    return r;
}

/* Those that the person names; one that will not do is asked for again. */
static int add_asked(const Setup *setup, const char *prompt, AddFile add) {
    for (;;) {
        CLEANUP(free_pointer) char *path = NULL;
        int r = setup_ask(setup, prompt, &path);
        if (r == 0 && path)
            r = add(setup, path);
        if (r == EXIT_INTERRUPTED || !path)
            return r;
    }
}

static int count(const Setup *setup, size_t *ret_anchors, size_t *ret_lists) {
    CLEANUP(trust_store_unrefp) TrustStore *store = NULL;
    int r = make_folder(setup->config.anchors_dir);
    if (r == 0)
        r = load(setup, setup->config.anchors_dir, setup->config.crls_dir, &store, NULL);
    if (r != 0)
        return r;
    *ret_anchors = trust_store_anchors(store);
    *ret_lists = trust_store_crls(store);
    return 0;
}

static int add_all_anchors(const Setup *setup) {
    size_t anchors = 0, lists = 0;
    int r = add_given(setup, OPTION_ANCHOR, add_anchors);
    if (r == 0)
        r = count(setup, &anchors, &lists);
    if (r == 0 && anchors == 0)
        r = add_asked(setup, _("File of a root certificate (nothing: no more): "), add_anchors);
    if (r == 0)
        r = count(setup, &anchors, &lists);
    if (r != 0 || anchors > 0)
        return r;
    output_complain(_("Give the issuer's root certificate with --anchor=FILE."),
                    _("Without a trust anchor no certificate is accepted."));
    return EXIT_FAILED;
}

static int add_all_lists(const Setup *setup) {
    size_t anchors = 0, lists = 0;
    int r = add_given(setup, OPTION_CRL, add_list);
    if (r == 0)
        r = count(setup, &anchors, &lists);
    if (r == 0 && lists == 0)
        r = add_asked(setup, _("File of a revocation list (nothing: no more): "), add_list);
    return r;
}

/* --- the daemon --- */

static int ask_daemon(Tool *tool, uint32_t *ret_anchors, uint32_t *ret_lists) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL, *reply = NULL;
    const DictField fields[] = {
        {.key = "anchors", .type = "u", .target = ret_anchors},
        {.key = "revocation-lists", .type = "u", .target = ret_lists},
    };
    int r = client_message(tool->client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, "Diagnose", &message);
    if (r == 0)
        r = sd_bus_message_append(message, "a{sv}", 0);
    if (r < 0)
        return r;
    r = tool_call(tool, message, &reply);
    if (r != 0)
        return r;
    r = dict_read(reply, fields, ELEMENTSOF(fields));
    return r < 0 ? client_bad_reply(tool->client, r) : 0;
}

/* It notices new files by itself, a moment later. */
static int wait_for_daemon(const Setup *setup, size_t anchors, size_t lists) {
    uint32_t used_anchors = 0, used_lists = 0;
    int r = tool_connect(setup->tool);
    if (r != 0)
        return r;
    for (unsigned look = 0; look < LOOKS; look++) {
        r = ask_daemon(setup->tool, &used_anchors, &used_lists);
        if (r != 0)
            return tool_failed(setup->tool, r);
        if (used_anchors == anchors && used_lists == lists)
            return 0;
        (void) nanosleep(&(struct timespec){.tv_nsec = LOOK_NANOSECONDS}, NULL); /* earlier is as well */
    }
    output_complain(_("Let it read them again (systemctl reload ovcertd), and run this once more."),
                    _("ovcertd uses %u trust anchors and %u revocation lists of %zu and %zu."), used_anchors,
                    used_lists, anchors, lists);
    return EXIT_FAILED;
}

int setup_trust(Setup *setup) {
    size_t anchors = 0, lists = 0;
    setup_step(setup, 1, _("Whose certificates count"));
    int r = add_all_anchors(setup);
    if (r == 0)
        r = add_all_lists(setup);
    if (r == 0)
        r = count(setup, &anchors, &lists);
    if (r == 0)
        r = wait_for_daemon(setup, anchors, lists);
    if (r == 0)
        output_say(&setup->tool->output,
                   _("ovcertd uses %zu trust anchors and %zu revocation lists. Next: who signs in."), anchors, lists);
    return r;
}

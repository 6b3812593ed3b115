/* SPDX-License-Identifier: BSD-2-Clause */
/* "trust list", "trust add" and "trust remove": whose certificates are accepted. Must never add or remove an authority
 * whose fingerprint was not shown and confirmed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/i18n.h"
#include "common/text.h"
#include "ovcertctl/anchors.h"
#include "ovcertctl/file.h"
#include "ovcertctl/fingerprint.h"
#include "ovcertctl/json.h"
#include "ovcertctl/table.h"
#include "ovcertctl/verbs.h"

static int read_failed(const Anchors *anchors, int r, const char *problem) {
    if (r > 0) {
        output_complain(_("Correct it; \"trust\" works on the folder that it names."),
                        _("The configuration of ovcertd is not valid: %s."), problem);
        return EXIT_FAILED;
    }
    if (r == -ENOMEM || !anchors->folder)
        return tool_fault(r);
    output_complain(NULL, _("The trust anchors in %s cannot be read: %s."), anchors->folder, strerrordesc_np(-r));
    return r == -EACCES ? EXIT_DENIED : EXIT_FAILED;
}

/* 0, or an ExitStatus, said. */
static int read_anchors(Anchors *ret) {
    CLEANUP(free_pointer) char *problem = NULL;
    int r = anchors_read(ret, &problem);
    if (r != 0)
        return read_failed(ret, r, problem);
    for (size_t i = 0; i < ret->n_faulty; i++) {
        CLEANUP(free_pointer) char *shown = text_escape_string(ret->faulty[i]);
        output_complain(NULL, _("%s/%s holds no certificate, and is not used."), ret->folder, shown ? shown : "");
    }
    return 0;
}

static int must_be_root(void) {
    if (geteuid() == 0)
        return 0;
    output_complain(_("Run it as root."), _("Only root decides whose certificates are accepted."));
    return EXIT_DENIED;
}

static char *fingerprint_of(const Certificate *certificate) {
    const CertificateFacts *facts = certificate_facts(certificate);
    return hex_encode((View){facts->fingerprint, sizeof facts->fingerprint});
}

/* --- list --- */

static int add_row(Table *table, const Anchor *anchor) {
    const CertificateFacts *facts = certificate_facts(anchor->certificate);
    CLEANUP(free_pointer) char *fingerprint = fingerprint_of(anchor->certificate);
    CLEANUP(free_pointer) char *file = text_escape_string(anchor->file);
    TimeText until = output_time(facts->not_after);
    const Cell cells[] = {{.text = facts->subject}, {.text = until.text}, {.text = file}, {.text = fingerprint}};
    return fingerprint && file ? table_add(table, cells) : -ENOMEM;
}

static int list_table(const Tool *tool, const Anchors *anchors) {
    const char *headings[] = {_("SUBJECT"), _("VALID UNTIL"), _("FILE"), _("FINGERPRINT")};
    CLEANUP(table_freep) Table *table = NULL;
    int r = table_new(&tool->output, headings, ELEMENTSOF(headings), &table);
    for (size_t i = 0; r == 0 && i < anchors->count; i++)
        r = add_row(table, &anchors->items[i]);
    return r == 0 ? table_print(table) : r;
}

static int fill_object(JsonObject *object, const char *folder, const Certificate *certificate, const char *file) {
    const CertificateFacts *facts = certificate_facts(certificate);
    CLEANUP(free_pointer) char *fingerprint = fingerprint_of(certificate);
    CLEANUP(free_pointer) char *name = text_escape_string(file);
    CLEANUP(free_pointer) char *path = NULL;
    if (!fingerprint || !name || asprintf(&path, "%s/%s", folder, name) < 0) {
        path = NULL; /* unspecified after a failure */
        return -ENOMEM;
    }
    int r = json_put(object, "fingerprint", json_object_new_string(fingerprint));
    if (r == 0)
        r = json_put(object, "subject", json_object_new_string(facts->subject));
    if (r == 0)
        r = json_put(object, "not-before", json_object_new_int64(facts->not_before));
    if (r == 0)
        r = json_put(object, "not-after", json_object_new_int64(facts->not_after));
    return r == 0 ? json_put(object, "file", json_object_new_string(path)) : r;
}

static int list_json(const Tool *tool, const Anchors *anchors) {
    CLEANUP(json_freep) JsonObject *array = json_object_new_array();
    int r = array ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < anchors->count; i++) {
        CLEANUP(json_freep) JsonObject *object = json_object_new_object();
        const Anchor *anchor = &anchors->items[i];
        r = object ? fill_object(object, anchors->folder, anchor->certificate, anchor->file) : -ENOMEM;
        if (r == 0)
            r = json_append(array, TAKE_PTR(object));
    }
    if (r == 0)
        json_print(&tool->output, array);
    return r;
}

int verb_trust_list(Tool *tool, char **operands, size_t n_operands) {
    CLEANUP(anchors_done) Anchors anchors = {0};
    (void) operands, (void) n_operands; /* the table says none */
    int r = read_anchors(&anchors);
    if (r != 0)
        return r;
    r = tool->output.format == OUTPUT_TEXT ? list_table(tool, &anchors) : list_json(tool, &anchors);
    if (r < 0)
        return tool_fault(r);
    return EXIT_DONE;
}

/* --- add and remove --- */

static int show(const Tool *tool, const Certificate *certificate) {
    const CertificateFacts *facts = certificate_facts(certificate);
    CLEANUP(free_pointer) char *fingerprint = fingerprint_of(certificate);
    const Output *output = &tool->output;
    if (!fingerprint)
        return tool_fault(-ENOMEM);
    if (output->format != OUTPUT_TEXT)
        return 0;
    output_property(output, _("Subject"), COLOUR_BOLD, "%s", facts->subject);
    output_property(output, _("Valid"), COLOUR_NONE, _("from %s until %s"), output_time(facts->not_before).text,
                    output_time(facts->not_after).text);
    output_property(output, _("Fingerprint (SHA-256)"), COLOUR_BOLD, "%s", fingerprint);
    return 0;
}

/* 0 for yes, EXIT_FAILED for no, having said so. */
static int question(Tool *tool, const char *text) {
    Ask *ask = NULL;
    if (options_has(tool->options, OPTION_YES))
        return 0;
    int r = tool_terminal(tool, _("The answer to the question (--yes)"), &ask);
    if (r != 0)
        return r;
    r = ask_yes(ask, text);
    if (r == 0)
        output_complain_more(NULL, _("Nothing was changed."));
    return r < 0 ? tool_fault(r) : r == 1 ? 0 : EXIT_FAILED;
}

static bool is_same(const Certificate *a, const Certificate *b) {
    return view_equal(certificate_der(a), certificate_der(b));
}

static const Anchor *find_anchor(const Anchors *anchors, const uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE]) {
    for (size_t i = 0; i < anchors->count; i++)
        if (memcmp(certificate_facts(anchors->items[i].certificate)->fingerprint, fingerprint,
                   CERTIFICATE_FINGERPRINT_SIZE) == 0)
            return &anchors->items[i];
    return NULL;
}

static int change_failed(const Anchors *anchors, int r) {
    output_complain(NULL, _("The folder %s could not be changed: %s."), anchors->folder, strerrordesc_np(-r));
    return EXIT_FAILED;
}

static int print_change(const Tool *tool, const Anchors *anchors, const Certificate *certificate, const char *file) {
    CLEANUP(json_freep) JsonObject *object = json_object_new_object();
    if (tool->output.format == OUTPUT_TEXT)
        return EXIT_DONE;
    int r = object ? fill_object(object, anchors->folder, certificate, file) : -ENOMEM;
    if (r < 0)
        return tool_fault(r);
    json_print(&tool->output, object);
    return EXIT_DONE;
}

/* One certificate, which the daemon would take for an anchor. */
static int read_candidate(const Tool *tool, const char *path, Certificate **ret) {
    CLEANUP(bytes_done) Bytes der = {0};
    CLEANUP(bytes_list_done) BytesList others = {0};
    int r = file_read_certificates(path, &der, &others);
    if (r != 0)
        return r;
    if (others.count > 0) {
        output_complain(_("Give a file with the root certificate alone."), _("There are several certificates in it."));
        return EXIT_FAILED;
    }
    r = certificate_parse(bytes_view(&der), ret);
    if (r != 0)
        return tool_fault(r < 0 ? r : -EBADMSG);
    CLEANUP(free_pointer) char *problem = anchors_problem(*ret, tool->now);
    if (!problem)
        return tool_fault(-ENOMEM);
    if (problem[0] == '\0')
        return 0;
    output_complain(_("Give the authority's own root certificate."), _("It is no trust anchor: %s."), problem);
    return EXIT_FAILED;
}

int verb_trust_add(Tool *tool, char **operands, size_t n_operands) {
    CLEANUP(anchors_done) Anchors anchors = {0};
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    (void) n_operands; /* the table says one */
    int r = must_be_root();
    if (r != 0 || (r = read_candidate(tool, operands[0], &certificate)) != 0 || (r = read_anchors(&anchors)) != 0 ||
        (r = show(tool, certificate)) != 0)
        return r;
    const Anchor *present = find_anchor(&anchors, certificate_facts(certificate)->fingerprint);
    if (present) {
        output_say(&tool->output, _("It is a trust anchor already, in %s/%s."), anchors.folder, present->file);
        return print_change(tool, &anchors, certificate, present->file);
    }
    r = question(tool, _("Accept certificates of this authority?"));
    if (r != 0)
        return r;
    r = anchors_add(anchors.folder, certificate);
    if (r < 0)
        return r == -ENOMEM ? tool_fault(r) : change_failed(&anchors, r);
    CLEANUP(free_pointer) char *fingerprint = fingerprint_of(certificate);
    CLEANUP(free_pointer) char *file = NULL;
    if (!fingerprint || asprintf(&file, "%s.pem", fingerprint) < 0) {
        file = NULL; /* unspecified after a failure */
        return tool_fault(-ENOMEM);
    }
    output_say(&tool->output, "%s", _("It is a trust anchor now. Its revocation list has to be in crls.d, too."));
    return print_change(tool, &anchors, certificate, file);
}

static int find_removable(const Anchors *anchors, const char *text, const Anchor **ret) {
    uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE];
    if (!fingerprint_read(text, fingerprint)) {
        output_complain(_("Give the 64 hexadecimal digits that \"ovcertctl trust list\" shows."),
                        _("That is no SHA-256 fingerprint."));
        return EXIT_USAGE;
    }
    *ret = find_anchor(anchors, fingerprint);
    if (!*ret) {
        output_complain(_("See \"ovcertctl trust list\"."), _("There is no trust anchor with this fingerprint."));
        return EXIT_NOT_FOUND;
    }
    return 0;
}

static int remove_failed(const Anchors *anchors, const Anchor *anchor, int r) {
    CLEANUP(free_pointer) char *file = text_escape_string(anchor->file);
    if (r != -EBADMSG)
        return r == -ENOMEM ? tool_fault(r) : change_failed(anchors, r);
    output_complain(_("Take it out of the file with an editor."), _("It cannot be taken out of %s/%s alone."),
                    anchors->folder, file ? file : "");
    return EXIT_FAILED;
}

static int remove_one(const Tool *tool, const Anchors *anchors, const Anchor *anchor) {
    CLEANUP(free_pointer) char *file = text_escape_string(anchor->file);
    int r = anchors_remove(anchors->folder, anchor->file, anchor->certificate);
    if (r < 0)
        return remove_failed(anchors, anchor, r);
    if (anchor->beside > 0)
        output_say(&tool->output, _("The other certificates in %s/%s stay."), anchors->folder, file ? file : "");
    return 0;
}

/* It may stand in a file twice, which removes it at once. */
static bool is_removed(const Anchor *anchor, const Anchor *first) {
    for (const Anchor *before = first; before < anchor; before++)
        if (strcmp(before->file, anchor->file) == 0 && is_same(before->certificate, anchor->certificate))
            return true;
    return false;
}

/* Out of every file that has it: it would go on being one by the others. */
static int remove_all(const Tool *tool, const Anchors *anchors, const Anchor *first) {
    int r = 0;
    for (const Anchor *anchor = first; r == 0 && anchor < anchors->items + anchors->count; anchor++)
        if (is_same(anchor->certificate, first->certificate) && !is_removed(anchor, first))
            r = remove_one(tool, anchors, anchor);
    return r;
}

int verb_trust_remove(Tool *tool, char **operands, size_t n_operands) {
    CLEANUP(anchors_done) Anchors anchors = {0};
    const Anchor *anchor = NULL;
    (void) n_operands; /* the table says one */
    int r = must_be_root();
    if (r != 0 || (r = read_anchors(&anchors)) != 0 || (r = find_removable(&anchors, operands[0], &anchor)) != 0 ||
        (r = show(tool, anchor->certificate)) != 0 ||
        (r = question(tool, _("Accept no certificates of this authority any more?"))) != 0)
        return r;
    r = remove_all(tool, &anchors, anchor);
    if (r != 0)
        return r;
    output_say(&tool->output, "%s", _("It is no trust anchor any more."));
    return print_change(tool, &anchors, anchor->certificate, anchor->file);
}

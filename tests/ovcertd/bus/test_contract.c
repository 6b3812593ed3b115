/* SPDX-License-Identifier: BSD-2-Clause */
/* The contract: dbus/org.ovcert1.*.xml against what the vtables say about themselves through introspection, member by
 * member. The XML's folder is in OVCERT_TEST_DBUS. */
#include "ovcertd/bus/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "common/protocol.h"
#include "tests/ovcertd/bus/direct.h"

/* --- a reader of just so much XML --- */

typedef struct Attribute {
    char name[32];
    char value[160];
} Attribute;

typedef struct Tag {
    char name[32];
    bool closing;
    bool empty;
    Attribute attributes[8];
    size_t n_attributes;
} Tag;

static const char *pass_over(const char *text, const char *end) {
    const char *found = strstr(text, end);
    assert_non_null(found);
    return found + strlen(end);
}

static size_t copy_until(const char *text, const char *stop, char *ret, size_t size) {
    size_t length = strcspn(text, stop);
    assert_true(length < size);
    memcpy(ret, text, length);
    ret[length] = '\0';
    return length;
}

static const char *read_attributes(const char *text, Tag *tag) {
    for (;;) {
        text += strspn(text, " \n\t");
        if (*text == '>' || *text == '/')
            return text;
        assert_true(tag->n_attributes < ELEMENTSOF(tag->attributes));
        Attribute *attribute = &tag->attributes[tag->n_attributes++];
        text += copy_until(text, "= \n\t/>", attribute->name, sizeof attribute->name);
        assert_true(text[0] == '=' && text[1] == '"');
        text += 2;
        text += copy_until(text, "\"<", attribute->value, sizeof attribute->value);
        assert_int_equal(*text++, '"');
    }
}

/* The next tag; comments and declarations are passed over. NULL at the end. */
static const char *read_tag(const char *text, Tag *ret) {
    for (;;) {
        text = strchr(text, '<');
        if (!text)
            return NULL;
        if (strncmp(text, "<!--", 4) == 0)
            text = pass_over(text, "-->");
        else if (text[1] == '!' || text[1] == '?')
            text = pass_over(text, ">");
        else
            break;
    }
    *ret = (Tag){.closing = text[1] == '/'};
    text += 1 + ret->closing;
    text += copy_until(text, " \n\t/>", ret->name, sizeof ret->name);
    text = read_attributes(text, ret);
    ret->empty = *text == '/';
    return pass_over(text, ">");
}

static const char *attribute(const Tag *tag, const char *name) {
    for (size_t i = 0; i < tag->n_attributes; i++)
        if (strcmp(tag->attributes[i].name, name) == 0)
            return tag->attributes[i].value;
    return "";
}

/* --- members as lines --- */

#define LINES_MAX 128u

typedef struct Lines {
    char *items[LINES_MAX];
    size_t count;
} Lines;

static void lines_done(Lines *lines) {
    for (size_t i = 0; i < lines->count; i++)
        free(lines->items[i]);
}

static void add_line(Lines *lines, const char *member, unsigned argument, const Tag *tag) {
    char *line = NULL;
    assert_true(lines->count < LINES_MAX);
    const char *direction = attribute(tag, "direction");
    if (strcmp(tag->name, "arg") == 0)
        assert_true(asprintf(&line, "%s arg%u %s %s %s", member, argument, attribute(tag, "name"),
                             attribute(tag, "type"), direction) > 0);
    else if (strcmp(tag->name, "annotation") == 0)
        assert_true(asprintf(&line, "%s %s=%s", member, attribute(tag, "name"), attribute(tag, "value")) > 0);
    else
        assert_true(asprintf(&line, "%s %s %s", member, attribute(tag, "type"), attribute(tag, "access")) > 0);
    lines->items[lines->count++] = line;
}

static bool is_member(const Tag *tag) {
    return strcmp(tag->name, "method") == 0 || strcmp(tag->name, "signal") == 0 || strcmp(tag->name, "property") == 0;
}

/* What the document says of one interface; checks on the way that every tag is closed. */
static void read_interface(const char *text, const char *interface, Lines *ret) {
    char open[8][32];
    size_t depth = 0;
    bool inside = false;
    char member[96] = "";
    unsigned argument = 0;
    Tag tag;
    while ((text = read_tag(text, &tag))) {
        if (tag.closing) {
            assert_true(depth > 0);
            assert_string_equal(open[--depth], tag.name);
            inside = inside && strcmp(tag.name, "interface") != 0;
            continue;
        }
        if (!tag.empty) {
            assert_true(depth < ELEMENTSOF(open));
            strcpy(open[depth++], tag.name);
        }
        if (strcmp(tag.name, "interface") == 0)
            inside = strcmp(attribute(&tag, "name"), interface) == 0;
        if (!inside || strcmp(tag.name, "interface") == 0)
            continue;
        if (is_member(&tag)) {
            argument = 0;
            (void) snprintf(member, sizeof member, "%s %s", tag.name, attribute(&tag, "name"));
        }
        add_line(ret, member, argument, &tag);
        argument += strcmp(tag.name, "arg") == 0;
    }
    assert_int_equal(depth, 0);
}

static int compare(const void *left, const void *right) {
    return strcmp(*(char *const *) left, *(char *const *) right);
}

/* --- the two sides --- */

static char *read_file(const char *name) {
    char path[4096];
    const char *folder = getenv("OVCERT_TEST_DBUS");
    assert_non_null(folder);
    (void) snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    char *text = calloc(1, 65536);
    assert_non_null(text);
    size_t size = fread(text, 1, 65535, file);
    assert_true(size > 0 && size < 65535);
    assert_int_equal(fclose(file), 0);
    return text;
}

static char *introspect(const char *path) {
    Direct direct = {0};
    direct_init(&direct);
    ServerOptions options = {.bus = direct.server};
    Server *server = NULL;
    assert_int_equal(server_new(&options, &server), 0);
    sd_bus_message *call = NULL;
    assert_true(sd_bus_message_new_method_call(direct.client, &call, NULL, path, "org.freedesktop.DBus.Introspectable",
                                               "Introspect") >= 0);
    sd_bus_message *reply = direct_call(&direct, call);
    const char *text = NULL;
    char *copy = NULL;
    if (!sd_bus_message_is_method_error(reply, NULL)) {
        assert_true(sd_bus_message_read(reply, "s", &text) > 0);
        copy = strdup(text);
    }
    sd_bus_message_unref(reply);
    sd_bus_message_unref(call);
    (void) server_free(server);
    direct_done(&direct);
    return copy;
}

static void agrees(const char *interface, const char *file, const char *path) {
    CLEANUP(free_pointer) char *written = read_file(file);
    CLEANUP(free_pointer) char *real = introspect(path);
    assert_non_null(real);
    CLEANUP(lines_done) Lines expected = {0};
    CLEANUP(lines_done) Lines seen = {0};
    read_interface(written, interface, &expected);
    read_interface(real, interface, &seen);
    assert_true(expected.count > 0);
    qsort(expected.items, expected.count, sizeof *expected.items, compare);
    qsort(seen.items, seen.count, sizeof *seen.items, compare);
    for (size_t i = 0; i < expected.count && i < seen.count; i++)
        assert_string_equal(seen.items[i], expected.items[i]);
    assert_int_equal(seen.count, expected.count);
}

static void test_a_path_that_is_no_profile_s_has_no_object(void **state) {
    (void) state;
    assert_null(introspect("/org/ovcert1/profile/_64emo"));
    assert_null(introspect("/org/ovcert1/profile/demo/more"));
}

static void test_no_node_lists_profiles(void **state) {
    (void) state;
    CLEANUP(free_pointer) char *text = introspect("/org/ovcert1/profile");
    if (text)
        assert_null(strstr(text, "<node name="));
}

static void test_every_name_has_the_same_introspection(void **state) {
    (void) state;
    CLEANUP(free_pointer) char *one = introspect("/org/ovcert1/profile/demo");
    CLEANUP(free_pointer) char *other = introspect("/org/ovcert1/profile/nobody_2dknows");
    assert_non_null(one);
    assert_string_equal(one, other);
    assert_null(strstr(one, "ObjectManager"));
}

static void test_manager_is_what_its_xml_says(void **state) {
    (void) state;
    agrees(OVCERT_MANAGER_INTERFACE, "org.ovcert1.Manager.xml", OVCERT_OBJECT_PATH);
}

static void test_login_is_what_its_xml_says(void **state) {
    (void) state;
    agrees(OVCERT_LOGIN_INTERFACE, "org.ovcert1.Login.xml", OVCERT_OBJECT_PATH);
}

static void test_profile_is_what_its_xml_says(void **state) {
    (void) state;
    agrees(OVCERT_PROFILE_INTERFACE, "org.ovcert1.Profile.xml", OVCERT_PROFILE_PREFIX "/demo");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_path_that_is_no_profile_s_has_no_object),
        cmocka_unit_test(test_no_node_lists_profiles),
        cmocka_unit_test(test_every_name_has_the_same_introspection),
        cmocka_unit_test(test_manager_is_what_its_xml_says),
        cmocka_unit_test(test_login_is_what_its_xml_says),
        cmocka_unit_test(test_profile_is_what_its_xml_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

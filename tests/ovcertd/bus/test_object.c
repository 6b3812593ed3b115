/* SPDX-License-Identifier: BSD-2-Clause */
/* Object paths: every name that a user can have goes to a path and back; nothing else is a profile's path. */
#include "ovcertd/bus/object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <systemd/sd-bus.h>

#include "common/macros.h"

static void test_what_is_no_profile_s_path_is_none(void **state) {
    (void) state;
    static const char *const paths[] = {
        "/",
        "/org/ovcert1",
        "/org/ovcert1/profile",
        "/org/ovcert1/profiledemo",
        "/org/ovcert1/profile/demo/more",
        "/org/ovcert2/profile/demo",
        "/org/ovcert1/profile/_",       /* the empty name */
        "/org/ovcert1/profile/_2e",     /* "." */
        "/org/ovcert1/profile/_2ddemo", /* "-demo" */
        "/org/ovcert1/profile/_31234",  /* digits only */
        "/org/ovcert1/profile/_ff",     /* no UTF-8 */
        "/org/ovcert1/profile/root_0a", /* a newline */
    };
    for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
        CLEANUP(free_pointer) char *user = NULL;
        assert_int_equal(object_user(paths[i], &user), OBJECT_NONE);
        assert_null(user);
    }
}

static void test_another_spelling_of_a_name_is_no_profile_s_path(void **state) {
    (void) state;
    static const char *const paths[] = {
        "/org/ovcert1/profile/_64emo",     /* "demo" */
        "/org/ovcert1/profile/demo_00",    /* "demo" and a NUL */
        "/org/ovcert1/profile/demo_00x",   /* the same and more */
        "/org/ovcert1/profile/user_2E",    /* upper-case digits */
        "/org/ovcert1/profile/demo_other", /* an escape that is none */
    };
    for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
        CLEANUP(free_pointer) char *user = NULL;
        assert_int_equal(object_user(paths[i], &user), OBJECT_NONE);
    }
}

static void test_names_go_to_a_path_and_back(void **state) {
    (void) state;
    static const char *const names[] = {"demo",        "a",  "_",      "user.name",    "EIDAS CERTIFICADO",
                                        "jos\xc3\xa9", "a$", "9lives", "domain\\user", "some-body@example"};
    for (size_t i = 0; i < ELEMENTSOF(names); i++) {
        CLEANUP(free_pointer) char *path = NULL;
        CLEANUP(free_pointer) char *user = NULL;
        assert_int_equal(object_path_of(names[i], &path), 0);
        assert_true(sd_bus_object_path_is_valid(path));
        assert_int_equal(object_user(path, &user), 0);
        assert_string_equal(user, names[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_profile_s_path_is_none),
        cmocka_unit_test(test_another_spelling_of_a_name_is_no_profile_s_path),
        cmocka_unit_test(test_names_go_to_a_path_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

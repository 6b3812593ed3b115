/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of common/credential: the table of outcomes is whole, and nothing outside of it has a name. */
#include "common/credential.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"

#define N_(text) text
static const int outcomes[] = {
#define X(symbol, name, text) CREDENTIAL_OUTCOME_##symbol,
    CREDENTIAL_OUTCOMES(X)
#undef X
};

static void test_unknown_outcomes_have_nothing(void **state) {
    (void) state;
    static const int unknown[] = {CREDENTIAL_OUTCOME_OK, -1, (int) ELEMENTSOF(outcomes) + 1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < ELEMENTSOF(unknown); i++) {
        assert_null(credential_outcome_name(unknown[i]));
        assert_null(credential_outcome_text(unknown[i]));
    }
    assert_int_equal(credential_outcome_from_name(""), -EINVAL);
    assert_int_equal(credential_outcome_from_name("no-such-outcome"), -EINVAL);
}

static void test_every_outcome_has_a_name_and_a_text_of_its_own(void **state) {
    (void) state;
    for (size_t i = 0; i < ELEMENTSOF(outcomes); i++) {
        assert_int_equal(credential_outcome_from_name(credential_outcome_name(outcomes[i])), outcomes[i]);
        assert_true(credential_outcome_text(outcomes[i])[0] != '\0');
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(credential_outcome_text(outcomes[i]), credential_outcome_text(outcomes[j]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_outcomes_have_nothing),
        cmocka_unit_test(test_every_outcome_has_a_name_and_a_text_of_its_own),
    };
    return cmocka_run_group_tests_name("common/credential", tests, NULL, NULL);
}

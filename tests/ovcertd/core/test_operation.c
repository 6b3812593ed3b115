/* SPDX-License-Identifier: BSD-2-Clause */
#include "ovcertd/core/operation.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macros.h"

/* Every transition there is; all else is refused. */
static const struct {
    OperationState state;
    OperationEvent event;
    OperationState next;
} allowed[] = {
    {OPERATION_REQUESTED, OPERATION_CONFIRM_NOW, OPERATION_DONE},
    {OPERATION_REQUESTED, OPERATION_CONFIRM_OPEN, OPERATION_CONFIRMED},
    {OPERATION_REQUESTED, OPERATION_CANCEL, OPERATION_CANCELLED},
    {OPERATION_REQUESTED, OPERATION_LAPSE, OPERATION_LAPSED},
    {OPERATION_CONFIRMED, OPERATION_COMPLETE, OPERATION_DONE},
    {OPERATION_CONFIRMED, OPERATION_CANCEL, OPERATION_CANCELLED},
    {OPERATION_CONFIRMED, OPERATION_LAPSE, OPERATION_LAPSED},
};

static int expected(int state, int event) {
    for (size_t i = 0; i < ELEMENTSOF(allowed); i++)
        if ((int) allowed[i].state == state && (int) allowed[i].event == event)
            return (int) allowed[i].next;
    return -EPERM;
}

static void test_whole_product_of_states_and_events(void **unused) {
    (void) unused;
    for (int state = -2; state <= OPERATION_LAPSED + 2; state++)
        for (int event = -2; event <= OPERATION_LAPSE + 2; event++)
            assert_int_equal(operation_next((OperationState) state, (OperationEvent) event), expected(state, event));
}

static void test_values_far_out_of_range_are_refused(void **unused) {
    (void) unused;
    static const int odd[] = {INT_MIN, INT_MAX, -1, 1000};
    for (size_t i = 0; i < ELEMENTSOF(odd); i++) {
        assert_int_equal(operation_next((OperationState) odd[i], OPERATION_CANCEL), -EPERM);
        assert_int_equal(operation_next(OPERATION_REQUESTED, (OperationEvent) odd[i]), -EPERM);
    }
}

static void test_final_states_allow_nothing(void **unused) {
    (void) unused;
    for (OperationState state = OPERATION_DONE; state <= OPERATION_LAPSED; state++)
        for (OperationEvent event = OPERATION_CONFIRM_NOW; event <= OPERATION_LAPSE; event++)
            assert_int_equal(operation_next(state, event), -EPERM);
}

static void test_every_state_and_kind_has_a_name(void **unused) {
    (void) unused;
    for (OperationState state = OPERATION_REQUESTED; state <= OPERATION_LAPSED; state++)
        assert_non_null(operation_state_name(state));
    assert_string_equal(operation_kind_name(OPERATION_UNLINK), "unlink");
    assert_string_equal(operation_kind_name(OPERATION_DELETE_PROFILE), "delete-profile");
    assert_null(operation_state_name((OperationState) 0));
    assert_null(operation_kind_name((OperationKind) 99));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_product_of_states_and_events),
        cmocka_unit_test(test_values_far_out_of_range_are_refused),
        cmocka_unit_test(test_final_states_allow_nothing),
        cmocka_unit_test(test_every_state_and_kind_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

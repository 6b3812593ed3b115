/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of common/frame: torn, over-long and late frames are errors, and no call outlives its deadline. */
#include "common/frame.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"

#define MILLISECOND UINT64_C(1000)

typedef struct Pair {
    int ends[2];
} Pair;

static uint64_t soon(void) {
    return frame_now() + 2000 * MILLISECOND;
}

static int setup(void **state) {
    Pair *pair = malloc(sizeof *pair);
    if (!pair || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair->ends) < 0)
        return -1;
    *state = pair;
    return 0;
}

static int teardown(void **state) {
    Pair *pair = *state;
    for (size_t i = 0; i < 2; i++)
        if (pair->ends[i] >= 0)
            (void) close(pair->ends[i]); /* a test's own socket */
    free(pair);
    return 0;
}

static void close_end(Pair *pair, size_t end) {
    assert_int_equal(close(pair->ends[end]), 0);
    pair->ends[end] = -1;
}

static void put(const Pair *pair, const void *octets, size_t size) {
    assert_int_equal(send(pair->ends[0], octets, size, MSG_NOSIGNAL), size);
}

/* What the reader says about these octets followed by the end of the stream. */
static int received_after_close(Pair *pair, const void *octets, size_t size) {
    put(pair, octets, size);
    close_end(pair, 0);
    uint8_t type = 99;
    Bytes payload = {0};
    int r = frame_receive(pair->ends[1], &type, &payload, soon());
    assert_true(r < 0);
    assert_int_equal(type, 99); /* never a partial result */
    assert_null(payload.data);
    return r;
}

static void test_receive_rejects_a_length_of_zero(void **state) {
    static const uint8_t octets[] = {0, 0, 0, 0, 1};
    assert_int_equal(received_after_close(*state, octets, sizeof octets), -EBADMSG);
}

static void test_receive_rejects_an_over_long_frame_before_it_arrives(void **state) {
    static const uint8_t octets[] = {0xff, 0xff, 0xff, 0xff, 1, 'x'};
    assert_int_equal(received_after_close(*state, octets, sizeof octets), -EMSGSIZE);
}

static void test_receive_rejects_one_octet_past_the_limit(void **state) {
    uint32_t length = FRAME_PAYLOAD_MAX + 2;
    uint8_t octets[] = {(uint8_t) (length >> 24), (uint8_t) (length >> 16), (uint8_t) (length >> 8), (uint8_t) length};
    assert_int_equal(received_after_close(*state, octets, sizeof octets), -EMSGSIZE);
}

static void test_receive_reports_the_end_of_the_stream(void **state) {
    assert_int_equal(received_after_close(*state, NULL, 0), -EPIPE);
}

static void test_receive_rejects_a_torn_header(void **state) {
    static const uint8_t octets[] = {0, 0, 0};
    assert_int_equal(received_after_close(*state, octets, sizeof octets), -EPIPE);
}

static void test_receive_rejects_a_frame_without_its_type(void **state) {
    static const uint8_t octets[] = {0, 0, 0, 1};
    assert_int_equal(received_after_close(*state, octets, sizeof octets), -EPIPE);
}

static void test_receive_rejects_a_torn_payload(void **state) {
    static const uint8_t octets[] = {0, 0, 0, 4, 1, 'a', 'b'};
    assert_int_equal(received_after_close(*state, octets, sizeof octets), -EPIPE);
}

static void test_receive_of_a_silent_peer_ends_at_the_deadline(void **state) {
    Pair *pair = *state;
    static const uint8_t torn[] = {0, 0, 0, 4, 1, 'a'};
    put(pair, torn, sizeof torn);
    uint64_t start = frame_now();
    uint8_t type;
    Bytes payload = {0};
    assert_int_equal(frame_receive(pair->ends[1], &type, &payload, start + 50 * MILLISECOND), -ETIMEDOUT);
    uint64_t spent = frame_now() - start;
    assert_true(spent >= 50 * MILLISECOND && spent < 1000 * MILLISECOND);
}

static void test_a_deadline_in_the_past_ends_at_once(void **state) {
    Pair *pair = *state;
    uint8_t type;
    Bytes payload = {0};
    assert_int_equal(frame_receive(pair->ends[1], &type, &payload, 0), -ETIMEDOUT);
    assert_int_equal(frame_send(pair->ends[0], 1, (View){NULL, 0}, 0), -ETIMEDOUT);
}

static void test_send_to_a_peer_that_does_not_read_ends_at_the_deadline(void **state) {
    Pair *pair = *state;
    Bytes CLEANUP(bytes_done) large = {.data = calloc(1, FRAME_PAYLOAD_MAX), .size = FRAME_PAYLOAD_MAX};
    assert_non_null(large.data);
    uint64_t start = frame_now();
    assert_int_equal(frame_send(pair->ends[0], 1, bytes_view(&large), start + 50 * MILLISECOND), -ETIMEDOUT);
    assert_true(frame_now() - start < 1000 * MILLISECOND);
}

static void test_send_to_a_closed_peer_is_an_error_without_sigpipe(void **state) {
    Pair *pair = *state;
    close_end(pair, 1);
    assert_int_equal(frame_send(pair->ends[0], 1, (View){NULL, 0}, soon()), -EPIPE);
}

static void test_send_rejects_an_over_long_payload_and_sends_nothing(void **state) {
    Pair *pair = *state;
    assert_int_equal(frame_send(pair->ends[0], 1, (View){NULL, FRAME_PAYLOAD_MAX + 1}, soon()), -EMSGSIZE);
    uint8_t octet;
    assert_int_equal(recv(pair->ends[1], &octet, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
}

static void test_frames_arrive_in_order_with_type_and_payload(void **state) {
    Pair *pair = *state;
    View text = {(const uint8_t *) "payload", 7};
    assert_int_equal(frame_send(pair->ends[0], 7, text, soon()), 0);
    assert_int_equal(frame_send(pair->ends[0], 255, (View){NULL, 0}, soon()), 0);
    uint8_t type;
    Bytes CLEANUP(bytes_done) first = {0}, CLEANUP(bytes_done) second = {0};
    assert_int_equal(frame_receive(pair->ends[1], &type, &first, soon()), 0);
    assert_int_equal(type, 7);
    assert_true(view_equal(bytes_view(&first), text));
    assert_int_equal(frame_receive(pair->ends[1], &type, &second, soon()), 0);
    assert_int_equal(type, 255);
    assert_int_equal(second.size, 0);
}

static void *send_largest(void *data) {
    const Pair *pair = data;
    Bytes CLEANUP(bytes_done) large = {.data = malloc(FRAME_PAYLOAD_MAX), .size = FRAME_PAYLOAD_MAX};
    if (!large.data)
        return NULL;
    for (size_t i = 0; i < large.size; i++)
        large.data[i] = (uint8_t) (i * 31u);
    int r = frame_send(pair->ends[0], 3, bytes_view(&large), frame_now() + 10000 * MILLISECOND);
    return r == 0 ? data : NULL;
}

static void test_the_largest_frame_passes_in_pieces(void **state) {
    Pair *pair = *state;
    pthread_t sender;
    void *sent = NULL;
    assert_int_equal(pthread_create(&sender, NULL, send_largest, pair), 0);
    uint8_t type;
    Bytes CLEANUP(bytes_done) payload = {0};
    assert_int_equal(frame_receive(pair->ends[1], &type, &payload, frame_now() + 10000 * MILLISECOND), 0);
    assert_int_equal(pthread_join(sender, &sent), 0);
    assert_non_null(sent);
    assert_int_equal(payload.size, FRAME_PAYLOAD_MAX);
    for (size_t i = 0; i < payload.size; i++)
        if (payload.data[i] != (uint8_t) (i * 31u))
            fail_msg("octet %zu differs", i);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_receive_rejects_a_length_of_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(test_receive_rejects_an_over_long_frame_before_it_arrives, setup, teardown),
        cmocka_unit_test_setup_teardown(test_receive_rejects_one_octet_past_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_receive_reports_the_end_of_the_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(test_receive_rejects_a_torn_header, setup, teardown),
        cmocka_unit_test_setup_teardown(test_receive_rejects_a_frame_without_its_type, setup, teardown),
        cmocka_unit_test_setup_teardown(test_receive_rejects_a_torn_payload, setup, teardown),
        cmocka_unit_test_setup_teardown(test_receive_of_a_silent_peer_ends_at_the_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_deadline_in_the_past_ends_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_send_to_a_peer_that_does_not_read_ends_at_the_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_send_to_a_closed_peer_is_an_error_without_sigpipe, setup, teardown),
        cmocka_unit_test_setup_teardown(test_send_rejects_an_over_long_payload_and_sends_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frames_arrive_in_order_with_type_and_payload, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_largest_frame_passes_in_pieces, setup, teardown),
    };
    return cmocka_run_group_tests_name("common/frame", tests, NULL, NULL);
}

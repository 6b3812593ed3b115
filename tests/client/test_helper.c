/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of client/helper: a helper that hangs, dies or talks nonsense costs a deadline at most, and no process stays.
 * The first argument is the program that plays the helper. */
#include "client/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/frame.h"

#define BRIEF UINT64_C(200000)
#define AMPLE UINT64_C(5000000)

typedef struct Fixture {
    const char *program;
    char folder[32];
    char *path; /* of the link */
} Fixture;

static int setup(void **state) {
    Fixture *fixture = *state;
    (void) strcpy(fixture->folder, "/tmp/ovcert-odd-XXXXXX");
    return mkdtemp(fixture->folder) ? 0 : -1;
}

static int teardown(void **state) {
    Fixture *fixture = *state;
    if (fixture->path)
        (void) unlink(fixture->path); /* rmdir(2) tells if it stayed */
    free(fixture->path);
    fixture->path = NULL;
    return rmdir(fixture->folder);
}

static int start(Fixture *fixture, const char *how, uint64_t duration, Helper **ret) {
    assert_true(asprintf(&fixture->path, "%s/%s", fixture->folder, how) > 0);
    assert_int_equal(symlink(fixture->program, fixture->path), 0);
    const HelperOptions options = {.path = fixture->path, .seconds = 7};
    return helper_start(&options, frame_now() + duration, ret);
}

static Helper *started(Fixture *fixture, const char *how) {
    Helper *helper = NULL;
    assert_int_equal(start(fixture, how, AMPLE, &helper), 0);
    return helper;
}

static void assert_no_children(void) {
    errno = 0;
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static int list(Helper *helper, uint64_t duration) {
    HelperSource *sources = NULL;
    size_t count = 0;
    int r = helper_list(helper, frame_now() + duration, &sources, &count);
    (void) helper_sources_free(sources, count);
    return r;
}

static void test_missing_program_is_a_fault(void **state) {
    (void) state;
    Helper *helper = NULL;
    const HelperOptions options = {.path = "/nonexistent/helper", .seconds = 1};
    assert_int_equal(helper_start(&options, frame_now() + AMPLE, &helper), -ENOENT);
    assert_null(helper);
    assert_null(helper_free(NULL));
    assert_no_children();
}

static void test_helper_that_dies_at_once_is_a_broken_pipe(void **state) {
    Helper *helper = NULL;
    assert_int_equal(start(*state, "dies", AMPLE, &helper), -EPIPE);
    assert_no_children();
}

static void test_helper_that_says_nothing_times_out_and_is_killed(void **state) {
    Helper *helper = NULL;
    uint64_t began = frame_now();
    assert_int_equal(start(*state, "mute", BRIEF, &helper), -ETIMEDOUT);
    assert_true(frame_now() - began < AMPLE);
    assert_no_children();
}

static void test_helper_that_talks_nonsense_is_a_bad_message(void **state) {
    Helper *helper = NULL;
    assert_int_equal(start(*state, "garbage", AMPLE, &helper), -EBADMSG);
    assert_no_children();
}

static void test_helper_of_another_version_is_a_bad_message(void **state) {
    Helper *helper = NULL;
    assert_int_equal(start(*state, "version", AMPLE, &helper), -EBADMSG);
}

static void test_helper_that_is_not_ready_first_is_a_bad_message(void **state) {
    Helper *helper = NULL;
    assert_int_equal(start(*state, "sources-first", AMPLE, &helper), -EBADMSG);
}

static void test_helper_that_cannot_start_says_its_outcome(void **state) {
    Helper *helper = NULL;
    assert_int_equal(start(*state, "fails", AMPLE, &helper), CREDENTIAL_OUTCOME_CONFIGURATION);
    assert_null(helper);
    assert_no_children();
}

static void test_helper_that_dies_later_is_a_broken_pipe_ever_after(void **state) {
    Helper *helper = started(*state, "dies-later");
    assert_int_equal(list(helper, AMPLE), -EPIPE);
    assert_int_equal(list(helper, AMPLE), -EPIPE);
    (void) helper_free(helper);
    assert_no_children();
}

static void test_late_answer_is_never_taken_for_the_next_one(void **state) {
    Helper *helper = started(*state, "hangs");
    assert_int_equal(list(helper, BRIEF), -ETIMEDOUT);
    assert_int_equal(list(helper, AMPLE), -ETIMEDOUT);
    (void) helper_free(helper);
    assert_no_children();
}

static void test_answer_after_the_deadline_is_never_taken_for_the_next_one(void **state) {
    Helper *helper = started(*state, "answers-late");
    assert_int_equal(list(helper, BRIEF), -ETIMEDOUT);
    (void) usleep(400000); /* it is there by now; without the wait, less would be tested */
    assert_int_equal(list(helper, AMPLE), -ETIMEDOUT);
    (void) helper_free(helper);
    assert_no_children();
}

static int unlock(Helper *helper) {
    Secret *secret = NULL;
    char kind[] = "pkcs12", id[] = "/x.p12";
    HelperCertificate *certificates = NULL;
    size_t count = 0;
    assert_int_equal(secret_new("x", 1, &secret), 0);
    int r = helper_unlock(helper, &(HelperSource){.kind = kind, .id = id}, &(HelperUnlock){.secret = secret},
                          frame_now() + AMPLE, &certificates, &count);
    (void) helper_certificates_free(certificates, count);
    (void) secret_free(secret);
    return r;
}

static int sign(Helper *helper) {
    const Statement statement = {.purpose = STATEMENT_LOGIN, .user = "demo", .service = "", .tty = ""};
    char *algorithm = NULL;
    Bytes signature = {0};
    int r = helper_sign(helper, &statement, frame_now() + AMPLE, &algorithm, &signature);
    free(algorithm);
    bytes_done(&signature);
    return r;
}

static void test_answers_that_are_not_exactly_as_promised_are_bad_messages(void **state) {
    static const struct {
        const char *how;
        int outcome;
    } rows[] = {
        {"source", 0},
        {"source-of-unknown-flags", -EBADMSG},
        {"source-of-unknown-problem", -EBADMSG},
        {"source-and-more", -EBADMSG},
        {"source-of-another-name", -EBADMSG},
        {"certificate", 0},
        {"certificate-of-short-fingerprint", -EBADMSG},
        {"certificate-of-long-fingerprint", -EBADMSG},
        {"certificate-and-more", -EBADMSG},
        {"signature", 0},
        {"signature-of-nothing", -EBADMSG},
        {"signature-and-more", -EBADMSG},
    };
    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        Fixture *fixture = *state;
        Helper *helper = started(fixture, rows[i].how);
        int r = rows[i].how[1] == 'o' ? list(helper, AMPLE) : rows[i].how[0] == 'c' ? unlock(helper) : sign(helper);
        if (r != rows[i].outcome)
            fail_msg("%s: %d", rows[i].how, r);
        (void) helper_free(helper);
        assert_int_equal(unlink(fixture->path), 0);
        free(fixture->path);
        fixture->path = NULL;
    }
}

static void test_count_without_content_is_a_bad_message(void **state) {
    Helper *helper = started(*state, "counts");
    assert_int_equal(list(helper, AMPLE), -EBADMSG);
    (void) helper_free(helper);
}

static void test_answer_to_another_question_is_a_bad_message(void **state) {
    Helper *helper = started(*state, "confuses");
    assert_int_equal(list(helper, AMPLE), -EBADMSG);
    (void) helper_free(helper);
}

static void test_unknown_outcome_is_a_bad_message(void **state) {
    Helper *helper = started(*state, "outcome");
    assert_int_equal(list(helper, AMPLE), -EBADMSG);
    (void) helper_free(helper);
}

static void test_outcome_comes_with_a_printable_detail(void **state) {
    Helper *helper = started(*state, "wrong");
    Secret *secret = NULL;
    assert_int_equal(secret_new("x", 1, &secret), 0);
    char kind[] = "pkcs12", id[] = "/x.p12";
    const HelperSource source = {.kind = kind, .id = id};
    HelperCertificate *certificates = NULL;
    size_t count = 0;
    assert_int_equal(
        helper_unlock(helper, &source, &(HelperUnlock){.secret = secret}, frame_now() + AMPLE, &certificates, &count),
        CREDENTIAL_OUTCOME_WRONG_SECRET);
    assert_string_equal(helper_detail(helper), "MAC \\x1b[2J");
    (void) secret_free(secret);
    (void) helper_free(helper);
}

/* What the helper says of itself: see say_arguments() in odd_helper.c. */
static void assert_surroundings(Helper *helper) {
    HelperSource *sources = NULL;
    size_t count = 0;
    assert_int_equal(helper_list(helper, frame_now() + AMPLE, &sources, &count), 0);
    assert_int_equal(count, 1);
    assert_string_equal(sources[0].id, "");
    assert_string_equal(sources[0].label, "7");
    (void) helper_sources_free(sources, count);
    (void) helper_free(helper);
}

static void test_s21_helper_inherits_no_environment_descriptor_or_signal(void **state) {
    int extra = open("/dev/zero", O_RDONLY); /* without O_CLOEXEC, as a careless host does */
    assert_true(extra >= 0);
    assert_true(dup2(extra, 100) == 100);
    sigset_t mask, before;
    (void) sigfillset(&mask);
    assert_int_equal(sigprocmask(SIG_BLOCK, &mask, &before), 0);
    void (*ignored)(int) = signal(SIGUSR1, SIG_IGN);
    Helper *helper = started(*state, "good");
    assert_true(signal(SIGUSR1, ignored) == SIG_IGN);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
    assert_surroundings(helper);
    assert_int_equal(close(extra), 0);
    assert_int_equal(close(100), 0);
}

static void test_host_without_standard_descriptors_is_served(void **state) {
    int saved[3];
    for (int fd = 0; fd < 3; fd++)
        assert_true((saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 200)) >= 200);
    for (int fd = 0; fd < 3; fd++)
        (void) close(fd); /* that is the point */
    Helper *helper = NULL;
    int r = start(*state, "good", AMPLE, &helper);
    HelperSource *sources = NULL;
    size_t count = 0;
    int listed = r == 0 ? helper_list(helper, frame_now() + AMPLE, &sources, &count) : r;
    (void) helper_free(helper);
    for (int fd = 0; fd < 3; fd++)
        (void) dup2(saved[fd], fd); /* asserts can speak again after this */
    for (int fd = 0; fd < 3; fd++)
        (void) close(saved[fd]);
    assert_int_equal(listed, 0);
    assert_string_equal(sources[0].id, "");
    (void) helper_sources_free(sources, count);
}

static void test_host_that_ignores_children_is_served(void **state) {
    void (*before)(int) = signal(SIGCHLD, SIG_IGN);
    Helper *helper = started(*state, "hangs");
    assert_int_equal(list(helper, BRIEF), -ETIMEDOUT);
    (void) helper_free(helper);
    assert_true(signal(SIGCHLD, before) == SIG_IGN);
    assert_no_children();
}

static void test_root_names_the_user_to_become(void **state) {
    Fixture *fixture = *state;
    assert_true(asprintf(&fixture->path, "%s/good", fixture->folder) > 0);
    assert_int_equal(symlink(fixture->program, fixture->path), 0);
    const HelperOptions options = {
        .path = fixture->path, .seconds = 7, .as_user = true, .uid = 1, .gid = 2, .user = "demo", .home = "/home/demo"};
    Helper *helper = NULL;
    HelperSource *sources = NULL;
    size_t count = 0;
    assert_int_equal(helper_start(&options, frame_now() + AMPLE, &helper), 0);
    assert_int_equal(helper_list(helper, frame_now() + AMPLE, &sources, &count), 0);
    assert_string_equal(sources[0].detail, "demo");
    (void) helper_sources_free(sources, count);
    (void) helper_free(helper);
}

static void test_tokens_are_asked_for_by_name(void **state) {
    Fixture *fixture = *state;
    assert_true(asprintf(&fixture->path, "%s/good", fixture->folder) > 0);
    assert_int_equal(symlink(fixture->program, fixture->path), 0);
    const HelperOptions options = {.path = fixture->path, .seconds = 7, .tokens = true};
    Helper *helper = NULL;
    HelperSource *sources = NULL;
    size_t count = 0;
    assert_int_equal(helper_start(&options, frame_now() + AMPLE, &helper), 0);
    assert_int_equal(helper_list(helper, frame_now() + AMPLE, &sources, &count), 0);
    assert_string_equal(sources[0].detail, "tokens");
    (void) helper_sources_free(sources, count);
    (void) helper_free(helper);
}

/* The list in two halves. */
static int list_in_halves(Fixture *fixture, const char *how, uint64_t duration) {
    assert_true(asprintf(&fixture->path, "%s/%s", fixture->folder, how) > 0);
    assert_int_equal(symlink(fixture->program, fixture->path), 0);
    const HelperOptions options = {.path = fixture->path, .seconds = 7};
    Helper *helper = NULL;
    HelperSource *sources = NULL;
    size_t count = 0;
    assert_int_equal(helper_start_list(&options, &helper), 0);
    int r = helper_finish_list(helper, frame_now() + duration, &sources, &count);
    (void) helper_sources_free(sources, count);
    (void) helper_free(helper);
    assert_no_children();
    return r;
}

static void test_halves_without_a_program_are_a_fault(void **state) {
    (void) state;
    Helper *helper = NULL;
    const HelperOptions options = {.path = "/nonexistent/helper", .seconds = 1};
    assert_int_equal(helper_start_list(&options, &helper), -ENOENT);
    assert_null(helper);
    assert_no_children();
}

static void test_halves_of_a_helper_that_dies_are_a_broken_pipe(void **state) {
    assert_int_equal(list_in_halves(*state, "dies", AMPLE), -EPIPE);
}

static void test_halves_of_a_mute_helper_time_out(void **state) {
    assert_int_equal(list_in_halves(*state, "mute", BRIEF), -ETIMEDOUT);
}

static void test_halves_of_a_helper_that_is_not_ready_first_are_a_bad_message(void **state) {
    assert_int_equal(list_in_halves(*state, "sources-first", AMPLE), -EBADMSG);
}

/* It goes without having read the question. */
static void test_halves_of_a_helper_that_cannot_start_are_its_outcome(void **state) {
    assert_int_equal(list_in_halves(*state, "fails", AMPLE), CREDENTIAL_OUTCOME_CONFIGURATION);
}

static void test_halves_make_a_list(void **state) {
    assert_int_equal(list_in_halves(*state, "good", AMPLE), 0);
}

static void test_a_half_list_is_ended_as_it_is(void **state) {
    Fixture *fixture = *state;
    assert_true(asprintf(&fixture->path, "%s/good", fixture->folder) > 0);
    assert_int_equal(symlink(fixture->program, fixture->path), 0);
    const HelperOptions options = {.path = fixture->path, .seconds = 7};
    Helper *helper = NULL;
    assert_int_equal(helper_start_list(&options, &helper), 0);
    (void) helper_free(helper);
    assert_no_children();
}

static int wait_for_token(Helper *helper, int interrupt_fd, uint64_t duration) {
    HelperSource *sources = NULL;
    size_t count = 0;
    int r = helper_wait(helper, 1, interrupt_fd, frame_now() + duration, &sources, &count);
    (void) helper_sources_free(sources, count);
    return r;
}

static void test_waiting_is_interrupted_and_the_helper_used_up(void **state) {
    Helper *helper = started(*state, "hangs");
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "", 1), 1);
    assert_int_equal(wait_for_token(helper, ends[0], AMPLE), -EINTR);
    assert_int_equal(list(helper, AMPLE), -EINTR);
    (void) helper_free(helper);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(close(ends[1]), 0);
    assert_no_children();
}

static void test_waiting_has_a_deadline(void **state) {
    Helper *helper = started(*state, "hangs");
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(wait_for_token(helper, ends[0], BRIEF), -ETIMEDOUT);
    (void) helper_free(helper);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(close(ends[1]), 0);
}

static void test_what_was_waited_for_is_told(void **state) {
    Helper *helper = started(*state, "good");
    assert_int_equal(wait_for_token(helper, -1, AMPLE), 0);
    (void) helper_free(helper);
}

int main(int argc, char *argv[]) {
    if (argc != 2)
        return 2;
    Fixture fixture = {.program = argv[1]};
#define TEST(name)                                                                                                     \
    { #name, name, setup, teardown, &fixture }
    const struct CMUnitTest tests[] = {
        TEST(test_missing_program_is_a_fault),
        TEST(test_helper_that_dies_at_once_is_a_broken_pipe),
        TEST(test_helper_that_says_nothing_times_out_and_is_killed),
        TEST(test_helper_that_talks_nonsense_is_a_bad_message),
        TEST(test_helper_of_another_version_is_a_bad_message),
        TEST(test_helper_that_is_not_ready_first_is_a_bad_message),
        TEST(test_helper_that_cannot_start_says_its_outcome),
        TEST(test_helper_that_dies_later_is_a_broken_pipe_ever_after),
        TEST(test_late_answer_is_never_taken_for_the_next_one),
        TEST(test_answer_after_the_deadline_is_never_taken_for_the_next_one),
        TEST(test_answers_that_are_not_exactly_as_promised_are_bad_messages),
        TEST(test_count_without_content_is_a_bad_message),
        TEST(test_answer_to_another_question_is_a_bad_message),
        TEST(test_unknown_outcome_is_a_bad_message),
        TEST(test_outcome_comes_with_a_printable_detail),
        TEST(test_s21_helper_inherits_no_environment_descriptor_or_signal),
        TEST(test_host_without_standard_descriptors_is_served),
        TEST(test_host_that_ignores_children_is_served),
        TEST(test_root_names_the_user_to_become),
        TEST(test_tokens_are_asked_for_by_name),
        TEST(test_halves_without_a_program_are_a_fault),
        TEST(test_halves_of_a_helper_that_dies_are_a_broken_pipe),
        TEST(test_halves_of_a_mute_helper_time_out),
        TEST(test_halves_of_a_helper_that_is_not_ready_first_are_a_bad_message),
        TEST(test_halves_of_a_helper_that_cannot_start_are_its_outcome),
        TEST(test_halves_make_a_list),
        TEST(test_a_half_list_is_ended_as_it_is),
        TEST(test_waiting_is_interrupted_and_the_helper_used_up),
        TEST(test_waiting_has_a_deadline),
        TEST(test_what_was_waited_for_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

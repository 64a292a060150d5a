#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/send_args.h"
#include "ingest/send_chain.h"
#include "ingest/send_items.h"
#include "ingest/send_job.h"
#include "ingest/send_source.h"

static const struct send_item item = { "file", false, { "{\"data\":{}}", 11 }, NULL };
static const struct send_turn turn = { &item, 1, 1900000000000 };

static struct send_job *make(const struct send_args *args, uint64_t seed)
{
    struct send_chain chain = { 0 };
    struct send_job *job = NULL;
    assert_int_equal(send_job_new(args, &turn, &chain, seed, &job), STATUS_OK);
    return job;
}

static void job_has_an_id_of_its_own(void **state)
{
    const struct send_args args = { .count = 1 };
    struct send_job *a = make(&args, 1), *b = make(&args, 2);
    (void)state;
    assert_int_equal(strlen(a->id), 4 + BASE62_ID_LEN);
    assert_int_equal(strncmp(a->id, "msg_", 4), 0);
    assert_string_not_equal(a->id, b->id);
    send_job_free(a);
    send_job_free(b);
}

static void job_of_poison_shows_in_its_id(void **state)
{
    const struct send_args args = { .count = 1, .poison = true };
    struct send_job *job = make(&args, 1);
    (void)state;
    assert_int_equal(strncmp(job->id, "msg_poison_", 11), 0);
    assert_int_equal(strlen(job->id), SEND_ID_MAX);
    send_job_free(job);
}

static void job_is_retried_when_svix_would_and_it_may_help(void **state)
{
    static const struct {
        int code;
        bool retry;
    } rows[] = {
        { 0, true },    { 503, true },  { 500, true },  { 502, true },  { 429, true },
        { 200, false }, { 204, false }, { 302, false }, { 400, false }, { 404, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct send_job job = { .answer = { .code = rows[i].code }, .tries = 1 };
        assert_int_equal(send_job_may_retry(&job), rows[i].retry);
    }
}

static void job_is_given_up_in_the_end(void **state)
{
    struct send_job job = { .answer = { .code = 503 }, .tries = SEND_TRIES_MAX - 1 };
    (void)state;
    assert_true(send_job_may_retry(&job));
    job.tries++;
    assert_false(send_job_may_retry(&job));
}

static void job_waits_longer_from_try_to_try(void **state)
{
    static const int64_t wanted[] = { 100, 200, 400, 800, 1600, 2000, 2000 };
    (void)state;
    for (int i = 0; i < 7; i++) {
        const struct send_job job = { .tries = i + 1 };
        assert_int_equal(send_job_wait_ms(&job), wanted[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(job_has_an_id_of_its_own),
        cmocka_unit_test(job_of_poison_shows_in_its_id),
        cmocka_unit_test(job_is_retried_when_svix_would_and_it_may_help),
        cmocka_unit_test(job_is_given_up_in_the_end),
        cmocka_unit_test(job_waits_longer_from_try_to_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

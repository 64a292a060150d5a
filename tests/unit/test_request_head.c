#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/queue.h>

#include <cmocka.h>

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "ingest/request_head.h"

enum { PAIRS_MAX = 8 };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Names and values by turns; NULL ends them. */
struct headers {
    const char *pairs[2 * PAIRS_MAX + 1];
};

struct fixture {
    struct evkeyvalq list;
    struct request_head head;
};

static void set_up(struct fixture *f, const struct headers *headers)
{
    TAILQ_INIT(&f->list);
    for (size_t i = 0; headers->pairs[i]; i += 2)
        assert_int_equal(evhttp_add_header(&f->list, headers->pairs[i], headers->pairs[i + 1]), 0);
    request_head_read(&f->list, &f->head);
}

static bool is_framed(const struct headers *headers)
{
    struct fixture f;
    bool framed;

    set_up(&f, headers);
    framed = request_head_is_framed(&f.head);
    evhttp_clear_headers(&f.list);
    return framed;
}

static enum status signed_status(const struct headers *headers)
{
    struct fixture f;
    struct signed_request request = { .body_count = 0 };
    enum status st;

    set_up(&f, headers);
    st = request_head_signed(&f.head, &request);
    evhttp_clear_headers(&f.list);
    return st;
}

static void head_is_framed_where_the_body_has_one_end(void **state)
{
    static const struct headers rows[] = {
        { { NULL } },
        { { "Content-Length", "0", NULL } },
        { { "content-length", "63", "Host", "x", NULL } },
        { { "Content-Length", "99999999999999999999", NULL } }, /* too big, but not doubtful */
        { { "Transfer-Encoding", "chunked", NULL } },
        { { "TRANSFER-ENCODING", "Chunked", NULL } },
        { { "X-Weird!#$%&'*+-.^_`|~", "1", NULL } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_true(is_framed(&rows[i]));
}

static void head_is_not_framed_where_another_program_may_see_another_end(void **state)
{
    static const struct headers rows[] = {
        { { "Content-Length", "5", "Content-Length", "5", NULL } },
        { { "Content-Length", "5", "content-length", "6", NULL } },
        { { "Content-Length", "+5", NULL } },
        { { "Content-Length", "-5", NULL } },
        { { "Content-Length", "0x5", NULL } },
        { { "Content-Length", "5, 5", NULL } },
        { { "Content-Length", "5 5", NULL } },
        { { "Content-Length", "", NULL } },
        { { "Content-Length ", "5", NULL } },
        { { "Content-Length\t", "5", NULL } },
        { { " Content-Length", "5", NULL } },
        { { "Transfer-Encoding", "gzip", NULL } },
        { { "Transfer-Encoding", "identity", NULL } },
        { { "Transfer-Encoding", "chunked, gzip", NULL } },
        { { "Transfer-Encoding", "gzip, chunked", NULL } },
        { { "Transfer-Encoding", "xchunked", NULL } },
        { { "Transfer-Encoding", "", NULL } },
        { { "Transfer-Encoding ", "chunked", NULL } },
        { { "Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked", NULL } },
        { { "Transfer-Encoding", "chunked", "Content-Length", "5", NULL } },
        { { "X\x01", "1", NULL } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (is_framed(&rows[i]))
            fail_msg("row %zu: %s: %s", i, rows[i].pairs[0], rows[i].pairs[1]);
}

static void head_finds_the_three_headers_in_either_family(void **state)
{
    static const struct headers rows[] = {
        { { "svix-id", "a", "svix-timestamp", "1", "svix-signature", "s", NULL } },
        { { "Svix-Id", "a", "SVIX-TIMESTAMP", "1", "Svix-Signature", "s", NULL } },
        { { "webhook-id", "a", "webhook-timestamp", "1", "webhook-signature", "s", NULL } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(signed_status(&rows[i]), STATUS_OK);
}

static void head_trims_values_and_prefers_svix(void **state)
{
    static const struct headers headers = { { "webhook-id", "other", "svix-id", "a \t",
                                              "svix-timestamp", "\t1", "svix-signature", " s ",
                                              NULL } };
    struct fixture f;
    struct signed_request request = { .body_count = 0 };

    (void)state;
    set_up(&f, &headers);
    assert_int_equal(request_head_signed(&f.head, &request), STATUS_OK);
    assert_true(slice_equals(request.id, SLICE("a")));
    assert_true(slice_equals(request.timestamp, SLICE("1")));
    assert_true(slice_equals(request.signatures, SLICE("s")));
    evhttp_clear_headers(&f.list);
}

static void head_misses_headers_that_are_absent_empty_or_of_two_families(void **state)
{
    static const struct headers rows[] = {
        { { NULL } },
        { { "svix-id", "a", "svix-timestamp", "1", NULL } },
        { { "svix-id", "a", "svix-signature", "s", NULL } },
        { { "svix-timestamp", "1", "svix-signature", "s", NULL } },
        { { "svix-id", "", "svix-timestamp", "1", "svix-signature", "s", NULL } },
        { { "svix-id", "a", "svix-timestamp", " ", "svix-signature", "s", NULL } },
        { { "svix-id", "a", "webhook-timestamp", "1", "webhook-signature", "s", NULL } },
        { { "svix-id", "", "webhook-id", "a", "webhook-timestamp", "1", "webhook-signature", "s",
            NULL } },
        { { "x-svix-id", "a", "svix-timestamp", "1", "svix-signature", "s", NULL } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(signed_status(&rows[i]), STATUS_MISSING_HEADER);
}

static void head_refuses_a_header_that_came_twice(void **state)
{
    static const struct headers rows[] = {
        { { "svix-id", "a", "svix-id", "a", "svix-timestamp", "1", "svix-signature", "s", NULL } },
        { { "svix-id", "a", "svix-timestamp", "1", "svix-timestamp", "2", "svix-signature", "s",
            NULL } },
        { { "svix-id", "a", "svix-timestamp", "1", "svix-signature", "s", "Svix-Signature", "t",
            NULL } },
        { { "webhook-id", "a", "webhook-id", "b", "webhook-timestamp", "1", "webhook-signature",
            "s", NULL } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(signed_status(&rows[i]), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_is_framed_where_the_body_has_one_end),
        cmocka_unit_test(head_is_not_framed_where_another_program_may_see_another_end),
        cmocka_unit_test(head_finds_the_three_headers_in_either_family),
        cmocka_unit_test(head_trims_values_and_prefers_svix),
        cmocka_unit_test(head_misses_headers_that_are_absent_empty_or_of_two_families),
        cmocka_unit_test(head_refuses_a_header_that_came_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/unit/webhook_fixture.h"

static void webhook_verifies_bodies_of_every_size_up_to_the_limit(void **state)
{
    static const size_t sizes[] = { 0,      1,      4096,   65535,  65536,          65537,
                                    262143, 262144, 262145, 600000, BODY_LIMIT - 1, BODY_LIMIT };
    char *bytes = malloc(BODY_LIMIT);

    assert_non_null(bytes);
    memset(bytes, 'x', BODY_LIMIT);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        assert_int_equal(post_signed(*state, (struct slice){ bytes, sizes[i] }), VERIFIED);
    free(bytes);
}

static void webhook_refuses_a_body_over_the_limit(void **state)
{
    static const size_t sizes[] = { BODY_LIMIT + 1, BODY_LIMIT + WEBHOOK_BODY_SLACK };
    struct fixture *f = *state;
    char *bytes = calloc(1, BODY_LIMIT + WEBHOOK_BODY_SLACK);

    assert_non_null(bytes);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(post_signed(f, (struct slice){ bytes, sizes[i] }), 413);
        assert_string_equal(f->reply, "{\"error\":\"Body too large\"}");
    }
    free(bytes);
}

static void webhook_asks_the_sender_to_come_back_when_redis_is_away(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(post_signed(f, SLICE("{\"type\":\"user.created\"}")), 503);
    assert_string_equal(f->reply, "{\"error\":\"Queue unavailable\"}");
    assert_true(f->retry_after[0] != '\0');
}

static void webhook_says_received_to_types_that_are_not_wanted(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(post_signed(f, SLICE("{\"type\":\"session.created\"}")), 200);
    assert_string_equal(f->reply, "{\"received\":true}");
    assert_int_equal(counters_get(&f->counters, INGEST_STORED), 0);
}

static void webhook_wants_bodies_that_name_no_type(void **state)
{
    assert_int_equal(post_signed(*state, SLICE("{\"success\": true}")), VERIFIED);
}

static void webhook_refuses_what_is_not_signed(void **state)
{
    const struct slice other = SLICE("{}");
    struct fixture *f = *state;

    assert_int_equal(ask(f, EVHTTP_REQ_POST, "/webhooks", SLICE("{ }"), NULL), 400);
    assert_string_equal(f->reply, "{\"error\":\"Missing required webhook headers\"}");
    assert_int_equal(ask(f, EVHTTP_REQ_POST, "/webhooks", SLICE("{ }"), &other), 400);
    assert_string_equal(f->reply, "{\"error\":\"Invalid signature\"}");
}

static void webhook_answers_its_own_paths_only_and_compares_them_raw(void **state)
{
    static const char *const others[] = {
        "/", "/webhooks/", "/webhook", "/Webhooks", "/webhooks%00", "/%77ebhooks", "/x/../webhooks"
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(ask(*state, EVHTTP_REQ_POST, others[i], SLICE("{}"), NULL), 404);
    assert_int_equal(ask(*state, EVHTTP_REQ_POST, "/webhooks?a=1", SLICE("{}"), NULL), 400);
}

static void webhook_allows_post_only(void **state)
{
    static const enum evhttp_cmd_type methods[] = {
        EVHTTP_REQ_GET,    EVHTTP_REQ_HEAD,    EVHTTP_REQ_PUT,
        EVHTTP_REQ_DELETE, EVHTTP_REQ_OPTIONS, EVHTTP_REQ_PATCH,
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        assert_int_equal(ask(f, methods[i], "/webhooks", SLICE(""), NULL), 405);
        assert_string_equal(f->allow, "POST");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SERVER(webhook_verifies_bodies_of_every_size_up_to_the_limit),
        ON_SERVER(webhook_refuses_a_body_over_the_limit),
        ON_SERVER(webhook_asks_the_sender_to_come_back_when_redis_is_away),
        ON_SERVER(webhook_says_received_to_types_that_are_not_wanted),
        ON_SERVER(webhook_wants_bodies_that_name_no_type),
        ON_SERVER(webhook_refuses_what_is_not_signed),
        ON_SERVER(webhook_answers_its_own_paths_only_and_compares_them_raw),
        ON_SERVER(webhook_allows_post_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

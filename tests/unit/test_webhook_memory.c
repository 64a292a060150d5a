#include "tests/unit/webhook_fixture.h"

/* What the webhook port does when libevent finds no memory for a large piece. */

enum { LARGE = 16 * 1024 };

static bool is_short;
static int refused;

static void *allocate(size_t size)
{
    if (!is_short || size < LARGE)
        return malloc(size);
    refused++;
    return NULL;
}

static void *reallocate(void *old, size_t size)
{
    return realloc(old, size);
}

/* From the first turn of the loop on, when the client already has its request together. */
static void run_short(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    is_short = true;
}

static int post_while_memory_is_short(struct fixture *f, size_t len)
{
    const struct timeval now = { 0, 0 };
    char *bytes = malloc(len);

    assert_non_null(bytes);
    memset(bytes, 'x', len);
    refused = 0;
    assert_int_equal(event_base_once(f->base, -1, EV_TIMEOUT, run_short, NULL, &now), 0);
    int code = post_signed(f, (struct slice){ bytes, len });
    is_short = false;
    free(bytes);
    return code;
}

static void a_body_that_cannot_be_moved_together_is_answered_503(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(post_while_memory_is_short(f, 40 * 1024), 503);
    assert_true(refused > 0);
    assert_string_equal(f->reply, "{\"error\":\"Queue unavailable\"}");
}

/* More pieces than are looked at one by one: it has to be moved before its signature is known. */
static void a_body_in_very_many_pieces_is_not_called_badly_signed_for_want_of_memory(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(post_while_memory_is_short(f, 900 * 1024), 503);
    assert_true(refused > 0);
    assert_int_equal(counters_get(&f->counters, INGEST_FAILED_SIGNATURE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SERVER(a_body_that_cannot_be_moved_together_is_answered_503),
        ON_SERVER(a_body_in_very_many_pieces_is_not_called_badly_signed_for_want_of_memory),
    };
    event_set_mem_functions(allocate, reallocate, free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

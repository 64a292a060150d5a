#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/send_items.h"

#define NOW_MS INT64_C(1900000000000)

enum { BODY_MAX_BYTES = 1 << 20 };

/* Renders a user's event, then text with the change. */
static void render_behind_a_user(const char *text, const char *change, struct buf *out)
{
    struct send_args args = { .count = 1 };
    struct send_chain chain = { 0 };
    const struct send_item user = {
        "user", false, SLICE("{\"type\":\"user.created\",\"data\":{\"id\":\"user_9\"}}"), NULL
    };
    const struct send_item item = { "file", false, slice_of(text), NULL };
    assert_int_equal(send_item_render(&user, &args, 1, NOW_MS, &chain, out), STATUS_OK);
    buf_clear(out);
    if (change)
        assert_int_equal(override_parse(change, &args.overrides[args.override_count++]), STATUS_OK);
    assert_int_equal(send_item_render(&item, &args, 1, NOW_MS, &chain, out), STATUS_OK);
    send_args_release(&args);
}

static void item_refers_to_what_was_sent_before(void **state)
{
    static const struct {
        const char *text, *change, *body;
    } rows[] = {
        { "{\"u\":\"${user.id}\"}", NULL, "{\"u\":\"user_9\"}" },
        { "{\"u\":\"${org.id} ${x}\"}", NULL, "{\"u\":\"${org.id} ${x}\"}" },
        { "{}", "data.user_id=${user.id}", "{\"data\":{\"user_id\":\"user_9\"}}" },
        { "{}", "a={\"b\":\"${user.id}\"}", "{\"a\":{\"b\":\"user_9\"}}" },
        { "{\"a\":1}", "a=${org.id}", "{\"a\":1}" }, /* nothing to refer to: left out */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf body = buf_make(BODY_MAX_BYTES);
        render_behind_a_user(rows[i].text, rows[i].change, &body);
        assert_string_equal(buf_text(&body), rows[i].body);
        buf_release(&body);
    }
}

static void item_that_is_poisoned_has_a_number_for_an_id(void **state)
{
    const struct send_args args = { .count = 1, .poison = true };
    const struct send_item item = { "file", false, SLICE("{\"data\":{\"id\":\"user_1\"}}"), NULL };
    struct send_chain chain = { 0 };
    struct buf body = buf_make(BODY_MAX_BYTES);
    (void)state;
    assert_int_equal(send_item_render(&item, &args, 1, NOW_MS, &chain, &body), STATUS_OK);
    assert_string_equal(buf_text(&body), "{\"data\":{\"id\":0}}");
    buf_release(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(item_refers_to_what_was_sent_before),
        cmocka_unit_test(item_that_is_poisoned_has_a_number_for_an_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

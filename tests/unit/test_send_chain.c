#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/send_chain.h"

static void note(struct send_chain *chain, const char *type, const char *id)
{
    struct buf body = buf_make(4096);
    buf_printf(&body, "{\"type\":\"%s\",\"data\":{\"object\":\"x\",\"id\":\"%s\"}}", type, id);
    send_chain_note(chain, buf_slice(&body));
    buf_release(&body);
}

static void filled(const struct send_chain *chain, const char *text, const char *wanted,
                   bool all_known)
{
    struct buf out = buf_make(4096);
    bool known = send_chain_fill(chain, slice_of(text), &out);
    assert_string_equal(buf_text(&out), wanted);
    assert_int_equal(known, all_known);
    buf_release(&out);
}

static void chain_stands_for_the_latest_of_each_prefix(void **state)
{
    struct send_chain chain = { 0 };
    (void)state;
    note(&chain, "user.created", "user_1");
    note(&chain, "organization.created", "org_1");
    note(&chain, "user.updated", "user_2");
    filled(&chain, "${user.id}", "user_2", true);
    filled(&chain, "a${user.id}b${organization.id}", "auser_2borg_1", true);
}

static void chain_keeps_what_it_does_not_know(void **state)
{
    static const struct {
        const char *text;
        bool all_known;
    } rows[] = {
        { "${session.id}", false },
        { "x ${user.id} ${session.id}", false },
        { "", true },
        { "$", true },
        { "$$", true },
        { "${", true },
        { "${}", true },
        { "${user}", true },
        { "${user.id", true },
        { "${user.name}", true },
        { "${.id}", true },
        { "${us er.id}", true },
        { "$ {user.id}", true },
        { "${${session.id", true },
        { "{\"a\":\"${b.c.id}\"}", true },
    };
    struct send_chain chain = { 0 };
    (void)state;
    note(&chain, "session", "sess_1"); /* the prefix is what stands before a dot, or everything */
    chain.count = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        filled(&chain, rows[i].text, rows[i].text, rows[i].all_known);
}

static void chain_passes_over_ids_that_could_break_a_text(void **state)
{
    static const char *const ids[] = { "", "a b", "a\\\"b", "a.b", "\xc3\xa4" };
    struct send_chain chain = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        note(&chain, "user.created", ids[i]);
    assert_int_equal(chain.count, 0);
}

static void chain_passes_over_what_is_no_event(void **state)
{
    static const char *const bodies[] = { "",
                                          "nonsense",
                                          "[]",
                                          "{}",
                                          "{\"type\":\"user.created\"}",
                                          "{\"data\":{\"id\":\"user_1\"}}",
                                          "{\"type\":\"user.created\",\"data\":{\"id\":7}}" };
    struct send_chain chain = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        send_chain_note(&chain, slice_of(bodies[i]));
    assert_int_equal(chain.count, 0);
}

static void chain_is_bounded(void **state)
{
    static struct send_chain chain;
    char type[32], id[256];
    (void)state;
    for (int i = 0; i < SEND_CHAIN_MAX + 10; i++) {
        snprintf(type, sizeof type, "kind%d.created", i);
        note(&chain, type, "id_1");
    }
    assert_int_equal(chain.count, SEND_CHAIN_MAX);
    memset(id, 'a', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    note(&chain, "kind0.created", id);
    filled(&chain, "${kind0.id}", "id_1", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chain_stands_for_the_latest_of_each_prefix),
        cmocka_unit_test(chain_keeps_what_it_does_not_know),
        cmocka_unit_test(chain_passes_over_ids_that_could_break_a_text),
        cmocka_unit_test(chain_passes_over_what_is_no_event),
        cmocka_unit_test(chain_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

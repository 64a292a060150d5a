#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store_fixture.h"

/* Svix keeps no order, so every order of the same events must end in the same rows. Each order gets
 * objects of its own: their ids end in its number. */

struct change {
    const char *table;
    int64_t event_at;
    const char *text; /* first_name or role; NULL: a delete */
    const char *emails;
};

enum { STORY_MAX = 5, ORDER_COUNT_MAX = 120 };

static void id_for(char out[32], const char *table, int order)
{
    snprintf(out, 32, "%s_%03d", table, order);
}

static void apply(struct fixture *f, const struct change *c, int order)
{
    char id[32], user[32], org[32], emails[128] = "";
    struct slice rest = slice_of(c->emails), word;
    id_for(id, c->table, order);
    id_for(user, "users", order);
    id_for(org, "organizations", order);
    while (slice_next_word(&rest, &word)) /* e-mail ids are unique as well */
        snprintf(emails + strlen(emails), sizeof(emails) - strlen(emails), "%.*s_%03d ",
                 SLICE_ARG(word), order);
    enum status st;
    if (!c->text)
        st = fixture_delete(f, c->table, id, c->event_at);
    else if (strcmp(c->table, "users") == 0)
        st = fixture_put_user(f, id, c->event_at, c->text, emails);
    else if (strcmp(c->table, "organizations") == 0)
        st = fixture_put(f, c->table, id, c->event_at, 0, "name", c->text, NULL);
    else
        st = fixture_put(f, c->table, id, c->event_at, 0, "role", c->text, "user_id", user,
                         "organization_id", org, NULL);
    assert_true(st == STATUS_OK || st == STATUS_STALE);
}

/* The next order of order[count] in the dictionary; false after the last. */
static bool next_order(int *order, int count)
{
    int i = count - 2, j = count - 1;
    while (i >= 0 && order[i] > order[i + 1])
        i--;
    if (i < 0)
        return false;
    while (order[j] < order[i])
        j--;
    int t = order[i];
    order[i] = order[j];
    order[j] = t;
    for (int a = i + 1, b = count - 1; a < b; a++, b--) {
        t = order[a];
        order[a] = order[b];
        order[b] = t;
    }
    return true;
}

static int play_every_order(struct fixture *f, const struct change *story, int count)
{
    int order[STORY_MAX] = { 0, 1, 2, 3, 4 };
    int number = 0;
    do {
        for (int i = 0; i < count; i++)
            apply(f, &story[order[i]], number);
        number++;
    } while (next_order(order, count));
    return number;
}

/* Everything about one order, without our integer ids and without its number. */
static const char *rows_of(struct fixture *f, int order)
{
    char sql[1024];
    snprintf(
        sql, sizeof(sql),
        "SELECT 'u', substr(clerk_id, 1, length(clerk_id) - 4), first_name, event_at, deleted_at "
        "FROM users WHERE clerk_id LIKE '%%_%03d' UNION ALL "
        "SELECT 'e', substr(clerk_id, 1, length(clerk_id) - 4), '', event_at, deleted_at "
        "FROM user_emails WHERE clerk_id LIKE '%%_%03d' UNION ALL "
        "SELECT 'o', '', name, event_at, deleted_at "
        "FROM organizations WHERE clerk_id LIKE '%%_%03d' UNION ALL "
        "SELECT 'm', '', role, event_at, deleted_at "
        "FROM organization_memberships WHERE clerk_id LIKE '%%_%03d' UNION ALL "
        "SELECT 't', object, '', event_at, NULL "
        "FROM tombstones WHERE clerk_id LIKE '%%_%03d' ORDER BY 1, 2",
        order, order, order, order, order);
    return fixture_query(f, sql);
}

static void assert_every_order(struct fixture *f, const struct change *story, int count,
                               int order_count, const char *expected)
{
    assert_int_equal(play_every_order(f, story, count), order_count);
    for (int i = 0; i < order_count; i++)
        assert_string_equal(rows_of(f, i), expected);
}

static const struct change living_user[] = {
    { "users", 1, "created", "a" },
    { "users", 2, "second", "a b" },
    { "users", 3, "third", "" },
    { "users", 4, "fourth", "c b d" },
};

static void every_order_of_updates_ends_in_the_newest(void **state)
{
    assert_every_order(*state, living_user, 4, 24,
                       "e|b||4|-;e|c||4|-;e|d||4|-;u|users|fourth|4|-;");
}

static const struct change deleted_user[] = {
    { "users", 1, "created", "a" }, { "users", 2, "second", "a b" },
    { "users", 3, "third", "c" },   { "users", 8, "after its delete", "b d" },
    { "users", 5, NULL, NULL },
};

static void every_order_with_a_hard_delete_ends_in_nothing(void **state)
{
    assert_every_order(*state, deleted_user, 5, 120, "t|user||5|-;");
}

static void every_order_with_a_soft_delete_ends_in_the_newest_marked(void **state)
{
    assert_every_order(*state, deleted_user, 5, 120,
                       "e|b||8|5;e|d||8|5;t|user||5|-;u|users|after its delete|8|5;");
}

static const struct change lost_membership[] = {
    { "organizations", 1, "Acme", NULL },
    { "organization_memberships", 2, "member", NULL },
    { "organization_memberships", 3, "admin", NULL },
    { "organizations", 7, NULL, NULL },
    { "users", 5, NULL, NULL },
};

static void every_order_of_hard_deletes_around_a_membership_ends_in_nothing(void **state)
{
    assert_every_order(*state, lost_membership, 5, 120, "t|organization||7|-;t|user||5|-;");
}

static void every_order_of_soft_deletes_around_a_membership_ends_in_the_same_marks(void **state)
{
    assert_every_order(*state, lost_membership, 5, 120,
                       "m||admin|3|5;o||Acme|1|7;t|organization||7|-;t|user||5|-;");
}

static const struct change deleted_twice[] = {
    { "users", 1, "created", "a" },
    { "users", 9, NULL, NULL },
    { "users", 6, NULL, NULL },
    { "users", 7, "late", "b" },
};

static void every_order_of_two_soft_deletes_keeps_the_earlier(void **state)
{
    assert_every_order(*state, deleted_twice, 4, 24, "e|b||7|6;t|user||6|-;u|users|late|7|6;");
}

static void every_order_of_two_hard_deletes_keeps_the_earlier(void **state)
{
    assert_every_order(*state, deleted_twice, 4, 24, "t|user||6|-;");
}

#define HARD(test) cmocka_unit_test_setup_teardown(test, fixture_hard, fixture_end)
#define SOFT(test) cmocka_unit_test_setup_teardown(test, fixture_soft, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HARD(every_order_of_updates_ends_in_the_newest),
        SOFT(every_order_of_updates_ends_in_the_newest),
        HARD(every_order_with_a_hard_delete_ends_in_nothing),
        SOFT(every_order_with_a_soft_delete_ends_in_the_newest_marked),
        HARD(every_order_of_hard_deletes_around_a_membership_ends_in_nothing),
        SOFT(every_order_of_soft_deletes_around_a_membership_ends_in_the_same_marks),
        HARD(every_order_of_two_hard_deletes_keeps_the_earlier),
        SOFT(every_order_of_two_soft_deletes_keeps_the_earlier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

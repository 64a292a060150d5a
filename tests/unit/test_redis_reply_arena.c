/* Replies made in one piece of memory, out of the bytes a server sends; what leaks or lies in freed
 * memory is for AddressSanitizer to say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "worker/redis_reply_arena.h"

static redisReader *reader_fed(const char *resp)
{
    redisReader *reader = redisReaderCreate();
    assert_non_null(reader);
    redis_reply_arena_use(reader);
    assert_int_equal(REDIS_OK, redisReaderFeed(reader, resp, strlen(resp)));
    return reader;
}

static redisReply *next(redisReader *reader)
{
    void *reply = NULL;
    assert_int_equal(REDIS_OK, redisReaderGetReply(reader, &reply));
    return reply;
}

static redisReply *parse(const char *resp)
{
    redisReader *reader = reader_fed(resp);
    redisReply *reply = next(reader);
    assert_non_null(reply);
    redisReaderFree(reader);
    return reply;
}

static void assert_refused(const char *resp)
{
    redisReader *reader = reader_fed(resp);
    void *reply = NULL;
    assert_int_equal(REDIS_ERR, redisReaderGetReply(reader, &reply));
    redisReaderFree(reader);
}

static void every_kind_of_resp2_comes_as_hiredis_makes_it(void **state)
{
    (void)state;
    redisReply *reply = parse("*5\r\n+OK\r\n:-7\r\n$-1\r\n$3\r\nabc\r\n-ERR no\r\n");
    assert_int_equal(REDIS_REPLY_ARRAY, reply->type);
    assert_int_equal(5, reply->elements);
    assert_int_equal(REDIS_REPLY_STATUS, reply->element[0]->type);
    assert_string_equal("OK", reply->element[0]->str);
    assert_int_equal(REDIS_REPLY_INTEGER, reply->element[1]->type);
    assert_int_equal(-7, reply->element[1]->integer);
    assert_int_equal(REDIS_REPLY_NIL, reply->element[2]->type);
    assert_int_equal(3, reply->element[3]->len);
    assert_string_equal("abc", reply->element[3]->str);
    assert_int_equal(REDIS_REPLY_ERROR, reply->element[4]->type);
    assert_string_equal("ERR no", reply->element[4]->str);
    redis_reply_free(reply);
}

static void lists_stand_inside_lists(void **state)
{
    (void)state;
    redisReply *reply = parse("*2\r\n*2\r\n*1\r\n$1\r\na\r\n:1\r\n*0\r\n");
    assert_string_equal("a", reply->element[0]->element[0]->element[0]->str);
    assert_int_equal(1, reply->element[0]->element[1]->integer);
    assert_int_equal(REDIS_REPLY_ARRAY, reply->element[1]->type);
    assert_int_equal(0, reply->element[1]->elements);
    redis_reply_free(reply);
}

static void a_reply_that_is_no_list_is_whole(void **state)
{
    (void)state;
    redisReply *text = parse("$0\r\n\r\n");
    redisReply *nil = parse("*-1\r\n");
    assert_string_equal("", text->str);
    assert_int_equal(0, text->len);
    assert_int_equal(REDIS_REPLY_NIL, nil->type);
    redis_reply_free(text);
    redis_reply_free(nil);
    redis_reply_free(NULL);
}

static void replies_live_apart_from_each_other(void **state)
{
    (void)state;
    redisReader *reader = reader_fed("*1\r\n$5\r\nfirst\r\n*1\r\n$6\r\nsecond\r\n");
    redisReply *first = next(reader);
    redisReply *second = next(reader);
    redis_reply_free(first);
    assert_string_equal("second", second->element[0]->str);
    redis_reply_free(second);
    redisReaderFree(reader);
}

static void text_larger_than_any_block_is_kept_whole(void **state)
{
    enum { LONG = 300000, HEAD = 16 };
    char *resp = malloc(LONG + HEAD * 2);
    (void)state;
    assert_non_null(resp);
    int head = snprintf(resp, HEAD + HEAD, "*2\r\n$%d\r\n", LONG);
    memset(resp + head, 'x', LONG);
    memcpy(resp + head + LONG, "\r\n:5\r\n", sizeof("\r\n:5\r\n"));
    redisReply *reply = parse(resp);
    assert_int_equal(LONG, strlen(reply->element[0]->str));
    assert_int_equal(5, reply->element[1]->integer);
    redis_reply_free(reply);
    free(resp);
}

static void half_a_reply_is_freed_with_its_reader(void **state)
{
    (void)state;
    redisReader *reader = reader_fed("*2\r\n$3\r\nabc\r\n$10\r\nonly");
    assert_null(next(reader));
    redisReaderFree(reader);
}

static void what_is_no_resp_is_refused_with_all_that_came_before(void **state)
{
    (void)state;
    assert_refused("*2\r\n$3\r\nabc\r\n?\r\n");
}

static void a_list_beyond_a_million_elements_is_refused(void **state)
{
    (void)state;
    assert_refused("*2147483647\r\n");
    assert_refused("*1\r\n*1048577\r\n");
}

/* hiredis 0.14 does not know them, 1.2 would make objects of its own. */
static void kinds_of_resp3_are_refused(void **state)
{
    static const char *const kinds[] = { ",1.5\r\n",        "#t\r\n",     "%1\r\n:1\r\n:2\r\n",
                                         ">1\r\n+push\r\n", "(12345\r\n", "=7\r\ntxt:abc\r\n" };
    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        assert_refused(kinds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_resp2_comes_as_hiredis_makes_it),
        cmocka_unit_test(lists_stand_inside_lists),
        cmocka_unit_test(a_reply_that_is_no_list_is_whole),
        cmocka_unit_test(replies_live_apart_from_each_other),
        cmocka_unit_test(text_larger_than_any_block_is_kept_whole),
        cmocka_unit_test(half_a_reply_is_freed_with_its_reader),
        cmocka_unit_test(what_is_no_resp_is_refused_with_all_that_came_before),
        cmocka_unit_test(a_list_beyond_a_million_elements_is_refused),
        cmocka_unit_test(kinds_of_resp3_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

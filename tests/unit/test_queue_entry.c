/* Redis' answers about stream entries, fed to hiredis' own parser as the bytes a server sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "worker/queue_entry.h"
#include "worker/redis_reply_arena.h"

enum { MOST = 3 };

static redisReply *parse_bytes(const char *resp, size_t len)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;
    redis_reply_arena_use(reader);
    assert_int_equal(REDIS_OK, redisReaderFeed(reader, resp, len));
    assert_int_equal(REDIS_OK, redisReaderGetReply(reader, &reply));
    assert_non_null(reply);
    redisReaderFree(reader);
    return reply;
}

static redisReply *parse(const char *resp)
{
    return parse_bytes(resp, strlen(resp));
}

static struct batch batch_of(const char *resp)
{
    struct batch batch = { 0 };
    redisReply *reply = parse(resp);
    assert_int_equal(STATUS_OK, batch_from_reply(&reply, reply, MOST, &batch));
    assert_null(reply);
    return batch;
}

static void assert_slice(const char *expected, struct slice got)
{
    assert_int_equal(strlen(expected), got.len);
    assert_memory_equal(expected, got.len ? got.ptr : "", got.len);
}

static const char one_entry[] =
    "*1\r\n*2\r\n$15\r\n1788256800044-3\r\n*10\r\n$2\r\nid\r\n$5\r\nmsg_1\r\n$4\r\ntype\r\n"
    "$12\r\nuser.created\r\n$2\r\nts\r\n$10\r\n1788256800\r\n$8\r\nreceived\r\n"
    "$13\r\n1788256800123\r\n$4\r\nbody\r\n$4\r\n{\0}\n\r\n";

static void an_entry_as_ingest_writes_it_is_read_whole(void **state)
{
    (void)state;
    struct batch batch = batch_of(
        "*1\r\n*2\r\n$15\r\n1788256800044-3\r\n*10\r\n$2\r\nid\r\n$5\r\nmsg_1\r\n$4\r\ntype\r\n"
        "$12\r\nuser.created\r\n$2\r\nts\r\n$10\r\n1788256800\r\n$8\r\nreceived\r\n"
        "$13\r\n1788256800123\r\n$4\r\nbody\r\n$2\r\n{}\r\n");
    assert_int_equal(1, batch.count);
    const struct queue_entry *entry = &batch.entries[0];
    assert_slice("1788256800044-3", entry->entry_id);
    assert_slice("msg_1", entry->svix_id);
    assert_slice("user.created", entry->type);
    assert_slice("{}", entry->body);
    assert_int_equal(1788256800, entry->sent_s);
    assert_int_equal(1788256800123, entry->received_ms);
    assert_int_equal(1, entry->deliveries);
    assert_int_equal(2, batch.bytes);
    batch_release(&batch);
}

static void a_body_keeps_its_nul_bytes(void **state)
{
    (void)state;
    struct batch batch = { 0 };
    redisReply *reply = parse_bytes(one_entry, sizeof one_entry - 1);
    assert_int_equal(STATUS_OK, batch_from_reply(&reply, reply, MOST, &batch));
    assert_int_equal(4, batch.entries[0].body.len);
    assert_memory_equal("{\0}\n", batch.entries[0].body.ptr, 4);
    batch_release(&batch);
}

static void fields_are_found_by_name_whatever_their_order(void **state)
{
    (void)state;
    struct batch batch = batch_of(
        "*1\r\n*2\r\n$3\r\n1-1\r\n*6\r\n$4\r\nbody\r\n$1\r\nB\r\n$3\r\nnew\r\n$1\r\nx\r\n"
        "$2\r\nid\r\n$1\r\nI\r\n");
    assert_slice("I", batch.entries[0].svix_id);
    assert_slice("B", batch.entries[0].body);
    batch_release(&batch);
}

static void odd_shapes_give_an_entry_without_a_svix_id(void **state)
{
    (void)state;
    static const char *const shapes[] = {
        "*1\r\n*2\r\n$3\r\n1-1\r\n*-1\r\n",                  /* deleted while pending, nil fields */
        "*1\r\n*2\r\n$3\r\n1-1\r\n*0\r\n",                   /* no fields */
        "*1\r\n*2\r\n$3\r\n1-1\r\n*1\r\n$2\r\nid\r\n",       /* a name without a value */
        "*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$2\r\nid\r\n:5\r\n", /* a value that is no text */
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct batch batch = batch_of(shapes[i]);
        assert_int_equal(1, batch.count);
        assert_int_equal(0, batch.entries[0].svix_id.len);
        batch_release(&batch);
    }
}

static void only_what_was_deleted_while_pending_is_gone(void **state)
{
    (void)state;
    struct batch batch = batch_of("*2\r\n*2\r\n$3\r\n1-1\r\n*-1\r\n"
                                  "*2\r\n$3\r\n1-2\r\n*2\r\n$3\r\nfoo\r\n$3\r\nbar\r\n");
    assert_int_equal(2, batch.count);
    assert_true(batch.entries[0].is_gone);
    assert_false(batch.entries[1].is_gone);
    batch_release(&batch);
}

static void what_is_no_entry_is_left_out(void **state)
{
    (void)state;
    struct batch batch = batch_of("*2\r\n$-1\r\n*2\r\n$3\r\n1-2\r\n*-1\r\n");
    assert_int_equal(1, batch.count);
    assert_slice("1-2", batch.entries[0].entry_id);
    batch_release(&batch);
}

static void more_entries_than_were_asked_for_are_not_taken(void **state)
{
    (void)state;
    struct batch batch = batch_of("*4\r\n*2\r\n$3\r\n1-1\r\n*0\r\n*2\r\n$3\r\n1-2\r\n*0\r\n"
                                  "*2\r\n$3\r\n1-3\r\n*0\r\n*2\r\n$3\r\n1-4\r\n*0\r\n");
    assert_int_equal(MOST, batch.count);
    assert_slice("1-3", batch.entries[MOST - 1].entry_id);
    batch_release(&batch);
}

static void an_unreadable_time_counts_as_unknown(void **state)
{
    (void)state;
    struct batch batch = batch_of(
        "*1\r\n*2\r\n$3\r\n1-1\r\n*4\r\n$2\r\nts\r\n$3\r\n12x\r\n$8\r\nreceived\r\n$2\r\n-1\r\n");
    assert_int_equal(0, batch.entries[0].sent_s);
    assert_int_equal(0, batch.entries[0].received_ms);
    batch_release(&batch);
}

static void no_entries_make_an_empty_batch(void **state)
{
    (void)state;
    struct batch batch = batch_of("*-1\r\n");
    assert_int_equal(0, batch.count);
    batch_release(&batch);
}

static void deliveries_are_matched_by_entry_id(void **state)
{
    (void)state;
    struct batch batch = batch_of(
        "*3\r\n*2\r\n$3\r\n1-1\r\n*0\r\n*2\r\n$3\r\n1-2\r\n*0\r\n*2\r\n$3\r\n1-3\r\n*0\r\n");
    redisReply *pending = parse("*2\r\n*4\r\n$3\r\n1-1\r\n$1\r\nw\r\n:10\r\n:2\r\n*4\r\n$3\r\n1-"
                                "3\r\n$1\r\nw\r\n:10\r\n:7\r\n");
    batch_set_deliveries(&batch, pending);
    assert_int_equal(2, batch.entries[0].deliveries);
    assert_int_equal(1, batch.entries[1].deliveries);
    assert_int_equal(7, batch.entries[2].deliveries);
    redis_reply_free(pending);
    batch_release(&batch);
}

static void the_time_of_an_entry_id_is_its_first_number(void **state)
{
    (void)state;
    assert_int_equal(1788256800044, entry_id_ms(SLICE("1788256800044-12")));
    assert_int_equal(5, entry_id_ms(SLICE("5")));
    assert_int_equal(0, entry_id_ms(SLICE("x-1")));
    assert_int_equal(0, entry_id_ms(SLICE("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_as_ingest_writes_it_is_read_whole),
        cmocka_unit_test(a_body_keeps_its_nul_bytes),
        cmocka_unit_test(fields_are_found_by_name_whatever_their_order),
        cmocka_unit_test(odd_shapes_give_an_entry_without_a_svix_id),
        cmocka_unit_test(only_what_was_deleted_while_pending_is_gone),
        cmocka_unit_test(what_is_no_entry_is_left_out),
        cmocka_unit_test(more_entries_than_were_asked_for_are_not_taken),
        cmocka_unit_test(an_unreadable_time_counts_as_unknown),
        cmocka_unit_test(no_entries_make_an_empty_batch),
        cmocka_unit_test(deliveries_are_matched_by_entry_id),
        cmocka_unit_test(the_time_of_an_entry_id_is_its_first_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

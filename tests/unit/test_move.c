/* What moves from one database to another: columns, portions, keys, sums, and the progress that is
 * shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/move_report.h"
#include "worker/move_table.h"

/* The CREATE TABLE statement of the i-th table. */
static void create(struct buf *out, size_t i)
{
    if (i < catalog_table_count)
        sql_create_table(out, SQL_POSTGRES, catalog_tables[i]);
    else
        sql_create_own_tables(out, SQL_POSTGRES);
}

static void every_column_is_one_of_create_table_in_its_order(void **state)
{
    static const char *const types[] = { " TEXT", " BIGINT", " BYTEA" };
    (void)state;
    assert_int_equal(catalog_table_count + sql_own_table_count, move_table_count());
    for (size_t i = 0; i < move_table_count(); i++) {
        struct move_table table = move_table_at(i);
        struct buf text = buf_make(65536), line = buf_make(256);
        create(&text, i);
        buf_printf(&line, "CREATE TABLE %s (", table.name);
        const char *at = strstr(buf_text(&text), buf_text(&line));
        assert_non_null(at);
        const char *end = strstr(at, "\n);");
        size_t lines = 0;
        for (const char *c = at; c < end; c++)
            lines += *c == '\n';
        assert_int_equal(lines, table.column_count);
        for (size_t c = 0; c < table.column_count; c++) {
            buf_clear(&line);
            buf_printf(&line, "\n  %s%s", table.columns[c].name, types[table.columns[c].type]);
            at = strstr(at, buf_text(&line));
            assert_true(at && at < end);
            at++;
        }
        buf_release(&line);
        buf_release(&text);
    }
}

static void the_mark_is_an_id_or_the_latest_moment(void **state)
{
    static const char *const own[] = { "processed_at", "failed_at", "event_at", "count" };
    (void)state;
    assert_string_equal("id", move_table_at(0).mark);
    for (size_t i = 0; i < sql_own_table_count; i++)
        assert_string_equal(own[i], move_table_at(catalog_table_count + i).mark);
}

static struct value number(int64_t n)
{
    return (struct value){ .kind = VALUE_INT, .number = n };
}

static struct value text(struct slice s)
{
    return (struct value){ .kind = VALUE_TEXT, .text = s };
}

static void a_portion_keeps_copies_and_ends_with_the_row_that_fills_it(void **state)
{
    struct move_table table = move_table_at(catalog_table_count); /* webhook_events */
    struct move_portion portion;
    char *long_text = calloc(1, MOVE_BYTES_MAX);
    char word[] = "before";
    (void)state;
    assert_non_null(long_text);
    assert_int_equal(STATUS_OK, move_portion_begin(&table, &portion));
    assert_int_equal(STATUS_OK, move_portion_set(&portion, 0, text(slice_of(word))));
    assert_int_equal(STATUS_OK, move_portion_set(&portion, 1, text(SLICE(""))));
    portion.row_count++;
    memset(word, 'x', 6);
    assert_memory_equal("before", move_portion_row(&portion, 0)[0].text.ptr, 6);
    assert_int_equal(VALUE_TEXT, move_portion_row(&portion, 0)[1].kind);
    assert_int_equal(VALUE_NULL, move_portion_row(&portion, 0)[2].kind);
    assert_false(move_portion_is_full(&portion));
    struct slice all = { long_text, MOVE_BYTES_MAX };
    assert_int_equal(STATUS_OK, move_portion_set(&portion, 0, text(all)));
    portion.row_count++;
    assert_true(move_portion_is_full(&portion));
    move_portion_release(&portion);
    move_portion_release(&portion);
    free(long_text);
}

static void keys_are_text_and_back(void **state)
{
    static const char *const good[] = { "0", "-9223372036854775808", "9223372036854775807" };
    struct move_table users = move_table_at(0), ledger = move_table_at(catalog_table_count);
    struct value key;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct buf out = buf_make(64);
        assert_true(move_key_read(&users, slice_of(good[i]), &key));
        move_key_print(&key, &out);
        assert_string_equal(good[i], buf_text(&out));
        buf_release(&out);
    }
    assert_false(move_key_read(&users, SLICE("user_1"), &key));
    assert_true(move_key_read(&ledger, SLICE("msg_1"), &key));
    assert_int_equal(VALUE_TEXT, key.kind);
}

static void a_key_outlives_what_it_was_read_from(void **state)
{
    struct move_key key = { 0 };
    char word[] = "msg_1";
    (void)state;
    assert_int_equal(STATUS_OK, move_key_set(&key, text(slice_of(word))));
    memset(word, 'x', 5);
    assert_true(key.is_set && slice_equals(key.value.text, SLICE("msg_1")));
    assert_int_equal(STATUS_OK, move_key_set(&key, number(7)));
    assert_true(key.is_set && key.value.number == 7 && !key.text);
    move_key_release(&key);
    move_key_release(&key);
}

static void numbers_go_by_size_and_texts_bytewise(void **state)
{
    struct value two = number(2), ten = number(10), z = text(SLICE("Z")), a = text(SLICE("a"));
    (void)state;
    assert_true(move_key_compare(&two, &ten) < 0 && move_key_compare(&ten, &two) > 0);
    assert_true(move_key_compare(&z, &a) < 0 && move_key_compare(&a, &a) == 0);
}

static uint64_t sum_of(struct value first, struct value second)
{
    struct move_table table = move_table_at(catalog_table_count + sql_own_table_count - 1);
    struct value row[] = { first, second };
    assert_int_equal(2, table.column_count);
    return move_sum_of_row(&table, row);
}

static void values_that_differ_have_different_sums(void **state)
{
    const uint64_t sums[] = {
        sum_of(text(SLICE("a")), number(1)),          sum_of(text(SLICE("a")), number(2)),
        sum_of(text(SLICE("a")), number(1LL << 40)),  sum_of(text(SLICE("a1")), number(1)),
        sum_of(text(SLICE("")), number(0)),           sum_of((struct value){ 0 }, number(0)),
        sum_of(text(SLICE("")), (struct value){ 0 }), sum_of(text(SLICE("a")), text(SLICE("b"))),
        sum_of(text(SLICE("ab")), text(SLICE(""))),   sum_of(text(SLICE("a\0b")), text(SLICE(""))),
    };
    (void)state;
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(sums[i] != sums[j]);
    uint64_t a = move_sum_add(move_sum_add(move_sum_begin(), sums[0]), sums[1]);
    assert_true(a != move_sum_add(move_sum_add(move_sum_begin(), sums[1]), sums[0]));
    assert_true(a != move_sum_begin());
}

/* What is printed for 100 of 200 rows, made by a run that found 50 of them done, after 10 s. */
static char *shown(bool is_terminal)
{
    char *said = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&said, &len);
    assert_non_null(out);
    struct move_report report = move_report_begin(out, is_terminal, 200, 50, 1000);
    move_report_step(&report, "copied", "users", 10, 60, 90, 1000);
    move_report_step(&report, "copied", "users", 10, 70, 90, 1100);
    move_report_step(&report, "copied", "users", 30, 90, 90, 11000);
    move_report_clear(&report);
    fclose(out);
    return said;
}

static void a_pipe_gets_a_line_for_a_table_that_is_done(void **state)
{
    char *said = shown(false);
    (void)state;
    assert_string_equal("copied users: 90 of 90 rows\n", said);
    free(said);
}

static void a_terminal_gets_a_bar_now_and_then(void **state)
{
    char *said = shown(true);
    (void)state;
    assert_string_equal(
        "\r\033[K[#######                 ]  30%  0 s left  copied users: 60 of 90 rows"
        "\r\033[K[############            ]  50%  20 s left  copied users: 90 of 90 rows"
        "\r\033[K",
        said);
    free(said);
}

static void a_long_table_gets_a_line_every_ten_seconds(void **state)
{
    char *said = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&said, &len);
    (void)state;
    assert_non_null(out);
    struct move_report report = move_report_begin(out, false, 200, 0, 0);
    for (int64_t i = 1; i <= 25; i++)
        move_report_step(&report, "copied", "users", 4, i * 4, 200, i * 1000);
    fclose(out);
    assert_string_equal("copied users: 40 of 200 rows\ncopied users: 80 of 200 rows\n", said);
    free(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_column_is_one_of_create_table_in_its_order),
        cmocka_unit_test(the_mark_is_an_id_or_the_latest_moment),
        cmocka_unit_test(a_portion_keeps_copies_and_ends_with_the_row_that_fills_it),
        cmocka_unit_test(keys_are_text_and_back),
        cmocka_unit_test(a_key_outlives_what_it_was_read_from),
        cmocka_unit_test(numbers_go_by_size_and_texts_bytewise),
        cmocka_unit_test(values_that_differ_have_different_sums),
        cmocka_unit_test(a_pipe_gets_a_line_for_a_table_that_is_done),
        cmocka_unit_test(a_terminal_gets_a_bar_now_and_then),
        cmocka_unit_test(a_long_table_gets_a_line_every_ten_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

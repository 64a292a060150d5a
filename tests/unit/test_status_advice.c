/* What `status` says is wrong, judged from reports made by hand; and how reports are shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/status_advice.h"
#include "worker/status_print.h"
#include "worker/status_report.h"

enum { MINUTE_MS = 60000, TEXT_MAX = 4096 };

static const int64_t NOW_MS = INT64_C(1900000000000);

/* A system in good order: one worker, nothing waiting. */
static struct status_report good(void)
{
    return (struct status_report){
        .now_ms = NOW_MS,
        .claim_idle_ms = 30000,
        .has_queue = true,
        .queue = { .has_stream = true,
                   .has_group = true,
                   .consumer_count = 1,
                   .consumers_kept = 1,
                   .consumers = { { "w1", 500, 0 } },
                   .server = { "7.0.15", "noeviction", "always", 2 << 20, 0, true, true } },
        .has_store = true,
        .counts = { .file_bytes = 4096,
                    .schema_version = 1,
                    .ledger_rows = 9,
                    .last_processed_ms = NOW_MS - 1000 },
    };
}

struct said {
    char text[TEXT_MAX];
    size_t count;
    size_t troubles;
};

static void note(void *arg, bool is_trouble, const char *line)
{
    struct said *said = arg;
    size_t len = strlen(said->text);
    snprintf(said->text + len, TEXT_MAX - len, "%s\n", line);
    said->count++;
    said->troubles += is_trouble;
}

static struct said advice_on(const struct status_report *report)
{
    struct said said = { .count = 0 };
    status_advise(report, note, &said);
    return said;
}

/* One thing is said, and it has these words in it. */
static void assert_says(const struct status_report *report, bool is_trouble, const char *words)
{
    struct said said = advice_on(report);
    if (said.count != 1 || said.troubles != is_trouble || !strstr(said.text, words))
        fail_msg("expected one line with \"%s\", got %zu:\n%s", words, said.count, said.text);
}

static void good_order_needs_no_words(void **state)
{
    struct status_report report = good();
    (void)state;
    assert_int_equal(0, advice_on(&report).count);
}

static void a_backlog_without_a_worker_asks_for_one(void **state)
{
    struct status_report report = good();
    (void)state;
    report.queue.length = 4;
    report.queue.oldest_age_ms = 1000;
    report.queue.consumer_count = report.queue.consumers_kept = 0;
    assert_says(&report, true,
                "events waiting: 4, the oldest for 1 s, and there is no worker: start");
}

static void an_old_event_is_judged_by_who_has_read_lately(void **state)
{
    struct status_report report = good();
    (void)state;
    report.queue.length = 4;
    report.queue.oldest_age_ms = 5 * MINUTE_MS;
    report.queue.consumers[0].idle_ms = 290000;
    assert_says(&report, true, "waits for 5 min: no worker has read for 4 min; start one");
    report.queue.consumers[0].idle_ms = 100;
    assert_says(&report, true, "waits for 5 min though a worker reads");
    report.queue.oldest_age_ms = 59000;
    assert_int_equal(0, advice_on(&report).count);
}

static void a_silent_worker_that_holds_events_is_named(void **state)
{
    struct status_report report = good();
    (void)state;
    report.queue.consumer_count = report.queue.consumers_kept = 2;
    report.queue.consumers[1] = (struct queue_consumer){ "w2", 90000, 12 };
    assert_says(&report, true, "worker w2 is silent for 90 s and holds events (12)");
    report.queue.consumers[1].pending = 0;
    assert_int_equal(0, advice_on(&report).count);
}

static void redis_that_may_lose_events_is_told_on(void **state)
{
    struct status_report report = good();
    struct queue_server *server = &report.queue.server;
    (void)state;
    snprintf(server->policy, sizeof server->policy, "allkeys-lru");
    assert_says(&report, true, "maxmemory-policy allkeys-lru");
    report = good();
    server->has_aof = false;
    assert_says(&report, true, "CONFIG SET appendonly yes");
    report = good();
    server->aof_ok = false;
    assert_says(&report, true, "cannot write its append-only file");
    report = good();
    snprintf(server->fsync, sizeof server->fsync, "everysec");
    assert_says(&report, false, "appendfsync is everysec");
    report = good();
    server->max_bytes = 100 << 20;
    server->used_bytes = 81 << 20;
    assert_says(&report, true, "over 80 % of maxmemory");
    server->used_bytes = 79 << 20;
    assert_int_equal(0, advice_on(&report).count);
}

static void what_is_away_is_said_once(void **state)
{
    struct status_report report = good();
    (void)state;
    report.has_queue = false;
    snprintf(report.queue_why, sizeof report.queue_why, "Connection refused");
    assert_says(&report, true, "Redis: Connection refused; ingest answers 503");
    report = good();
    report.has_store = false;
    snprintf(report.store_why, sizeof report.store_why, "x.db: file is not a database");
    assert_says(&report, true, "database: x.db: file is not a database");
    report.store_late = true;
    assert_says(&report, false, "a worker creates it");
}

static void dead_letters_and_silence_are_mentioned(void **state)
{
    struct status_report report = good();
    (void)state;
    report.counts.dead_letters = 3;
    report.counts.last_dead_ms = NOW_MS - 5 * MINUTE_MS;
    assert_says(&report, true, "dead letters: 3, the last 5 min ago: clerk-worker dead list");
    report = good();
    report.counts.last_processed_ms = NOW_MS - INT64_C(26) * 60 * MINUTE_MS;
    assert_says(&report, false, "no event for 26.0 h");
    report = good();
    report.counts.log_bytes = INT64_C(300) << 20;
    assert_says(&report, true, "write-ahead log does not shrink");
}

typedef void print_fn(const struct status_report *report, bool is_terminal, FILE *out);

static void print_json(const struct status_report *report, bool is_terminal, FILE *out)
{
    (void)is_terminal;
    status_print_json(report, out);
}

static void assert_prints(const struct status_report *report, print_fn *fn, bool is_terminal,
                          const char *words)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    fn(report, is_terminal, out);
    fclose(out);
    if (!strstr(text, words))
        fail_msg("no \"%s\" in:\n%s", words, text);
    free(text);
}

static void a_report_is_shown_for_people_pipes_and_programs(void **state)
{
    struct status_report report = good();
    (void)state;
    report.queue.length = 12;
    report.queue.lag = 5;
    report.queue.pending = 7;
    report.queue.oldest_age_ms = 2500;
    report.type_count = 1;
    report.types[0] = (struct status_type){ "user.created", NOW_MS - 3000, 9 };
    report.has_rate = true;
    report.added_per_10_s = 42;
    assert_prints(&report, status_print, true, "backlog      12 events: 5 not yet read, 7 being");
    assert_prints(&report, status_print, false, "backlog\t12 events: 5 not yet read, 7 being");
    assert_prints(&report, status_print, false, "arriving\t4.2 per second\n");
    assert_prints(&report, status_print, false, "workers\tw1: holds 0, asked 0 s ago\n");
    assert_prints(&report, status_print, false, "last events\tuser.created: 3 s ago, 9 of late\n");
    assert_prints(&report, print_json, false, "\"length\":12,\"lag\":5,\"pending\":7,");
    assert_prints(&report, print_json, false, "\"added_per_second\":4.2,");
    assert_prints(&report, print_json, false, "{\"name\":\"w1\",\"idle_ms\":500,\"pending\":0}");
    assert_prints(&report, print_json, false, "\"oldest_id\":null");
    assert_prints(&report, print_json, false, "\"advice\":[]}\n");
}

static void a_name_from_outside_cannot_steer_the_terminal(void **state)
{
    struct status_report report = good();
    (void)state;
    snprintf(report.queue.consumers[0].name, QUEUE_CONSUMER_NAME_MAX, "w\x1b]0;x\x07");
    assert_prints(&report, status_print, true, "w?]0;x?: holds 0");
    assert_prints(&report, print_json, false, "\"w\\u001b]0;x\\u0007\"");
}

static void the_server_is_read_from_info(void **state)
{
    struct queue_server server;
    (void)state;
    queue_server_parse(SLICE("# Server\r\nredis_version:7.0.15\r\nused_memory:1048576\r\n"
                             "used_memory_human:1.00M\r\nmaxmemory:2097152\r\n"
                             "maxmemory_human:2.00M\r\nmaxmemory_policy:noeviction\r\n"
                             "aof_enabled:1\r\naof_last_write_status:ok\r\n"),
                       &server);
    assert_string_equal("7.0.15", server.version);
    assert_string_equal("noeviction", server.policy);
    assert_int_equal(1 << 20, server.used_bytes);
    assert_int_equal(2 << 20, server.max_bytes);
    assert_true(server.has_aof && server.aof_ok);
    queue_server_parse(SLICE("aof_enabled:0\r\naof_last_write_status:err\r\nmaxmemory_policy:"),
                       &server);
    assert_false(server.has_aof || server.aof_ok);
    assert_string_equal("", server.policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_order_needs_no_words),
        cmocka_unit_test(a_backlog_without_a_worker_asks_for_one),
        cmocka_unit_test(an_old_event_is_judged_by_who_has_read_lately),
        cmocka_unit_test(a_silent_worker_that_holds_events_is_named),
        cmocka_unit_test(redis_that_may_lose_events_is_told_on),
        cmocka_unit_test(what_is_away_is_said_once),
        cmocka_unit_test(dead_letters_and_silence_are_mentioned),
        cmocka_unit_test(a_report_is_shown_for_people_pipes_and_programs),
        cmocka_unit_test(a_name_from_outside_cannot_steer_the_terminal),
        cmocka_unit_test(the_server_is_read_from_info),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <event2/event.h>

#include "ingest/send_client.h"
#include "tests/unit/http_server.h"

enum { PATIENT_MS = 10000, SHORT_MS = 100, TICK_MS = 10 /* of the coarse clock of libevent */ };

/* A server in a process of its own, and a client of it. */
struct fixture {
    pid_t pid;
    int port;
    struct send_client *client;
    struct send_answer answer; /* the last one */
    size_t answers, wanted;
};

static struct fixture start(const char *answer, int timeout_ms)
{
    struct fixture f = { 0 };
    char url[64], error[SEND_CLIENT_ERROR_MAX];
    f.pid = http_server_start(answer, &f.port);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/hook?a=1", f.port);
    assert_int_equal(send_client_new(url, timeout_ms, 1, &f.client, error), STATUS_OK);
    return f;
}

static void stop(struct fixture *f)
{
    send_client_free(f->client);
    http_server_stop(f->pid);
}

static void on_done(const struct send_answer *answer, void *arg)
{
    struct fixture *f = arg;
    f->answer = *answer;
    f->answers++;
    if (f->answers == f->wanted)
        event_base_loopbreak(send_client_base(f->client));
}

static void begin(struct fixture *f, const struct send_header *header)
{
    send_client_post(f->client, header, 1, SLICE("{\"a\":1}"), on_done, f);
}

/* Runs the loop until that many answers are there. */
static void await(struct fixture *f, size_t wanted)
{
    f->wanted = wanted;
    if (f->answers < wanted)
        assert_int_equal(event_base_dispatch(send_client_base(f->client)), 0);
    assert_int_equal(f->answers, wanted);
}

static void post(struct fixture *f)
{
    const struct send_header header = { "Svix-Id", "msg_1" };
    begin(f, &header);
    await(f, f->answers + 1);
}

static void assert_holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in \"%s\"", part, text);
}

static void answer_is(const char *server_says, int code, const char *text)
{
    struct fixture f = start(server_says, PATIENT_MS);
    post(&f);
    assert_string_equal(f.answer.text, text);
    assert_int_equal(f.answer.code, code);
    stop(&f);
}

/* --- The tests. --- */

static void client_posts_target_headers_and_body(void **state)
{
    char host[64];
    struct fixture f = start(HTTP_ECHO, PATIENT_MS);
    (void)state;
    post(&f);
    snprintf(host, sizeof host, "?Host: 127.0.0.1:%d?", f.port);
    assert_int_equal(f.answer.code, 400);
    assert_holds(f.answer.text, "1 POST /hook?a=1 HTTP/1.1?");
    assert_holds(f.answer.text, host);
    assert_holds(f.answer.text, "?Svix-Id: msg_1?");
    assert_holds(f.answer.text, "?Content-Length: 7?");
    assert_holds(f.answer.text, "????{\"a\":1}");
    stop(&f);
}

static void client_keeps_the_connection(void **state)
{
    struct fixture f = start(HTTP_ECHO, PATIENT_MS);
    (void)state;
    for (int i = 0; i < 3; i++) {
        post(&f);
        assert_int_equal(f.answer.code, 400);
        assert_holds(f.answer.text, "1 POST ");
    }
    stop(&f);
}

static void client_connects_anew_when_the_server_closed(void **state)
{
    struct fixture f = start("HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nbye", PATIENT_MS);
    (void)state;
    for (int i = 0; i < 3; i++) {
        post(&f);
        assert_string_equal(f.answer.text, "bye");
        assert_int_equal(f.answer.code, 200);
    }
    stop(&f);
}

static void client_shows_the_error_that_the_body_names(void **state)
{
    (void)state;
    answer_is("HTTP/1.1 503 Unavailable\r\nContent-Length: 29\r\n\r\n"
              "{\"error\":\"Queue unavailable\"}",
              503, "Queue unavailable");
}

static void client_shows_the_body_when_it_is_no_json(void **state)
{
    (void)state;
    answer_is("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n oops\n", 502, "oops");
}

static void client_follows_no_redirect(void **state)
{
    (void)state;
    answer_is("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", 302, "");
}

static void client_lets_no_control_character_through(void **state)
{
    (void)state;
    answer_is("HTTP/1.1 400 Bad\r\nContent-Length: 8\r\n\r\na\x1b[2Jb\xff"
              "c",
              400, "a?[2Jb?c");
}

static void client_says_when_the_connection_was_closed(void **state)
{
    (void)state;
    answer_is("HTTP/1.1 200 OK\r\n", 0, "the connection was closed before an answer");
}

static void client_says_when_the_answer_is_not_http(void **state)
{
    (void)state;
    answer_is("220 smtp.example.com\r\n\r\n", 0, "the answer is not HTTP");
}

static void client_says_when_the_answer_is_too_long(void **state)
{
    (void)state;
    answer_is("HTTP/1.1 200 OK\r\nContent-Length: 20001\r\n\r\n", 0, "the answer is too long");
}

static void client_gives_up_after_its_timeout_and_can_go_on(void **state)
{
    struct fixture f = start(HTTP_SILENT, SHORT_MS);
    (void)state;
    for (int i = 0; i < 2; i++) {
        post(&f);
        assert_string_equal(f.answer.text, "no answer in time");
        assert_int_equal(f.answer.code, 0);
        assert_true(f.answer.elapsed_us >= (SHORT_MS - TICK_MS) * 1000);
        assert_true(f.answer.elapsed_us < PATIENT_MS * 1000);
    }
    stop(&f);
}

static void client_says_when_nobody_listens(void **state)
{
    struct fixture f = start(HTTP_ECHO, PATIENT_MS);
    (void)state;
    http_server_stop(f.pid);
    for (int i = 0; i < 2; i++) {
        post(&f);
        assert_holds(f.answer.text, "cannot connect to 127.0.0.1:");
        assert_int_equal(f.answer.code, 0);
    }
    send_client_free(f.client);
}

static void client_refuses_other_urls(void **state)
{
    static const struct {
        const char *url, *why;
    } rows[] = {
        { "https://example.com/x", "https:// is not supported" },
        { "HTTPS://example.com/x", "https:// is not supported" },
        { "example.com/x", "not a URL of the form" },
        { "/x", "not a URL of the form" },
        { "", "not a URL of the form" },
        { "http://", "not a URL of the form" },
        { "http:///x", "not a URL of the form" },
        { "ftp://example.com/", "not a URL of the form" },
        { "http://example.com:99999/", "not a URL of the form" },
        { "http://example.com:0/", "port 0" },
        { "http://example.com/a b", "not a URL of the form" },
        { "http://user:pass@example.com/", "a user name" },
    };
    struct send_client *client = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char error[SEND_CLIENT_ERROR_MAX];
        if (send_client_new(rows[i].url, PATIENT_MS, 1, &client, error) != STATUS_INVALID)
            fail_msg("taken: %s", rows[i].url);
        assert_holds(error, rows[i].why);
        assert_null(strstr(error, "pass"));
        assert_null(strchr(error, '\n'));
    }
    assert_null(client);
}

static void client_calls_back_from_the_loop_only(void **state)
{
    const struct send_header broken = { "Svix-Id", "a\r\nb" };
    struct fixture f = start(HTTP_ECHO, PATIENT_MS);
    (void)state;
    begin(&f, &broken);
    assert_int_equal(f.answers, 0);
    assert_false(send_client_is_free(f.client));
    await(&f, 1);
    assert_string_equal(f.answer.text, "the request cannot be made");
    assert_true(send_client_is_free(f.client));
    stop(&f);
}

static void client_has_as_many_posts_under_way_as_connections(void **state)
{
    const struct send_header header = { "Svix-Id", "msg_1" };
    struct fixture f = start(HTTP_SILENT, SHORT_MS);
    char url[64], error[SEND_CLIENT_ERROR_MAX];
    (void)state;
    send_client_free(f.client);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", f.port);
    assert_int_equal(send_client_new(url, SHORT_MS, 3, &f.client, error), STATUS_OK);
    for (int i = 0; i < 3; i++) {
        assert_true(send_client_is_free(f.client));
        begin(&f, &header);
    }
    assert_false(send_client_is_free(f.client));
    await(&f, 3);
    assert_true(f.answer.elapsed_us < 3 * SHORT_MS * 1000); /* all at once */
    stop(&f);
}

static void client_freed_with_a_post_under_way_calls_nobody(void **state)
{
    const struct send_header header = { "Svix-Id", "msg_1" };
    struct fixture f = start(HTTP_SILENT, PATIENT_MS);
    (void)state;
    begin(&f, &header);
    event_base_loop(send_client_base(f.client), EVLOOP_ONCE);
    stop(&f);
    assert_int_equal(f.answers, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_posts_target_headers_and_body),
        cmocka_unit_test(client_keeps_the_connection),
        cmocka_unit_test(client_connects_anew_when_the_server_closed),
        cmocka_unit_test(client_shows_the_error_that_the_body_names),
        cmocka_unit_test(client_shows_the_body_when_it_is_no_json),
        cmocka_unit_test(client_follows_no_redirect),
        cmocka_unit_test(client_lets_no_control_character_through),
        cmocka_unit_test(client_says_when_the_connection_was_closed),
        cmocka_unit_test(client_says_when_the_answer_is_not_http),
        cmocka_unit_test(client_says_when_the_answer_is_too_long),
        cmocka_unit_test(client_gives_up_after_its_timeout_and_can_go_on),
        cmocka_unit_test(client_says_when_nobody_listens),
        cmocka_unit_test(client_refuses_other_urls),
        cmocka_unit_test(client_calls_back_from_the_loop_only),
        cmocka_unit_test(client_has_as_many_posts_under_way_as_connections),
        cmocka_unit_test(client_freed_with_a_post_under_way_calls_nobody),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/send.h"
#include "tests/unit/http_server.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

enum { WORDS_MAX = 16, OUTPUT_MAX = 64 * 1024 };

/* What one run wrote to standard output and standard error. */
struct run {
    int code;
    char out[OUTPUT_MAX];
    char err[OUTPUT_MAX];
};

/* --- Running the command with both outputs in files. --- */

static FILE *redirect(FILE *stream, int *ret_saved)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stream);
    *ret_saved = dup(fileno(stream));
    assert_true(dup2(fileno(file), fileno(stream)) >= 0);
    return file;
}

static void restore(FILE *stream, int saved, FILE *file, char text[OUTPUT_MAX])
{
    fflush(stream);
    assert_true(dup2(saved, fileno(stream)) >= 0);
    close(saved);
    rewind(file);
    text[fread(text, 1, OUTPUT_MAX - 1, file)] = '\0';
    fclose(file);
}

/* Runs words, separated by single spaces. */
static void run(const char *words, struct run *r)
{
    char *argv[WORDS_MAX + 1] = { NULL };
    char *copy = strdup(words), *rest = copy;
    int argc = 0, saved_out, saved_err;
    assert_non_null(copy);
    while (argc < WORDS_MAX && (argv[argc] = strsep(&rest, " ")) != NULL)
        argc++;
    FILE *out = redirect(stdout, &saved_out);
    FILE *err = redirect(stderr, &saved_err);
    r->code = send_command(argc, argv);
    restore(stderr, saved_err, err, r->err);
    restore(stdout, saved_out, out, r->out);
    free(copy);
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static void run_against(const char *answer, const char *words, struct run *r)
{
    char line[512];
    int port;
    pid_t pid = http_server_start(answer, &port);
    snprintf(line, sizeof line, "send --url http://127.0.0.1:%d/ %s", port, words);
    run(line, r);
    http_server_stop(pid);
}

static int set_secret(void **state)
{
    (void)state;
    return setenv("CLERK_WEBHOOK_SIGNING_SECRET", SECRET, 1);
}

/* --- The tests. --- */

static void send_of_what_is_accepted_prints_a_line_each_and_returns_0(void **state)
{
    static struct run r;
    (void)state;
    run_against("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "--count 2 user.*", &r);
    assert_int_equal(r.code, 0);
    assert_string_equal(r.err, "");
    assert_int_equal(count_lines(r.out), 7);
    assert_int_equal(strncmp(r.out, "200 user.created msg_", 21), 0);
    assert_non_null(strstr(r.out, " user_"));
    assert_non_null(strstr(r.out, " ms\n"));
    assert_non_null(strstr(r.out, "\nsent 6, accepted 6, refused 0\n"));
}

static void send_of_what_is_refused_says_why_and_returns_1(void **state)
{
    static struct run r;
    (void)state;
    run_against("HTTP/1.1 400 Bad\r\nContent-Length: 25\r\n\r\n{\"error\":\"no such thing\"} ",
                "user.created role.created", &r);
    assert_int_equal(r.code, 1);
    assert_int_equal(count_lines(r.err), 2);
    assert_int_equal(strncmp(r.err, "400 user.created msg_", 21), 0);
    assert_non_null(strstr(r.err, " ms  no such thing\n"));
    assert_string_equal(r.out, "sent 2, accepted 0, refused 2\n");
}

static void send_of_a_load_sums_up(void **state)
{
    static struct run r;
    (void)state;
    run_against("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                "--rate 1000 --count 20 --duplicate 10% user.created", &r);
    assert_int_equal(r.code, 0);
    assert_string_equal(r.err, "");
    assert_int_equal(count_lines(r.out), 4);
    assert_int_equal(strncmp(r.out, "sent 22, accepted 22, refused 0\n", 32), 0);
    assert_non_null(strstr(r.out, "\nanswers: 200: 22, repeated 0\n"));
    assert_non_null(strstr(r.out, " per second\nlatency: p50 "));
    assert_non_null(strstr(r.out, " ms, max "));
}

static void send_of_a_load_shows_the_first_refusals_only(void **state)
{
    static struct run r;
    (void)state;
    run_against("HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\nno",
                "--concurrency 1 --count 50 user.created", &r);
    assert_int_equal(r.code, 1);
    assert_int_equal(count_lines(r.err), 21);
    assert_non_null(strstr(r.err, "\nfurther refusals are counted and not shown\n"));
    assert_non_null(strstr(r.out, "sent 50, accepted 0, refused 50\nanswers: 400: 50, "));
}

static void send_that_may_not_retry_takes_the_first_answer(void **state)
{
    static struct run r;
    (void)state;
    run_against("HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\nno",
                "--concurrency 1 --retry user.created", &r);
    assert_int_equal(r.code, 1);
    assert_non_null(strstr(r.out, "answers: 400: 1, repeated 0"));
}

static void send_writes_the_ids_of_everything(void **state)
{
    static struct run r;
    char path[] = "/tmp/test_send_XXXXXX", words[128], text[4096];
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    snprintf(words, sizeof words, "--ids-out %s --duplicate 50 user.*", path);
    run_against("HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n", words, &r);
    ssize_t len = read(fd, text, sizeof text - 1);
    assert_true(len > 0);
    text[len] = '\0';
    close(fd);
    unlink(path);
    assert_int_equal(count_lines(text), 4);
    assert_int_equal(strncmp(text, "msg_", 4), 0);
    assert_string_equal(text + 31, strstr(text, " 503 user.created\n"));
    assert_non_null(strstr(text, " 503 user.deleted\n"));
}

static void send_to_nobody_returns_1(void **state)
{
    static struct run r;
    (void)state;
    run("send --url http://127.0.0.1:1/ user.created", &r);
    assert_int_equal(r.code, 1);
    assert_int_equal(strncmp(r.err, "000 user.created msg_", 21), 0);
    assert_non_null(strstr(r.err, "cannot connect to 127.0.0.1:1\n"));
    assert_string_equal(r.out, "sent 1, accepted 0, refused 1\n");
}

static void send_used_wrongly_says_one_line_and_returns_2(void **state)
{
    static const struct {
        const char *words, *why;
    } rows[] = {
        { "send", "usage: clerk-ingest send" },
        { "send user.creatd", "user.creatd: no sample of this type, see --list" },
        { "send --bogus", "unknown option" },
        { "send --url https://x/ user.created", "https:// is not supported" },
        { "send --override data.id.x=1 user.created", "user.created: cannot be overridden" },
        { "send user.created /nonexistent", "/nonexistent: No such file" },
        { "send --override a=${org.id} user.created", "nothing is sent that it could refer to" },
        { "send --ids-out /nonexistent/x user.created", "--ids-out /nonexistent/x: No such file" },
    };
    static struct run r;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        run(rows[i].words, &r);
        assert_int_equal(r.code, 2);
        assert_string_equal(r.out, "");
        assert_int_equal(count_lines(r.err), 1);
        if (!strstr(r.err, rows[i].why))
            fail_msg("%s: %s", rows[i].words, r.err);
    }
}

static void send_without_a_secret_names_the_setting_and_returns_2(void **state)
{
    static struct run r;
    (void)state;
    unsetenv("CLERK_WEBHOOK_SIGNING_SECRET");
    run("send user.created", &r);
    assert_int_equal(r.code, 2);
    assert_int_equal(count_lines(r.err), 1);
    assert_non_null(strstr(r.err, "CLERK_WEBHOOK_SIGNING_SECRET"));
}

static void send_lists_and_helps_without_settings(void **state)
{
    static struct run r;
    (void)state;
    unsetenv("CLERK_WEBHOOK_SIGNING_SECRET");
    run("send --list", &r);
    assert_int_equal(r.code, 0);
    assert_int_equal(count_lines(r.out), 51);
    assert_non_null(strstr(r.out, "\nuser.created\nsubscription.created\n"));
    run("send --help", &r);
    assert_int_equal(r.code, 0);
    assert_true(count_lines(r.out) <= 24);
    assert_non_null(strstr(r.out, "example: clerk-ingest send user.created"));
}

static void send_goes_to_the_configured_port_and_first_path(void **state)
{
    static struct run r;
    char text[16];
    int port;
    (void)state;
    pid_t pid = http_server_start(HTTP_ECHO, &port);
    snprintf(text, sizeof text, "%d", port);
    setenv("PORT", text, 1);
    setenv("WEBHOOK_PATHS", "/first /second", 1);
    run("send user.created", &r);
    unsetenv("PORT");
    unsetenv("WEBHOOK_PATHS");
    http_server_stop(pid);
    assert_non_null(strstr(r.err, "POST /first HTTP/1.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(send_of_what_is_accepted_prints_a_line_each_and_returns_0,
                               set_secret),
        cmocka_unit_test_setup(send_of_what_is_refused_says_why_and_returns_1, set_secret),
        cmocka_unit_test_setup(send_of_a_load_sums_up, set_secret),
        cmocka_unit_test_setup(send_of_a_load_shows_the_first_refusals_only, set_secret),
        cmocka_unit_test_setup(send_that_may_not_retry_takes_the_first_answer, set_secret),
        cmocka_unit_test_setup(send_writes_the_ids_of_everything, set_secret),
        cmocka_unit_test_setup(send_to_nobody_returns_1, set_secret),
        cmocka_unit_test_setup(send_used_wrongly_says_one_line_and_returns_2, set_secret),
        cmocka_unit_test(send_without_a_secret_names_the_setting_and_returns_2),
        cmocka_unit_test(send_lists_and_helps_without_settings),
        cmocka_unit_test_setup(send_goes_to_the_configured_port_and_first_path, set_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

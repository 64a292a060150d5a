#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "common/json_scan.h"
#include "common/log.h"
#include "common/slice.h"

/* Standard error goes into a pipe while a case runs; one line fits into it many times over. */
struct capture {
    int saved_fd;
    int read_fd;
    char text[2 * LOG_LINE_MAX];
};

static int begin(void **state)
{
    static struct capture c;
    int ends[2];

    if (pipe(ends) != 0)
        return -1;
    c.saved_fd = dup(STDERR_FILENO);
    c.read_fd = ends[0];
    if (c.saved_fd < 0 || dup2(ends[1], STDERR_FILENO) < 0)
        return -1;
    close(ends[1]);
    log_setup(NULL, LOG_INFO, LOG_LOGFMT);
    *state = &c;
    return 0;
}

static int end(void **state)
{
    struct capture *c = *state;

    if (dup2(c->saved_fd, STDERR_FILENO) < 0)
        return -1;
    close(c->saved_fd);
    close(c->read_fd);
    return 0;
}

/* All that was logged since the last call; "" when nothing was. */
static const char *logged(struct capture *c)
{
    ssize_t len;

    assert_int_equal(write(STDERR_FILENO, "!", 1), 1); /* so that read() never waits */
    len = read(c->read_fd, c->text, sizeof(c->text));
    assert_true(len > 0);
    c->text[len - 1] = '\0';
    return c->text;
}

/* The line from the field after "level" on. */
static const char *fields(struct capture *c)
{
    const char *text = logged(c);
    const char *at = strstr(text, "level");

    assert_non_null(at);
    return at + strcspn(at, " ,") + 1;
}

static void log_begins_with_time_level_and_program(void **state)
{
    const char *text;

    log_setup("ingest", LOG_INFO, LOG_LOGFMT);
    log_warn("event=%s", "started");
    text = logged(*state);
    assert_memory_equal(text, "ts=20", 5);
    assert_int_equal(text[13], 'T');
    assert_int_equal(text[22], '.');
    assert_int_equal(text[26], 'Z');
    assert_string_equal(text + 27, " level=warn program=ingest event=started\n");
}

static void log_leaves_the_program_out_before_setup(void **state)
{
    log_info("a=1");
    assert_string_equal(fields(*state), "a=1\n");
}

static void log_prints_nothing_below_its_level(void **state)
{
    log_debug("a=1");
    assert_false(log_enabled(LOG_DEBUG));
    assert_true(log_enabled(LOG_INFO));
    assert_string_equal(logged(*state), "");
    log_setup(NULL, LOG_ERROR, LOG_LOGFMT);
    log_warn("a=1");
    assert_string_equal(logged(*state), "");
    log_error("a=1");
    assert_string_equal(fields(*state), "a=1\n");
}

static void log_formats_every_conversion(void **state)
{
    log_info("a=%d b=%u c=%ld d=%lu e=%lld f=%llu g=%zu h=%s i=%.*s j=%" PRId64, -1, 2U, -3L, 4UL,
             -5LL, 6ULL, (size_t)7, "eight", 3, "nine", INT64_MIN);
    assert_string_equal(fields(*state), "a=-1 b=2 c=-3 d=4 e=-5 f=6 g=7 h=eight i=nin "
                                        "j=-9223372036854775808\n");
}

static void log_joins_conversions_within_one_value(void **state)
{
    log_info("listen=%s:%d done=yes", "127.0.0.1", 3000);
    assert_string_equal(fields(*state), "listen=127.0.0.1:3000 done=yes\n");
}

static void log_takes_null_as_empty(void **state)
{
    const char *volatile nothing = NULL; /* hidden from the compiler, which would warn */

    log_info("a=%s b=%.*s", nothing, 5, nothing);
    assert_string_equal(fields(*state), "a=\"\" b=\"\"\n");
}

static void log_reads_no_further_than_the_given_length(void **state)
{
    const char bytes[3] = { 'a', 'b', 'c' }; /* without a NUL behind it */

    log_info("a=%.*s", 3, bytes);
    assert_string_equal(fields(*state), "a=abc\n");
}

static void log_quotes_values_that_could_be_misread(void **state)
{
    static const struct {
        const char *value, *shown;
    } rows[] = {
        { "two words", "\"two words\"" },
        { "a=b", "\"a=b\"" },
        { "say \"hi\"", "\"say \\\"hi\\\"\"" },
        { "back\\slash", "\"back\\\\slash\"" },
        { "x\nlevel=error", "\"x\\nlevel=error\"" },
        { "x\r\x1b[2J", "\"x\\u000d\\u001b[2J\"" },
        { "\x7f", "\"\\u007f\"" },
        { "\xC2\x9B", "\"\\u009b\"" }, /* the control sequence introducer of terminals */
        { "\xC3\xA4", "\"\xC3\xA4\"" },
        { "\xFF", "\"\xEF\xBF\xBD\"" },
        { "user.created", "user.created" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char expected[80];
        log_info("v=%s", rows[i].value);
        (void)snprintf(expected, sizeof(expected), "v=%s\n", rows[i].shown);
        assert_string_equal(fields(*state), expected);
    }
}

static void log_in_json_gives_one_object_with_bare_numbers(void **state)
{
    log_setup("worker", LOG_INFO, LOG_JSON);
    log_info("event=%s n=%d port=%s:%d text=7 big=%zu", "a \"b\"\n", -4, "h", 1, (size_t)9);
    assert_string_equal(fields(*state),
                        "\"program\":\"worker\",\"event\":\"a \\\"b\\\"\\n\",\"n\":-4,"
                        "\"port\":\"h:1\",\"text\":\"7\",\"big\":9}\n");
}

static void log_in_json_begins_with_the_time(void **state)
{
    const char *text;

    log_setup(NULL, LOG_INFO, LOG_JSON);
    log_info("a=1");
    text = logged(*state);
    assert_memory_equal(text, "{\"ts\":\"20", 9);
    assert_memory_equal(text + 32, ",\"level\":\"info\",", 16);
}

static void log_cuts_a_long_value_and_keeps_the_line_whole(void **state)
{
    static const struct {
        enum log_format format;
        const char *end;
    } rows[] = { { LOG_LOGFMT, "x...\n" }, { LOG_JSON, "x...\"}\n" } };
    char longest[3 * LOG_LINE_MAX];

    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    for (size_t i = 0; i < 2; i++) {
        const char *text;
        log_setup("worker", LOG_INFO, rows[i].format);
        log_info("a=%s lost=%d", longest, 1);
        text = logged(*state);
        assert_true(strlen(text) <= LOG_LINE_MAX);
        assert_string_equal(text + strlen(text) - strlen(rows[i].end), rows[i].end);
    }
}

static void log_cuts_escapes_only_between_them(void **state)
{
    char longest[2 * LOG_LINE_MAX];
    const char *text;

    memset(longest, '\x01', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    log_setup("worker", LOG_INFO, LOG_JSON);
    log_info("a=%s", longest);
    text = logged(*state);
    assert_true(strlen(text) <= LOG_LINE_MAX);
    assert_string_equal(text + strlen(text) - 12, "\\u0001...\"}\n");
}

static void log_stays_json_wherever_the_cut_falls(void **state)
{
    char longest[LOG_LINE_MAX];

    memset(longest, 'x', sizeof(longest));
    log_setup("worker", LOG_INFO, LOG_JSON);
    for (int len = LOG_LINE_MAX - 300; len < LOG_LINE_MAX; len++) {
        struct slice line;
        const char *text;
        log_info("a=%.*s b=%lld c=%s d=%s a_key_of_forty_bytes_is_the_longest_here=%s e=%d f=%s",
                 len, longest, (long long)INT64_MIN, "", "", "", 7, "");
        text = logged(*state);
        assert_true(strlen(text) <= LOG_LINE_MAX);
        assert_true(json_scan_whole(slice_of(text), &line));
        assert_null(strstr(text, ":...")); /* no number is cut */
    }
}

static void log_keeps_errno(void **state)
{
    errno = ENOSPC;
    log_info("a=1");
    assert_int_equal(errno, ENOSPC);
    (void)logged(*state);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(log_begins_with_time_level_and_program),
        CASE(log_leaves_the_program_out_before_setup),
        CASE(log_prints_nothing_below_its_level),
        CASE(log_formats_every_conversion),
        CASE(log_joins_conversions_within_one_value),
        CASE(log_takes_null_as_empty),
        CASE(log_reads_no_further_than_the_given_length),
        CASE(log_quotes_values_that_could_be_misread),
        CASE(log_in_json_gives_one_object_with_bare_numbers),
        CASE(log_in_json_begins_with_the_time),
        CASE(log_cuts_a_long_value_and_keeps_the_line_whole),
        CASE(log_cuts_escapes_only_between_them),
        CASE(log_stays_json_wherever_the_cut_falls),
        CASE(log_keeps_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "common/log.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log_value.h"
#include "common/slice.h"
#include "common/utf8.h"

enum {
    KEY_MAX = 40,
    ESCAPE_MAX = 8,          /* one escaped character */
    TAIL_MAX = KEY_MAX + 32, /* separators, a number or "...", closing marks, newline */
    CUT_AT = LOG_LINE_MAX - TAIL_MAX - ESCAPE_MAX /* no value grows past this */
};

static struct {
    const char *program;
    enum log_level level;
    enum log_format format;
} settings = { NULL, LOG_INFO, LOG_LOGFMT };

static const char *const level_names[] = { "debug", "info", "warn", "error" };

struct line {
    char text[LOG_LINE_MAX];
    size_t len;
    bool cut;
};

void log_setup(const char *program, enum log_level level, enum log_format format)
{
    settings.program = program;
    settings.level = level;
    settings.format = format;
}

bool log_enabled(enum log_level level)
{
    return level >= settings.level;
}

static void put(struct line *line, struct slice bytes)
{
    assert(bytes.len <= sizeof(line->text) - line->len);
    if (bytes.len == 0 || bytes.len > sizeof(line->text) - line->len)
        return;
    memcpy(line->text + line->len, bytes.ptr, bytes.len);
    line->len += bytes.len;
}

static void put_escape(struct line *line, int code)
{
    char text[ESCAPE_MAX];
    const char *shorthand = code == '\n' ? "\\n" : code == '\t' ? "\\t" : NULL;

    if (shorthand == NULL && code != '"' && code != '\\')
        (void)snprintf(text, sizeof(text), "\\u%04x", (unsigned)code);
    else if (shorthand == NULL)
        (void)snprintf(text, sizeof(text), "\\%c", (char)code);
    put(line, slice_of(shorthand ? shorthand : text));
}

/* The code point where it must be escaped, else -1: marks of our own, and the control characters
 * of ASCII and of Latin-1 (two bytes in UTF-8), since terminals obey both. */
static int must_escape(struct slice sequence)
{
    unsigned char first = (unsigned char)sequence.ptr[0];

    if (sequence.len == 1 && (first < 0x20 || first == 0x7F || first == '"' || first == '\\'))
        return first;
    if (sequence.len == 2 && first == 0xC2 && (unsigned char)sequence.ptr[1] < 0xA0)
        return (unsigned char)sequence.ptr[1];
    return -1;
}

static void put_escaped(struct line *line, struct slice text)
{
    while (text.len > 0) {
        size_t len = utf8_sequence(text);
        struct slice sequence = { text.ptr, len > 0 ? len : 1 };
        int code = len > 0 ? must_escape(sequence) : -1;

        if (line->len > CUT_AT) {
            line->cut = true;
            put(line, SLICE("..."));
            return;
        }
        if (code >= 0)
            put_escape(line, code);
        else
            put(line, len > 0 ? sequence : UTF8_REPLACEMENT);
        text = (struct slice){ text.ptr + sequence.len, text.len - sequence.len };
    }
}

static bool is_bare(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~' || strchr("\"\\=", text.ptr[i]) != NULL)
            return false;
    return text.len > 0;
}

static void put_field(struct line *line, struct slice key, struct slice value, bool is_number)
{
    bool json = settings.format == LOG_JSON;
    bool quoted = json ? !is_number : !is_bare(value);

    assert(key.len <= KEY_MAX);
    if (line->cut || key.len > KEY_MAX)
        return;
    if (line->len > 0)
        put(line, json ? SLICE(",") : SLICE(" "));
    put(line, json ? (line->len ? SLICE("\"") : SLICE("{\"")) : SLICE(""));
    put(line, key);
    put(line, json ? SLICE("\":") : SLICE("="));
    put(line, quoted ? SLICE("\"") : SLICE(""));
    if (is_number)
        put(line, value); /* so short that the tail has room; half a number would be another one */
    else
        put_escaped(line, value);
    put(line, quoted ? SLICE("\"") : SLICE(""));
    if (line->len > CUT_AT)
        line->cut = true;
}

static void put_preamble(struct line *line, enum log_level level)
{
    char stamp[40];
    char ts[48];
    struct timespec now = { 0 };
    struct tm utc = { 0 };

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    stamp[strftime(stamp, sizeof(stamp) - 1, "%Y-%m-%dT%H:%M:%S", &utc)] = '\0';
    (void)snprintf(ts, sizeof(ts), "%s.%03uZ", stamp, (unsigned)(now.tv_nsec / 1000000) % 1000U);
    put_field(line, SLICE("ts"), slice_of(ts), false);
    put_field(line, SLICE("level"), slice_of(level_names[level]), false);
    if (settings.program != NULL)
        put_field(line, SLICE("program"), slice_of(settings.program), false);
}

static void put_words(struct line *line, const char *format, struct log_args *args)
{
    struct slice rest = slice_of(format);
    struct slice word;
    struct log_value value;
    bool known = true;

    while (known && slice_split(&rest, ' ', &word)) {
        size_t eq = slice_find(word, '=');
        struct slice key = { word.ptr, eq };
        struct slice pattern = { word.ptr + eq, word.len - eq };

        assert(eq > 0 && eq < word.len); /* key=value, single spaces */
        (void)slice_drop_prefix(&pattern, SLICE("="));
        known = log_value_format(pattern, args, &value);
        put_field(line, key, (struct slice){ value.text, value.len }, value.is_number);
    }
}

void log_write(enum log_level level, const char *format, ...)
{
    struct log_args args;
    struct line line = { .len = 0 };
    int saved_errno = errno;

    if (!log_enabled(level))
        return;
    put_preamble(&line, level);
    va_start(args.list, format);
    put_words(&line, format, &args);
    va_end(args.list);
    put(&line, settings.format == LOG_JSON ? SLICE("}\n") : SLICE("\n"));
    /* A log that cannot be written has nobody left to tell. */
    while (write(STDERR_FILENO, line.text, line.len) < 0 && errno == EINTR)
        continue;
    errno = saved_errno;
}

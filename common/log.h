#ifndef CLERK_LOG_H
#define CLERK_LOG_H

#include <stdbool.h>

/* One line per decision, to standard error, in logfmt or as one JSON object. Libraries stay silent;
 * whoever decides what happens next logs, once, and says what was decided. Never secrets, bodies or
 * e-mail addresses. */

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

enum {
    LOG_LINE_MAX = 2048
}; /* a value that would pass it is cut and ends in "...", the words after it are left out,
    and the line stays well-formed */

/* Sets what is printed and how; program ("ingest", "worker") is borrowed for good and becomes the
 * field "program". Before the first call: LOG_INFO, logfmt, no program. */
void log_setup(const char *program, enum log_level level, enum log_format format);

/* Writes one line. The format is itself logfmt: words "key=conversion" separated by single spaces,
 * for instance log_warn("event=apply_failed why=%s count=%zu action=left_pending", status_name(st),
 * n); Each value is formatted on its own, then quoted and escaped as the output format demands, so
 * a value from outside can hold anything: control characters are escaped, bytes that are not UTF-8
 * become U+FFFD. In JSON a value that is one integer conversion and nothing else is a number, all
 * others are strings. Keys are ours: at most 40 bytes, letters, digits and _. errno is left alone.
 * Conversions: %s %.*s %d %u %ld %lu %lld %llu %zu (and so PRId64), alone or within a literal value
 * such as
 * "%s:%d"; %s takes NULL as "". "ts" (UTC, milliseconds), "level" and "program" are put in front.
 * Safe to call from several threads: one write(2) a line. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True when a line of this level would be printed. */
bool log_enabled(enum log_level level);

#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)

#endif

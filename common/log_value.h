#ifndef CLERK_LOG_VALUE_H
#define CLERK_LOG_VALUE_H

#include <stdarg.h>
#include <stdbool.h>

#include "common/log.h"
#include "common/slice.h"

/* Part of log.c: turns one value of a log format, such as "%s:%d", and its arguments into bytes. It
 * walks the format itself, because only who knows where one value ends can quote each on its own.
 */

/* The arguments of log_write(). A va_list may be an array, which decays when handed on: inside a
 * struct it stays one object that all callees advance. */
struct log_args {
    va_list list;
};

/* One value before quoting. What does not fit here would not fit in the line either. */
struct log_value {
    char text[LOG_LINE_MAX];
    size_t len;
    /* the pattern is one integer conversion and nothing else */
    bool is_number;
};

/* Formats pattern (conversions as listed at log_write()) and takes as many arguments as it names.
 * False at a conversion that is not listed, an assertion in debug builds: the arguments behind it
 * cannot be found, so the line must end there. *ret_value then holds what came before it. */
bool log_value_format(struct slice pattern, struct log_args *args, struct log_value *ret_value);

#endif

#ifndef CLERK_STORE_URL_H
#define CLERK_STORE_URL_H

#include "common/status.h"
#include "worker/store.h"

/* DATABASE_URL taken apart. Knows no database. */

enum { STORE_PATH_MAX = 480 /* bytes; SQLite itself takes 512, "-journal" included */ };

/* Reads sqlite:PATH (relative or absolute) or sqlite:///PATH (absolute; the third slash belongs to
 * the path). The path is taken literally, nothing is percent-decoded. ret_path: NUL-terminated.
 * STATUS_INVALID: ret_why holds one line that names the fault and never repeats the URL, which may
 * hold a password; ret_path is untouched then. Refused: postgres:// (this build has no PostgreSQL),
 * ":memory:" (nothing would be kept), "?" (no options are known), an empty or too long path. */
enum status store_url_path(const char *url, char ret_path[STORE_PATH_MAX + 1],
                           char ret_why[STORE_ERROR_MAX]) MUST_CHECK;

#endif

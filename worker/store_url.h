#ifndef CLERK_STORE_URL_H
#define CLERK_STORE_URL_H

#include <stdbool.h>

#include "common/status.h"
#include "worker/store.h"

/* DATABASE_URL taken apart. Knows no database. */

enum {
    STORE_PATH_MAX = 480,       /* bytes; SQLite itself takes 512, "-journal" included */
    STORE_SCHEMA_NAME_MAX = 63, /* bytes of a PostgreSQL identifier */
    STORE_ADDRESS_MAX = 2000,
};

/* STATUS_OK when url is one that this build can open. STATUS_INVALID: ret_why holds one line that
 * names the fault and never repeats the URL, which may hold a password. */
enum status store_url_check(const char *url, char ret_why[STORE_ERROR_MAX]) MUST_CHECK;

/* True for postgres:// and postgresql://. */
bool store_url_is_postgres(const char *url);

/* Reads sqlite:PATH (relative or absolute) or sqlite:///PATH (absolute; the third slash belongs to
 * the path). The path is taken literally, nothing is percent-decoded. ret_path: NUL-terminated,
 * written only on success. STATUS_INVALID: ret_why as above. Refused: postgres://, ":memory:"
 * (nothing would be kept), "?" (no options are known), an empty or too long path. */
enum status store_url_path(const char *url, char ret_path[STORE_PATH_MAX + 1],
                           char ret_why[STORE_ERROR_MAX]) MUST_CHECK;

/* Whether statements are prepared under names. AUTO: unless a pooler is noticed in between. ON:
 * behind a pooler that keeps names, too. OFF: never. */
enum store_prepare { STORE_PREPARE_AUTO, STORE_PREPARE_ON, STORE_PREPARE_OFF };

/* A PostgreSQL address. */
struct store_address {
    char url[STORE_ADDRESS_MAX + 1];        /* what libpq takes: without our own options */
    char schema[STORE_SCHEMA_NAME_MAX + 1]; /* "": as the server's search_path has it */
    enum store_prepare prepare;
};

/* Takes our own options, schema=NAME (letters, digits and '_', not a digit first) and
 * prepare=auto|on|off, out of postgres://[user[:password]@]host[:port][/name][?options]; the rest
 * is libpq's to judge. STATUS_INVALID: ret_why as above. Refused: an '@' in the password that is
 * not percent-encoded, for libpq would take what follows it for the host and name it in its errors.
 */
enum status store_url_address(const char *url, struct store_address *ret_address,
                              char ret_why[STORE_ERROR_MAX]) MUST_CHECK;

#endif

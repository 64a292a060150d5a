#ifndef CLERK_CONF_H
#define CLERK_CONF_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/status.h"

/* Settings as data: one table row per environment variable. Each name may also be given as
 * NAME_FILE, a file whose content (without trailing newline) is the value; both set is an error.
 * Empty means unset, except where CONF_MAY_BE_EMPTY. */

enum conf_kind {
    /* char *, on the heap */
    CONF_TEXT,
    /* char *, on the heap; never printed, wiped by conf_release() */
    CONF_SECRET,
    /* char *, on the heap; printed with its password masked; wiped */
    CONF_URL,
    /* int64_t within min..max */
    CONF_INT,
    /* int64_t within min..max; the text may end in KiB or MiB */
    CONF_BYTES,
    /* int64_t: index into choices */
    CONF_CHOICE,
};

enum { CONF_MAY_BE_EMPTY = 1 }; /* flag: an empty value is a value ("off"), not the default */

enum { CONF_ERROR_MAX = 320 };

struct conf_key {
    const char *name;
    const char *alias; /* read when name is unset; NULL: none */
    enum conf_kind kind;
    int flags;
    const char *fallback;       /* default as text; NULL: required */
    int64_t min, max;           /* CONF_INT, CONF_BYTES */
    const char *const *choices; /* CONF_CHOICE: NULL-terminated */
    size_t offset;              /* of the field in the struct that is filled */
    const char *help;           /* one line for --help */
};

/* Looks a variable up; getenv() in programs, a table in tests. */
typedef const char *conf_lookup_fn(const char *name);

/* Fills *conf (all fields of the table zero before) from the environment. STATUS_INVALID: ret_error
 * holds one line that names the variable and the fault, never a secret's value; conf_release() what
 * was filled. STATUS_NO_MEMORY: likewise. Reads files; blocks for that only. */
enum status conf_load(const struct conf_key *keys, size_t count, conf_lookup_fn *lookup, void *conf,
                      char ret_error[CONF_ERROR_MAX]) MUST_CHECK;

/* Reads one CONF_TEXT, CONF_SECRET or CONF_URL setting again (for SIGHUP). *ret_text is yours to
 * wipe and free(). STATUS_INVALID as above; STATUS_NO_MEMORY, and ret_error says so. */
enum status conf_reload_text(const struct conf_key *key, conf_lookup_fn *lookup, char **ret_text,
                             char ret_error[CONF_ERROR_MAX]) MUST_CHECK;

/* Prints the effective settings, one NAME=value a line, secrets as "***", passwords in URLs as
 * "***" (for --check). */
void conf_print(const struct conf_key *keys, size_t count, const void *conf, FILE *out);

/* Prints name, default, bounds and help of each setting (for --help). Neither this nor conf_print()
 * fails; a write that does shows in ferror(out). */
void conf_print_help(const struct conf_key *keys, size_t count, FILE *out);

/* Wipes secrets and frees all text fields; sets them to NULL. Fine on a half-filled struct. */
void conf_release(const struct conf_key *keys, size_t count, void *conf);

/* Overwrites size bytes with zeros in a way the compiler keeps. NULL is fine when size is 0. */
void conf_wipe(void *bytes, size_t size);

#endif

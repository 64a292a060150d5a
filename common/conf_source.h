#ifndef CLERK_CONF_SOURCE_H
#define CLERK_CONF_SOURCE_H

#include <stdbool.h>

#include "common/conf.h"
#include "common/status.h"

/* Part of conf.c: finds the text of one setting, be it in NAME, NAME_FILE, the alias or the alias'
 * _FILE, in that order. */

enum {
    CONF_VARIABLE_MAX = 80,          /* bytes of a variable's name with its NUL */
    CONF_FILE_MAX_BYTES = 64 * 1024, /* of a file's content */
};

struct conf_source {
    /* on the heap; NULL: set nowhere */
    char *text;
    /* the text must not be shown: it may be a wrong file's */
    bool from_file;
    /* where the text came from, for messages; the setting's name where it is set nowhere */
    char variable[CONF_VARIABLE_MAX];
};

/* Finds the text. STATUS_OK with text NULL: set nowhere. STATUS_INVALID: NAME and NAME_FILE are
 * both set, or the file cannot be read, is empty, too long, or holds a NUL; ret_error holds the
 * line. STATUS_NO_MEMORY likewise. Wipe and free() text. Blocks while it reads a file; the
 * environment is read through lookup only. */
enum status conf_source_find(const struct conf_key *key, conf_lookup_fn *lookup,
                             struct conf_source *ret_source,
                             char ret_error[CONF_ERROR_MAX]) MUST_CHECK;

#endif

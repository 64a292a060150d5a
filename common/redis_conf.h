#ifndef CLERK_REDIS_CONF_H
#define CLERK_REDIS_CONF_H

#include "common/conf.h"
#include "common/redis_url.h"
#include "common/status.h"

/* What REDIS_URL and the REDIS_TLS_… settings say together, for both programs. */

/* text: the value of REDIS_URL. files: REDIS_TLS_CA_FILE, REDIS_TLS_CERT_FILE, REDIS_TLS_KEY_FILE,
 * borrowed for the life of *ret_url. STATUS_INVALID: ret_error holds one line that names the
 * setting and the fault, never a password. STATUS_NO_MEMORY. Reads the files; blocks for that. */
enum status redis_conf_read(const char *text, struct redis_tls_files files,
                            struct redis_url *ret_url, char ret_error[CONF_ERROR_MAX]) MUST_CHECK;

#endif

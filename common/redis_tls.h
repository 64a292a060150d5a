#ifndef CLERK_REDIS_TLS_H
#define CLERK_REDIS_TLS_H

#include "common/conf.h"
#include "common/redis_url.h"
#include "common/status.h"

struct redisContext;
struct redis_tls;

/* TLS to Redis, for both kinds of hiredis connection: TLS 1.2 or newer, the certificate checked
 * against url->tls_files.ca (or the system's store) and against the name in the URL. Never falls
 * back to plain text. A build without hiredis' TLS part has redis_tls_none.c in its place. */

/* Reads all files that a rediss:// URL needs; other URLs need none. STATUS_INVALID: ret_error holds
 * one line that names the setting and the fault; always for rediss:// in a build without TLS.
 * STATUS_NO_MEMORY. Blocks for the reading only. */
enum status redis_tls_check(const struct redis_url *url, char ret_error[CONF_ERROR_MAX]) MUST_CHECK;

/* Puts TLS on a connection just made, before anything is sent. A blocking one does the handshake
 * now, within its time limit; one that does not block only begins it, and goes on as its loop
 * turns. The files are read anew each time, so that renewed ones count from the next connection on.
 * *ret_tls: yours, whatever becomes of the context. STATUS_UNAVAILABLE: *ret_why says why
 * (valid until redisFree()); STATUS_NO_MEMORY: nobody does. */
enum status redis_tls_start(struct redisContext *context, const struct redis_url *url,
                            struct redis_tls **ret_tls, const char **ret_why) MUST_CHECK;

/* To be told once the server has answered a command: only then has it accepted us. NULL is fine. */
void redis_tls_note_answer(struct redis_tls *tls);

/* Why the connection has failed, a few words, not for long; NULL: TLS does not know, or tls is
 * NULL. To be asked right after the failure, by the thread that used the connection. */
const char *redis_tls_why(const struct redis_tls *tls);

/* NULL is fine. */
void redis_tls_free(struct redis_tls *tls);

#endif

#include "common/redis_tls.h"

/* What stands in for redis_tls.c where hiredis has no TLS. */

enum status redis_tls_check(const struct redis_url *url, char ret_error[CONF_ERROR_MAX])
{
    if (!url->tls)
        return STATUS_OK;
    (void)snprintf(ret_error, CONF_ERROR_MAX,
                   "REDIS_URL: rediss:// is not possible, this build's hiredis has no TLS; use "
                   "stunnel or a private network");
    return STATUS_INVALID;
}

enum status redis_tls_start(struct redisContext *context, const struct redis_url *url,
                            struct redis_tls **ret_tls, const char **ret_why)
{
    (void)context;
    (void)url;
    (void)ret_tls;
    *ret_why = "this build has no TLS";
    return STATUS_UNAVAILABLE;
}

void redis_tls_note_answer(struct redis_tls *tls)
{
    (void)tls;
}

const char *redis_tls_why(const struct redis_tls *tls)
{
    (void)tls;
    return NULL;
}

void redis_tls_free(struct redis_tls *tls)
{
    (void)tls;
}

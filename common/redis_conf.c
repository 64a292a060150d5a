#include "common/redis_conf.h"

#include <stdbool.h>

#include "common/redis_tls.h"

static enum status invalid(char *ret_error, const char *name, const char *why)
{
    (void)snprintf(ret_error, CONF_ERROR_MAX, "%s: %s", name, why);
    return STATUS_INVALID;
}

static bool is_set(const char *text)
{
    return text[0] != '\0';
}

/* Whoever names a certificate does not expect plain text. */
static enum status check_files(const struct redis_url *url, char *ret_error)
{
    const struct redis_tls_files *files = &url->tls_files;
    const char *vain = is_set(files->ca)     ? "REDIS_TLS_CA_FILE"
                       : is_set(files->cert) ? "REDIS_TLS_CERT_FILE"
                       : is_set(files->key)  ? "REDIS_TLS_KEY_FILE"
                                             : NULL;

    if (vain && !url->tls)
        return invalid(ret_error, vain, "is for rediss:// alone, and REDIS_URL is another kind");
    if (is_set(files->cert) && !is_set(files->key))
        return invalid(ret_error, "REDIS_TLS_CERT_FILE", "needs REDIS_TLS_KEY_FILE");
    if (is_set(files->key) && !is_set(files->cert))
        return invalid(ret_error, "REDIS_TLS_KEY_FILE", "needs REDIS_TLS_CERT_FILE");
    return STATUS_OK;
}

enum status redis_conf_read(const char *text, struct redis_tls_files files,
                            struct redis_url *ret_url, char ret_error[CONF_ERROR_MAX])
{
    char why[REDIS_URL_ERROR_MAX] = "";
    struct redis_url url;
    enum status st;

    if (redis_url_parse(slice_of(text), &url, why) != STATUS_OK)
        return invalid(ret_error, "REDIS_URL", why);
    url.tls_files = files;
    st = check_files(&url, ret_error);
    if (st == STATUS_OK)
        st = redis_tls_check(&url, ret_error);
    if (st == STATUS_OK)
        *ret_url = url;
    redis_url_wipe(&url);
    return st;
}

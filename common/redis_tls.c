#include "common/redis_tls.h"

#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

struct redis_tls {
    SSL *ssl;         /* hiredis owns it, too; kept for what it says after a failure */
    bool is_asked;    /* for a certificate, which we do not have */
    bool is_accepted; /* all the same */
};

static bool is_set(const char *text)
{
    return text && text[0] != '\0';
}

/* What OpenSSL last complained of on this thread; NULL: nothing. */
static const char *last_complaint(void)
{
    unsigned long code = ERR_peek_last_error();

    if (code == 0)
        return NULL;
    if (ERR_SYSTEM_ERROR(code))
        return strerror(ERR_GET_REASON(code));
    return ERR_reason_error_string(code);
}

/* Nobody is there to type a password. */
static int no_password(char *text, int size, int for_writing, void *arg)
{
    (void)for_writing;
    (void)arg;
    if (size > 0)
        text[0] = '\0';
    return 0;
}

/* OpenSSL calls it when the server asks for a certificate and none is set; 0: there is none. */
static int on_asked(SSL *ssl, X509 **ret_certificate, EVP_PKEY **ret_key)
{
    struct redis_tls *tls = SSL_get_app_data(ssl);

    (void)ret_certificate;
    (void)ret_key;
    if (tls)
        tls->is_asked = true;
    return 0;
}

/* Returns NULL, or which setting is at fault; last_complaint() has the reason. */
static const char *read_files(SSL_CTX *ctx, const struct redis_tls_files *files)
{
    if (is_set(files->ca) ? SSL_CTX_load_verify_locations(ctx, files->ca, NULL) != 1
                          : SSL_CTX_set_default_verify_paths(ctx) != 1)
        return "REDIS_TLS_CA_FILE: cannot be used";
    if (!is_set(files->cert))
        return NULL;
    if (SSL_CTX_use_certificate_chain_file(ctx, files->cert) != 1)
        return "REDIS_TLS_CERT_FILE: cannot be used";
    if (SSL_CTX_use_PrivateKey_file(ctx, files->key, SSL_FILETYPE_PEM) != 1)
        return "REDIS_TLS_KEY_FILE: cannot be used";
    return NULL;
}

/* *ret_fault: NULL, or what read_files() says. */
static enum status make_context(const struct redis_url *url, SSL_CTX **ret_ctx,
                                const char **ret_fault)
{
    SSL_CTX *ctx;

    ERR_clear_error();
    ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx)
        return STATUS_NO_MEMORY;
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    SSL_CTX_set_client_cert_cb(ctx, on_asked);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    *ret_fault = read_files(ctx, &url->tls_files);
    if (*ret_fault || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1) {
        SSL_CTX_free(ctx);
        return STATUS_INVALID;
    }
    *ret_ctx = ctx;
    return STATUS_OK;
}

enum status redis_tls_check(const struct redis_url *url, char ret_error[CONF_ERROR_MAX])
{
    SSL_CTX *ctx = NULL;
    const char *fault = NULL;
    const char *why;
    enum status st;

    if (!url->tls)
        return STATUS_OK;
    st = make_context(url, &ctx, &fault);
    why = last_complaint();
    if (st != STATUS_OK)
        (void)snprintf(ret_error, CONF_ERROR_MAX, "%s: %s",
                       fault ? fault : "REDIS_URL: cannot be used", why ? why : "no memory");
    ERR_clear_error();
    SSL_CTX_free(ctx);
    return st;
}

/* The name is not checked by hiredis, which only sends it. An address is checked as such, and is
 * not sent: RFC 6066 forbids it. */
static bool expect_name(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    char name[REDIS_URL_HOST_MAX + 1]; /* OpenSSL's macro casts const away */

    if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
        return true;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    (void)snprintf(name, sizeof(name), "%s", host);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static enum status new_session(const struct redis_url *url, struct redis_tls **ret_tls,
                               const char **ret_why)
{
    const char *fault = NULL;
    SSL_CTX *ctx = NULL;
    struct redis_tls *tls;
    enum status st = make_context(url, &ctx, &fault);

    if (st != STATUS_OK && fault) {
        *ret_why = fault;
        return STATUS_UNAVAILABLE;
    }
    if (st != STATUS_OK)
        return STATUS_NO_MEMORY;
    tls = calloc(1, sizeof(*tls));
    if (tls)
        tls->ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    if (!tls || !tls->ssl || !expect_name(tls->ssl, url->at.host)) {
        redis_tls_free(tls);
        return STATUS_NO_MEMORY;
    }
    SSL_set_app_data(tls->ssl, tls);
    *ret_tls = tls;
    return STATUS_OK;
}

enum status redis_tls_start(redisContext *context, const struct redis_url *url,
                            struct redis_tls **ret_tls, const char **ret_why)
{
    struct redis_tls *tls = NULL;
    enum status st = new_session(url, &tls, ret_why);

    if (st != STATUS_OK)
        return st;
    ERR_clear_error();
    SSL_up_ref(tls->ssl);
    if (redisInitiateSSL(context, tls->ssl) != REDIS_OK) {
        const char *why = redis_tls_why(tls);

        *ret_why = why ? why : context->errstr;
        SSL_free(tls->ssl); /* hiredis has not taken it */
        redis_tls_free(tls);
        return STATUS_UNAVAILABLE;
    }
    *ret_tls = tls;
    return STATUS_OK;
}

void redis_tls_note_answer(struct redis_tls *tls)
{
    if (tls)
        tls->is_accepted = true;
}

const char *redis_tls_why(const struct redis_tls *tls)
{
    long verdict = tls ? SSL_get_verify_result(tls->ssl) : X509_V_OK;

    if (verdict != X509_V_OK)
        return X509_verify_cert_error_string(verdict);
    /* With TLS 1.3 a server says no after we believe that all is well, often by hanging up. */
    if (tls && tls->is_asked && !tls->is_accepted)
        return "the server asks for a client certificate, see REDIS_TLS_CERT_FILE";
    if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return "the server closed the connection";
    return tls ? last_complaint() : NULL;
}

void redis_tls_free(struct redis_tls *tls)
{
    if (!tls)
        return;
    ERR_clear_error(); /* what is left there would be taken for a fault of the next connection */
    if (tls->ssl)
        SSL_set_app_data(tls->ssl, NULL);
    SSL_free(tls->ssl);
    free(tls);
}

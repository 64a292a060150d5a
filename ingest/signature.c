#include "ingest/signature.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "common/stream.h"
#include "ingest/secret.h"

enum { MAC_LEN = 32, MAC_TEXT_LEN = 44, TIMESTAMP_MAX_DIGITS = 12 };

#define VERSION_PREFIX "v1,"

struct signature_keys {
    EVP_MAC_CTX *contexts[SIGNATURE_SECRETS_MAX]; /* each keyed once and only re-initialised */
    size_t count;
};

static bool mac_update(EVP_MAC_CTX *ctx, struct slice bytes)
{
    return bytes.len == 0 || EVP_MAC_update(ctx, (const unsigned char *)bytes.ptr, bytes.len) == 1;
}

/* The signature of request as base64 text. False when OpenSSL fails, which only a lack of memory
 * can cause. */
static bool mac_text(EVP_MAC_CTX *ctx, const struct signed_request *request,
                     char text[MAC_TEXT_LEN + 1])
{
    unsigned char mac[MAC_LEN];
    size_t len = 0;
    bool ok = EVP_MAC_init(ctx, NULL, 0, NULL) == 1; /* keeps the key: a third of the whole cost */

    ok = ok && mac_update(ctx, request->id) && mac_update(ctx, SLICE("."));
    ok = ok && mac_update(ctx, request->timestamp) && mac_update(ctx, SLICE("."));
    for (size_t i = 0; ok && i < request->body_count; i++)
        ok = mac_update(ctx, request->body[i]);
    ok = ok && EVP_MAC_final(ctx, mac, &len, sizeof(mac)) == 1 && len == MAC_LEN;
    if (ok)
        EVP_EncodeBlock((unsigned char *)text, mac, MAC_LEN);
    return ok;
}

static EVP_MAC_CTX *context_new(EVP_MAC *hmac, const unsigned char *key, size_t key_len)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(hmac);

    if (ctx && EVP_MAC_init(ctx, key, key_len, params) != 1) {
        EVP_MAC_CTX_free(ctx);
        ctx = NULL;
    }
    return ctx;
}

/* Decodes one secret and adds its context. */
static enum status keys_add(struct signature_keys *keys, EVP_MAC *hmac, struct slice secret,
                            char ret_error[SIGNATURE_ERROR_MAX])
{
    unsigned char key[SIGNATURE_KEY_MAX];
    size_t key_len = 0;
    const char *why = "";
    enum status st = STATUS_INVALID;

    if (keys->count == SIGNATURE_SECRETS_MAX) {
        snprintf(ret_error, SIGNATURE_ERROR_MAX, "more than %d secrets", SIGNATURE_SECRETS_MAX);
        return STATUS_INVALID;
    }
    st = secret_decode(secret, key, sizeof(key), &key_len, &why);
    if (st != STATUS_OK) {
        snprintf(ret_error, SIGNATURE_ERROR_MAX, "secret %zu %s", keys->count + 1, why);
        goto out;
    }
    keys->contexts[keys->count] = context_new(hmac, key, key_len);
    if (!keys->contexts[keys->count]) {
        snprintf(ret_error, SIGNATURE_ERROR_MAX, "OpenSSL gives no HMAC-SHA256");
        st = STATUS_FATAL;
        goto out;
    }
    keys->count++;
out:
    OPENSSL_cleanse(key, sizeof(key));
    return st;
}

static enum status keys_add_all(struct signature_keys *keys, EVP_MAC *hmac, struct slice secrets,
                                char ret_error[SIGNATURE_ERROR_MAX])
{
    struct slice secret;

    while (slice_next_word(&secrets, &secret)) {
        enum status st = keys_add(keys, hmac, secret, ret_error);
        if (st != STATUS_OK)
            return st;
    }
    if (keys->count > 0)
        return STATUS_OK;
    snprintf(ret_error, SIGNATURE_ERROR_MAX, "holds no secret");
    return STATUS_INVALID;
}

/* Signs a known text twice on one context. Source of the values: Svix's own test suites. */
static bool self_test(EVP_MAC *hmac)
{
    static const unsigned char key[] = { 0x31, 0xf2, 0x90, 0xf6, 0xbf, 0x06, 0x29, 0x8a,
                                         0xab, 0x4f, 0x08, 0xd4, 0x3c, 0x3f, 0x08, 0x2c,
                                         0xf6, 0x48, 0xa3, 0x62, 0xda, 0x2d, 0xa4, 0xb0 };
    const struct slice body = SLICE("{\"test\": 2432232314}");
    const struct signed_request request = {
        .id = SLICE("msg_p5jXN8AQM9LWM0D4loKWxJek"),
        .timestamp = SLICE("1614265330"),
        .body = &body,
        .body_count = 1,
    };
    static const char expected[] = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    char first[MAC_TEXT_LEN + 1] = "";
    char second[MAC_TEXT_LEN + 1] = "";
    EVP_MAC_CTX *ctx = context_new(hmac, key, sizeof(key));
    bool ok = ctx && mac_text(ctx, &request, first) && mac_text(ctx, &request, second);

    EVP_MAC_CTX_free(ctx);
    return ok && strcmp(first, expected) == 0 && strcmp(second, expected) == 0;
}

enum status signature_keys_new(struct slice secrets, struct signature_keys **ret_keys,
                               char ret_error[SIGNATURE_ERROR_MAX])
{
    struct signature_keys *keys = calloc(1, sizeof(*keys));
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    enum status st = STATUS_FATAL;

    if (!keys || !hmac || !self_test(hmac)) {
        snprintf(ret_error, SIGNATURE_ERROR_MAX, "OpenSSL's HMAC-SHA256 failed its self-test");
        goto out;
    }
    st = keys_add_all(keys, hmac, secrets, ret_error);
    if (st != STATUS_OK)
        goto out;
    *ret_keys = keys;
    keys = NULL;
out:
    EVP_MAC_free(hmac);
    signature_keys_free(keys);
    return st;
}

void signature_keys_free(struct signature_keys *keys)
{
    if (!keys)
        return;
    for (size_t i = 0; i < keys->count; i++)
        EVP_MAC_CTX_free(keys->contexts[i]); /* wipes the key it holds */
    free(keys);
}

size_t signature_keys_count(const struct signature_keys *keys)
{
    return keys->count;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_id_char(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

static bool id_is_valid(struct slice id)
{
    for (size_t i = 0; i < id.len; i++)
        if (!is_id_char(id.ptr[i]))
            return false;
    return id.len >= 1 && id.len <= STREAM_ID_MAX;
}

/* The raw text is what is signed, so each number may have one spelling only. */
static bool timestamp_is_valid(struct slice timestamp, int64_t *ret_s)
{
    if (timestamp.len > TIMESTAMP_MAX_DIGITS || timestamp.len == 0)
        return false;
    if (!is_digit(timestamp.ptr[0]) || (timestamp.ptr[0] == '0' && timestamp.len > 1))
        return false;
    return slice_to_i64(timestamp, 0, INT64_MAX, ret_s);
}

/* Takes the next entry that could be a signature: "v1," and 44 characters. Others are passed over.
 */
static bool next_candidate(struct slice *list, int *seen, struct slice *ret_text)
{
    struct slice entry;

    while (*seen < SIGNATURE_ENTRIES_MAX && slice_split(list, ' ', &entry)) {
        if (entry.len > 0)
            ++*seen;
        if (!slice_drop_prefix(&entry, SLICE(VERSION_PREFIX)) || entry.len != MAC_TEXT_LEN)
            continue;
        *ret_text = entry;
        return true;
    }
    return false;
}

/* True when any entry of the list is the signature in text. Compares with all of them, in constant
 * time each, so that the time taken does not tell which one came close. */
static bool list_holds(struct slice list, const char text[MAC_TEXT_LEN + 1])
{
    struct slice candidate;
    int seen = 0;
    int found = 0;

    while (next_candidate(&list, &seen, &candidate))
        found |= CRYPTO_memcmp(candidate.ptr, text, MAC_TEXT_LEN) == 0;
    return found != 0;
}

static enum status check_signatures(struct signature_keys *keys,
                                    const struct signed_request *request)
{
    char text[MAC_TEXT_LEN + 1];
    struct slice list = request->signatures;
    struct slice candidate;
    bool found = false;
    int seen = 0;

    if (!next_candidate(&list, &seen, &candidate)) /* junk must not cost a MAC over the body */
        return STATUS_BAD_SIGNATURE;
    for (size_t i = 0; i < keys->count; i++)
        if (mac_text(keys->contexts[i], request, text) && list_holds(request->signatures, text))
            found = true;
    OPENSSL_cleanse(text, sizeof(text));
    return found ? STATUS_OK : STATUS_BAD_SIGNATURE;
}

enum status signature_verify(struct signature_keys *keys, const struct signed_request *request,
                             int64_t now_s, int64_t tolerance_s)
{
    int64_t sent_s = 0;
    enum status st;

    if (request->id.len == 0 || request->timestamp.len == 0 || request->signatures.len == 0)
        return STATUS_MISSING_HEADER;
    if (!id_is_valid(request->id) || !timestamp_is_valid(request->timestamp, &sent_s))
        return STATUS_INVALID;
    st = check_signatures(keys, request);
    if (st != STATUS_OK)
        return st;
    if (sent_s < now_s - tolerance_s || sent_s > now_s + tolerance_s)
        return STATUS_OUT_OF_WINDOW;
    return STATUS_OK;
}

enum status signature_sign(struct signature_keys *keys, const struct signed_request *request,
                           char ret_text[SIGNATURE_TEXT_LEN + 1])
{
    char text[MAC_TEXT_LEN + 1];
    int64_t sent_s = 0;

    if (!id_is_valid(request->id) || !timestamp_is_valid(request->timestamp, &sent_s))
        return STATUS_INVALID;
    if (!mac_text(keys->contexts[0], request, text))
        return STATUS_NO_MEMORY;
    snprintf(ret_text, SIGNATURE_TEXT_LEN + 1, VERSION_PREFIX "%s", text);
    return STATUS_OK;
}

const char *signature_library(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}

#include "worker/page_guard.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* The time depends on the length of given alone. */
static bool is_same_secret(struct slice given, const char *secret)
{
    size_t len = strlen(secret);
    volatile unsigned char difference = (unsigned char)(given.len != len || len == 0);
    for (size_t i = 0; i < given.len; i++)
        difference |= (unsigned char)(given.ptr[i] ^ secret[len > 0 ? i % len : 0]);
    return difference == 0;
}

static bool draw(char ret_text[PAGE_SECRET_CHARS + 1])
{
    unsigned char bytes[PAGE_SECRET_CHARS / 2];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(ret_text + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

static bool is_local_name(struct slice host)
{
    return slice_equals_nocase(host, SLICE("localhost")) || slice_equals(host, SLICE("::1")) ||
           slice_equals(host, SLICE("[::1]")) ||
           (slice_starts_with(host, SLICE("127.")) && strspn(host.ptr, "0123456789.") >= host.len);
}

enum status page_guard_make(const struct address *address, const char *token,
                            struct page_guard *ret_guard)
{
    struct page_guard guard = { .token = token && token[0] ? token : NULL,
                                .is_loopback = is_local_name(slice_of(address->host)) };
    snprintf(guard.cookie_name, sizeof guard.cookie_name, "clerk_session_%d", address->port);
    if (!draw(guard.session) || !draw(guard.csrf))
        return STATUS_UNAVAILABLE;
    *ret_guard = guard;
    return STATUS_OK;
}

/* Host without its port. */
static struct slice name_of(struct slice host)
{
    struct slice port = host;
    while (port.len > 0 && port.ptr[port.len - 1] >= '0' && port.ptr[port.len - 1] <= '9')
        port.len--;
    if (port.len > 1 && port.len < host.len && port.ptr[port.len - 1] == ':')
        host.len = port.len - 1;
    return host;
}

static bool is_token(const struct page_guard *guard, struct slice text)
{
    return guard->token && is_same_secret(text, guard->token);
}

/* The token that the request brings; false: none. */
static bool bearer_of(const struct admin_request *request, struct slice *ret_token)
{
    struct slice text = request->authorization;
    if (!slice_drop_prefix(&text, SLICE("Bearer ")))
        return false;
    *ret_token = slice_trim(text);
    return true;
}

static enum page_access try_token(const struct page_guard *guard, struct page_tries *tries,
                                  struct slice token, int64_t now_ms)
{
    if (now_ms >= tries->until_ms)
        *tries = (struct page_tries){ .until_ms = now_ms + PAGE_TRIES_MS };
    if (tries->wrong_count >= PAGE_TRIES_MAX)
        return PAGE_TOO_MANY;
    if (is_token(guard, token))
        return PAGE_OPEN;
    tries->wrong_count++;
    return PAGE_LOG_IN;
}

static bool has_session(const struct page_guard *guard, struct slice cookies)
{
    struct slice cookie;
    while (slice_split(&cookies, ';', &cookie)) {
        cookie = slice_trim(cookie);
        if (slice_drop_prefix(&cookie, slice_of(guard->cookie_name)) &&
            slice_drop_prefix(&cookie, SLICE("=")))
            return is_same_secret(cookie, guard->session);
    }
    return false;
}

static enum page_access look_for_token(struct page_guard *guard,
                                       const struct admin_request *request, int64_t now_ms)
{
    struct slice token;
    if (has_session(guard, request->cookie))
        return PAGE_OPEN;
    return bearer_of(request, &token) ? try_token(guard, &guard->bearers, token, now_ms)
                                      : PAGE_LOG_IN;
}

enum page_access page_guard_look(struct page_guard *guard, const struct admin_request *request,
                                 int64_t now_ms)
{
    if (guard->token)
        return look_for_token(guard, request, now_ms);
    if (!guard->is_loopback)
        return PAGE_NO_TOKEN;
    return is_local_name(name_of(request->host)) ? PAGE_OPEN : PAGE_WRONG_HOST;
}

enum page_access page_guard_log_in(struct page_guard *guard, struct slice token, int64_t now_ms)
{
    return try_token(guard, &guard->forms, token, now_ms);
}

bool page_guard_change(const struct page_guard *guard, const struct admin_request *request)
{
    struct slice token;
    return (bearer_of(request, &token) && is_token(guard, token)) ||
           is_same_secret(request->csrf, guard->csrf);
}

void page_guard_cookie(const struct page_guard *guard, bool in, char ret_cookie[ADMIN_COOKIE_MAX])
{
    snprintf(ret_cookie, ADMIN_COOKIE_MAX, "%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict",
             guard->cookie_name, in ? guard->session : "", in ? (int)PAGE_SESSION_S : 0);
}

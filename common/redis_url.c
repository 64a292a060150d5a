#include "common/redis_url.h"

#include <stdio.h>
#include <string.h>

enum { PORT_DEFAULT = 6379, SENTINEL_PORT_DEFAULT = 26379, PORT_MAX = 65535, DB_MAX = 65535 };

/* Everything below returns NULL or the fault, in words that hold nothing of the text itself. */

static bool take_hex(char c, unsigned *number)
{
    struct slice digits = SLICE("0123456789abcdef");
    char lower = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    size_t value = slice_find(digits, lower);

    *number = *number * 16 + (unsigned)value;
    return value < digits.len;
}

/* Decodes text into out, which takes size bytes with the NUL. */
static const char *decode(struct slice text, char *out, size_t size)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned code = (unsigned char)text.ptr[i];

        if (text.ptr[i] == '%') {
            code = 0;
            if (text.len - i < 3 || !take_hex(text.ptr[i + 1], &code) ||
                !take_hex(text.ptr[i + 2], &code))
                return "a percent sign is not followed by two hexadecimal digits";
            i += 2;
        }
        if (code == 0)
            return "it holds a NUL";
        if (len + 1 >= size)
            return "a part of it is too long";
        out[len++] = (char)code;
    }
    out[len] = '\0';
    return NULL;
}

/* Takes the text up to c (all of it where there is none) and leaves what follows c. */
static struct slice cut(struct slice *text, char c)
{
    size_t at = slice_find(*text, c);
    struct slice head = { text->ptr, at };

    *text = at < text->len ? (struct slice){ text->ptr + at + 1, text->len - at - 1 } : SLICE("");
    return head;
}

/* [user][:password] */
static const char *read_auth(struct slice auth, struct redis_url *url)
{
    struct slice user = cut(&auth, ':');
    const char *fault = decode(user, url->user, sizeof(url->user));

    return fault ? fault : decode(auth, url->password, sizeof(url->password));
}

static const char *read_db(struct slice text, struct redis_url *url)
{
    int64_t db;

    if (text.len == 0)
        return NULL;
    if (!slice_to_i64(text, 0, DB_MAX, &db))
        return "the database is not a number between 0 and 65535";
    url->db = (int)db;
    return NULL;
}

static const char *read_port(struct slice text, struct redis_place *at)
{
    int64_t port;

    if (!slice_to_i64(text, 1, PORT_MAX, &port))
        return "the port is not a number between 1 and 65535";
    at->port = (int)port;
    return NULL;
}

static const char *read_host(struct slice text, struct redis_place *at)
{
    if (text.len == 0)
        text = SLICE("127.0.0.1");
    return decode(text, at->host, sizeof(at->host));
}

/* host, host:port, [IPv6], [IPv6]:port, :port or nothing */
static const char *read_place(struct slice text, struct redis_place *at)
{
    struct slice host;
    bool bracketed = slice_drop_prefix(&text, SLICE("["));
    const char *fault;

    if (bracketed && slice_find(text, ']') == text.len)
        return "the bracket of the IPv6 address is not closed";
    host = bracketed ? cut(&text, ']') : (struct slice){ text.ptr, slice_find(text, ':') };
    if (!bracketed && host.len > 0)
        text = (struct slice){ text.ptr + host.len, text.len - host.len };
    fault = read_host(host, at);
    if (fault != NULL || text.len == 0)
        return fault;
    if (!slice_drop_prefix(&text, SLICE(":")))
        return "something other than a port follows the host";
    return read_port(text, at);
}

/* The credentials, up to the last '@' of the authority; what follows it stays in *text. */
static const char *take_auth(struct slice *text, struct redis_url *url)
{
    size_t end = slice_find(*text, '/');
    size_t at = end;

    while (at > 0 && text->ptr[at - 1] != '@')
        at--;
    if (at == 0)
        return NULL;
    const char *fault = read_auth((struct slice){ text->ptr, at - 1 }, url);
    *text = (struct slice){ text->ptr + at, text->len - at };
    return fault;
}

static const char *read_tcp(struct slice text, struct redis_url *url)
{
    const char *fault = take_auth(&text, url);
    struct slice authority = cut(&text, '/');

    if (fault == NULL &&
        (slice_find(authority, '?') < authority.len || slice_find(authority, '#') < authority.len))
        return "options after a question mark or number sign are not supported";
    if (fault == NULL)
        fault = read_place(authority, &url->at);
    return fault ? fault : read_db(text, url);
}

static const char *read_unix(struct slice text, struct redis_url *url)
{
    const char *fault = take_auth(&text, url);
    struct slice path = cut(&text, '?');

    url->unix_socket = true;
    if (fault != NULL)
        return fault;
    if (!slice_starts_with(path, SLICE("/")))
        return "unix:// needs an absolute path";
    if (text.len > 0 && !slice_drop_prefix(&text, SLICE("db=")))
        return "the only option of unix:// is db=N";
    fault = decode(path, url->path, sizeof(url->path));
    return fault ? fault : read_db(text, url);
}

static const char *read_sentinels(struct slice hosts, struct redis_url *url)
{
    const char *fault = NULL;
    bool is_last;

    do {
        struct redis_place *at = &url->sentinels[url->sentinel_count];
        struct slice host;

        is_last = slice_find(hosts, ',') == hosts.len;
        host = cut(&hosts, ',');
        if (host.len == 0 && (url->sentinel_count > 0 || !is_last))
            return "the list of sentinels has a gap";
        if (url->sentinel_count == REDIS_URL_SENTINELS_MAX)
            return "more than 8 sentinels";
        at->port = SENTINEL_PORT_DEFAULT;
        fault = read_place(host, at);
        url->sentinel_count++;
    } while (fault == NULL && !is_last);
    return fault;
}

static const char *read_sentinel_options(struct slice text, struct redis_url *url)
{
    const char *fault = NULL;

    while (fault == NULL && text.len > 0) {
        struct slice option = cut(&text, '&');

        if (slice_drop_prefix(&option, SLICE("sentinel_user=")))
            fault = decode(option, url->sentinel_user, sizeof(url->sentinel_user));
        else if (slice_drop_prefix(&option, SLICE("sentinel_password=")))
            fault = decode(option, url->sentinel_password, sizeof(url->sentinel_password));
        else
            fault = "the only options are sentinel_user= and sentinel_password=";
    }
    if (fault == NULL && url->sentinel_user[0] != '\0' && url->sentinel_password[0] == '\0')
        fault = "sentinel_user= needs sentinel_password=";
    return fault;
}

static const char *read_sentinel(struct slice text, struct redis_url *url)
{
    const char *fault = take_auth(&text, url);
    struct slice path = cut(&text, '?');
    struct slice hosts = cut(&path, '/');
    struct slice master = cut(&path, '/');

    if (fault == NULL)
        fault = read_sentinels(hosts, url);
    if (fault == NULL && master.len == 0)
        fault = "the name of the master is missing after the sentinels";
    if (fault == NULL)
        fault = decode(master, url->master, sizeof(url->master));
    if (fault == NULL)
        fault = read_db(path, url);
    return fault ? fault : read_sentinel_options(text, url);
}

static const char *read_url(struct slice text, struct redis_url *url)
{
    if (slice_starts_with(text, SLICE("rediss+sentinel://")))
        return "sentinels are not possible with TLS, only as redis+sentinel://";
    if (slice_drop_prefix(&text, SLICE("redis+sentinel://")))
        return read_sentinel(text, url);
    if (slice_drop_prefix(&text, SLICE("unix://")))
        return read_unix(text, url);
    url->tls = slice_drop_prefix(&text, SLICE("rediss://"));
    if (!url->tls && !slice_drop_prefix(&text, SLICE("redis://")))
        return "it does not begin with redis://, rediss://, redis+sentinel:// or unix://";
    return read_tcp(text, url);
}

bool redis_place_equals(const struct redis_place *a, const struct redis_place *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

enum status redis_url_parse(struct slice text, struct redis_url *ret_url,
                            char ret_error[REDIS_URL_ERROR_MAX])
{
    struct redis_url url = { .at = { .port = PORT_DEFAULT } };
    const char *fault = read_url(text, &url);

    if (fault == NULL)
        *ret_url = url;
    else
        (void)snprintf(ret_error, REDIS_URL_ERROR_MAX, "not a Redis address: %s", fault);
    redis_url_wipe(&url);
    return fault ? STATUS_INVALID : STATUS_OK;
}

void redis_url_wipe(struct redis_url *url)
{
    explicit_bzero(url->user, sizeof(url->user));
    explicit_bzero(url->password, sizeof(url->password));
    explicit_bzero(url->sentinel_user, sizeof(url->sentinel_user));
    explicit_bzero(url->sentinel_password, sizeof(url->sentinel_password));
}

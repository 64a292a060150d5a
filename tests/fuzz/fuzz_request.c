#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/conf.h"
#include "ingest/conn_guard.h"
#include "ingest/event_filter.h"
#include "ingest/ingest_counters.h"
#include "ingest/queue_writer.h"
#include "ingest/signature.h"
#include "ingest/webhook.h"
#include "tests/fuzz/willing_redis.h"

/* The whole way of a request: the real server over a Unix socket, and a Redis that says OK to all.
 * The first byte says what follows: 'b', a signed body, which is stored byte for byte; 'h', header
 * lines, a bar, and a signed body, which is stored so or not at all; else raw bytes: never a 200.
 */

enum { SPINS_MAX = 400, INPUT_MAX = 48 * 1024, PATH_MAX_BYTES = 64 };

/* Deadlines pass with the calls and not with the time, so that a busy machine changes nothing. */
static int64_t calls_as_ms(void)
{
    static int64_t calls;

    return ++calls / 16;
}

static struct clock slow_clock = { .mono_ms = calls_as_ms };
static struct event_base *base;
static char door_path[PATH_MAX_BYTES];
static struct slice signed_body; /* of the input under way */
static int stored;               /* how many XADDs it caused */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int promise)
{
    if (!promise)
        abort();
}

/* The Redis: what it stores is what was signed. */
static void on_stored(struct slice body)
{
    stored++;
    require(slice_equals(body, signed_body));
}

/* --- the server --- */

static int listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    (void)unlink(path);
    require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 128) == 0);
    return fd;
}

static void on_changed(void *arg, bool up, const char *why)
{
    (void)arg;
    (void)why;
    if (up)
        (void)event_base_loopbreak(base);
}

static struct queue_writer *open_queue(const char *redis_path)
{
    static struct redis_url url = { .unix_socket = true };
    const struct queue_conf conf = { .url = &url,
                                     .stream_key = "events",
                                     .stream_group = "workers",
                                     .max_in_flight = 100,
                                     .clock = &slow_clock,
                                     .changed = on_changed };
    struct queue_writer *queue = NULL;

    snprintf(url.path, sizeof(url.path), "%s", redis_path);
    require(willing_redis_listen(base, listen_at(redis_path), on_stored));
    require(queue_writer_new(base, &conf, &queue) == STATUS_OK);
    (void)event_base_dispatch(base); /* until it is up */
    return queue;
}

static const char key[] = "0123456789abcdef0123456789abcdef";

static void open_server(struct queue_writer *queue)
{
    static atomic_int_least64_t values[INGEST_COUNTER_COUNT];
    static const struct counters counters = { ingest_counter_info, values, INGEST_COUNTER_COUNT };
    static struct histogram_cells cells[INGEST_HISTOGRAM_COUNT];
    static const struct histograms histograms = { ingest_histogram_info, cells,
                                                  INGEST_HISTOGRAM_COUNT };
    static const struct slice paths[] = { { "/w", 2 } };
    static struct event_filter filter;
    const struct conn_guard_conf guard_conf = { .max_connections = 100000,
                                                .buffer_max_bytes = 1 << 20,
                                                .request_deadline_ms = 1000,
                                                .clock = &slow_clock,
                                                .counters = &counters };
    const struct webhook_conf conf = { .paths = paths,
                                       .path_count = 1,
                                       .filter = &filter,
                                       .tolerance_s = 300,
                                       .body_limit_bytes = INPUT_MAX,
                                       .queue = queue,
                                       .counters = &counters,
                                       .histograms = &histograms,
                                       .clock = &slow_clock };
    struct evhttp *http = evhttp_new(base);
    struct conn_guard *guard = NULL;
    struct webhook *webhook = NULL;
    struct signature_keys *keys = NULL;
    char why[CONF_ERROR_MAX];
    unsigned char secret[64];

    EVP_EncodeBlock(secret, (const unsigned char *)key, sizeof(key) - 1);
    require(signature_keys_new(slice_of((const char *)secret), &keys, why) == STATUS_OK);
    require(event_filter_parse(SLICE("*"), &filter, why) == STATUS_OK);
    require(conn_guard_new(base, http, &guard_conf, &guard) == STATUS_OK);
    require(webhook_new(http, &conf, &keys, &webhook) == STATUS_OK);
    require(conn_guard_listen(guard, listen_at(door_path)) == STATUS_OK);
}

static void remove_door(void)
{
    (void)unlink(door_path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const struct rlimit files = { 20000, 20000 }; /* a closed connection is swept later */
    char redis_path[PATH_MAX_BYTES];

    (void)argc;
    (void)argv;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    snprintf(door_path, sizeof(door_path), "/tmp/fuzz-request-%d", (int)getpid());
    snprintf(redis_path, sizeof(redis_path), "/tmp/fuzz-redis-%d", (int)getpid());
    slow_clock.wall_ms = clock_system.wall_ms;
    base = event_base_new();
    require(base != NULL);
    open_server(open_queue(redis_path));
    (void)unlink(redis_path);
    (void)atexit(remove_door);
    return 0;
}

/* --- a client --- */

static int connect_to_door(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", door_path);
    require(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

/* Sends all, closes its side, and counts the answers 200 until the end or a long silence. */
static int exchange(struct evbuffer *request)
{
    char text[4096];
    ssize_t got = -1;
    size_t kept = 0;
    int accepted = 0;
    int fd = connect_to_door();

    while (evbuffer_get_length(request) > 0 && evbuffer_write(request, fd) > 0)
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
    (void)shutdown(fd, SHUT_WR);
    for (int i = 0; i < SPINS_MAX && got != 0; i++) {
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
        got = recv(fd, text + kept, sizeof(text) - 1 - kept, MSG_DONTWAIT);
        kept += got > 0 ? (size_t)got : 0;
    }
    text[kept] = '\0';
    for (const char *at = text; (at = strstr(at, "HTTP/1.1 200 ")) != NULL; at++)
        accepted++;
    (void)close(fd);
    (void)event_base_loop(base, EVLOOP_NONBLOCK);
    return accepted;
}

/* A request with the headers of a signature over body, more header lines, and a length if wanted.
 */
static void add_signed(struct evbuffer *out, struct slice more, struct slice body, bool with_length)
{
    long long now_s = (long long)(clock_system.wall_ms() / 1000);
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned char text[64];
    unsigned mac_len = 0;
    struct evbuffer *content = evbuffer_new();

    evbuffer_add_printf(content, "msg_fuzz.%lld.", now_s);
    evbuffer_add(content, body.ptr, body.len);
    HMAC(EVP_sha256(), key, sizeof(key) - 1, evbuffer_pullup(content, -1),
         evbuffer_get_length(content), mac, &mac_len);
    evbuffer_free(content);
    EVP_EncodeBlock(text, mac, (int)mac_len);
    evbuffer_add_printf(out, "POST /w HTTP/1.1\r\nHost: x\r\nsvix-id: msg_fuzz\r\n");
    evbuffer_add_printf(out, "svix-timestamp: %lld\r\nsvix-signature: v1,%s\r\n", now_s, text);
    evbuffer_add(out, more.ptr, more.len);
    if (with_length)
        evbuffer_add_printf(out, "Content-Length: %zu\r\n", body.len);
    evbuffer_add(out, "\r\n", 2);
    evbuffer_add(out, body.ptr, body.len);
}

static void try_body(struct evbuffer *out, struct slice body)
{
    signed_body = body;
    add_signed(out, SLICE(""), body, true);
    require(exchange(out) == 1 && stored == 1);
}

/* Nothing is required of the answer; the Redis above compares what arrives. */
static void try_head(struct evbuffer *out, struct slice text)
{
    struct slice more = { text.ptr, slice_find(text, '|') };
    struct slice body = { text.ptr + more.len, text.len - more.len };

    (void)slice_drop_prefix(&body, SLICE("|"));
    signed_body = body;
    add_signed(out, more, body, false);
    (void)exchange(out);
}

static void try_raw(struct evbuffer *out, struct slice bytes)
{
    signed_body = SLICE("");
    evbuffer_add(out, bytes.ptr, bytes.len);
    require(exchange(out) == 0 && stored == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct slice rest = { (const char *)bytes + 1, size - 1 };
    struct evbuffer *out;

    if (size == 0 || size > INPUT_MAX)
        return 0;
    out = evbuffer_new();
    stored = 0;
    if (bytes[0] == 'b')
        try_body(out, rest);
    else if (bytes[0] == 'h')
        try_head(out, rest);
    else
        try_raw(out, (struct slice){ (const char *)bytes, size });
    evbuffer_free(out);
    return 0;
}

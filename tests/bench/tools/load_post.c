#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "ingest/signature.h"
#include "load.h"
#include "load_request.h"

enum {
    ANSWER_MAX = 4096,
    EVENTS_MAX = 256,
    RETRY_AFTER_US = 20 * 1000,
    GIVE_UP_AFTER_US = 60 * 1000 * 1000,
};

/* A client that has one request under way at most. */
struct client {
    int fd; /* -1: not connected */
    bool busy;
    uint64_t number;
    int64_t start_us; /* of the first try, or when the rate said it was due */
    int64_t again_us; /* > 0: waits until then to repeat its request */
    char *request;
    size_t len, sent;
    char answer[ANSWER_MAX];
    size_t got;
};

struct post {
    const struct load *load;
    struct signature_keys *keys;
    struct client *clients;
    int epoll;
    uint64_t begun, done, ok, refused, rejected, broken;
    int64_t began_us, progress_us;
    uint32_t *latency_us; /* of each 200 */
};

static int64_t wall_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void write_request(struct post *p, struct client *c)
{
    c->len = load_request_write(p->load, p->keys, c->number, c->request);
    c->sent = 0;
    c->got = 0;
}

static void hang_up(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static bool connect_client(struct post *p, struct client *c)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(p->load->port) };
    struct epoll_event interest = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c };
    int on = 1;

    inet_pton(AF_INET, p->load->host, &to.sin_addr);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return false;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS)
        return false;
    return epoll_ctl(p->epoll, EPOLL_CTL_ADD, c->fd, &interest) == 0;
}

/* The request of this client is over for good. */
static void finish(struct post *p, struct client *c)
{
    c->busy = false;
    p->done++;
    p->progress_us = clock_mono_us();
}

static void fail(struct post *p, struct client *c)
{
    hang_up(c);
    if (p->load->retry)
        c->again_us = clock_mono_us() + RETRY_AFTER_US;
    else
        finish(p, c);
}

static void send_some(struct post *p, struct client *c)
{
    while (c->sent < c->len) {
        ssize_t n = send(c->fd, c->request + c->sent, c->len - c->sent, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
            return;
        if (n < 0) {
            p->broken++;
            fail(p, c);
            return;
        }
        c->sent += (size_t)n;
    }
}

static void begin(struct post *p, struct client *c)
{
    c->again_us = 0;
    write_request(p, c);
    if (c->fd < 0 && !connect_client(p, c)) {
        p->broken++;
        fail(p, c);
        return;
    }
    send_some(p, c);
}

/* 0 while the answer is not whole; its status code otherwise. */
static int answer_code(struct client *c)
{
    char *end;
    const char *length;

    c->answer[c->got] = '\0';
    end = strstr(c->answer, "\r\n\r\n");
    if (!end)
        return 0;
    length = strcasestr(c->answer, "content-length:");
    if (length && c->got < (size_t)(end + 4 - c->answer) + strtoul(length + 15, NULL, 10))
        return 0;
    return (int)strtol(c->answer + 9, NULL, 10);
}

static void note_ok(struct post *p, struct client *c)
{
    int64_t took_us = clock_mono_us() - c->start_us;

    p->latency_us[p->ok++] = (uint32_t)took_us;
    if (p->load->log)
        fprintf(p->load->log, "%llu %lld %lld\n", (unsigned long long)c->number,
                (long long)(wall_us() - took_us), (long long)wall_us());
    finish(p, c);
}

static void take_answer(struct post *p, struct client *c, int code)
{
    bool close_after = p->load->fresh || strcasestr(c->answer, "connection: close") != NULL;

    c->got = 0;
    if (close_after)
        hang_up(c);
    if (code == 200) {
        note_ok(p, c);
    } else if (code == 503) {
        p->refused++;
        fail(p, c);
    } else {
        p->rejected++;
        finish(p, c);
    }
}

static void receive(struct post *p, struct client *c)
{
    for (;;) {
        ssize_t n = recv(c->fd, c->answer + c->got, ANSWER_MAX - 1 - c->got, 0);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n <= 0) {
            p->broken += c->busy;
            if (c->busy && c->again_us == 0)
                fail(p, c);
            else
                hang_up(c);
            return;
        }
        c->got += (size_t)n;
        int code = answer_code(c);
        if (code != 0) {
            take_answer(p, c, code);
            return;
        }
    }
}

/* How many requests should have begun by now. */
static uint64_t due(const struct post *p)
{
    uint64_t n = p->load->count;

    if (p->load->rate > 0)
        n = (uint64_t)(clock_mono_us() - p->began_us) * p->load->rate / 1000000 + 1;
    return n < p->load->count ? n : p->load->count;
}

static void begin_some(struct post *p)
{
    uint64_t until = due(p);

    for (uint64_t i = 0; i < p->load->connections; i++) {
        struct client *c = &p->clients[i];
        if (c->busy && c->again_us > 0 && clock_mono_us() >= c->again_us)
            begin(p, c);
        if (c->busy || p->begun >= until)
            continue;
        c->busy = true;
        c->start_us = p->load->rate ? p->began_us + (int64_t)(p->begun * 1000000 / p->load->rate)
                                    : clock_mono_us();
        c->number = p->load->first + p->begun++;
        begin(p, c);
    }
}

static void turn(struct post *p)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(p->epoll, events, EVENTS_MAX, 1);

    for (int i = 0; i < count; i++) {
        struct client *c = events[i].data.ptr;
        if (c->busy && c->sent < c->len && (events[i].events & EPOLLOUT))
            send_some(p, c);
        if (c->fd >= 0 && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
            receive(p, c);
    }
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void print_result(struct post *p)
{
    double wall_s = (double)(clock_mono_us() - p->began_us) / 1e6;

    qsort(p->latency_us, p->ok, sizeof(p->latency_us[0]), by_size);
    printf("{\"ok\": %llu, \"refused\": %llu, \"rejected\": %llu, \"broken\": %llu, \"lost\": "
           "%llu, \"wall_s\": %.4f, "
           "\"p50_us\": %u, \"p99_us\": %u}\n",
           (unsigned long long)p->ok, (unsigned long long)p->refused,
           (unsigned long long)p->rejected, (unsigned long long)p->broken,
           (unsigned long long)(p->load->count - p->ok - p->rejected), wall_s,
           p->ok ? p->latency_us[p->ok / 2] : 0, p->ok ? p->latency_us[p->ok * 99 / 100] : 0);
}

static bool prepare(struct post *p)
{
    char why[SIGNATURE_ERROR_MAX];

    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->clients = calloc(p->load->connections, sizeof(*p->clients));
    p->latency_us = calloc(p->load->count + 1, sizeof(*p->latency_us));
    if (p->epoll < 0 || !p->clients || !p->latency_us ||
        signature_keys_new(slice_of(p->load->secret), &p->keys, why) != STATUS_OK)
        return false;
    for (uint64_t i = 0; i < p->load->connections; i++) {
        p->clients[i].fd = -1;
        p->clients[i].request = malloc(LOAD_REQUEST_MAX);
        if (!p->clients[i].request)
            return false;
    }
    return true;
}

bool load_post(const struct load *load)
{
    struct post p = { .load = load, .began_us = clock_mono_us(), .progress_us = clock_mono_us() };
    bool good = prepare(&p);

    while (good && p.done < load->count && clock_mono_us() - p.progress_us < GIVE_UP_AFTER_US) {
        begin_some(&p);
        turn(&p);
    }
    if (good)
        print_result(&p);
    for (uint64_t i = 0; p.clients && i < load->connections; i++) {
        hang_up(&p.clients[i]);
        free(p.clients[i].request);
    }
    free(p.clients);
    free(p.latency_us);
    signature_keys_free(p.keys);
    close(p.epoll);
    return good;
}

#include "tests/fuzz/willing_redis.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

static void (*on_stored)(struct slice body);

static const char *answer_to(const redisReply *command)
{
    const redisReply *body = command->element[command->elements - 1];

    if (strcmp(command->element[0]->str, "INFO") == 0)
        return "$0\r\n\r\n";
    if (strcmp(command->element[0]->str, "XADD") != 0)
        return "+OK\r\n";
    on_stored((struct slice){ body->str, body->len });
    return "$3\r\n1-1\r\n";
}

static void on_command_bytes(struct bufferevent *bev, void *arg)
{
    redisReader *reader = arg;
    struct evbuffer *input = bufferevent_get_input(bev);
    size_t len = evbuffer_get_length(input);
    void *command = NULL;

    if (redisReaderFeed(reader, (const char *)evbuffer_pullup(input, -1), len) != REDIS_OK)
        abort();
    (void)evbuffer_drain(input, len);
    while (redisReaderGetReply(reader, &command) == REDIS_OK && command) {
        const char *answer = answer_to(command);
        (void)bufferevent_write(bev, answer, strlen(answer));
        freeReplyObject(command);
    }
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int len, void *arg)
{
    struct event_base *base = evconnlistener_get_base(listener);
    struct bufferevent *bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

    (void)address;
    (void)len;
    (void)arg;
    bufferevent_setcb(bev, on_command_bytes, NULL, NULL, redisReaderCreate());
    (void)bufferevent_enable(bev, EV_READ | EV_WRITE);
}

bool willing_redis_listen(struct event_base *base, int fd, void (*stored)(struct slice body))
{
    on_stored = stored;
    return evconnlistener_new(base, on_accept, NULL, 0, 0, fd) != NULL;
}

#include "worker/redis_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <hiredis/hiredis.h>

#include "common/clock.h"
#include "common/redis_sentinel.h"
#include "common/redis_tls.h"
#include "worker/redis_reply.h"
#include "worker/redis_reply_arena.h"
#include "worker/redis_socket.h"

enum { SETUP_TIMEOUT_MS = 2000, REPLY_MARGIN_MS = 5000, LEAST_WAIT_MS = 100 };

struct redis_link {
    const struct redis_url *url;
    redisContext *context; /* NULL: not connected */
    struct redis_tls *tls; /* NULL: none */
    int64_t generation;
    int64_t timeout_ms; /* what the socket is set to */
    int64_t sent_ms;    /* monotonic, of redis_link_send(); 0: what is waited for is sent now */
    size_t questions;   /* put to the sentinels in vain: whose turn it is */
    struct redis_place at;
    bool is_refused;
    char why[REDIS_LINK_WHY_MAX];
};

static struct timeval timeval_of(int64_t ms)
{
    return (struct timeval){ .tv_sec = (time_t)(ms / 1000),
                             .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
}

struct redis_link *redis_link_new(const struct redis_url *url)
{
    struct redis_link *link = calloc(1, sizeof(*link));
    if (link)
        link->url = url;
    return link;
}

void redis_link_drop(struct redis_link *link)
{
    if (link->context)
        redisFree(link->context);
    link->context = NULL;
    redis_tls_free(link->tls);
    link->tls = NULL;
    link->is_refused = false;
}

void redis_link_free(struct redis_link *link)
{
    if (link)
        redis_link_drop(link);
    free(link);
}

const char *redis_link_why(const struct redis_link *link)
{
    return link->why;
}

bool redis_link_is_refused(const struct redis_link *link)
{
    return link->is_refused;
}

/* Notes why, gives the connection up, and says so. */
static enum status lose(struct redis_link *link, const char *what, const char *detail)
{
    snprintf(link->why, sizeof(link->why), "%s: %s", what, detail);
    redis_link_drop(link);
    return STATUS_UNAVAILABLE;
}

/* The same where the connection itself failed. */
static enum status lose_connection(struct redis_link *link, const char *what)
{
    const char *why = redis_tls_why(link->tls);
    char text[REDIS_LINK_WHY_MAX / 2];
    redis_socket_drop_unsent(link->context->fd);
    if (!why)
        return lose(link, what, link->context->errstr);
    snprintf(text, sizeof(text), "TLS: %s", why);
    return lose(link, what, text);
}

static enum status set_timeout(struct redis_link *link, int64_t ms)
{
    if (link->timeout_ms == ms)
        return STATUS_OK;
    if (redisSetTimeout(link->context, timeval_of(ms)) != REDIS_OK)
        return lose_connection(link, "cannot set the time limit");
    link->timeout_ms = ms;
    return STATUS_OK;
}

static enum status find(struct redis_link *link)
{
    char why[REDIS_SENTINEL_WHY_MAX] = "no memory";
    link->at = link->url->at;
    if (link->url->sentinel_count == 0 ||
        redis_sentinel_ask(link->url, link->questions, &link->at, why) == STATUS_OK)
        return STATUS_OK;
    return lose(link, "cannot connect", why);
}

static enum status start_tls(struct redis_link *link)
{
    const char *why = "out of memory";
    if (!link->url->tls || redis_tls_start(link->context, link->url, &link->tls, &why) == STATUS_OK)
        return STATUS_OK;
    return lose(link, "cannot connect: TLS", why);
}

static enum status connect_socket(struct redis_link *link)
{
    const struct redis_url *url = link->url;
    struct timeval limit = timeval_of(SETUP_TIMEOUT_MS);
    link->context = url->unix_socket ? redisConnectUnixWithTimeout(url->path, limit)
                                     : redisConnectWithTimeout(link->at.host, link->at.port, limit);
    link->timeout_ms = 0;
    if (!link->context)
        return lose(link, "cannot connect", "out of memory");
    if (link->context->err)
        return lose_connection(link, "cannot connect");
    redis_reply_arena_use(link->context->reader);
    redis_socket_end_after(link->context->fd, REPLY_MARGIN_MS);
    enum status st = set_timeout(link, SETUP_TIMEOUT_MS);
    return st == STATUS_OK ? start_tls(link) : st;
}

/* As redis_link_call(), within the time of the setup. */
static enum status ask(struct redis_link *link, struct redis_command *cmd, redisReply **ret_reply)
{
    return redis_link_call(link, cmd, SETUP_TIMEOUT_MS - REPLY_MARGIN_MS, ret_reply);
}

static enum status call_and_forget(struct redis_link *link, struct redis_command *cmd)
{
    redisReply *reply = NULL;
    enum status st = ask(link, cmd, &reply);
    if (st == STATUS_OK)
        redis_reply_free(reply);
    else
        redis_link_drop(link); /* a refusal would leave it */
    return st;
}

static enum status authenticate(struct redis_link *link)
{
    const struct redis_url *url = link->url;
    if (!url->user[0] && !url->password[0])
        return STATUS_OK;
    struct redis_command cmd = { .argc = 0 };
    redis_command_add(&cmd, "AUTH");
    if (url->user[0])
        redis_command_add(&cmd, url->user);
    redis_command_add(&cmd, url->password);
    return call_and_forget(link, &cmd);
}

static enum status select_db(struct redis_link *link)
{
    if (link->url->db == 0)
        return STATUS_OK;
    char number[16];
    snprintf(number, sizeof(number), "%d", link->url->db);
    struct redis_command cmd;
    redis_command_set(&cmd, (const char *[]){ "SELECT", number }, 2);
    return call_and_forget(link, &cmd);
}

/* Sentinels may be behind. A user who may not ask for the role is told by the first write. */
static enum status check_role(struct redis_link *link)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    if (link->url->sentinel_count == 0)
        return STATUS_OK;
    redis_command_set(&cmd, (const char *[]){ "ROLE" }, 1);
    enum status st = ask(link, &cmd, &reply);
    if (st != STATUS_OK)
        return link->is_refused ? STATUS_OK : st;
    bool is_right = redis_reply_is_master(reply);
    redis_reply_free(reply);
    return is_right ? STATUS_OK
                    : lose(link, "cannot connect", "whom the sentinels name is no master");
}

const struct redis_place *redis_link_place(const struct redis_link *link)
{
    return &link->at;
}

int64_t redis_link_generation(const struct redis_link *link)
{
    return link->generation;
}

enum status redis_link_open(struct redis_link *link)
{
    if (link->context)
        return STATUS_OK;
    enum status st = find(link);
    if (st == STATUS_OK)
        st = connect_socket(link);
    if (st == STATUS_OK)
        st = authenticate(link);
    if (st == STATUS_OK)
        st = check_role(link);
    if (st == STATUS_OK)
        st = select_db(link);
    if (st == STATUS_OK)
        link->generation++;
    else
        link->questions++;
    return st;
}

enum status redis_link_append(struct redis_link *link, struct redis_command *cmd)
{
    if (!link->context)
        return STATUS_UNAVAILABLE;
    if (redisAppendCommandArgv(link->context, cmd->argc, cmd->argv, cmd->lengths) != REDIS_OK)
        return lose_connection(link, "cannot queue a command");
    link->sent_ms = 0;
    return STATUS_OK;
}

enum status redis_link_send(struct redis_link *link)
{
    int done = 0;
    while (link->context && !done)
        if (redisBufferWrite(link->context, &done) != REDIS_OK)
            return lose_connection(link, "connection lost");
    link->sent_ms = clock_system.mono_ms();
    return link->context ? STATUS_OK : STATUS_UNAVAILABLE;
}

/* *ret_reply: an error reply, too. */
static enum status receive(struct redis_link *link, int64_t wait_ms, redisReply **ret_reply)
{
    if (!link->context)
        return STATUS_UNAVAILABLE;
    int64_t limit_ms = wait_ms + REPLY_MARGIN_MS;
    if (link->sent_ms > 0)
        limit_ms -= clock_system.mono_ms() - link->sent_ms;
    enum status st = set_timeout(link, limit_ms > LEAST_WAIT_MS ? limit_ms : LEAST_WAIT_MS);
    if (st != STATUS_OK)
        return st;
    void *reply = NULL;
    if (redisGetReply(link->context, &reply) != REDIS_OK)
        return lose_connection(link, "connection lost");
    redis_tls_note_answer(link->tls);
    *ret_reply = reply;
    return STATUS_OK;
}

static enum status judge(struct redis_link *link, redisReply *reply, bool may_refuse,
                         redisReply **ret_reply)
{
    const char *error = redis_reply_error(reply);
    if (!error) {
        *ret_reply = reply;
        return STATUS_OK;
    }
    if (may_refuse && redis_error_is_refusal(error)) {
        link->is_refused = true;
        snprintf(link->why, sizeof(link->why), "redis answered: %s", error);
    } else {
        status_ignore(lose(link, "redis answered", error));
    }
    redis_reply_free(reply);
    return STATUS_UNAVAILABLE;
}

enum status redis_link_reply(struct redis_link *link, int64_t wait_ms, redisReply **ret_reply)
{
    redisReply *reply = NULL;
    enum status st = receive(link, wait_ms, &reply);
    return st == STATUS_OK ? judge(link, reply, false, ret_reply) : st;
}

enum status redis_link_call(struct redis_link *link, struct redis_command *cmd, int64_t wait_ms,
                            redisReply **ret_reply)
{
    redisReply *reply = NULL;
    enum status st = redis_link_append(link, cmd);
    if (st == STATUS_OK)
        st = receive(link, wait_ms, &reply);
    return st == STATUS_OK ? judge(link, reply, true, ret_reply) : st;
}

#include "worker/redis_link.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <hiredis/hiredis.h>

enum { SETUP_TIMEOUT_MS = 2000, REPLY_MARGIN_MS = 5000 };

struct redis_link {
    const struct redis_url *url;
    redisContext *context; /* NULL: not connected */
    int64_t generation;
    int64_t timeout_ms; /* what the socket is set to */
    char why[REDIS_LINK_WHY_MAX];
};

static struct timeval timeval_of(int64_t ms)
{
    return (struct timeval){ .tv_sec = (time_t)(ms / 1000),
                             .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
}

void redis_command_set(struct redis_command *cmd, const char *const words[], size_t count)
{
    cmd->argc = 0;
    for (size_t i = 0; i < count; i++)
        redis_command_add(cmd, words[i]);
}

void redis_command_add_slice(struct redis_command *cmd, struct slice text)
{
    assert(cmd->argc < REDIS_LINK_ARGS_MAX);
    cmd->argv[cmd->argc] = text.len ? text.ptr : "";
    cmd->lengths[cmd->argc++] = text.len;
}

void redis_command_add(struct redis_command *cmd, const char *text)
{
    redis_command_add_slice(cmd, slice_of(text));
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
}

void redis_link_free(struct redis_link *link)
{
    if (!link)
        return;
    redis_link_drop(link);
    free(link);
}

const char *redis_link_why(const struct redis_link *link)
{
    return link->why;
}

/* Notes why, gives the connection up, and says so. */
static enum status lose(struct redis_link *link, const char *what, const char *detail)
{
    snprintf(link->why, sizeof(link->why), "%s: %s", what, detail);
    redis_link_drop(link);
    return STATUS_UNAVAILABLE;
}

static enum status set_timeout(struct redis_link *link, int64_t ms)
{
    if (link->timeout_ms == ms)
        return STATUS_OK;
    if (redisSetTimeout(link->context, timeval_of(ms)) != REDIS_OK)
        return lose(link, "cannot set the time limit", link->context->errstr);
    link->timeout_ms = ms;
    return STATUS_OK;
}

static enum status connect_socket(struct redis_link *link)
{
    const struct redis_url *url = link->url;
    struct timeval limit = timeval_of(SETUP_TIMEOUT_MS);
    link->context = url->unix_socket ? redisConnectUnixWithTimeout(url->path, limit)
                                     : redisConnectWithTimeout(url->host, url->port, limit);
    link->timeout_ms = 0;
    if (!link->context)
        return lose(link, "cannot connect", "out of memory");
    if (link->context->err)
        return lose(link, "cannot connect", link->context->errstr);
    return set_timeout(link, SETUP_TIMEOUT_MS);
}

static enum status call_and_forget(struct redis_link *link, struct redis_command *cmd)
{
    redisReply *reply = NULL;
    enum status st = redis_link_call(link, cmd, SETUP_TIMEOUT_MS - REPLY_MARGIN_MS, &reply);
    if (st == STATUS_OK)
        freeReplyObject(reply);
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
    struct redis_command cmd = { .argc = 0 };
    redis_command_add(&cmd, "SELECT");
    redis_command_add(&cmd, number);
    return call_and_forget(link, &cmd);
}

int64_t redis_link_generation(const struct redis_link *link)
{
    return link->generation;
}

enum status redis_link_open(struct redis_link *link)
{
    if (link->context)
        return STATUS_OK;
    enum status st = connect_socket(link);
    if (st == STATUS_OK)
        st = authenticate(link);
    if (st == STATUS_OK)
        st = select_db(link);
    if (st == STATUS_OK)
        link->generation++;
    return st;
}

enum status redis_link_append(struct redis_link *link, struct redis_command *cmd)
{
    if (!link->context)
        return STATUS_UNAVAILABLE;
    if (redisAppendCommandArgv(link->context, cmd->argc, cmd->argv, cmd->lengths) != REDIS_OK)
        return lose(link, "cannot queue a command", link->context->errstr);
    return STATUS_OK;
}

enum status redis_link_send(struct redis_link *link)
{
    int done = 0;
    while (link->context && !done)
        if (redisBufferWrite(link->context, &done) != REDIS_OK)
            return lose(link, "connection lost", link->context->errstr);
    return link->context ? STATUS_OK : STATUS_UNAVAILABLE;
}

/* The first error inside a reply: the reply itself, or one of the replies of an EXEC. */
static char *find_error(const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR)
        return reply->str;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        if (reply->element[i]->type == REDIS_REPLY_ERROR)
            return reply->element[i]->str;
    return NULL;
}

/* Redis repeats the arguments of a command that it does not know: where AUTH is switched off they
 * are the password. */
static void hide_arguments(char *error)
{
    char *arguments = strstr(error, ", with args");
    if (arguments)
        *arguments = '\0';
}

enum status redis_link_reply(struct redis_link *link, int64_t wait_ms, redisReply **ret_reply)
{
    if (!link->context)
        return STATUS_UNAVAILABLE;
    enum status st = set_timeout(link, wait_ms + REPLY_MARGIN_MS);
    if (st != STATUS_OK)
        return st;
    void *reply = NULL;
    if (redisGetReply(link->context, &reply) != REDIS_OK)
        return lose(link, "connection lost", link->context->errstr);
    char *error = find_error(reply);
    if (error) {
        hide_arguments(error);
        st = lose(link, "redis answered", error);
        freeReplyObject(reply);
        return st;
    }
    *ret_reply = reply;
    return STATUS_OK;
}

enum status redis_link_call(struct redis_link *link, struct redis_command *cmd, int64_t wait_ms,
                            redisReply **ret_reply)
{
    enum status st = redis_link_append(link, cmd);
    return st == STATUS_OK ? redis_link_reply(link, wait_ms, ret_reply) : st;
}

#define TEXT_OF(number) #number
#define VERSION_TEXT(major, minor, patch)                                                          \
    "hiredis " TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *redis_link_library(void)
{
    return VERSION_TEXT(HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
}

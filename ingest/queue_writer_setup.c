#include "ingest/queue_writer_setup.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>

/* The text of an error reply; empty for any other. */
static struct slice error_text(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ERROR)
        return SLICE("");
    return (struct slice){ reply->str, reply->len };
}

/* A master without replicas may be cut off, and the sentinels have another one by now. */
static bool is_remedy_to_reconnect(const struct queue_setup *setup, enum queue_remedy remedy,
                                   struct slice error)
{
    return remedy == REMEDY_RECONNECT ||
           (setup->url->sentinel_count > 0 && slice_starts_with(error, SLICE("NOREPLICAS")));
}

void queue_setup_note_error(struct queue_setup *setup, struct slice error)
{
    enum queue_remedy remedy = queue_health_note_error(setup->health, error);

    if (is_remedy_to_reconnect(setup, remedy, error))
        setup->must_close = true;
}

void queue_setup_fail(struct queue_setup *setup, const char *what, const char *why)
{
    snprintf(setup->trouble, sizeof(setup->trouble), "%s%s", what, why);
}

/* The answer to AUTH and SELECT. Of several errors the first is the cause. */
static void on_login_reply(redisAsyncContext *ac, void *answer, void *arg)
{
    struct queue_setup *setup = arg;
    const redisReply *reply = answer; /* NULL when the connection died */

    (void)ac;
    if (!reply || reply->type != REDIS_REPLY_ERROR || setup->must_close)
        return;
    (void)queue_health_read_error(error_text(reply), setup->trouble);
    setup->must_close = true;
}

/* The answer to XGROUP CREATE, the last word of the setup and a part of later probes. */
static void on_group_reply(redisAsyncContext *ac, void *answer, void *arg)
{
    struct queue_setup *setup = arg;
    const redisReply *reply = answer;
    enum queue_remedy remedy;

    (void)ac;
    if (!reply || setup->must_close)
        return;
    queue_setup_fail(setup, "", "");
    if (!setup->done)
        queue_health_set_trouble(setup->health, "");
    remedy = queue_health_note_group(setup->health, error_text(reply));
    if (is_remedy_to_reconnect(setup, remedy, error_text(reply)))
        setup->must_close = true;
    else
        setup->done = true;
}

static void on_info_reply(redisAsyncContext *ac, void *answer, void *arg)
{
    struct queue_setup *setup = arg;
    const redisReply *reply = answer;

    (void)ac;
    if (!reply)
        return;
    setup->probing = false;
    if (reply->type == REDIS_REPLY_STRING)
        queue_health_note_memory(setup->health, (struct slice){ reply->str, reply->len },
                                 setup->asked_bytes);
}

static void send_words(struct queue_setup *setup, redisAsyncContext *ac, redisCallbackFn *fn,
                       int count, const char **words)
{
    if (redisAsyncCommandArgv(ac, fn, setup, count, words, NULL) != REDIS_OK)
        setup->must_close = true;
}

static void send_login(struct queue_setup *setup, redisAsyncContext *ac)
{
    const struct redis_url *url = setup->url;
    const char *named[] = { "AUTH", url->user, url->password };
    const char *unnamed[] = { "AUTH", url->password };

    if (url->user[0] != '\0')
        send_words(setup, ac, on_login_reply, 3, named);
    else if (url->password[0] != '\0')
        send_words(setup, ac, on_login_reply, 2, unnamed);
}

/* The answer to ROLE. Sentinels may be behind; a user who may not ask is told by the first write.
 */
static void on_role_reply(redisAsyncContext *ac, void *answer, void *arg)
{
    struct queue_setup *setup = arg;
    const redisReply *reply = answer;

    (void)ac;
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 || setup->must_close ||
        slice_equals((struct slice){ reply->element[0]->str, reply->element[0]->len },
                     SLICE("master")))
        return;
    queue_setup_fail(setup, "whom the sentinels name is no master", "");
    setup->must_close = true;
}

static void send_role(struct queue_setup *setup, redisAsyncContext *ac)
{
    const char *words[] = { "ROLE" };

    if (setup->url->sentinel_count > 0)
        send_words(setup, ac, on_role_reply, 1, words);
}

static void send_select(struct queue_setup *setup, redisAsyncContext *ac)
{
    char db[16];
    const char *words[] = { "SELECT", db };

    snprintf(db, sizeof(db), "%d", setup->url->db);
    if (setup->url->db != 0)
        send_words(setup, ac, on_login_reply, 2, words);
}

static void send_group(struct queue_setup *setup, redisAsyncContext *ac)
{
    const char *words[] = { "XGROUP", "CREATE",  setup->stream_key, setup->stream_group,
                            "0",      "MKSTREAM" };

    send_words(setup, ac, on_group_reply, 6, words);
}

static void send_info(struct queue_setup *setup, redisAsyncContext *ac)
{
    const char *words[] = { "INFO", "memory" };

    setup->probing = true;
    setup->asked_bytes = setup->health->answered_bytes;
    send_words(setup, ac, on_info_reply, 2, words);
}

void queue_setup_start(struct queue_setup *setup, struct redisAsyncContext *ac)
{
    setup->done = false;
    setup->must_close = false;
    send_login(setup, ac);
    send_role(setup, ac);
    send_select(setup, ac);
    send_info(setup, ac); /* before the last word: how full Redis is is known from the beginning */
    send_group(setup, ac);
}

void queue_setup_probe(struct queue_setup *setup, struct redisAsyncContext *ac)
{
    if (setup->health->trouble[0] != '\0')
        send_group(setup, ac);
    send_info(setup, ac);
}

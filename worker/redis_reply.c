#include "worker/redis_reply.h"

#include <string.h>

#include <hiredis/hiredis.h>

#include "common/slice.h"

static char *find_error(const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR)
        return reply->str;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        if (reply->element[i]->type == REDIS_REPLY_ERROR)
            return reply->element[i]->str;
    return NULL;
}

const char *redis_reply_error(redisReply *reply)
{
    char *error = find_error(reply);
    char *arguments = error ? strstr(error, ", with args") : NULL;
    if (arguments)
        *arguments = '\0';
    return error;
}

/* A command, or one inside a script: in the words of Redis 7.0, then of later ones. */
bool redis_error_is_refusal(const char *error)
{
    return slice_starts_with(slice_of(error), SLICE("NOPERM")) ||
           strstr(error, "executing the script can't run this command") ||
           strstr(error, "ACL failure in script");
}

bool redis_reply_is_master(const redisReply *role)
{
    return role->type == REDIS_REPLY_ARRAY && role->elements > 0 && role->element[0]->str &&
           strcmp(role->element[0]->str, "master") == 0;
}

#define TEXT_OF(number) #number
#define VERSION_TEXT(major, minor, patch)                                                          \
    "hiredis " TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *redis_library(void)
{
    return VERSION_TEXT(HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
}

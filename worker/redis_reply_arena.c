#include "worker/redis_reply_arena.h"

#include <stddef.h>

#include <hiredis/hiredis.h>

#include "worker/arena.h"

enum { FIRST_BYTES = 256, ELEMENTS_MAX = 1 << 20 };

/* A whole reply; what hiredis and everybody else sees is the second member. */
struct root {
    struct arena *arena;
    redisReply reply;
};

static struct root *root_of(redisReply *reply)
{
    return (struct root *)(void *)((char *)reply - offsetof(struct root, reply));
}

void redis_reply_free(redisReply *reply)
{
    if (reply)
        arena_free(root_of(reply)->arena);
}

static redisReply *new_root(void)
{
    struct arena *arena = arena_new(FIRST_BYTES);
    struct root *root = arena ? arena_take(arena, sizeof(*root)) : NULL;
    if (!root) {
        arena_free(arena);
        return NULL;
    }
    root->arena = arena;
    return &root->reply;
}

/* Where the pieces of the reply go that task, not the first of them, belongs to. */
static struct arena *arena_of(const redisReadTask *task)
{
    while (task->parent)
        task = task->parent;
    return root_of(task->obj)->arena;
}

static redisReply *new_object(const redisReadTask *task)
{
    if (task->type > REDIS_REPLY_ERROR) /* the last kind of RESP2 */
        return NULL;
    redisReply *object = task->parent ? arena_take(arena_of(task), sizeof(*object)) : new_root();
    if (object)
        object->type = task->type;
    return object;
}

/* Gives the finished object its place in the list it belongs to. */
static void *settle(const redisReadTask *task, redisReply *object)
{
    if (task->parent)
        ((redisReply *)task->parent->obj)->element[task->idx] = object;
    return object;
}

/* Gives up an object for which memory is out; one inside a list is freed with all of it. */
static void *give_up(const redisReadTask *task, redisReply *object)
{
    if (!task->parent)
        redis_reply_free(object);
    return NULL;
}

static struct arena *own_arena(const redisReadTask *task, redisReply *object)
{
    return task->parent ? arena_of(task) : root_of(object)->arena;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is hiredis' */
static void *create_string(const redisReadTask *task, char *text, size_t len)
{
    redisReply *object = new_object(task);
    if (!object)
        return NULL;
    object->str = arena_text(own_arena(task, object), (struct slice){ text, len });
    if (!object->str)
        return give_up(task, object);
    object->len = len;
    return settle(task, object);
}

#if HIREDIS_MAJOR >= 1
typedef size_t elements_count;
#else
typedef int elements_count;
#endif

static void *create_array(const redisReadTask *task, elements_count count)
{
    redisReply *object = (size_t)count <= ELEMENTS_MAX ? new_object(task) : NULL;
    if (!object)
        return NULL;
    object->elements = (size_t)count;
    object->element = arena_take_array(own_arena(task, object), object->elements,
                                       sizeof(*object->element));
    return object->element ? settle(task, object) : give_up(task, object);
}

static void *create_integer(const redisReadTask *task, long long number)
{
    redisReply *object = new_object(task);
    if (!object)
        return NULL;
    object->integer = number;
    return settle(task, object);
}

static void *create_nil(const redisReadTask *task)
{
    redisReply *object = new_object(task);
    if (!object)
        return NULL;
    object->type = REDIS_REPLY_NIL; /* the task has the kind that is missing */
    return settle(task, object);
}

static void free_object(void *object)
{
    redis_reply_free(object);
}

#if HIREDIS_MAJOR >= 1
static void *refuse_double(const redisReadTask *task, double number, char *text, size_t len)
{
    (void)task, (void)number, (void)text, (void)len;
    return NULL;
}

static void *refuse_bool(const redisReadTask *task, int is_true)
{
    (void)task, (void)is_true;
    return NULL;
}
#endif

void redis_reply_arena_use(redisReader *reader)
{
    static redisReplyObjectFunctions functions = {
        .createString = create_string,
        .createArray = create_array,
        .createInteger = create_integer,
        .createNil = create_nil,
        .freeObject = free_object,
#if HIREDIS_MAJOR >= 1
        .createDouble = refuse_double,
        .createBool = refuse_bool,
#endif
    };
    reader->fn = &functions;
}

#include "worker/json_tape.h"

#include <stdlib.h>

#include "common/json_scan.h"
#include "worker/json_scalar.h"

/* So many bytes of a webhook make a token, or more; fewer than that only cost a realloc(). */
enum { BYTES_A_TOKEN = 8, TOKENS_MIN = 16 };

/* The pass. Nesting is a small stack on ours, not recursion on the program's. */
struct pass {
    const char *at;
    const char *end;
    struct json_tape *tape;
    size_t depth;
    uint32_t open[JSON_SCAN_DEPTH_MAX]; /* the tokens of the brackets that are open */
};

static struct slice rest(const struct pass *p)
{
    return (struct slice){ p->at, (size_t)(p->end - p->at) };
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Between the tokens of a webhook there is hardly ever any. */
static void skip_space(struct pass *p)
{
    while (p->at < p->end && *p->at <= ' ' && is_space(*p->at))
        p->at++;
}

static bool take(struct pass *p, char c)
{
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static enum status grow(struct json_tape *tape)
{
    size_t capacity = tape->capacity ? tape->capacity * 2
                                     : tape->text.len / BYTES_A_TOKEN + TOKENS_MIN;
    struct json_token *tokens = NULL;

    if (capacity <= SIZE_MAX / sizeof(*tokens))
        tokens = realloc(tape->tokens, capacity * sizeof(*tokens));
    if (!tokens)
        return STATUS_NO_MEMORY;
    tape->tokens = tokens;
    tape->capacity = capacity;
    return STATUS_OK;
}

/* Writes down what stands between begin and here. */
static enum status add(struct pass *p, const char *begin, enum json_kind kind)
{
    struct json_tape *tape = p->tape;

    if (tape->count == tape->capacity && grow(tape) != STATUS_OK)
        return STATUS_NO_MEMORY;
    tape->tokens[tape->count] = (struct json_token){
        .begin = (uint32_t)(begin - tape->text.ptr),
        .len = (uint32_t)(p->at - begin),
        .next = (uint32_t)tape->count + 1,
        .kind = (uint8_t)kind,
    };
    tape->count++;
    return STATUS_OK;
}

/* What may not follow a number is found by whoever looks for the next comma. */
static enum status take_number(struct pass *p)
{
    const char *begin = p->at;

    p->at += json_number_length(rest(p));
    return p->at > begin ? add(p, begin, JSON_NUMBER) : STATUS_INVALID;
}

static enum status take_word(struct pass *p, struct slice word, enum json_kind kind)
{
    const char *begin = p->at;

    if (!slice_starts_with(rest(p), word))
        return STATUS_INVALID;
    p->at += word.len;
    return add(p, begin, kind);
}

/* inside: what stands between the quotes of the token added last. */
static void note_escapes(struct json_tape *tape, struct slice inside)
{
    struct json_token *token = &tape->tokens[tape->count - 1];

    token->is_escaped = true;
    token->is_spoilt = !json_is_text(inside);
    tape->is_spoilt = tape->is_spoilt || token->is_spoilt;
}

static enum status take_string(struct pass *p)
{
    const char *begin = p->at;
    bool is_escaped = false;
    size_t len = json_string_length(rest(p), &is_escaped);
    enum status st;

    if (len == 0)
        return STATUS_INVALID;
    p->at += len;
    st = add(p, begin, JSON_STRING);
    if (st != STATUS_OK || !is_escaped)
        return st;
    note_escapes(p->tape, (struct slice){ begin + 1, len - 2 });
    return STATUS_OK;
}

/* "name": and the white space around it. */
static enum status take_key(struct pass *p)
{
    enum status st = STATUS_INVALID;

    skip_space(p);
    if (p->at < p->end && *p->at == '"')
        st = take_string(p);
    if (st != STATUS_OK)
        return st;
    skip_space(p);
    if (!take(p, ':'))
        return STATUS_INVALID;
    skip_space(p);
    return STATUS_OK;
}

static bool in_object(const struct pass *p)
{
    return p->tape->tokens[p->open[p->depth - 1]].kind == JSON_OBJECT;
}

static enum status take_key_if_object(struct pass *p)
{
    if (in_object(p))
        return take_key(p);
    skip_space(p);
    return STATUS_OK;
}

static bool take_closing(struct pass *p)
{
    struct json_token *token = &p->tape->tokens[p->open[p->depth - 1]];

    if (!take(p, token->kind == JSON_OBJECT ? '}' : ']'))
        return false;
    token->len = (uint32_t)(p->at - p->tape->text.ptr) - token->begin;
    token->next = (uint32_t)p->tape->count;
    p->depth--;
    return true;
}

/* Enters an object or array, up to its first value. An empty one is left at once:
 * *ret_value_ended. */
static enum status enter(struct pass *p, enum json_kind kind, bool *ret_value_ended)
{
    enum status st;

    if (p->depth == JSON_SCAN_DEPTH_MAX)
        return STATUS_TOO_BIG;
    p->open[p->depth++] = (uint32_t)p->tape->count;
    st = add(p, p->at, kind);
    if (st != STATUS_OK)
        return st;
    p->at++;
    skip_space(p);
    *ret_value_ended = take_closing(p);
    return *ret_value_ended ? STATUS_OK : take_key_if_object(p);
}

/* From the end of a value to the beginning of the next one, leaving whatever ends here. */
static enum status leave(struct pass *p)
{
    while (p->depth > 0) {
        skip_space(p);
        if (take(p, ','))
            return take_key_if_object(p);
        if (!take_closing(p))
            return STATUS_INVALID;
    }
    return STATUS_OK;
}

static enum status take_value(struct pass *p, bool *ret_value_ended)
{
    *ret_value_ended = true;
    if (p->at == p->end)
        return STATUS_INVALID;
    switch (*p->at) {
    case '{':
        return enter(p, JSON_OBJECT, ret_value_ended);
    case '[':
        return enter(p, JSON_ARRAY, ret_value_ended);
    case '"':
        return take_string(p);
    case 't':
        return take_word(p, SLICE("true"), JSON_TRUE);
    case 'f':
        return take_word(p, SLICE("false"), JSON_FALSE);
    case 'n':
        return take_word(p, SLICE("null"), JSON_NULL);
    default:
        return take_number(p);
    }
}

static enum status take_all(struct pass *p)
{
    enum status st;

    skip_space(p);
    do {
        bool value_ended = false;

        st = take_value(p, &value_ended);
        if (st == STATUS_OK && value_ended)
            st = leave(p);
    } while (st == STATUS_OK && p->depth > 0);
    if (st != STATUS_OK)
        return st;
    skip_space(p);
    return p->at == p->end ? STATUS_OK : STATUS_INVALID;
}

enum status json_tape_read(struct slice text, struct json_tape *ret_tape)
{
    struct json_tape tape = { .text = text };
    struct pass pass;
    enum status st;

    if (text.len == 0)
        return STATUS_INVALID;
    if (text.len > UINT32_MAX)
        return STATUS_TOO_BIG;
    pass.at = text.ptr;
    pass.end = text.ptr + text.len;
    pass.tape = &tape;
    pass.depth = 0; /* open[] is written as the pass goes down */
    st = take_all(&pass);
    if (st == STATUS_OK)
        *ret_tape = tape;
    else
        json_tape_release(&tape);
    return st;
}

void json_tape_release(struct json_tape *tape)
{
    free(tape->tokens);
    *tape = (struct json_tape){ 0 };
}

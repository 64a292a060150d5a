#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/envelope.h"
#include "common/json_scan.h"

/* Whatever cJSON accepts as one whole object must be accepted by envelope_read(), which must then
 * name the same type, instance and time. The reverse is not asked: the scanner does not judge the
 * inside of numbers and literals. envelope_type() must agree with it where no key stands twice. */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort(); /* not assert(): release builds fuzz too */
}

static size_t depth_of(const cJSON *node)
{
    size_t deepest = 0;

    for (const cJSON *child = node->child; child != NULL; child = child->next) {
        size_t depth = depth_of(child);
        deepest = depth > deepest ? depth : deepest;
    }
    return cJSON_IsObject(node) || cJSON_IsArray(node) ? deepest + 1 : 0;
}

static bool is_space(const char *text, const char *end)
{
    while (text < end && (unsigned char)*text <= ' ')
        text++;
    return text == end;
}

/* cJSON reads \u without four hexadecimal digits as a NUL, and ends texts at a NUL: keys and values
 * mean something else there. */
static bool cuts_texts_short(struct slice body)
{
    return !json_is_text(body) || slice_find(body, '\0') < body.len;
}

static void compare_text(const cJSON *root, const char *name, struct slice ours)
{
    const cJSON *theirs = cJSON_GetObjectItemCaseSensitive(root, name);

    if (ours.len > 0)
        check(cJSON_IsString(theirs) && slice_equals(slice_of(theirs->valuestring), ours));
}

static void compare_time(const cJSON *root, struct slice ours)
{
    const cJSON *theirs = cJSON_GetObjectItemCaseSensitive(root, "timestamp");
    char *text;

    check(cJSON_IsNumber(theirs) == (ours.len > 0));
    if (ours.len == 0)
        return;
    text = slice_dup(ours);
    check(text != NULL && strtod(text, NULL) == theirs->valuedouble);
    free(text);
}

static size_t members_named(const cJSON *root, const char *name)
{
    size_t count = 0;

    for (const cJSON *member = root->child; member != NULL; member = member->next)
        count += strcmp(member->string, name) == 0;
    return count;
}

static void compare(struct slice body, const cJSON *root)
{
    struct envelope env;
    enum status st = envelope_read(body, &env);
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(root, "data");

    if (depth_of(root) > JSON_SCAN_DEPTH_MAX) {
        check(st == STATUS_TOO_BIG);
        return;
    }
    check(st == STATUS_OK);
    if (cuts_texts_short(body))
        return;
    compare_text(root, "type", env.type);
    compare_text(root, "instance_id", env.instance_id);
    compare_time(root, env.timestamp);
    check((data != NULL) == (env.data.len > 0));
    if (members_named(root, "type") <= 1)
        check(slice_equals(envelope_type(body), env.type));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *text = (const char *)bytes;
    struct slice body = { text, size };
    struct envelope env;
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(text, size, &end, 0);

    if (root != NULL && cJSON_IsObject(root) && is_space(end, text + size))
        compare(body, root);
    else
        status_ignore(envelope_read(body, &env));
    (void)envelope_type(body);
    cJSON_Delete(root);
    return 0;
}

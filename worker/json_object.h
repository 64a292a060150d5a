#ifndef CLERK_JSON_OBJECT_H
#define CLERK_JSON_OBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/slice.h"
#include "common/status.h"

struct cJSON;

/* One JSON object, opened one level deep: the exact bytes of each member, and a tree of a member
 * once somebody asks for it. What nobody asks for is never parsed, so metadata that a browser wrote
 * (an escaped NUL, a number of a hundred digits) cannot spoil the event that carries it. */

struct json_member {
    struct slice key; /* raw, between the quotes */
    bool is_escaped;  /* key holds an escape */
    struct slice raw; /* the value's exact bytes */
    struct cJSON *parsed;
};

struct json_object {
    struct json_member *members;
    size_t count;
    size_t capacity;
};

/* Opens text, an object as json_scan_value() gave it, which must outlive *ret_object.
 * STATUS_INVALID: it is no object. STATUS_NO_MEMORY. Release with json_object_release(). */
enum status json_object_read(struct slice text, struct json_object *ret_object) MUST_CHECK;

/* Frees what json_object_read() and json_object_find() made. {0} is fine. */
void json_object_release(struct json_object *object);

/* The exact bytes of a member's value; of a repeated key the first counts, as in cJSON, and keys
 * are compared as what they spell, case and all. Empty when there is none. */
struct slice json_object_raw(const struct json_object *object, struct slice key);

/* Follows one path (without alternatives, syntax in catalog.h). *ret_item: the node, owned by
 * object; NULL for what is absent or null, or lies inside something of another kind.
 * STATUS_INVALID: the member holds an escaped NUL, with which cJSON would cut texts and keys short,
 * or what cJSON refuses in good JSON (half a surrogate pair, a number of more than 63 bytes);
 * memory that ran out inside cJSON looks the same. */
enum status json_object_find(struct json_object *object, struct slice path,
                             const struct cJSON **ret_item) MUST_CHECK;

/* The first element of array whose text at key is value, or NULL. NULL array and arrays of another
 * kind have none. */
const struct cJSON *json_object_pick(const struct cJSON *array, struct slice key,
                                     struct slice value);

/* The text of the member key of item; its ptr is NULL when there is no such text. */
struct slice json_object_text(const struct cJSON *item, struct slice key);

#endif

#ifndef CLERK_JSON_NODE_H
#define CLERK_JSON_NODE_H

#include <stdbool.h>

#include "common/slice.h"
#include "common/status.h"
#include "worker/json_tape.h"

struct arena;

/* One value on a tape, borrowed from it; a tape of NULL: no value. Members and elements are looked
 * up where they stand, and made into texts and numbers only once somebody asks for them: what
 * nobody asks for (an escaped NUL that a browser wrote into metadata, a number of a hundred digits)
 * cannot spoil the event that carries it. */
struct json_node {
    const struct json_tape *tape;
    uint32_t place;
};

/* The whole value of a tape that was read. */
struct json_node json_node_root(const struct json_tape *tape);

/* True where there is a value, null included. */
bool json_node_exists(struct json_node node);

/* Of a value that exists. */
enum json_kind json_node_kind(struct json_node node);

/* The exact bytes; empty where there is no value. */
struct slice json_node_raw(struct json_node node);

/* Makes the members of an object quicker to find from here on, where many will be asked for; those
 * of an object indexed before, on the same tape, no longer are. Does nothing to what is no object.
 */
void json_node_index(struct json_tape *tape, struct json_node object);

/* The value of a member; of a repeated key the first counts, as in cJSON, and keys are compared as
 * what they spell, case and all. None in what is no object. */
struct json_node json_node_member(struct json_node object, struct slice key);

/* The first element of an array, and the one behind element in it. None where there is none, or
 * array is of another kind. */
struct json_node json_node_first(struct json_node array);
struct json_node json_node_after(struct json_node array, struct json_node element);

/* Follows one path (without alternatives, syntax in catalog.h) from object. *ret_node: what stands
 * there; none for what is absent or null, or lies inside something of another kind. STATUS_INVALID:
 * something is spoilt inside the member of object that the path begins with (json_tape.h). */
enum status json_node_find(struct json_node object, struct slice path,
                           struct json_node *ret_node) MUST_CHECK;

/* The first element of array whose text at key is text; none in what is no array. */
struct json_node json_node_pick(struct json_node array, struct slice key, struct slice text);

/* The text of a string that is not spoilt: inside the tape's text, or in arena where escapes had to
 * be resolved. STATUS_NO_MEMORY. */
enum status json_node_text(struct json_node string, struct arena *arena,
                           struct slice *ret_text) MUST_CHECK;

/* True when node is a string that spells text. */
bool json_node_spells(struct json_node node, struct slice text);

/* The number of a JSON_NUMBER, as near as a double comes to it; infinite where it is too large. */
double json_node_number(struct json_node number);

/* Name and version of the JSON library, for --version. */
const char *json_node_library(void);

#endif

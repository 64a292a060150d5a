#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/json_scan.h"
#include "worker/catalog.h"
#include "worker/event.h"

/* Any bytes at all: what is decoded keeps the promises that the database relies on. */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int promise)
{
    if (!promise)
        abort();
}

static void require_clean(struct slice text)
{
    require(utf8_is_valid(text));
    require(slice_find(text, '\0') == text.len);
}

/* Is a member at path ("a[].b.c", a secret of the catalog) left anywhere in value? */
static bool holds(struct slice value, struct slice path)
{
    struct slice name = { path.ptr, slice_find(path, '.') };
    struct slice rest = { path.ptr + name.len, path.len - name.len };
    struct json_iter it;
    struct slice key, member;

    (void)slice_drop_prefix(&rest, SLICE("."));
    if (name.len > 2 && slice_equals((struct slice){ name.ptr + name.len - 2, 2 }, SLICE("[]")))
        name.len -= 2;
    if (!json_iter_begin(value, &it))
        return false;
    while (json_iter_next(&it, &key, &member) == STATUS_OK) {
        if (!it.is_object && holds(member, path))
            return true;
        if (it.is_object && json_spells(key, name) && (rest.len == 0 || holds(member, rest)))
            return true;
    }
    return false;
}

static void require_no_secret(struct slice data, const char *const *secrets)
{
    struct slice value;

    require(json_scan_whole(data, &value) && value.len == data.len);
    for (const char *const *secret = secrets; *secret; secret++)
        require(!holds(value, slice_of(*secret)));
}

static void require_row(const struct row *row)
{
    struct slice value;

    require(row->clerk_id.len > 0 && row->clerk_id.len <= EVENT_ID_MAX);
    require_clean(row->clerk_id);
    require_clean(row->data);
    require(json_scan_whole(row->data, &value));
    for (size_t i = 0; i < row->table->column_count; i++)
        if (row->values[i].kind == VALUE_TEXT)
            require_clean(row->values[i].text);
}

static void require_upsert(const struct event *ev)
{
    require_row(&ev->row);
    require_no_secret(ev->row.data, ev->object->secrets);
    for (size_t i = 0; i < ev->object->child_count; i++)
        for (size_t r = 0; r < ev->children[i].count; r++)
            require_row(&ev->children[i].rows[r]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct event_source source = {
        .svix_id = SLICE("msg_1"),
        .sent_s = 1788256801,
        .body = { (const char *)bytes, size },
    };
    struct event ev;

    if (event_decode(&source, SLICE(""), &ev) != STATUS_OK)
        return 0;
    require_clean(ev.type);
    require_clean(ev.instance_id);
    require_clean(ev.clerk_id);
    require((ev.action == EVENT_DEAD) == (ev.reason[0] != '\0'));
    require(ev.action != EVENT_DEAD || ev.object == NULL);
    if (ev.action == EVENT_UPSERT)
        require_upsert(&ev);
    event_release(&ev);
    return 0;
}

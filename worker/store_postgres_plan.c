#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "worker/store_postgres_parts.h"

void pg_plan_end(struct pg_plan *plan)
{
    free(plan->fates);
    free(plan->by_svix_id);
    free(plan->graves);
    free(plan->waiting);
    *plan = (struct pg_plan){ 0 };
}

/* --- order --- */

static struct slice object_of(const struct store_plan *p)
{
    return p->row ? p->row->clerk_id : (struct slice){ NULL, 0 };
}

static int by_object(const void *a, const void *b)
{
    const struct store_plan *x = a, *y = b;
    int order = slice_compare(object_of(x), object_of(y));
    if (order != 0)
        return order;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* An event and its svix-id, for sorting. */
struct key {
    struct slice svix_id;
    size_t index;
};

static int by_key(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    int order = slice_compare(x->svix_id, y->svix_id);
    if (order != 0)
        return order;
    return x->index < y->index ? -1 : x->index > y->index;
}

static bool sort_svix_ids(struct pg_plan *plan)
{
    struct key *keys = calloc(plan->count, sizeof(*keys));
    if (!keys)
        return false;
    for (size_t i = 0; i < plan->count; i++)
        keys[i] = (struct key){ plan->events[i].ledger.svix_id, i };
    qsort(keys, plan->count, sizeof(*keys), by_key);
    for (size_t i = 0; i < plan->count; i++)
        plan->by_svix_id[i] = keys[i].index;
    free(keys);
    return true;
}

/* The first planned event with this svix-id; count: none. */
static size_t find_event(const struct pg_plan *plan, struct slice svix_id)
{
    size_t low = 0, high = plan->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct slice there = plan->events[plan->by_svix_id[middle]].ledger.svix_id;
        if (slice_compare(there, svix_id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == plan->count)
        return low;
    size_t index = plan->by_svix_id[low];
    return slice_equals(plan->events[index].ledger.svix_id, svix_id) ? index : plan->count;
}

/* --- tombstones --- */

static int by_id(const void *a, const void *b)
{
    const struct pg_grave *x = a, *y = b;
    return slice_compare(x->id, y->id);
}

struct pg_grave *pg_plan_grave(struct store_postgres *store, struct slice id)
{
    struct pg_grave wanted = { .id = id };
    if (!store->plan.is_on)
        return NULL;
    return bsearch(&wanted, store->plan.graves, store->plan.grave_count, sizeof(wanted), by_id);
}

static void add_grave(struct pg_plan *plan, struct slice id)
{
    if (id.len > 0)
        plan->graves[plan->grave_count++] = (struct pg_grave){ .id = id };
}

static void add_grave_in(struct pg_plan *plan, const struct row *row, const char *column)
{
    size_t i = column && row->values ? catalog_column_index(row->table, column)
                                     : row->table->column_count;
    if (i < row->table->column_count && row->values[i].kind == VALUE_TEXT)
        add_grave(plan, row->values[i].text);
}

/* Each object, user and organization that the events speak of, once, in order. */
static void collect_graves(struct pg_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct row *row = plan->events[i].row;
        if (!row)
            continue;
        add_grave(plan, row->clerk_id);
        add_grave_in(plan, row, row->table->user_column);
        add_grave_in(plan, row, row->table->organization_column);
    }
    if (plan->grave_count == 0)
        return;
    qsort(plan->graves, plan->grave_count, sizeof(*plan->graves), by_id);
    size_t kept = 1;
    for (size_t i = 1; i < plan->grave_count; i++)
        if (!slice_equals(plan->graves[i].id, plan->graves[kept - 1].id))
            plan->graves[kept++] = plan->graves[i];
    plan->grave_count = kept;
}

/* --- what the database says --- */

static void on_recorded(struct store_postgres *store, const struct pg_result *answer, size_t place)
{
    (void)place;
    for (size_t i = 0; i < pg_rows(answer); i++) {
        size_t index = find_event(&store->plan, pg_slice(answer, i, 0));
        if (index == store->plan.count)
            continue;
        store->plan.fates[index].is_recorded = true;
        store->plan.recorded_count++;
    }
}

static void on_graves(struct store_postgres *store, const struct pg_result *answer, size_t place)
{
    (void)place;
    for (size_t i = 0; i < pg_rows(answer); i++) {
        struct pg_grave *grave = pg_plan_grave(store, pg_slice(answer, i, 0));
        if (grave)
            *grave = (struct pg_grave){ grave->id, true, pg_number(answer, i, 1) };
    }
}

/* Of the ledger. */
enum { LEDGER_COLUMNS = 8 };

/* In the order of svix-ids, so that two workers never wait for each other's rows. */
static void append_column(struct buf *out, const struct pg_plan *plan, size_t column)
{
    pg_array_begin(out, column >= 4 && column <= 6, plan->count);
    for (size_t i = 0; i < plan->count; i++) {
        const struct store_ledger_row *row = &plan->events[plan->by_svix_id[i]].ledger;
        const struct slice texts[] = { row->svix_id, pg_clean_type(row->type), row->clerk_id,
                                       row->instance_id };
        const int64_t numbers[] = { row->event_at, row->received_at, row->processed_at };
        if (column < 4)
            pg_array_text(out, texts[column], column > 0);
        else if (column < 7)
            pg_array_number(out, numbers[column - 4], column < 6);
        else
            pg_array_text(out, slice_of(store_outcome_name(row->outcome)), false);
    }
}

static enum status record_all(struct store_postgres *store)
{
    struct pg_call many = pg_call_fixed(store, PG_RECORD_MANY);
    size_t ends[LEDGER_COLUMNS + 1] = { 0 };
    buf_clear(&store->text);
    for (size_t i = 0; i < LEDGER_COLUMNS; i++) {
        append_column(&store->text, &store->plan, i);
        ends[i + 1] = store->text.len;
    }
    if (buf_status(&store->text) != STATUS_OK)
        return pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    for (size_t i = 0; i < LEDGER_COLUMNS; i++)
        pg_text(&many, (struct slice){ store->text.ptr + ends[i], ends[i + 1] - ends[i] });
    return pg_send(&many, on_recorded, 0);
}

/* Not prepared, and so planned for the table as it is: PostgreSQL keeps the plan of a prepared
 * statement, and one made for a small table reads all of a large one, once for each text. */
static struct pg_call planned_anew(struct store_postgres *store, enum pg_fixed which)
{
    return pg_call_once(store, pg_fixed_text(which));
}

static enum status find_graves(struct store_postgres *store)
{
    struct pg_call c = planned_anew(store, PG_TOMBSTONE_FIND_MANY);
    buf_clear(&store->text);
    pg_array_begin(&store->text, false, store->plan.grave_count);
    for (size_t i = 0; i < store->plan.grave_count; i++)
        pg_array_text(&store->text, store->plan.graves[i].id, false);
    if (buf_status(&store->text) != STATUS_OK)
        return pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    pg_text(&c, buf_slice(&store->text));
    return pg_send(&c, on_graves, 0);
}

static void on_retrying(struct store_postgres *store, const struct pg_result *answer, size_t place)
{
    (void)place;
    for (size_t i = 0; i < pg_rows(answer); i++) {
        size_t index = find_event(&store->plan, pg_slice(answer, i, 0));
        if (index < store->plan.count)
            store->plan.fates[index].is_retrying = true;
    }
}

/* Of events that are in the ledger already, which are few: the others cost no look for it. */
static enum status find_retrying(struct store_postgres *store)
{
    struct pg_call c = planned_anew(store, PG_RETRYING_MANY);
    buf_clear(&store->text);
    append_column(&store->text, &store->plan, 0);
    if (buf_status(&store->text) != STATUS_OK)
        return pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    pg_text(&c, buf_slice(&store->text));
    enum status st = pg_send(&c, on_retrying, 0);
    return st == STATUS_OK ? pg_settle_all(store) : st;
}

static bool make_plan(struct pg_plan *plan, struct store_plan *plans, size_t count)
{
    *plan = (struct pg_plan){ .events = plans, .count = count, .current = count };
    plan->fates = calloc(count, sizeof(*plan->fates));
    plan->by_svix_id = calloc(count, sizeof(*plan->by_svix_id));
    plan->graves = calloc(count * 3, sizeof(*plan->graves));
    if (!plan->fates || !plan->by_svix_id || !plan->graves)
        return false;
    qsort(plans, count, sizeof(*plans), by_object);
    plan->is_on = sort_svix_ids(plan);
    collect_graves(plan);
    return plan->is_on;
}

enum status store_postgres_plan(struct store *base, struct store_plan *plans, size_t count)
{
    struct store_postgres *store = store_postgres_of(base);
    assert(store->in_transaction && !store->plan.is_on && count > 0);
    bool deletes = false;
    for (size_t i = 0; i < count; i++)
        deletes = deletes || plans[i].is_delete;
    if (!make_plan(&store->plan, plans, count)) {
        pg_plan_end(&store->plan);
        return pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    }
    enum status st = pg_take_turn(store, !deletes);
    if (st == STATUS_OK)
        st = record_all(store);
    if (st == STATUS_OK && store->plan.grave_count > 0)
        st = find_graves(store);
    if (st == STATUS_OK)
        st = pg_settle_all(store);
    return st == STATUS_OK && store->plan.recorded_count < count ? find_retrying(store) : st;
}

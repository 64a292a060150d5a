#include <stdint.h>

#include "worker/store_postgres_parts.h"

/* $1 and so on are given in this order by the callers. */
static const char *const texts[PG_FIXED_COUNT] = {
    /* The isolation that the guards are written for, whatever the role's default is. */
    [PG_BEGIN] = "BEGIN ISOLATION LEVEL READ COMMITTED",
    [PG_COMMIT] = "COMMIT",
    [PG_SAVEPOINT] = "SAVEPOINT event",
    [PG_RELEASE] = "RELEASE event",
    [PG_ROLLBACK_TO] = "ROLLBACK TO event",
    [PG_PING] = "SELECT 1 FROM tombstones LIMIT 1",
    /* A lock for each schema; the first number is ours. */
    [PG_TURN] = "SELECT pg_advisory_xact_lock(1668053857, hashtext(current_schema()::text))",
    [PG_TURN_SHARED] =
        "SELECT pg_advisory_xact_lock_shared(1668053857, hashtext(current_schema()::text))",
    [PG_RECORD] = "INSERT INTO webhook_events (svix_id, type, clerk_id, instance_id, event_at, "
                  "received_at, processed_at, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
                  "ON CONFLICT (svix_id) DO NOTHING",
    [PG_RECORD_MANY] =
        "INSERT INTO webhook_events (svix_id, type, clerk_id, instance_id, event_at, "
        "received_at, processed_at, outcome) SELECT unnest($1::text[]), unnest($2::text[]), "
        "unnest($3::text[]), unnest($4::text[]), unnest($5::bigint[]), unnest($6::bigint[]), "
        "unnest($7::bigint[]), unnest($8::text[]) ON CONFLICT (svix_id) DO NOTHING "
        "RETURNING svix_id",
    [PG_RETRYING_MANY] = "SELECT svix_id FROM webhook_events WHERE svix_id = ANY ($1::text[]) "
                         "AND outcome = 'retrying'",
    [PG_SET_OUTCOME] = "UPDATE webhook_events SET outcome = $2 WHERE svix_id = $1",
    [PG_PRUNE] = "DELETE FROM webhook_events WHERE svix_id IN (SELECT svix_id FROM webhook_events "
                 "WHERE processed_at < $1 ORDER BY processed_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
    [PG_BURY] =
        "INSERT INTO dead_letters (svix_id, type, reason, attempts, body, received_at, failed_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (svix_id) DO UPDATE SET "
        "type = excluded.type, reason = excluded.reason, attempts = excluded.attempts, "
        "body = excluded.body, received_at = excluded.received_at, failed_at = excluded.failed_at",
    [PG_REOPEN] =
        "INSERT INTO webhook_events (svix_id, type, received_at, processed_at, outcome) "
        "SELECT svix_id, type, received_at, $2::bigint, 'retrying' FROM dead_letters "
        "WHERE svix_id = $1 ON CONFLICT (svix_id) DO UPDATE SET outcome = excluded.outcome, "
        "processed_at = excluded.processed_at",
    [PG_TAKE_RETRY] = "DELETE FROM webhook_events WHERE svix_id = $1 AND outcome = 'retrying'",
    [PG_END_RETRY] = "UPDATE webhook_events SET outcome = 'dead' "
                     "WHERE svix_id = $1 AND outcome = 'retrying'",
    [PG_DROP_DEAD] = "DELETE FROM dead_letters WHERE svix_id = $1",
    [PG_ATTEMPT] = "INSERT INTO worker_attempts (svix_id, count) VALUES ($1, 1) "
                   "ON CONFLICT (svix_id) DO UPDATE SET count = worker_attempts.count + 1 "
                   "RETURNING count",
    [PG_ATTEMPT_DONE] = "DELETE FROM worker_attempts WHERE svix_id = $1",
    [PG_TOMBSTONE_FIND] = "SELECT event_at FROM tombstones WHERE clerk_id = $1",
    [PG_TOMBSTONE_FIND_MANY] =
        "SELECT clerk_id, event_at FROM tombstones WHERE clerk_id = ANY ($1::text[])",
    [PG_TOMBSTONE_ADD] = "INSERT INTO tombstones (clerk_id, object, event_at) "
                         "VALUES ($1, $2, $3) ON CONFLICT (clerk_id) DO NOTHING",
    [PG_TOMBSTONE_LOWER] =
        "UPDATE tombstones SET event_at = $2 WHERE clerk_id = $1 AND event_at > $2",
    [PG_COUNT_DEAD] = "SELECT count(*) FROM dead_letters",
    [PG_LAST_EVENT] = "SELECT coalesce(received_at, processed_at) FROM webhook_events "
                      "ORDER BY processed_at DESC LIMIT 1",
};

const char *pg_fixed_text(enum pg_fixed which)
{
    return texts[which];
}

enum { OID_TEXT = 25, OID_BIGINT = 20 };

static void append_u32(struct buf *out, uint32_t number)
{
    char bytes[4];
    for (int i = 0; i < 4; i++)
        bytes[i] = (char)(unsigned char)(number >> (24 - 8 * i));
    buf_append(out, (struct slice){ bytes, sizeof(bytes) });
}

void pg_array_begin(struct buf *out, bool is_numbers, size_t count)
{
    append_u32(out, 1); /* dimension */
    append_u32(out, 1); /* some may be NULL */
    append_u32(out, is_numbers ? OID_BIGINT : OID_TEXT);
    append_u32(out, (uint32_t)count);
    append_u32(out, 1); /* counted from */
}

void pg_array_text(struct buf *out, struct slice text, bool empty_is_null)
{
    bool is_null = empty_is_null && text.len == 0;
    append_u32(out, is_null ? UINT32_MAX : (uint32_t)text.len);
    buf_append(out, text);
}

void pg_array_number(struct buf *out, int64_t number, bool zero_is_null)
{
    bool is_null = zero_is_null && number == 0;
    append_u32(out, is_null ? UINT32_MAX : 8);
    if (is_null)
        return;
    append_u32(out, (uint32_t)((uint64_t)number >> 32));
    append_u32(out, (uint32_t)(uint64_t)number);
}

void pg_array_value(struct buf *out, bool is_number, const struct value *value)
{
    bool is_null = value->kind == VALUE_NULL;
    if (is_number)
        pg_array_number(out, is_null ? 0 : value->number, is_null);
    else
        pg_array_text(out, is_null ? (struct slice){ NULL, 0 } : value->text, is_null);
}

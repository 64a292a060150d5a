#include "worker/move.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/fault.h"
#include "worker/listing.h"
#include "worker/store_postgres_copy.h"
#include "worker/store_read.h"
#include "worker/store_sqlite_copy.h"

/* A table, and how far it is. */
struct work {
    struct move_table table;
    /* as the source is now */
    struct move_mark mark;
    /* as the target has it, or shall have it from the beginning */
    struct copy_place place;
    /* of the source's texts, in a dry run */
    int64_t bytes;
    struct move_comparison comparison;
};

struct move {
    const struct move_conf *conf;
    struct move_pair pair;
    struct work *works;
    size_t count;
    /* a copy is under way at the target */
    bool is_begun;
    /* rows: at the source, copied by an earlier run, at a target without a copy under way */
    int64_t rows, copied, there;
};

static int64_t now_ms(void)
{
    return clock_system.mono_ms();
}

static enum status refuse(struct move *m, enum status st, const char *table, const char *why)
{
    snprintf(m->pair.why, sizeof(m->pair.why), "%s%s%s", table, *table ? ": " : "", why);
    return st;
}

/* --- what is there --- */

static enum status open_source(struct move *m)
{
    enum status st = store_sqlite_copy_open(m->conf->from, m->conf->dry_run, &m->pair.from,
                                            m->pair.why);
    for (size_t i = 0; st == STATUS_OK && i < m->count; i++) {
        struct work *work = &m->works[i];
        work->table = move_table_at(i);
        st = move_pair_from(&m->pair,
                            store_sqlite_copy_mark(m->pair.from, &work->table, &work->mark));
        work->place = (struct copy_place){ .source_rows = work->mark.rows,
                                           .source_mark = work->mark.mark };
        m->rows += work->mark.rows;
    }
    return st;
}

static enum status open_target(struct move *m)
{
    struct store_conf where = { .url = m->conf->to, .is_copy = true };
    if (!m->conf->dry_run)
        return store_open(&where, &m->pair.to, m->pair.why);
    enum status st = store_open_to_read(m->conf->to, &m->pair.to, m->pair.why);
    return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

static enum status read_place(struct move *m, struct work *work)
{
    enum status st = move_pair_to(
        &m->pair, store_postgres_copy_place(m->pair.to, &work->table, &work->place));
    if (st != STATUS_OK)
        return st;
    m->copied += work->place.copied;
    if (work->place.source_rows == work->mark.rows && work->place.source_mark == work->mark.mark)
        return STATUS_OK;
    return refuse(m, STATUS_FATAL, work->table.name,
                  "the SQLite database has changed since this copy began; drop the target's tables "
                  "(or its schema) and start again");
}

static enum status refuse_foreign(struct move *m, struct work *work)
{
    const struct move_comparison *c = &work->comparison;
    enum status st = move_pair_compare(&m->pair, &work->table, work->mark.rows, &work->comparison);
    move_report_clear(&m->pair.report);
    if (st != STATUS_OK || (c->foreign <= 0 && c->different == 0))
        return st;
    return refuse(m, STATUS_FATAL, work->table.name,
                  "the target holds rows of another origin; empty it, or name a schema of its own: "
                  "?schema=clerk at the end of --to");
}

/* Where no copy is under way there may be nothing but rows of the source. */
static enum status check_rows(struct move *m, struct work *work)
{
    int64_t there = 0;
    enum status st = move_pair_to(&m->pair,
                                  store_postgres_copy_count(m->pair.to, &work->table, &there));
    m->there += there;
    if (st != STATUS_OK || there == 0)
        return st;
    m->pair.report = move_report_begin(m->conf->out, m->conf->is_terminal, work->mark.rows, 0,
                                       now_ms());
    return refuse_foreign(m, work);
}

static enum status look_at_target(struct move *m)
{
    if (!m->pair.to)
        return STATUS_OK;
    enum status st = move_pair_to(&m->pair, store_postgres_copy_is_begun(m->pair.to, &m->is_begun));
    for (size_t i = 0; st == STATUS_OK && i < m->count; i++)
        st = m->is_begun ? read_place(m, &m->works[i]) : check_rows(m, &m->works[i]);
    return st;
}

/* --- copying --- */

static enum status copy_portion(struct move *m, struct work *work, bool *ret_is_end)
{
    struct move_portion portion = { 0 };
    struct copy_place *place = &work->place;
    enum status st = move_pair_next(&m->pair, &work->table, &place->last, &portion);
    int64_t count = (int64_t)portion.row_count;
    *ret_is_end = count == 0;
    if (st == STATUS_OK && count > 0)
        st = move_pair_to(&m->pair,
                          store_postgres_copy_write(m->pair.to, &portion, place->copied + count));
    move_portion_release(&portion);
    if (st != STATUS_OK || count == 0)
        return st;
    place->copied += count;
    move_report_step(&m->pair.report, "copied", work->table.name, count, place->copied,
                     work->mark.rows, now_ms());
    return st;
}

static enum status copy_all(struct move *m)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < m->count; i++)
        for (bool is_end = false; st == STATUS_OK && !is_end;)
            st = copy_portion(m, &m->works[i], &is_end);
    return st;
}

static enum status begin_copy(struct move *m)
{
    struct copy_place *places = calloc(m->count, sizeof(*places));
    if (!places)
        return refuse(m, STATUS_NO_MEMORY, "", "out of memory");
    for (size_t i = 0; i < m->count; i++)
        places[i] = m->works[i].place;
    enum status st = move_pair_to(&m->pair, store_postgres_copy_begin(m->pair.to, places));
    free(places);
    return st;
}

/* --- proving --- */

static enum status prove_table(struct move *m, struct work *work)
{
    const struct move_comparison *c = &work->comparison;
    enum status st = move_pair_compare(&m->pair, &work->table, work->mark.rows, &work->comparison);
    if (st != STATUS_OK || (c->missing == 0 && c->different == 0 && c->foreign == 0))
        return st;
    snprintf(m->pair.why, sizeof(m->pair.why),
             "%s is not the same: %" PRId64 " rows with checksum %016" PRIx64 " in SQLite, %" PRId64
             " with %016" PRIx64 " in PostgreSQL%s%s",
             work->table.name, c->rows, c->sum_from, c->rows - c->missing + c->foreign, c->sum_to,
             c->first[0] ? "; the first row that differs: " : "", c->first);
    return STATUS_BAD_DATA;
}

static enum status prove_all(struct move *m)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < m->count; i++)
        st = prove_table(m, &m->works[i]);
    return st;
}

static void print_moved(const struct move *m)
{
    static const struct listing_column columns[] = { { "TABLE", 26 },
                                                     { "ROWS", 12 },
                                                     { "CHECKSUM", 0 } };
    char sum[LISTING_CELL_MAX];
    struct listing list = listing_begin(m->conf->out, m->conf->is_terminal, columns, 3);
    for (size_t i = 0; i < m->count; i++) {
        snprintf(sum, sizeof(sum), "%016" PRIx64, m->works[i].comparison.sum_to);
        listing_cell(&list, slice_of(m->works[i].table.name));
        listing_number(&list, m->works[i].comparison.rows);
        listing_cell(&list, slice_of(sum));
    }
    fprintf(m->conf->out,
            "moved %" PRId64 " rows, the same on both sides; now give the workers the new "
            "DATABASE_URL\n",
            m->rows);
}

static enum status move_all(struct move *m)
{
    enum status st = m->is_begun ? STATUS_OK : begin_copy(m);
    m->pair.report = move_report_begin(m->conf->out, m->conf->is_terminal, 2 * m->rows, m->copied,
                                       now_ms());
    if (st == STATUS_OK)
        st = copy_all(m);
    if (st == STATUS_OK)
        st = prove_all(m);
    FAULT_POINT("before_moved", SLICE(""));
    if (st == STATUS_OK)
        st = move_pair_to(&m->pair, store_postgres_copy_end(m->pair.to));
    move_report_clear(&m->pair.report);
    if (st == STATUS_OK)
        print_moved(m);
    return st;
}

/* --- only looking --- */

static void print_plan(const struct move *m)
{
    static const struct listing_column columns[] = { { "TABLE", 26 },
                                                     { "ROWS", 12 },
                                                     { "SIZE", 0 } };
    struct listing list = listing_begin(m->conf->out, m->conf->is_terminal, columns, 3);
    for (size_t i = 0; i < m->count; i++) {
        char size[LISTING_CELL_MAX];
        listing_size(m->works[i].bytes, size);
        listing_cell(&list, slice_of(m->works[i].table.name));
        listing_number(&list, m->works[i].mark.rows);
        listing_cell(&list, slice_of(size));
    }
    fprintf(m->conf->out, "dry run: %" PRId64 " rows to copy, ", m->rows - m->copied);
    if (!m->pair.to)
        fputs("into tables that are still to be made\n", m->conf->out);
    else if (m->is_begun)
        fprintf(m->conf->out, "%" PRId64 " are there from a copy that goes on\n", m->copied);
    else
        fprintf(m->conf->out, "%" PRId64 " of them are there already\n", m->there);
}

static enum status look_only(struct move *m)
{
    enum status st = STATUS_OK;
    m->pair.report = move_report_begin(m->conf->out, m->conf->is_terminal, m->rows, 0, now_ms());
    for (size_t i = 0; st == STATUS_OK && i < m->count; i++)
        st = move_pair_read(&m->pair, &m->works[i].table, m->works[i].mark.rows,
                            &m->works[i].bytes);
    move_report_clear(&m->pair.report);
    if (st == STATUS_OK)
        print_plan(m);
    return st;
}

static void release(struct move *m)
{
    for (size_t i = 0; m->works && i < m->count; i++)
        move_key_release(&m->works[i].place.last);
    free(m->works);
    store_close(m->pair.to);
    store_close(m->pair.from);
}

enum status move_run(const struct move_conf *conf, char ret_why[MOVE_ERROR_MAX])
{
    struct move m = { .conf = conf, .count = move_table_count() };
    m.works = calloc(m.count, sizeof(*m.works));
    enum status st = m.works ? open_source(&m) : refuse(&m, STATUS_NO_MEMORY, "", "out of memory");
    if (st == STATUS_OK)
        st = open_target(&m);
    if (st == STATUS_OK)
        st = look_at_target(&m);
    if (st == STATUS_OK)
        st = conf->dry_run ? look_only(&m) : move_all(&m);
    if (st != STATUS_OK)
        snprintf(ret_why, MOVE_ERROR_MAX, "%s", m.pair.why);
    release(&m);
    return st;
}

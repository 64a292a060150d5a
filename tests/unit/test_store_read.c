/* Looking into the database from outside, and the import that compares before it writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_fixture.h"
#include "worker/catalog.h"
#include "worker/importer.h"
#include "worker/store_read.h"

static void a_database_that_is_not_there_is_not_created(void **state)
{
    struct fixture *f = *state;
    fixture_needs_sqlite(f);
    assert_int_equal(STATUS_NOT_FOUND, store_open_to_read(f->url, &f->store, f->why));
    assert_non_null(strstr(f->why, "there is no database yet"));
    assert_int_not_equal(0, access(f->path, F_OK));
    fixture_write_file(f->path, 0, "", 0);
    assert_int_equal(STATUS_NOT_FOUND, store_open_to_read(f->url, &f->store, f->why));
    assert_non_null(strstr(f->why, "no tables yet"));
}

static void a_file_that_is_no_database_is_said_so(void **state)
{
    struct fixture *f = *state;
    fixture_needs_sqlite(f);
    static const char text[] = "this is no database, but it is long enough to be looked at by one";
    fixture_write_file(f->path, 0, text, sizeof text);
    assert_int_equal(STATUS_FATAL, store_open_to_read(f->url, &f->store, f->why));
    assert_non_null(strstr(f->why, "not a database"));
    assert_int_equal(STATUS_INVALID, store_open_to_read("mysql:x", &f->store, f->why));
}

static void counts_are_read_while_a_writer_has_the_file(void **state)
{
    struct fixture *f = *state;
    struct store *reader = NULL;
    struct store_counts counts;
    fixture_begin(f);
    for (int i = 0; i < 5; i++) {
        char id[16];
        snprintf(id, sizeof id, "msg_%d", i);
        assert_int_equal(STATUS_OK, fixture_record(f->store, id, 100 + i));
    }
    fixture_commit(f);
    fixture_begin(f); /* the turn is taken */
    assert_int_equal(STATUS_OK, store_open_to_read(f->url, &reader, f->why));
    assert_int_equal(STATUS_OK, store_count(reader, 103, &counts));
    fixture_commit(f);
    assert_int_equal(5, counts.ledger_rows);
    assert_int_equal(2, counts.ledger_recent);
    assert_int_equal(104, counts.last_processed_ms);
    assert_int_equal(0, counts.dead_letters);
    assert_int_equal(STORE_SCHEMA_VERSION, counts.schema_version);
    assert_true(counts.file_bytes > 0 && (f->schema[0] || counts.log_bytes > 0));
    store_close(reader);
}

static void note_type(void *arg, struct slice type, int64_t last_ms, int64_t count)
{
    char *text = arg;
    size_t len = strlen(text);
    snprintf(text + len, FIXTURE_TEXT_MAX - len, "%.*s %d %d;", SLICE_ARG(type), (int)last_ms,
             (int)count);
}

static void types_come_with_the_latest_first(void **state)
{
    struct fixture *f = *state;
    char text[FIXTURE_TEXT_MAX] = "";
    fixture_exec(f, "INSERT INTO webhook_events (svix_id, type, processed_at, outcome) VALUES "
                    "('1', 'a', 5, 'applied'), ('2', 'b', 9, 'dead'), ('3', 'a', 7, 'stale'), "
                    "('4', NULL, 6, 'ignored')");
    assert_int_equal(STATUS_OK, store_each_type(f->store, note_type, text));
    assert_string_equal("b 9 1;a 7 2; 6 1;", text);
}

/* --- import --- */

struct import {
    struct importer *importer;
    char *out;
    size_t out_len;
    char *complaints;
    size_t complaints_len;
};

static struct import import_begin(struct fixture *f, const char *kind, bool dry_run,
                                  struct import *i)
{
    i->importer = calloc(1, sizeof *i->importer);
    assert_non_null(i->importer);
    i->importer->store = f->store;
    i->importer->object = importer_find(kind);
    assert_non_null(i->importer->object);
    i->importer->dry_run = dry_run;
    i->importer->out = open_memstream(&i->out, &i->out_len);
    i->importer->complaints = open_memstream(&i->complaints, &i->complaints_len);
    return *i;
}

static void import_end(struct import *i)
{
    fclose(i->importer->out);
    fclose(i->importer->complaints);
    importer_release(i->importer);
    free(i->importer);
    free(i->out);
    free(i->complaints);
}

/* Imports objects (ended by NULL) as kind; "inserted updated unchanged stale refused", then what
 * was printed. Valid until the next call. */
static const char *import(struct fixture *f, const char *kind, bool dry_run,
                          const char *const *objects)
{
    struct import i = { 0 };
    import_begin(f, kind, dry_run, &i);
    for (; *objects; objects++)
        assert_int_equal(STATUS_OK, importer_add(i.importer, slice_of(*objects)));
    assert_int_equal(STATUS_OK, importer_flush(i.importer));
    const struct import_counts *c = &i.importer->counts;
    fflush(i.importer->out);
    fflush(i.importer->complaints);
    snprintf(f->text, sizeof f->text, "%d %d %d %d %d %s%s", (int)c->inserted, (int)c->updated,
             (int)c->unchanged, (int)c->stale, (int)c->refused, i.out ? i.out : "",
             i.complaints ? i.complaints : "");
    import_end(&i);
    return f->text;
}

#define ROLE(id, key, at)                                                                          \
    "{\"id\":\"" id "\",\"key\":\"" key "\",\"permissions\":[ 1 ],\"updated_at\":" at "}"
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void objects_are_inserted_updated_left_alone_or_stale(void **state)
{
    struct fixture *f = *state;
    assert_string_equal("2 0 0 0 0 ", import(f, "roles", false,
                                             LIST(ROLE("r1", "a", "50"), ROLE("r2", "b", "50"))));
    assert_string_equal("0 1 1 1 0 ", import(f, "roles", false,
                                             LIST(ROLE("r1", "a2", "51"), ROLE("r2", "b", "50"),
                                                  ROLE("r1", "old", "49"))));
    assert_string_equal("a2|51|51;b|50|50;",
                        fixture_query(f, "SELECT key, event_at, updated_at FROM roles ORDER BY "
                                         "clerk_id"));
    assert_string_equal("0;", fixture_query(f, "SELECT count(*) FROM webhook_events"));
}

static void a_dry_run_names_what_differs_and_undoes_it(void **state)
{
    struct fixture *f = *state;
    import(f, "roles", false, LIST(ROLE("r1", "a", "50")));
    assert_string_equal(
        "1 1 0 1 0 update r1: updated_at, key\ninsert r2\nstale r1: updated_at\n",
        import(f, "roles", true,
               LIST(ROLE("r1", "x", "51"), ROLE("r2", "b", "50"), ROLE("r1", "a", "49"))));
    assert_string_equal("r1|a;", fixture_query(f, "SELECT clerk_id, key FROM roles"));
}

static void a_row_that_an_event_wrote_later_is_not_touched(void **state)
{
    struct fixture *f = *state;
    fixture_put(f, "roles", "r1", 60, 55, "key", "hook", NULL);
    assert_string_equal("0 0 0 1 0 ", import(f, "roles", false, LIST(ROLE("r1", "api", "59"))));
    assert_string_equal("0 1 0 0 0 ", import(f, "roles", false, LIST(ROLE("r1", "api", "60"))));
}

static void a_deleted_object_is_not_brought_back(void **state)
{
    struct fixture *f = *state;
    fixture_delete(f, "roles", "r1", 40);
    assert_string_equal("0 0 0 1 0 deleted r1\n",
                        import(f, "roles", true, LIST(ROLE("r1", "api", "99"))));
}

static void child_rows_count_as_differences(void **state)
{
    struct fixture *f = *state;
    fixture_put_user(f, "user_1", 50, "Ada", "e1 e2");
    assert_string_equal("0 1 0 0 0 update user_1: updated_at, first_name, user_emails.clerk_id\n",
                        import(f, "users", true, LIST("{\"id\":\"user_1\",\"updated_at\":51}")));
    assert_string_equal("2;", fixture_query(f, "SELECT count(*) FROM user_emails"));
}

static void what_cannot_be_applied_is_refused_alone(void **state)
{
    struct fixture *f = *state;
    const char *said = import(
        f, "roles", false,
        LIST("5", "{\"key\":\"x\"}", "{\"id\":\"r9\",\"key\":[]}", ROLE("r1", "a", "50")));
    assert_int_equal(0, strncmp(said, "1 0 0 0 3 refused an object without id: ", 40));
    assert_non_null(strstr(said, "\nrefused r9: roles.key: "));
}

static void a_portion_and_one_more_are_all_applied(void **state)
{
    struct fixture *f = *state;
    struct import i = { 0 };
    import_begin(f, "roles", false, &i);
    for (int n = 0; n <= IMPORT_PORTION; n++) {
        char object[64];
        snprintf(object, sizeof object, "{\"id\":\"r%d\",\"updated_at\":%d}", n, n + 1);
        assert_int_equal(STATUS_OK, importer_add(i.importer, slice_of(object)));
    }
    assert_int_equal(IMPORT_PORTION, i.importer->counts.inserted); /* the last one waits */
    assert_int_equal(STATUS_OK, importer_flush(i.importer));
    assert_int_equal(IMPORT_PORTION + 1, i.importer->counts.inserted);
    import_end(&i);
}

static void kinds_are_known_by_word_table_and_prefix(void **state)
{
    static const char *const names[][2] = { { "users", "user" },
                                            { "memberships", "organizationMembership" },
                                            { "organization_domains", "organizationDomain" },
                                            { "waitlist", "waitlistEntry" },
                                            { "sms", "sms" } };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_string_equal(names[i][1], importer_find(names[i][0])->prefix);
    for (size_t i = 0; importer_word(i); i++)
        assert_non_null(importer_find(importer_word(i)));
    assert_null(importer_find("cats"));
    assert_null(importer_find("user_emails"));
    assert_null(importer_find("other_objects"));
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_hard, fixture_end)
#define C(test) cmocka_unit_test_setup_teardown(test, fixture_closed, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        C(a_database_that_is_not_there_is_not_created),
        C(a_file_that_is_no_database_is_said_so),
        T(counts_are_read_while_a_writer_has_the_file),
        T(types_come_with_the_latest_first),
        T(objects_are_inserted_updated_left_alone_or_stale),
        T(a_dry_run_names_what_differs_and_undoes_it),
        T(a_row_that_an_event_wrote_later_is_not_touched),
        T(a_deleted_object_is_not_brought_back),
        T(child_rows_count_as_differences),
        T(what_cannot_be_applied_is_refused_alone),
        T(a_portion_and_one_more_are_all_applied),
        cmocka_unit_test(kinds_are_known_by_word_table_and_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

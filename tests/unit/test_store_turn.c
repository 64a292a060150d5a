#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "store_fixture.h"
#include "worker/catalog.h"
#include "worker/store_sqlite.h"

/* Transactions, turns of several processes, checkpoints. */

static void begin(struct fixture *f)
{
    assert_int_equal(store_begin(f->store), STATUS_OK);
}

static void commit(struct fixture *f)
{
    assert_int_equal(store_commit(f->store), STATUS_OK);
}

static enum status record(struct store *store, const char *svix_id, int64_t processed_at)
{
    struct store_ledger_row row = { .svix_id = slice_of(svix_id),
                                    .type = SLICE("user.created"),
                                    .processed_at = processed_at,
                                    .outcome = STORE_APPLIED };
    return store_record(store, &row);
}

/* --- savepoints --- */

static void a_savepoint_undoes_one_event_alone(void **state)
{
    struct fixture *f = *state;
    begin(f);
    assert_int_equal(record(f->store, "msg_1", 1), STATUS_OK);
    assert_int_equal(store_savepoint(f->store), STATUS_OK);
    assert_int_equal(record(f->store, "msg_2", 2), STATUS_OK);
    assert_int_equal(store_rollback_to(f->store), STATUS_OK);
    assert_int_equal(record(f->store, "msg_3", 3), STATUS_OK);
    assert_int_equal(store_release(f->store), STATUS_OK);
    assert_int_equal(store_savepoint(f->store), STATUS_OK);
    assert_int_equal(record(f->store, "msg_4", 4), STATUS_OK);
    assert_int_equal(store_release(f->store), STATUS_OK);
    commit(f);
    assert_string_equal(fixture_query(f, "SELECT svix_id FROM webhook_events ORDER BY 1"),
                        "msg_1;msg_3;msg_4;");
}

static void the_transaction_goes_on_after_bad_data(void **state)
{
    struct fixture *f = *state;
    struct store_ledger_row row = { .svix_id = SLICE("msg_2"), .outcome = STORE_APPLIED };
    struct value values[40] = { { VALUE_NULL, 0, { NULL, 0 } } };
    values[catalog_column_index(fixture_table("users"), "banned")] =
        (struct value){ .kind = VALUE_TEXT, .text = SLICE("perhaps") };
    struct row bad = { .table = fixture_table("users"),
                       .clerk_id = SLICE("user_1"),
                       .values = values,
                       .data = SLICE("{}") };
    begin(f);
    assert_int_equal(record(f->store, "msg_1", 1), STATUS_OK);
    assert_int_equal(store_savepoint(f->store), STATUS_OK);
    assert_int_equal(store_record(f->store, &row), STATUS_OK);
    assert_int_equal(store_upsert(f->store, &bad), STATUS_BAD_DATA);
    assert_non_null(strstr(store_why(f->store), "users.banned"));
    assert_int_equal(store_rollback_to(f->store), STATUS_OK);
    assert_int_equal(store_release(f->store), STATUS_OK);
    commit(f);
    assert_string_equal(fixture_query(f, "SELECT svix_id FROM webhook_events"), "msg_1;");
}

static void a_rollback_undoes_everything_and_may_be_repeated(void **state)
{
    struct fixture *f = *state;
    begin(f);
    assert_int_equal(record(f->store, "msg_1", 1), STATUS_OK);
    store_rollback(f->store);
    store_rollback(f->store);
    begin(f);
    assert_int_equal(record(f->store, "msg_1", 2), STATUS_OK);
    commit(f);
    assert_string_equal(fixture_query(f, "SELECT processed_at FROM webhook_events"), "2;");
}

static void closing_undoes_what_was_not_committed(void **state)
{
    struct fixture *f = *state;
    begin(f);
    assert_int_equal(record(f->store, "msg_1", 1), STATUS_OK);
    store_close(f->store);
    f->store = NULL;
    assert_string_equal(fixture_query(f, "SELECT count(*) FROM webhook_events"), "0;");
}

/* --- other programs --- */

static void another_programs_lock_is_unavailable_and_passes(void **state)
{
    struct fixture *f = *state;
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(store_begin(f->store), STATUS_UNAVAILABLE);
    assert_non_null(strstr(store_why(f->store), "locked"));
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    begin(f);
    commit(f);
}

/* Lets files grow to limit_bytes; 0: as far as they like. Without a signal, write(2) just fails. */
static void limit_files(rlim_t limit_bytes)
{
    struct rlimit limit;
    struct sigaction action = { .sa_handler = SIG_IGN };
    assert_int_equal(sigaction(SIGXFSZ, &action, NULL), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = limit_bytes ? limit_bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_disk_that_takes_no_more_is_unavailable_and_nothing_is_half_done(void **state)
{
    struct fixture *f = *state;
    begin(f);
    for (int i = 0; i < 100; i++) {
        char id[32];
        snprintf(id, sizeof(id), "msg_%d", i);
        assert_int_equal(record(f->store, id, 1), STATUS_OK);
    }
    limit_files(4096);
    assert_int_equal(store_commit(f->store), STATUS_UNAVAILABLE);
    limit_files(0);
    begin(f);
    assert_int_equal(record(f->store, "msg_0", 2), STATUS_OK);
    commit(f);
    assert_string_equal(fixture_query(f, "SELECT svix_id, processed_at FROM webhook_events"),
                        "msg_0|2;");
    assert_string_equal(fixture_query(f, "PRAGMA integrity_check"), "ok;");
}

static void nothing_is_written_once_sqlite_has_rolled_back_by_itself(void **state)
{
    struct fixture *f = *state;
    begin(f);
    assert_int_equal(sqlite3_exec(f->store->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(record(f->store, "msg_1", 1), STATUS_UNAVAILABLE);
    assert_int_equal(store_savepoint(f->store), STATUS_UNAVAILABLE);
    assert_int_equal(store_commit(f->store), STATUS_UNAVAILABLE);
    assert_string_equal(fixture_query(f, "SELECT count(*) FROM webhook_events"), "0;");
    begin(f);
    commit(f);
}

/* --- several processes --- */

enum { WRITERS = 3, ROUNDS = 20, ROWS_A_ROUND = 10 };

static int write_rounds(const struct fixture *f, int writer)
{
    struct store_conf conf = { .url = f->url };
    struct store *store = NULL;
    char why[STORE_ERROR_MAX];
    if (store_open(&conf, &store, why) != STATUS_OK)
        return 1;
    for (int round = 0; round < ROUNDS; round++) {
        if (store_begin(store) != STATUS_OK)
            return 2;
        for (int i = 0; i < ROWS_A_ROUND; i++) {
            char id[64];
            snprintf(id, sizeof(id), "msg_%d_%d_%d", writer, round, i);
            if (record(store, id, 1) != STATUS_OK)
                return 3;
        }
        if (store_commit(store) != STATUS_OK || store_maintain(store, round % 3 == 0) != STATUS_OK)
            return 4;
    }
    store_close(store);
    return 0;
}

static int exit_code_of(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void several_processes_create_and_write_one_database(void **state)
{
    struct fixture *f = *state;
    pid_t pids[WRITERS];
    char expected[32];
    for (int i = 0; i < WRITERS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0)
            _exit(write_rounds(f, i));
    }
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(exit_code_of(pids[i]), 0);
    snprintf(expected, sizeof(expected), "%d;", WRITERS * ROUNDS * ROWS_A_ROUND);
    assert_string_equal(fixture_query(f, "SELECT count(*) FROM webhook_events"), expected);
    assert_string_equal(fixture_query(f, "PRAGMA integrity_check"), "ok;");
}

/* A process that is inside a transaction until its standard input ends. */
struct holder {
    pid_t pid;
    int end_it;
};

static void hold(const struct fixture *f, int tell, int wait_for)
{
    struct store_conf conf = { .url = f->url };
    struct store *store = NULL;
    char why[STORE_ERROR_MAX], byte = 'x';
    if (store_open(&conf, &store, why) != STATUS_OK || store_begin(store) != STATUS_OK ||
        record(store, "msg_held", 1) != STATUS_OK || write(tell, &byte, 1) != 1)
        _exit(1);
    (void)!read(wait_for, &byte, 1);
    if (store_commit(store) != STATUS_OK)
        _exit(2);
    store_close(store);
    _exit(0);
}

static struct holder start_holder(const struct fixture *f)
{
    int tell[2], end[2];
    char byte;
    assert_int_equal(pipe(tell), 0);
    assert_int_equal(pipe(end), 0);
    struct holder h = { .pid = fork(), .end_it = end[1] };
    assert_true(h.pid >= 0);
    if (h.pid == 0) {
        close(end[1]);
        hold(f, tell[1], end[0]);
    }
    close(tell[1]);
    close(end[0]);
    assert_int_equal(read(tell[0], &byte, 1), 1);
    close(tell[0]);
    return h;
}

static void end_holder(struct holder *h)
{
    close(h->end_it);
    assert_int_equal(exit_code_of(h->pid), 0);
}

static void a_stop_flag_ends_the_wait_for_the_turn(void **state)
{
    struct fixture *f = *state;
    volatile sig_atomic_t stop = 0;
    struct store_conf conf = { .url = f->url, .stop = &stop };
    assert_int_equal(store_open(&conf, &f->store, f->why), STATUS_OK);
    struct holder h = start_holder(f);
    stop = 1;
    assert_int_equal(store_begin(f->store), STATUS_STOPPED);
    assert_int_equal(store_maintain(f->store, true), STATUS_OK);
    end_holder(&h);
    begin(f); /* a free turn is taken all the same, to finish what is in hand */
    commit(f);
}

static void a_killed_process_gives_its_turn_away(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_open(f, STORE_DELETE_HARD), STATUS_OK);
    struct holder h = start_holder(f);
    assert_int_equal(kill(h.pid, SIGKILL), 0);
    assert_int_equal(exit_code_of(h.pid), -1);
    close(h.end_it);
    begin(f);
    assert_int_equal(record(f->store, "msg_held", 2), STATUS_OK); /* it was not committed */
    commit(f);
}

/* --- checkpoints --- */

static int64_t log_size(const struct fixture *f)
{
    char path[128];
    struct stat st;
    snprintf(path, sizeof(path), "%s-wal", f->path);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

static void put_big_letter(struct fixture *f, int number)
{
    static char body[1024 * 1024];
    char id[32];
    snprintf(id, sizeof(id), "msg_%d", number);
    struct store_dead_letter letter = { .svix_id = slice_of(id),
                                        .reason = SLICE("big"),
                                        .body = { body, sizeof(body) },
                                        .attempts = 1 };
    begin(f);
    assert_int_equal(store_bury(f->store, &letter), STATUS_OK);
    commit(f);
}

static void an_idle_store_empties_the_log(void **state)
{
    struct fixture *f = *state;
    put_big_letter(f, 1);
    assert_true(log_size(f) > 0);
    assert_int_equal(store_maintain(f->store, false), STATUS_OK);
    assert_true(log_size(f) > 0);
    assert_int_equal(store_maintain(f->store, true), STATUS_OK);
    assert_int_equal(log_size(f), 0);
    assert_int_equal(store_maintain(f->store, true), STATUS_OK);
}

static void a_busy_store_keeps_the_log_bounded(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 60; i++) {
        put_big_letter(f, i);
        assert_int_equal(store_maintain(f->store, false), STATUS_OK);
    }
    assert_true(log_size(f) < 20 * 1024 * 1024);
}

static void a_reader_puts_the_checkpoint_off_and_is_no_error(void **state)
{
    struct fixture *f = *state;
    sqlite3 *reader = NULL;
    assert_int_equal(sqlite3_open(f->path, &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM users", NULL, NULL, NULL),
                     SQLITE_OK);
    for (int i = 0; i < 20; i++) {
        put_big_letter(f, i);
        assert_int_equal(store_maintain(f->store, false), STATUS_OK);
    }
    assert_int_equal(store_maintain(f->store, true), STATUS_OK);
    assert_true(log_size(f) > 0);
    assert_int_equal(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(reader);
    assert_int_equal(store_maintain(f->store, true), STATUS_OK);
    assert_int_equal(log_size(f), 0);
}

#define OPEN(test)   cmocka_unit_test_setup_teardown(test, fixture_hard, fixture_end)
#define CLOSED(test) cmocka_unit_test_setup_teardown(test, fixture_closed, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPEN(a_savepoint_undoes_one_event_alone),
        OPEN(the_transaction_goes_on_after_bad_data),
        OPEN(a_rollback_undoes_everything_and_may_be_repeated),
        OPEN(closing_undoes_what_was_not_committed),
        OPEN(another_programs_lock_is_unavailable_and_passes),
        OPEN(a_disk_that_takes_no_more_is_unavailable_and_nothing_is_half_done),
        OPEN(nothing_is_written_once_sqlite_has_rolled_back_by_itself),
        CLOSED(several_processes_create_and_write_one_database),
        CLOSED(a_stop_flag_ends_the_wait_for_the_turn),
        CLOSED(a_killed_process_gives_its_turn_away),
        OPEN(an_idle_store_empties_the_log),
        OPEN(a_busy_store_keeps_the_log_bounded),
        OPEN(a_reader_puts_the_checkpoint_off_and_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

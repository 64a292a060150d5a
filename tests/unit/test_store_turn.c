#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_fixture.h"

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
            if (fixture_record(store, id, 1) != STATUS_OK)
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
        fixture_record(store, "msg_held", 1) != STATUS_OK || write(tell, &byte, 1) != 1)
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
    fixture_begin(f); /* a free turn is taken all the same, to finish what is in hand */
    fixture_commit(f);
}

static void a_killed_process_gives_its_turn_away(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_open(f, STORE_DELETE_HARD), STATUS_OK);
    struct holder h = start_holder(f);
    assert_int_equal(kill(h.pid, SIGKILL), 0);
    assert_int_equal(exit_code_of(h.pid), -1);
    close(h.end_it);
    fixture_begin(f);
    assert_int_equal(fixture_record(f->store, "msg_held", 2), STATUS_OK); /* it was not committed */
    fixture_commit(f);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_closed, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(several_processes_create_and_write_one_database),
        T(a_stop_flag_ends_the_wait_for_the_turn),
        T(a_killed_process_gives_its_turn_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_fixture.h"
#include "worker/store_lock.h"

/* Two struct store_lock of one process are as foreign to each other as those of two processes:
 * flock(2) belongs to the open file. */

static struct store_lock open_lock(const struct fixture *f)
{
    struct store_lock lock;
    assert_int_equal(store_lock_open(f->path, &lock), STATUS_OK);
    return lock;
}

static void the_lock_file_is_private_and_stays(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    struct store_lock lock = open_lock(f);
    char expected[128];
    snprintf(expected, sizeof(expected), "%s.lock", f->path);
    assert_string_equal(lock.path, expected);
    assert_int_equal(stat(lock.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    store_lock_close(&lock);
    assert_int_equal(stat(expected, &st), 0);
}

static void only_one_holds_the_turn(void **state)
{
    struct store_lock a = open_lock(*state), b = open_lock(*state);
    assert_int_equal(store_lock_take(&a, NULL), STATUS_OK);
    assert_false(store_lock_try(&b));
    store_lock_give(&a);
    assert_true(store_lock_try(&b));
    assert_false(store_lock_try(&a));
    store_lock_close(&b);
    assert_true(store_lock_try(&a));
    store_lock_close(&a);
}

static void giving_away_what_is_not_held_does_nothing(void **state)
{
    struct store_lock a = open_lock(*state), b = open_lock(*state);
    assert_int_equal(store_lock_take(&a, NULL), STATUS_OK);
    store_lock_give(&b);
    assert_false(store_lock_try(&b));
    store_lock_close(&a);
    store_lock_close(&a);
    store_lock_close(&b);
}

static void a_stopped_program_still_takes_a_free_turn(void **state)
{
    volatile sig_atomic_t stop = 1;
    struct store_lock a = open_lock(*state);
    assert_int_equal(store_lock_take(&a, &stop), STATUS_OK);
    store_lock_close(&a);
}

static void a_turn_that_nobody_gives_away_is_reported(void **state)
{
    struct store_lock a = open_lock(*state), b = open_lock(*state);
    assert_int_equal(store_lock_take(&a, NULL), STATUS_OK);
    assert_int_equal(store_lock_take(&b, NULL), STATUS_UNAVAILABLE);
    assert_int_equal(errno, ETIMEDOUT);
    store_lock_give(&a);
    assert_int_equal(store_lock_take(&b, NULL), STATUS_OK);
    store_lock_close(&b);
    store_lock_close(&a);
}

static void a_stopped_program_does_not_wait(void **state)
{
    volatile sig_atomic_t stop = 1;
    struct store_lock a = open_lock(*state), b = open_lock(*state);
    assert_int_equal(store_lock_take(&a, NULL), STATUS_OK);
    assert_int_equal(store_lock_take(&b, &stop), STATUS_STOPPED);
    store_lock_close(&a);
    store_lock_close(&b);
}

static volatile sig_atomic_t stop_flag;

static void on_ring(int number)
{
    (void)number;
    stop_flag++;
}

/* Rings again and again, so that a signal that comes before flock() has begun to wait does no harm.
 * Not by SIGALRM, which is the lock's own while it waits. */
static void ring(bool on)
{
    static timer_t timer;
    struct sigaction action = { .sa_handler = on ? on_ring : SIG_IGN };
    struct sigevent how = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    struct itimerspec every = { { .tv_nsec = 10000000 }, { .tv_nsec = 10000000 } };
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    if (!on) {
        assert_int_equal(timer_delete(timer), 0);
        return;
    }
    assert_int_equal(timer_create(CLOCK_MONOTONIC, &how, &timer), 0);
    assert_int_equal(timer_settime(timer, 0, &every, NULL), 0);
}

static void a_signal_ends_the_wait(void **state)
{
    struct store_lock a = open_lock(*state), b = open_lock(*state);
    stop_flag = 0;
    assert_int_equal(store_lock_take(&a, NULL), STATUS_OK);
    ring(true);
    assert_int_equal(store_lock_take(&b, &stop_flag), STATUS_STOPPED);
    ring(false);
    store_lock_close(&a);
    store_lock_close(&b);
}

/* A child that holds the turn until a byte comes, then gives it away. */
static pid_t start_holder(const struct fixture *f, int ready, int go)
{
    char byte = 'x';
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    struct store_lock lock;
    if (store_lock_open(f->path, &lock) != STATUS_OK || store_lock_take(&lock, NULL) != STATUS_OK ||
        write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 1)
        _exit(1);
    store_lock_close(&lock);
    _exit(0);
}

static void a_signal_without_a_stop_lets_the_wait_go_on(void **state)
{
    struct fixture *f = *state;
    volatile sig_atomic_t never = 0;
    int ready[2], go[2], status = 0;
    char byte = 'x';
    assert_int_equal(pipe(ready) | pipe(go), 0);
    pid_t pid = start_holder(f, ready[1], go[0]);
    assert_true(pid > 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    struct store_lock lock = open_lock(f);
    ring(true);
    assert_int_equal(write(go[1], &byte, 1), 1);
    assert_int_equal(store_lock_take(&lock, &never), STATUS_OK);
    ring(false);
    store_lock_close(&lock);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    for (int i = 0; i < 2; i++)
        close(ready[i]), close(go[i]);
}

/* The alarm is that of the worker's own thread. */
static void a_waiter_that_polls_gives_up_and_leaves_the_alarm_alone(void **state)
{
    const struct itimerval later = { .it_value = { .tv_sec = 3600 } }, never = { 0 };
    struct store_lock a = open_lock(*state), b = open_lock(*state);
    struct itimerval left;
    b.polls = true;
    assert_int_equal(setitimer(ITIMER_REAL, &later, NULL), 0);
    assert_int_equal(store_lock_take(&a, NULL), STATUS_OK);
    errno = 0;
    assert_int_equal(store_lock_take(&b, NULL), STATUS_UNAVAILABLE);
    assert_int_equal(errno, ETIMEDOUT);
    assert_int_equal(setitimer(ITIMER_REAL, &never, &left), 0);
    assert_in_range(left.it_value.tv_sec, 3000, 3600);
    store_lock_give(&a);
    assert_int_equal(store_lock_take(&b, NULL), STATUS_OK);
    store_lock_close(&b);
    store_lock_close(&a);
}

static void a_lock_file_that_was_removed_is_made_anew(void **state)
{
    struct store_lock a = open_lock(*state);
    assert_int_equal(unlink(a.path), 0);
    assert_int_equal(store_lock_take(&a, NULL), STATUS_OK);
    struct store_lock b = open_lock(*state);
    assert_false(store_lock_try(&b)); /* both look at the new file */
    store_lock_close(&a);
    store_lock_close(&b);
}

static void the_old_lock_file_gives_no_turn(void **state)
{
    struct store_lock old = open_lock(*state);
    assert_int_equal(unlink(old.path), 0);
    struct store_lock fresh = open_lock(*state);
    assert_false(store_lock_try(&old));
    assert_true(store_lock_try(&fresh));
    store_lock_close(&old);
    store_lock_close(&fresh);
}

static void a_lock_file_that_cannot_be_made_is_unavailable(void **state)
{
    struct store_lock lock;
    (void)state;
    errno = 0;
    assert_int_equal(store_lock_open("/nonexistent/clerk.db", &lock), STATUS_UNAVAILABLE);
    assert_int_equal(errno, ENOENT);
}

static void a_link_is_not_followed(void **state)
{
    struct fixture *f = *state;
    struct store_lock lock;
    char path[128];
    snprintf(path, sizeof(path), "%s.lock", f->path);
    assert_int_equal(symlink("elsewhere", path), 0);
    assert_int_equal(store_lock_open(f->path, &lock), STATUS_UNAVAILABLE);
    assert_int_equal(errno, ELOOP);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_closed, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_lock_file_is_private_and_stays),
        T(only_one_holds_the_turn),
        T(giving_away_what_is_not_held_does_nothing),
        T(a_stopped_program_still_takes_a_free_turn),
        T(a_turn_that_nobody_gives_away_is_reported),
        T(a_stopped_program_does_not_wait),
        T(a_signal_ends_the_wait),
        T(a_signal_without_a_stop_lets_the_wait_go_on),
        T(a_waiter_that_polls_gives_up_and_leaves_the_alarm_alone),
        T(a_lock_file_that_was_removed_is_made_anew),
        T(the_old_lock_file_gives_no_turn),
        T(a_lock_file_that_cannot_be_made_is_unavailable),
        T(a_link_is_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

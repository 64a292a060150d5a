#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/notify.h"

enum { TEXT_MAX = 200 };

/* The environment that lookup() shows; NULL: unset. */
static struct {
    const char *socket, *usec, *pid;
} env;

static const char *lookup(const char *name)
{
    if (strcmp(name, "NOTIFY_SOCKET") == 0)
        return env.socket;
    if (strcmp(name, "WATCHDOG_USEC") == 0)
        return env.usec;
    return strcmp(name, "WATCHDOG_PID") == 0 ? env.pid : NULL;
}

/* The service manager's end of the socket. */
struct manager {
    int fd;
    char name[TEXT_MAX]; /* as it stands in NOTIFY_SOCKET */
};

static struct manager listen_as(const char *first, const char *kind)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    struct manager m = { .fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0) };
    snprintf(m.name, sizeof m.name, "%sclerk-notify-%s-%ld", first, kind, (long)getpid());
    size_t len = strlen(m.name);
    memcpy(at.sun_path, m.name, len);
    if (m.name[0] == '@')
        at.sun_path[0] = '\0';
    else
        unlink(m.name);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    assert_return_code(bind(m.fd, (struct sockaddr *)&at, size), 0);
    return m;
}

static struct manager listen_on_path(void)
{
    return listen_as("/tmp/", "path");
}

static void manager_end(struct manager *m)
{
    close(m->fd);
    if (m->name[0] == '/')
        unlink(m->name);
}

/* The next message, or "" when there is none: datagrams are there once sendto() has returned. */
static const char *heard(const struct manager *m)
{
    static char text[TEXT_MAX];
    ssize_t got = recv(m->fd, text, sizeof text - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    return text;
}

static struct notify make(const char *name, const char *usec, const char *pid)
{
    env.socket = name;
    env.usec = usec;
    env.pid = pid;
    return notify_make(lookup);
}

static void messages_arrive_in_the_words_of_sd_notify(void **state)
{
    struct manager m = listen_on_path();
    struct notify n = make(m.name, "2000000", NULL);
    (void)state;
    notify_ready(&n);
    assert_string_equal("READY=1", heard(&m));
    assert_true(notify_alive(&n, 1000));
    assert_string_equal("WATCHDOG=1", heard(&m));
    notify_stopping(&n);
    assert_string_equal("STOPPING=1", heard(&m));
    assert_string_equal("", heard(&m));
    manager_end(&m);
}

static void an_abstract_socket_hears_them_too(void **state)
{
    struct manager m = listen_as("@", "abstract");
    struct notify n = make(m.name, NULL, NULL);
    (void)state;
    notify_ready(&n);
    assert_string_equal("READY=1", heard(&m));
    manager_end(&m);
}

static void a_manager_that_made_its_socket_anew_is_found_again(void **state)
{
    struct manager first = listen_on_path();
    struct notify n = make(first.name, NULL, NULL);
    (void)state;
    notify_ready(&n);
    manager_end(&first);
    notify_stopping(&n); /* nobody hears it, and nobody is harmed */
    struct manager second = listen_on_path();
    notify_stopping(&n);
    assert_string_equal("STOPPING=1", heard(&second));
    manager_end(&second);
}

static void without_a_usable_socket_there_is_nobody_to_tell(void **state)
{
    char long_name[NOTIFY_NAME_MAX + 2];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[0] = '/';
    long_name[sizeof long_name - 1] = '\0';
    const char *const names[] = { NULL, "", "/", "@", "relative/path", "vsock:2:1234", long_name };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct notify n = make(names[i], "1000000", NULL);
        notify_ready(&n);
        notify_stopping(&n);
        assert_false(notify_alive(&n, 1000));
        assert_int_equal(0, notify_interval_ms(&n));
    }
}

static void a_name_of_the_greatest_length_is_taken(void **state)
{
    char longest[NOTIFY_NAME_MAX + 1];
    memset(longest, 'x', sizeof longest - 1);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    struct notify n = make(longest, NULL, NULL);
    (void)state;
    assert_string_equal(longest, n.name);
    notify_ready(&n); /* no such file: said into the void */
}

static void nobody_is_spelled_null(void **state)
{
    (void)state;
    notify_ready(NULL);
    notify_stopping(NULL);
    assert_false(notify_alive(NULL, 1));
    assert_int_equal(0, notify_interval_ms(NULL));
}

static void the_watchdog_is_answered_only_where_it_is_meant_for_this_process(void **state)
{
    char own[TEXT_MAX];
    char other[TEXT_MAX];
    snprintf(own, sizeof own, "%ld", (long)getpid());
    snprintf(other, sizeof other, "%ld", (long)getpid() + 1);
    const struct {
        const char *usec, *pid;
        int64_t interval_ms;
    } table[] = {
        { "30000000", own, 15000 },
        { "30000000", NULL, 15000 },
        { "30000000", other, 0 },
        { "30000000", "junk", 0 },
        { NULL, own, 0 },
        { "", own, 0 },
        { "soon", own, 0 },
        { "-5", own, 0 },
        { "0", own, 0 },
        { "999", own, 0 },
        { "1000", own, 1 },
        { "2000", own, 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct notify n = make("/nowhere", table[i].usec, table[i].pid);
        assert_int_equal(table[i].interval_ms, notify_interval_ms(&n));
    }
}

static void a_busy_loop_sends_at_most_four_signs_of_life_in_the_watchdogs_time(void **state)
{
    struct notify n = make("/nowhere", "8000000", NULL);
    int sent = 0;
    (void)state;
    for (int64_t now_ms = 50000; now_ms < 58000; now_ms++)
        sent += notify_alive(&n, now_ms);
    assert_int_equal(4, sent);
}

static void a_loop_that_turns_at_the_interval_never_misses_one(void **state)
{
    struct notify n = make("/nowhere", "8000000", NULL);
    int64_t now_ms = 50000;
    (void)state;
    for (int i = 0; i < 20; i++, now_ms += notify_interval_ms(&n) - 1) /* timers may be early */
        assert_true(notify_alive(&n, now_ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_arrive_in_the_words_of_sd_notify),
        cmocka_unit_test(an_abstract_socket_hears_them_too),
        cmocka_unit_test(a_manager_that_made_its_socket_anew_is_found_again),
        cmocka_unit_test(without_a_usable_socket_there_is_nobody_to_tell),
        cmocka_unit_test(a_name_of_the_greatest_length_is_taken),
        cmocka_unit_test(nobody_is_spelled_null),
        cmocka_unit_test(the_watchdog_is_answered_only_where_it_is_meant_for_this_process),
        cmocka_unit_test(a_busy_loop_sends_at_most_four_signs_of_life_in_the_watchdogs_time),
        cmocka_unit_test(a_loop_that_turns_at_the_interval_never_misses_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "ingest/pulse.h"

enum { TEXT_MAX = 100, TURNS_MAX = 50 };

/* What the service manager put into the environment; its watchdog is 20 ms. */
static char socket_name[TEXT_MAX];
static bool has_watchdog;

static const char *lookup(const char *name)
{
    if (strcmp(name, "NOTIFY_SOCKET") == 0)
        return socket_name;
    return has_watchdog && strcmp(name, "WATCHDOG_USEC") == 0 ? "20000" : NULL;
}

struct fixture {
    int manager; /* the service manager's socket */
    struct event_base *base;
    struct pulse *pulse;
};

static struct fixture begin(bool watchdog)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    struct fixture f = { .manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0) };
    snprintf(socket_name, sizeof socket_name, "@clerk-pulse-%ld", (long)getpid());
    memcpy(at.sun_path + 1, socket_name + 1, strlen(socket_name) - 1);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(socket_name));
    assert_return_code(bind(f.manager, (struct sockaddr *)&at, size), 0);
    has_watchdog = watchdog;
    f.base = event_base_new();
    assert_int_equal(STATUS_OK, pulse_new(f.base, lookup, &f.pulse));
    return f;
}

static void end(struct fixture *f)
{
    pulse_free(f->pulse);
    event_base_free(f->base);
    close(f->manager);
}

static const char *heard(const struct fixture *f)
{
    static char text[TEXT_MAX];
    ssize_t got = recv(f->manager, text, sizeof text - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    return text;
}

/* What is heard when the loop turns. Late timers of a busy machine come in a row, and what would be
 * too much of a good thing is left out. */
static const char *heard_after_turns(const struct fixture *f)
{
    const char *text = "";
    for (int i = 0; i < TURNS_MAX && *text == '\0'; i++) {
        assert_int_equal(0, event_base_loop(f->base, EVLOOP_ONCE));
        text = heard(f);
    }
    return text;
}

static void nothing_is_said_before_the_door_is_open(void **state)
{
    struct fixture f = begin(true);
    (void)state;
    (void)event_base_loop(f.base, EVLOOP_NONBLOCK);
    assert_string_equal("", heard(&f));
    end(&f);
}

static void a_loop_that_turns_gives_signs_of_life(void **state)
{
    struct fixture f = begin(true);
    (void)state;
    pulse_ready(f.pulse);
    assert_string_equal("READY=1", heard(&f));
    for (int i = 0; i < 5; i++)
        assert_string_equal("WATCHDOG=1", heard_after_turns(&f));
    end(&f);
}

static void stopping_is_said_and_the_signs_of_life_go_on(void **state)
{
    struct fixture f = begin(true);
    (void)state;
    pulse_ready(f.pulse);
    assert_string_equal("READY=1", heard(&f));
    pulse_stopping(f.pulse);
    assert_string_equal("STOPPING=1", heard(&f));
    assert_string_equal("WATCHDOG=1", heard_after_turns(&f));
    end(&f);
}

static void without_a_watchdog_the_loop_is_left_alone(void **state)
{
    struct fixture f = begin(false);
    (void)state;
    pulse_ready(f.pulse);
    assert_string_equal("READY=1", heard(&f));
    assert_int_equal(1, event_base_loop(f.base, EVLOOP_ONCE)); /* 1: nothing to wait for */
    assert_string_equal("", heard(&f));
    end(&f);
}

static void freeing_none_is_fine(void **state)
{
    (void)state;
    pulse_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_said_before_the_door_is_open),
        cmocka_unit_test(a_loop_that_turns_gives_signs_of_life),
        cmocka_unit_test(stopping_is_said_and_the_signs_of_life_go_on),
        cmocka_unit_test(without_a_watchdog_the_loop_is_left_alone),
        cmocka_unit_test(freeing_none_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

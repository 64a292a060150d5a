#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "worker/page_guard.h"

static const char token[] = "correct-horse-battery";

static struct page_guard guard_of(const char *host, const char *secret)
{
    struct address address = { .port = 9101 };
    struct page_guard guard;
    snprintf(address.host, sizeof address.host, "%s", host);
    assert_int_equal(STATUS_OK, page_guard_make(&address, secret, &guard));
    return guard;
}

static enum page_access ask_as(struct page_guard *guard, const char *host)
{
    const struct admin_request request = { .host = slice_of(host) };
    return page_guard_look(guard, &request, 0);
}

static void on_loopback_names_of_this_machine_are_let_in(void **state)
{
    static const char *const listen[] = { "127.0.0.1", "127.9.9.9", "::1", "localhost" };
    static const char *const hosts[] = { "localhost", "localhost:9101", "LOCALHOST:1",
                                         "127.0.0.1", "127.0.0.1:9101", "[::1]:9101",
                                         "[::1]" };
    (void)state;
    for (size_t l = 0; l < sizeof listen / sizeof *listen; l++) {
        struct page_guard guard = guard_of(listen[l], "");
        for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
            assert_int_equal(PAGE_OPEN, ask_as(&guard, hosts[i]));
    }
}

static void on_loopback_foreign_names_are_refused(void **state)
{
    static const char *const hosts[] = { "evil.example",
                                         "evil.example:9101",
                                         "",
                                         ":9101",
                                         "localhost.evil.example",
                                         "127.0.0.1.evil.example",
                                         "localhost:9101:9101",
                                         "10.0.0.1" };
    struct page_guard guard = guard_of("127.0.0.1", NULL);
    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        assert_int_equal(PAGE_WRONG_HOST, ask_as(&guard, hosts[i]));
}

static void elsewhere_nothing_is_shown_without_a_token(void **state)
{
    static const char *const listen[] = { "0.0.0.0", "", "::", "10.0.0.1", "127.0.0.1.example" };
    (void)state;
    for (size_t i = 0; i < sizeof listen / sizeof *listen; i++) {
        struct page_guard guard = guard_of(listen[i], "");
        assert_int_equal(PAGE_NO_TOKEN, ask_as(&guard, "localhost"));
    }
}

static void a_token_that_is_set_is_asked_for_on_loopback_too(void **state)
{
    struct page_guard guard = guard_of("127.0.0.1", token);
    (void)state;
    assert_int_equal(PAGE_LOG_IN, ask_as(&guard, "localhost"));
}

static void only_the_exact_token_is_a_bearer(void **state)
{
    static const struct {
        const char *header;
        enum page_access access;
    } cases[] = {
        { "Bearer correct-horse-battery", PAGE_OPEN },
        { "Bearer correct-horse-batter", PAGE_LOG_IN },
        { "Bearer correct-horse-batteryy", PAGE_LOG_IN },
        { "Bearer correct-horse-batterycorrect-horse-battery", PAGE_LOG_IN },
        { "Bearer Correct-horse-battery", PAGE_LOG_IN },
        { "Bearer ", PAGE_LOG_IN },
        { "correct-horse-battery", PAGE_LOG_IN },
        { "Basic correct-horse-battery", PAGE_LOG_IN },
    };
    struct page_guard guard = guard_of("0.0.0.0", token);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct admin_request request = { .authorization = slice_of(cases[i].header) };
        assert_int_equal(cases[i].access, page_guard_look(&guard, &request, 0));
    }
}

static void the_cookie_of_a_log_in_opens_this_worker_and_no_other(void **state)
{
    struct page_guard guard = guard_of("0.0.0.0", token);
    struct page_guard other = guard_of("0.0.0.0", token);
    char cookie[ADMIN_COOKIE_MAX], header[ADMIN_COOKIE_MAX + 16];
    (void)state;
    page_guard_cookie(&guard, true, cookie);
    assert_non_null(strstr(cookie, "; HttpOnly; SameSite=Strict"));
    *strchr(cookie, ';') = '\0';
    snprintf(header, sizeof header, "a=b; %s; c=d", cookie);
    const struct admin_request request = { .cookie = slice_of(header) };
    assert_int_equal(PAGE_OPEN, page_guard_look(&guard, &request, 0));
    assert_int_equal(PAGE_LOG_IN, page_guard_look(&other, &request, 0));
}

static void an_empty_or_forged_cookie_opens_nothing(void **state)
{
    static const char *const cookies[] = { "clerk_session_9101=", "clerk_session_9101",
                                           "clerk_session_9101=correct-horse-battery", "=" };
    struct page_guard guard = guard_of("0.0.0.0", token);
    (void)state;
    for (size_t i = 0; i < sizeof cookies / sizeof *cookies; i++) {
        const struct admin_request request = { .cookie = slice_of(cookies[i]) };
        assert_int_equal(PAGE_LOG_IN, page_guard_look(&guard, &request, 0));
    }
}

static void a_change_needs_the_csrf_token_or_a_bearer(void **state)
{
    struct page_guard guard = guard_of("127.0.0.1", token);
    struct page_guard other = guard_of("127.0.0.1", token);
    const struct admin_request with = { .csrf = slice_of(guard.csrf) };
    const struct admin_request without = { .csrf = SLICE("") };
    const struct admin_request foreign = { .csrf = slice_of(other.csrf) };
    const struct admin_request bearer = { .authorization = SLICE("Bearer correct-horse-battery") };
    (void)state;
    assert_true(page_guard_change(&guard, &with));
    assert_true(page_guard_change(&guard, &bearer));
    assert_false(page_guard_change(&guard, &without));
    assert_false(page_guard_change(&guard, &foreign));
}

static void an_empty_text_is_never_the_token(void **state)
{
    struct page_guard none = guard_of("127.0.0.1", "");
    struct page_guard some = guard_of("127.0.0.1", token);
    (void)state;
    assert_int_equal(PAGE_LOG_IN, page_guard_log_in(&none, SLICE(""), 0));
    assert_int_equal(PAGE_LOG_IN, page_guard_log_in(&some, SLICE(""), 0));
    assert_int_equal(PAGE_OPEN, page_guard_log_in(&some, slice_of(token), 0));
}

static void after_ten_wrong_tokens_not_even_the_right_one_is_compared_for_a_minute(void **state)
{
    enum { BEGAN_MS = 5000 };
    struct page_guard guard = guard_of("0.0.0.0", token);
    const struct admin_request wrong = { .authorization = SLICE("Bearer no") };
    const struct admin_request right = { .authorization = SLICE("Bearer correct-horse-battery") };
    (void)state;
    for (int i = 0; i < PAGE_TRIES_MAX; i++) {
        assert_int_equal(PAGE_OPEN, page_guard_look(&guard, &right, BEGAN_MS));
        assert_int_equal(PAGE_LOG_IN, page_guard_look(&guard, &wrong, BEGAN_MS + i));
    }
    int64_t last_ms = BEGAN_MS + PAGE_TRIES_MS - 1;
    assert_int_equal(PAGE_TOO_MANY, page_guard_look(&guard, &wrong, last_ms));
    assert_int_equal(PAGE_TOO_MANY, page_guard_look(&guard, &right, last_ms));
    assert_int_equal(last_ms + 1, guard.bearers.until_ms);
    assert_int_equal(PAGE_OPEN, page_guard_look(&guard, &right, last_ms + 1));
}

static void wrong_bearers_keep_nobody_from_the_form_nor_out_of_a_session(void **state)
{
    struct page_guard guard = guard_of("0.0.0.0", token);
    const struct admin_request wrong = { .authorization = SLICE("Bearer no") };
    const struct admin_request bare = { .host = SLICE("localhost") };
    char cookie[ADMIN_COOKIE_MAX];
    (void)state;
    for (int i = 0; i <= PAGE_TRIES_MAX; i++)
        (void)page_guard_look(&guard, &wrong, 0);
    assert_int_equal(PAGE_TOO_MANY, page_guard_look(&guard, &wrong, 0));
    assert_int_equal(PAGE_LOG_IN, page_guard_look(&guard, &bare, 0));
    assert_int_equal(PAGE_OPEN, page_guard_log_in(&guard, slice_of(token), 0));
    page_guard_cookie(&guard, true, cookie);
    const struct admin_request session = { .cookie = slice_of(cookie) };
    assert_int_equal(PAGE_OPEN, page_guard_look(&guard, &session, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_loopback_names_of_this_machine_are_let_in),
        cmocka_unit_test(on_loopback_foreign_names_are_refused),
        cmocka_unit_test(elsewhere_nothing_is_shown_without_a_token),
        cmocka_unit_test(a_token_that_is_set_is_asked_for_on_loopback_too),
        cmocka_unit_test(only_the_exact_token_is_a_bearer),
        cmocka_unit_test(the_cookie_of_a_log_in_opens_this_worker_and_no_other),
        cmocka_unit_test(an_empty_or_forged_cookie_opens_nothing),
        cmocka_unit_test(a_change_needs_the_csrf_token_or_a_bearer),
        cmocka_unit_test(an_empty_text_is_never_the_token),
        cmocka_unit_test(after_ten_wrong_tokens_not_even_the_right_one_is_compared_for_a_minute),
        cmocka_unit_test(wrong_bearers_keep_nobody_from_the_form_nor_out_of_a_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

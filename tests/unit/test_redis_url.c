#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/redis_url.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct redis_url read_ok(const char *text)
{
    struct redis_url url;
    char error[REDIS_URL_ERROR_MAX] = "";

    assert_int_equal(redis_url_parse(slice_of(text), &url, error), STATUS_OK);
    return url;
}

static void redis_url_reads_host_port_and_database(void **state)
{
    static const struct {
        const char *text, *host;
        int port, db;
    } rows[] = {
        { "redis://127.0.0.1:6379/0", "127.0.0.1", 6379, 0 },
        { "redis://", "127.0.0.1", 6379, 0 },
        { "redis:///3", "127.0.0.1", 6379, 3 },
        { "redis://redis", "redis", 6379, 0 },
        { "redis://redis/", "redis", 6379, 0 },
        { "redis://redis:7000", "redis", 7000, 0 },
        { "redis://:7000/15", "127.0.0.1", 7000, 15 },
        { "redis://[::1]:7000/65535", "::1", 7000, 65535 },
        { "redis://[fe80::1%25eth0]", "fe80::1%eth0", 6379, 0 },
        { "redis://user:pw@host:1/2", "host", 1, 2 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct redis_url url = read_ok(rows[i].text);
        assert_string_equal(url.at.host, rows[i].host);
        assert_int_equal(url.at.port, rows[i].port);
        assert_int_equal(url.db, rows[i].db);
        assert_false(url.tls);
        assert_false(url.unix_socket);
    }
}

static void redis_url_reads_credentials(void **state)
{
    static const struct {
        const char *text, *user, *password;
    } rows[] = {
        { "redis://host", "", "" },
        { "redis://:secret@host", "", "secret" },
        { "redis://app:secret@host", "app", "secret" },
        { "redis://app@host", "app", "" },
        { "redis://a%40b:p%2Fq%3a%25@host", "a@b", "p/q:%" },
        { "redis://app:a:b@c@host", "app", "a:b@c" },
        { "unix://app:secret@/run/redis.sock", "app", "secret" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct redis_url url = read_ok(rows[i].text);
        assert_string_equal(url.user, rows[i].user);
        assert_string_equal(url.password, rows[i].password);
    }
}

static void redis_url_knows_tls(void **state)
{
    struct redis_url url = read_ok("rediss://host:6380/1");

    (void)state;
    assert_true(url.tls);
    assert_string_equal(url.at.host, "host");
    assert_int_equal(url.at.port, 6380);
}

static void redis_url_reads_a_unix_socket(void **state)
{
    struct redis_url url = read_ok("unix:///run/redis/redis%20a.sock?db=4");

    (void)state;
    assert_true(url.unix_socket);
    assert_string_equal(url.path, "/run/redis/redis a.sock");
    assert_int_equal(url.db, 4);
    assert_string_equal(read_ok("unix:///a").path, "/a");
}

static void redis_url_reads_sentinels(void **state)
{
    struct redis_url url = read_ok("redis+sentinel://app:pw@s1:1,[::1],s3/my%20master/2"
                                   "?sentinel_user=ask&sentinel_password=a%26b@c");

    (void)state;
    assert_int_equal(url.sentinel_count, 3);
    assert_string_equal(url.sentinels[0].host, "s1");
    assert_int_equal(url.sentinels[0].port, 1);
    assert_string_equal(url.sentinels[1].host, "::1");
    assert_int_equal(url.sentinels[1].port, 26379);
    assert_string_equal(url.sentinels[2].host, "s3");
    assert_string_equal(url.master, "my master");
    assert_int_equal(url.db, 2);
    assert_string_equal(url.user, "app");
    assert_string_equal(url.password, "pw");
    assert_string_equal(url.sentinel_user, "ask");
    assert_string_equal(url.sentinel_password, "a&b@c");
}

static void redis_url_needs_little_for_sentinels(void **state)
{
    struct redis_url url = read_ok("redis+sentinel:///m");

    (void)state;
    assert_int_equal(url.sentinel_count, 1);
    assert_string_equal(url.sentinels[0].host, "127.0.0.1");
    assert_int_equal(url.sentinels[0].port, 26379);
    assert_int_equal(url.db, 0);
    assert_string_equal(url.sentinel_password, "");
    assert_int_equal(read_ok("redis+sentinel://a,b,c,d,e,f,g,h/m").sentinel_count, 8);
    assert_string_equal(read_ok("redis+sentinel://a/m?sentinel_password=p").sentinel_user, "");
    assert_int_equal(read_ok("redis://host").sentinel_count, 0);
}

static void redis_url_refuses_and_says_why(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        { "", "begin" },
        { "127.0.0.1:6379", "begin" },
        { "http://host", "begin" },
        { "REDIS://host", "begin" },
        { "redis://host:0", "port" },
        { "redis://host:65536", "port" },
        { "redis://host:", "port" },
        { "redis://host:12a", "port" },
        { "redis://::1", "port" },
        { "redis://[::1", "bracket" },
        { "redis://[::1]7000", "follows the host" },
        { "redis://host/x", "database" },
        { "redis://host/-1", "database" },
        { "redis://host/65536", "database" },
        { "redis://host/0/1", "database" },
        { "redis://host/0?a=b", "database" },
        { "redis://host?a=b", "not supported" },
        { "redis://h%zz", "percent" },
        { "redis://h%4", "percent" },
        { "redis://h%00", "NUL" },
        { "unix://run/redis.sock", "absolute" },
        { "unix:///a?x=1", "db=N" },
        { "unix:///a?db=x", "database" },
        { "rediss+sentinel://h/m", "not possible with TLS" },
        { "redis+sentinel://h", "name of the master" },
        { "redis+sentinel://h/", "name of the master" },
        { "redis+sentinel://h/?sentinel_password=x", "name of the master" },
        { "redis+sentinel://h,/m", "gap" },
        { "redis+sentinel://,h/m", "gap" },
        { "redis+sentinel://a,b,c,d,e,f,g,h,i/m", "more than 8" },
        { "redis+sentinel://h:x/m", "port" },
        { "redis+sentinel://h/m/x", "database" },
        { "redis+sentinel://h/m/0/1", "database" },
        { "redis+sentinel://h/m%zz", "percent" },
        { "redis+sentinel://h/m?db=1", "only options" },
        { "redis+sentinel://h/m?sentinel_user=u", "needs sentinel_password" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct redis_url url = { .at = { .port = 77 } };
        char error[REDIS_URL_ERROR_MAX] = "";
        assert_int_equal(redis_url_parse(slice_of(rows[i].text), &url, error), STATUS_INVALID);
        assert_non_null(strstr(error, rows[i].why));
        assert_int_equal(url.at.port, 77);
    }
}

static void redis_url_never_repeats_the_password(void **state)
{
    static const char *const texts[] = {
        "redis://u:hunter2@host:x",
        "http://u:hunter2@host",
        "redis://:hunter2%zz@host",
        "redis://:hunter2",
        "unix://:hunter2@run",
        "redis+sentinel://:hunter2@h,/m",
        "redis+sentinel://h/m?sentinel_password=hunter2%zz",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct redis_url url;
        char error[REDIS_URL_ERROR_MAX] = "";
        assert_int_equal(redis_url_parse(slice_of(texts[i]), &url, error), STATUS_INVALID);
        assert_null(strstr(error, "hunter2"));
    }
}

static enum status parse_long(const char *before, size_t len, const char *after)
{
    char text[1024];
    struct redis_url url;
    char error[REDIS_URL_ERROR_MAX];
    int head = snprintf(text, sizeof(text), "%s", before);

    memset(text + head, 'a', len);
    (void)snprintf(text + (size_t)head + len, sizeof(text) - (size_t)head - len, "%s", after);
    return redis_url_parse(slice_of(text), &url, error);
}

static void redis_url_bounds_every_part(void **state)
{
    static const struct {
        const char *before, *after;
        size_t max; /* bytes that still fit between the two */
    } rows[] = {
        { "redis://", ":1", REDIS_URL_HOST_MAX },
        { "redis://", "@h", REDIS_URL_AUTH_MAX },
        { "redis://:", "@h", REDIS_URL_AUTH_MAX },
        { "unix:///", "", REDIS_URL_PATH_MAX - 1 },
        { "redis+sentinel://h,", "/m", REDIS_URL_HOST_MAX },
        { "redis+sentinel://h/", "/0", REDIS_URL_MASTER_MAX },
        { "redis+sentinel://h/m?sentinel_password=", "", REDIS_URL_AUTH_MAX },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(parse_long(rows[i].before, rows[i].max, rows[i].after), STATUS_OK);
        assert_int_equal(parse_long(rows[i].before, rows[i].max + 1, rows[i].after),
                         STATUS_INVALID);
    }
}

static void redis_url_wipe_leaves_no_credentials(void **state)
{
    struct redis_url url = read_ok("redis+sentinel://app:secret@host/m"
                                   "?sentinel_user=app&sentinel_password=secret");

    (void)state;
    redis_url_wipe(&url);
    for (size_t i = 0; i < sizeof(url.password); i++)
        assert_int_equal(
            url.password[i] | url.user[i] | url.sentinel_password[i] | url.sentinel_user[i], 0);
    assert_string_equal(url.sentinels[0].host, "host");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redis_url_reads_host_port_and_database),
        cmocka_unit_test(redis_url_reads_credentials),
        cmocka_unit_test(redis_url_knows_tls),
        cmocka_unit_test(redis_url_reads_a_unix_socket),
        cmocka_unit_test(redis_url_reads_sentinels),
        cmocka_unit_test(redis_url_needs_little_for_sentinels),
        cmocka_unit_test(redis_url_refuses_and_says_why),
        cmocka_unit_test(redis_url_never_repeats_the_password),
        cmocka_unit_test(redis_url_bounds_every_part),
        cmocka_unit_test(redis_url_wipe_leaves_no_credentials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/envelope.h"
#include "common/json_scan.h"
#include "ingest/sample.h"

enum { SAMPLES = 51 };

static size_t position_of(const char *type)
{
    for (size_t i = 0; i < sample_count(); i++)
        if (slice_equals(sample_at(i)->type, slice_of(type)))
            return i;
    fail_msg("no sample %s", type);
    return 0;
}

static size_t count_matches(const char *pattern)
{
    size_t matches = 0;
    for (size_t i = 0; i < sample_count(); i++)
        matches += sample_matches(sample_at(i), pattern);
    return matches;
}

static void sample_has_one_of_each_event_type(void **state)
{
    (void)state;
    assert_int_equal(sample_count(), SAMPLES);
    for (size_t i = 0; i < SAMPLES; i++)
        assert_int_equal(position_of(sample_at(i)->type.ptr), i);
}

static void sample_is_an_event_of_the_type_it_is_named_after(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct envelope envelope;
        assert_int_equal(envelope_read(sample_at(i)->body, &envelope), STATUS_OK);
        assert_true(slice_equals(envelope.type, sample_at(i)->type));
        assert_true(slice_starts_with(envelope.data, SLICE("{")));
        assert_true(slice_starts_with(envelope.instance_id, SLICE("ins_")));
        assert_true(utf8_is_valid(sample_at(i)->body));
    }
}

static void sample_times_grow_in_causal_order(void **state)
{
    (void)state;
    int64_t last_ms = 0;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct envelope envelope;
        int64_t ms;
        assert_int_equal(envelope_read(sample_at(i)->body, &envelope), STATUS_OK);
        assert_true(slice_to_i64(envelope.timestamp, last_ms + 1, INT64_MAX, &ms));
        last_ms = ms;
    }
}

static void sample_of_a_thing_comes_before_what_depends_on_it(void **state)
{
    static const struct {
        const char *first, *then;
    } rows[] = {
        { "user.created", "session.created" },
        { "user.created", "organizationMembership.created" },
        { "organization.created", "organizationMembership.created" },
        { "organizationMembership.created", "organizationMembership.deleted" },
        { "role.created", "role.deleted" },
        { "organization.deleted", "user.deleted" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_true(position_of(rows[i].first) < position_of(rows[i].then));
}

static void sample_bytes_are_those_of_the_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        char path[512];
        static char content[64 * 1024];
        struct slice body = sample_at(i)->body;
        snprintf(path, sizeof path, SOURCE_DIR "/ingest/samples/%s.json", sample_at(i)->type.ptr);
        FILE *in = fopen(path, "rb");
        assert_non_null(in);
        size_t len = fread(content, 1, sizeof content, in);
        fclose(in);
        assert_int_equal(len, body.len);
        assert_memory_equal(content, body.ptr, len);
    }
}

static void sample_patterns_match_like_the_shells(void **state)
{
    static const struct {
        const char *pattern;
        size_t matches;
    } rows[] = {
        { "user.created", 1 }, { "user.*", 3 },         { "*", SAMPLES },
        { "*.deleted", 6 },    { "subscription.*", 4 }, { "session.*", 6 },
        { "user", 0 },         { "User.created", 0 },   { "", 0 },
        { "user.", 0 },        { "user.create?", 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (count_matches(rows[i].pattern) != rows[i].matches)
            fail_msg("%s matches %zu", rows[i].pattern, count_matches(rows[i].pattern));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sample_has_one_of_each_event_type),
        cmocka_unit_test(sample_is_an_event_of_the_type_it_is_named_after),
        cmocka_unit_test(sample_times_grow_in_causal_order),
        cmocka_unit_test(sample_of_a_thing_comes_before_what_depends_on_it),
        cmocka_unit_test(sample_bytes_are_those_of_the_file),
        cmocka_unit_test(sample_patterns_match_like_the_shells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

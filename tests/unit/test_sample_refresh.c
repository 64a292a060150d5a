#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "common/envelope.h"
#include "ingest/base62.h"
#include "ingest/sample.h"
#include "ingest/sample_refresh.h"

#define NOW_MS  INT64_C(1900000000000)
#define USER_ID "user_3IioYv5sxdCaP5bMUgMdw90eoAO"

enum { SEED = 7, OUT_MAX_BYTES = 64 * 1024 };

/* The refreshed text; yours to free(). */
static char *refresh(struct slice event, uint64_t seed)
{
    struct buf out = buf_make(OUT_MAX_BYTES);
    assert_int_equal(sample_refresh(event, seed, NOW_MS, &out), STATUS_OK);
    return buf_take(&out);
}

static struct slice sample_body(const char *type)
{
    for (size_t i = 0; i < sample_count(); i++)
        if (sample_matches(sample_at(i), type))
            return sample_at(i)->body;
    fail_msg("no sample %s", type);
    return SLICE("");
}

/* The refreshed sample as a tree; yours to cJSON_Delete(). */
static cJSON *refresh_tree(const char *type, uint64_t seed)
{
    char *text = refresh(sample_body(type), seed);
    cJSON *tree = cJSON_Parse(text);
    free(text);
    assert_non_null(tree);
    return tree;
}

static const cJSON *at(const cJSON *tree, const char *a, const char *b)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(tree, a);
    if (b)
        found = cJSON_GetObjectItemCaseSensitive(found, b);
    assert_non_null(found);
    return found;
}

static void refreshed_text_is(const char *before, const char *after)
{
    char *text = refresh(slice_of(before), SEED);
    assert_string_equal(text, after);
    free(text);
}

static void refresh_gives_an_id_the_same_fresh_text_everywhere(void **state)
{
    (void)state;
    char *text = refresh(SLICE("{\"a\":\"" USER_ID "\",\"b\":[\"" USER_ID "\"]}"), SEED);
    const char *first = strstr(text, "user_");
    const char *second = strstr(first + 1, "user_");
    assert_non_null(second);
    assert_null(strstr(text, USER_ID));
    assert_memory_equal(first, second, sizeof USER_ID - 1);
    free(text);
}

static void refresh_keeps_references_between_samples(void **state)
{
    (void)state;
    cJSON *user = refresh_tree("user.created", SEED);
    cJSON *session = refresh_tree("session.created", SEED);
    cJSON *organization = refresh_tree("organization.created", SEED);
    cJSON *membership = refresh_tree("organizationMembership.updated", SEED);
    assert_string_equal(at(at(user, "data", NULL), "id", NULL)->valuestring,
                        at(at(session, "data", NULL), "user_id", NULL)->valuestring);
    assert_string_equal(at(at(organization, "data", NULL), "id", NULL)->valuestring,
                        at(at(membership, "data", "organization"), "id", NULL)->valuestring);
    cJSON_Delete(user);
    cJSON_Delete(session);
    cJSON_Delete(organization);
    cJSON_Delete(membership);
}

static void refresh_with_another_seed_gives_another_user(void **state)
{
    (void)state;
    cJSON *a = refresh_tree("user.created", SEED);
    cJSON *b = refresh_tree("user.created", SEED + 1);
    assert_string_not_equal(at(a, "data", "id")->valuestring, at(b, "data", "id")->valuestring);
    cJSON_Delete(a);
    cJSON_Delete(b);
}

static void refresh_keeps_the_instance(void **state)
{
    (void)state;
    cJSON *tree = refresh_tree("user.created", SEED);
    assert_string_equal(at(tree, "instance_id", NULL)->valuestring,
                        "ins_30UzB3XgSs2OPBVWe6wPwX83Uhu");
    cJSON_Delete(tree);
}

static void refresh_moves_all_times_by_the_same_amount(void **state)
{
    (void)state;
    cJSON *tree = refresh_tree("user.created", SEED);
    const cJSON *data = at(tree, "data", NULL);
    assert_true(at(tree, "timestamp", NULL)->valuedouble == (double)NOW_MS);
    assert_true(at(data, "created_at", NULL)->valuedouble == (double)(NOW_MS - 44));
    assert_true(at(data, "updated_at", NULL)->valuedouble == (double)(NOW_MS - 13));
    assert_true(at(data, "legal_accepted_at", NULL)->valuedouble == (double)(NOW_MS - 180044));
    cJSON_Delete(tree);
}

/* Both trees alike but for the values that refresh is there to change. */
static void assert_same_shape(const cJSON *a, const cJSON *b)
{
    for (; a && b; a = a->next, b = b->next) {
        assert_int_equal(a->type, b->type);
        if (a->string)
            assert_string_equal(a->string, b->string);
        if (cJSON_IsNumber(a) && a->valuedouble < 1e11)
            assert_true(a->valuedouble == b->valuedouble);
        if (cJSON_IsString(a))
            assert_int_equal(strlen(a->valuestring), strlen(b->valuestring));
        if (cJSON_IsString(a) && strcspn(a->valuestring, " @:/") < strlen(a->valuestring))
            assert_string_equal(a->valuestring, b->valuestring);
        assert_same_shape(a->child, b->child);
    }
    assert_true(!a && !b);
}

static void refresh_keeps_the_structure_of_every_sample(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count(); i++) {
        const struct sample *sample = sample_at(i);
        cJSON *before = cJSON_ParseWithLength(sample->body.ptr, sample->body.len);
        cJSON *after = refresh_tree(sample->type.ptr, SEED);
        assert_same_shape(before, after);
        cJSON_Delete(before);
        cJSON_Delete(after);
    }
}

static void refresh_leaves_no_old_object_id_in_any_sample(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count(); i++) {
        struct envelope before, after;
        char *text = refresh(sample_at(i)->body, SEED);
        assert_int_equal(envelope_read(sample_at(i)->body, &before), STATUS_OK);
        assert_int_equal(envelope_read(slice_of(text), &after), STATUS_OK);
        assert_true(after.data.len <= before.data.len);
        assert_null(strstr(text, "\"" USER_ID "\""));
        free(text);
    }
}

static void refresh_drops_white_space_between_tokens_only(void **state)
{
    (void)state;
    refreshed_text_is(" { \"a b\" :\t[ 1 ,\r\n \"c  d\\\" e\" , true ] }\n",
                      "{\"a b\":[1,\"c  d\\\" e\",true]}");
}

static void refresh_keeps_the_text_of_other_numbers(void **state)
{
    (void)state;
    refreshed_text_is(
        "{\"timestamp\":1800000000000,\"n\":[0,-0,1.50,9007199254740993,12345678901,-180000000000,"
        "1800000000000.5,1e12,180000000000012]}",
        "{\"timestamp\":1900000000000,\"n\":[0,-0,1.50,9007199254740993,12345678901,-180000000000,"
        "1800000000000.5,1e12,180000000000012]}");
}

static void refresh_moves_numbers_of_12_to_14_digits(void **state)
{
    (void)state;
    refreshed_text_is("{\"timestamp\":1800000000000,\"n\":[180000000000,18000000000000]}",
                      "{\"timestamp\":1900000000000,\"n\":[280000000000,18100000000000]}");
}

static void refresh_keeps_times_in_an_event_without_a_time(void **state)
{
    (void)state;
    refreshed_text_is("{\"n\":1800000000000}", "{\"n\":1800000000000}");
}

static void refresh_keeps_strings_that_only_look_like_ids(void **state)
{
    static const char *const texts[] = {
        "{\"s\":\"user_3IioYv5sxdCaP5bMUgMdw90eoA\"}",     /* 26 */
        "{\"s\":\"user_3IioYv5sxdCaP5bMUgMdw90eoAOx\"}",   /* 28 */
        "{\"s\":\"User_3IioYv5sxdCaP5bMUgMdw90eoAO\"}",    /* upper case */
        "{\"s\":\"3user_3IioYv5sxdCaP5bMUgMdw90eoAO\"}",   /* digit first */
        "{\"s\":\"_3IioYv5sxdCaP5bMUgMdw90eoAO\"}",        /* no prefix */
        "{\"s\":\"us-er_3IioYv5sxdCaP5bMUgMdw90eoAO\"}",   /* other sign */
        "{\"s\":\"user_3IioYv5sxdCaP5bMUgMdw90e-AO\"}",    /* not base62 */
        "{\"s\":\"user-3IioYv5sxdCaP5bMUgMdw90eoAO\"}",    /* no underscore */
        "{\"s\":\"/user_3IioYv5sxdCaP5bMUgMdw90eoAO\"}",   /* inside a path */
        "{\"s\":\"1800000000000\",\"timestamp\":\"180\"}", /* digits in a string */
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        refreshed_text_is(texts[i], texts[i]);
}

static void refresh_refuses_what_is_no_json_object(void **state)
{
    static const char *const texts[] = { "", "[]", "{", "{\"a\":\"b", "{} x", "\"a\\", "null" };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct buf out = buf_make(OUT_MAX_BYTES);
        assert_int_equal(sample_refresh(slice_of(texts[i]), SEED, NOW_MS, &out), STATUS_INVALID);
        buf_release(&out);
    }
}

static void refresh_says_when_it_does_not_fit(void **state)
{
    (void)state;
    struct buf out = buf_make(10);
    assert_int_equal(sample_refresh(SLICE("{\"a\":\"bcdefgh\"}"), SEED, NOW_MS, &out),
                     STATUS_TOO_BIG);
    buf_release(&out);
}

static void base62_depends_on_the_seed_alone(void **state)
{
    char a[BASE62_ID_LEN], b[BASE62_ID_LEN], c[BASE62_ID_LEN];
    (void)state;
    base62_fill(1, a, sizeof a);
    base62_fill(1, b, sizeof b);
    base62_fill(2, c, sizeof c);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refresh_gives_an_id_the_same_fresh_text_everywhere),
        cmocka_unit_test(refresh_keeps_references_between_samples),
        cmocka_unit_test(refresh_with_another_seed_gives_another_user),
        cmocka_unit_test(refresh_keeps_the_instance),
        cmocka_unit_test(refresh_moves_all_times_by_the_same_amount),
        cmocka_unit_test(refresh_keeps_the_structure_of_every_sample),
        cmocka_unit_test(refresh_leaves_no_old_object_id_in_any_sample),
        cmocka_unit_test(refresh_drops_white_space_between_tokens_only),
        cmocka_unit_test(refresh_keeps_the_text_of_other_numbers),
        cmocka_unit_test(refresh_moves_numbers_of_12_to_14_digits),
        cmocka_unit_test(refresh_keeps_times_in_an_event_without_a_time),
        cmocka_unit_test(refresh_keeps_strings_that_only_look_like_ids),
        cmocka_unit_test(refresh_refuses_what_is_no_json_object),
        cmocka_unit_test(refresh_says_when_it_does_not_fit),
        cmocka_unit_test(base62_depends_on_the_seed_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

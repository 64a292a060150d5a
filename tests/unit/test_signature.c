#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "signature_fixture.h"

static void signature_agrees_with_the_published_vectors(void **state)
{
    static const struct {
        const char *secret, *id, *timestamp, *body, *signature;
    } rows[] = {
        { SECRET, ID, TS, BODY, GOOD },
        { "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", "1649367553",
          "{\"email\":\"test@example.com\",\"username\":\"test_user\"}",
          "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=" },
        { "whsec_plJ3nmyCDGBKInavdOK15jsl", "msg_loFOjxBNrRLzqYUf", "1731705121",
          "{\"event_type\":\"ping\",\"data\":{\"success\":true}}",
          "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct signature_keys *keys = keys_of(rows[i].secret);
        struct slice body = slice_of(rows[i].body);
        struct signed_request request = { slice_of(rows[i].id), slice_of(rows[i].timestamp),
                                          slice_of(rows[i].signature), &body, 1 };
        char text[SIGNATURE_TEXT_LEN + 1];
        int64_t sent_s = 0;

        assert_true(slice_to_i64(request.timestamp, 0, INT64_MAX, &sent_s));
        assert_int_equal(signature_sign(keys, &request, text), STATUS_OK);
        assert_string_equal(text, rows[i].signature);
        assert_int_equal(signature_verify(keys, &request, sent_s, TOLERANCE_S), STATUS_OK);
        signature_keys_free(keys);
    }
}

static void signature_agrees_with_the_vectors_of_large_bodies(void **state)
{
    static const struct {
        size_t len;
        const char *signature;
    } rows[] = {
        { 1048576, "v1,txpEUxqWZJ5nteTnymUVa+7C4NHpBeXJ6CsBAW0c3/A=" },
        { 262144, "v1,Mw4Pe2WgApuT7NSqnSq0PQPV9gbLdggCl9B865x5Xh0=" },
        { 262143, "v1,NTItnqyWMoFhk2Bbe5V/BMdcFRWgcSQaTgqLHX7FC7c=" },
    };
    char *body = malloc(1048576);

    (void)state;
    assert_non_null(body);
    memset(body, 'a', 1048576);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(
            verify_with(SECRET, ID, TS, rows[i].signature, (struct slice){ body, rows[i].len }),
            STATUS_OK);
    free(body);
}

static void signature_is_the_same_however_the_body_is_cut(void **state)
{
    struct signature_keys *keys = keys_of(SECRET);
    struct slice whole = slice_of(BODY);

    (void)state;
    for (size_t cut = 0; cut <= whole.len; cut++) {
        const struct slice pieces[] = { { whole.ptr, cut },
                                        { NULL, 0 },
                                        { whole.ptr + cut, whole.len - cut } };
        const struct signed_request request = { SLICE(ID), SLICE(TS), SLICE(GOOD), pieces, 3 };
        assert_int_equal(signature_verify(keys, &request, NOW_S, TOLERANCE_S), STATUS_OK);
    }
    signature_keys_free(keys);
}

static void signature_covers_id_timestamp_and_body(void **state)
{
    (void)state;
    assert_int_equal(verify_with(SECRET, ID "x", TS, GOOD, SLICE(BODY)), STATUS_BAD_SIGNATURE);
    assert_int_equal(verify_with(SECRET, ID, "1614265331", GOOD, SLICE(BODY)),
                     STATUS_BAD_SIGNATURE);
    assert_int_equal(verify_with(SECRET, ID, TS, GOOD, SLICE(BODY " ")), STATUS_BAD_SIGNATURE);
    assert_int_equal(verify_with(SECRET, ID, TS, GOOD, SLICE("")), STATUS_BAD_SIGNATURE);
    assert_int_equal(
        verify_with("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", ID, TS, GOOD, SLICE(BODY)),
        STATUS_BAD_SIGNATURE);
}

static void signature_asks_nothing_of_the_body(void **state)
{
    static const struct slice bodies[] = {
        { "", 0 },
        { "not json", 8 },
        { "null", 4 },
        { "{\"success\": true}", 17 },
        { "\xff\xfe\x00\x01", 4 },
        { "\xef\xbb\xbf{}", 5 },
        { "a\0b", 3 },
        { "{\r\n}", 4 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++)
        assert_int_equal(verify_signed(ID, TS, bodies[i]), STATUS_OK);
}

static void signature_is_in_time_within_the_tolerance_both_ways(void **state)
{
    static const struct {
        int64_t offset_s;
        enum status status;
    } rows[] = {
        { 0, STATUS_OK },
        { -TOLERANCE_S, STATUS_OK },
        { TOLERANCE_S, STATUS_OK },
        { -TOLERANCE_S - 1, STATUS_OUT_OF_WINDOW },
        { TOLERANCE_S + 1, STATUS_OUT_OF_WINDOW },
        { -NOW_S, STATUS_OUT_OF_WINDOW },
        { 999999999999 - NOW_S, STATUS_OUT_OF_WINDOW },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char timestamp[24];
        snprintf(timestamp, sizeof(timestamp), "%lld", (long long)(NOW_S + rows[i].offset_s));
        assert_int_equal(verify_signed(ID, timestamp, SLICE(BODY)), rows[i].status);
    }
}

static void signature_says_nothing_of_the_clock_to_a_stranger(void **state)
{
    (void)state;
    assert_int_equal(verify_with(SECRET, ID, "1", GOOD, SLICE(BODY)), STATUS_BAD_SIGNATURE);
}

static void signature_passes_with_any_of_several_secrets(void **state)
{
    static const char *const lists[] = {
        SECRET " whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD," SECRET,
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\n" SECRET "\n",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++)
        assert_int_equal(verify_with(lists[i], ID, TS, GOOD, SLICE(BODY)), STATUS_OK);
}

static void signature_stays_right_over_many_messages_on_one_context(void **state)
{
    struct signature_keys *keys = keys_of(SECRET " whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    const struct slice right = SLICE(BODY);
    const struct slice wrong = SLICE(BODY "!");
    struct signed_request request = { SLICE(ID), SLICE(TS), SLICE(GOOD), NULL, 1 };

    (void)state;
    for (int i = 0; i < 100; i++) {
        request.body = i % 3 ? &right : &wrong;
        assert_int_equal(signature_verify(keys, &request, NOW_S, TOLERANCE_S),
                         i % 3 ? STATUS_OK : STATUS_BAD_SIGNATURE);
    }
    signature_keys_free(keys);
}

static void signature_keys_name_the_secret_at_fault_but_never_its_text(void **state)
{
    static const char *const lists[] = {
        SECRET " whsec_kaputt!kaputt",
        SECRET ",whsk_kaputt",
        SECRET " whsec_",
        SECRET " kaputt-_",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct signature_keys *keys = NULL;
        char error[SIGNATURE_ERROR_MAX] = "";
        assert_int_equal(signature_keys_new(slice_of(lists[i]), &keys, error), STATUS_INVALID);
        assert_null(keys);
        assert_non_null(strstr(error, "secret 2"));
        assert_null(strstr(error, "kaputt"));
    }
}

static void signature_keys_take_one_to_sixteen_secrets(void **state)
{
    char list[17 * 5 + 1];
    char error[SIGNATURE_ERROR_MAX] = "";
    struct signature_keys *keys = NULL;

    (void)state;
    assert_int_equal(signature_keys_new(SLICE(" \n"), &keys, error), STATUS_INVALID);
    for (size_t i = 0; i < 17; i++)
        memcpy(list + 5 * i, "QUJD ", 5);
    assert_int_equal(signature_keys_new((struct slice){ list, 17 * 5 }, &keys, error),
                     STATUS_INVALID);
    assert_int_equal(signature_keys_new((struct slice){ list, 16 * 5 }, &keys, error), STATUS_OK);
    assert_int_equal(signature_keys_count(keys), 16);
    signature_keys_free(keys);
}

static void signature_sign_refuses_what_verify_would_refuse(void **state)
{
    struct signature_keys *keys = keys_of(SECRET);
    const struct signed_request dotted = { SLICE("a.b"), SLICE(TS), SLICE(""), NULL, 0 };
    const struct signed_request undated = { SLICE("a"), SLICE("now"), SLICE(""), NULL, 0 };
    char text[SIGNATURE_TEXT_LEN + 1];

    (void)state;
    assert_int_equal(signature_sign(keys, &dotted, text), STATUS_INVALID);
    assert_int_equal(signature_sign(keys, &undated, text), STATUS_INVALID);
    signature_keys_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signature_agrees_with_the_published_vectors),
        cmocka_unit_test(signature_agrees_with_the_vectors_of_large_bodies),
        cmocka_unit_test(signature_is_the_same_however_the_body_is_cut),
        cmocka_unit_test(signature_covers_id_timestamp_and_body),
        cmocka_unit_test(signature_asks_nothing_of_the_body),
        cmocka_unit_test(signature_is_in_time_within_the_tolerance_both_ways),
        cmocka_unit_test(signature_says_nothing_of_the_clock_to_a_stranger),
        cmocka_unit_test(signature_passes_with_any_of_several_secrets),
        cmocka_unit_test(signature_stays_right_over_many_messages_on_one_context),
        cmocka_unit_test(signature_keys_name_the_secret_at_fault_but_never_its_text),
        cmocka_unit_test(signature_keys_take_one_to_sixteen_secrets),
        cmocka_unit_test(signature_sign_refuses_what_verify_would_refuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

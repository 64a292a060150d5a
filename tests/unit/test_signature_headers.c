#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "signature_fixture.h"

static void signature_is_found_wherever_it_stands_in_the_list(void **state)
{
    static const char *const lists[] = {
        GOOD,
        GOOD " " WRONG,
        WRONG " " GOOD,
        WRONG " " WRONG " " GOOD " " WRONG,
        GOOD " " GOOD,
        " " GOOD,
        GOOD " ",
        WRONG "   " GOOD,
        "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= " GOOD,
        "v1a,abc " GOOD,
        "v1 " GOOD,
        "v1, " GOOD,
        ", " GOOD,
        "nonsense " GOOD,
        "v1,short " GOOD,
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++)
        if (verify_list(lists[i]) != STATUS_OK)
            fail_msg("refused: %s", lists[i]);
}

static void signature_rejects_what_only_resembles_it(void **state)
{
    static const char *const lists[] = {
        WRONG,
        WRONG " " WRONG,
        "v1",
        "v1,",
        "v1=",
        ",",
        " ",
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",     /* no version */
        "v1,g0hM9SsE",                                      /* the beginning of it */
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",   /* no padding */
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE==", /* too much of it */
        "v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE=",  /* base64url */
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=",  /* other unused bits */
        "v1,G0HM9SSE+OTPJTGT/TMIKTSYZLE3UFJELVLNIOLJ1OE=",
        "v1,83484cf52b04f8e4cf2531adfed9882ad4b2665137b852442d594d20e2c9d4e1",
        "V1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v01,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1.0,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1=g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1 g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1, g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,\"g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\"",
        GOOD ",extra",
        WRONG "," GOOD,
        WRONG "\t" GOOD,
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++)
        if (verify_list(lists[i]) != STATUS_BAD_SIGNATURE)
            fail_msg("not rejected: %s", lists[i]);
}

/* n wrong entries and then the good one. */
static enum status verify_after(size_t n)
{
    char list[80 * (SIGNATURE_TEXT_LEN + 1)] = "";
    size_t len = 0;

    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(list + len, sizeof(list) - len, "%s ", WRONG);
    snprintf(list + len, sizeof(list) - len, "%s", GOOD);
    return verify_list(list);
}

static void signature_looks_at_a_bounded_number_of_entries(void **state)
{
    (void)state;
    assert_int_equal(verify_after(SIGNATURE_ENTRIES_MAX - 1), STATUS_OK);
    assert_int_equal(verify_after(SIGNATURE_ENTRIES_MAX), STATUS_BAD_SIGNATURE);
}

static void signature_misses_an_empty_header(void **state)
{
    (void)state;
    assert_int_equal(verify_with(SECRET, "", TS, GOOD, SLICE(BODY)), STATUS_MISSING_HEADER);
    assert_int_equal(verify_with(SECRET, ID, "", GOOD, SLICE(BODY)), STATUS_MISSING_HEADER);
    assert_int_equal(verify_with(SECRET, ID, TS, "", SLICE(BODY)), STATUS_MISSING_HEADER);
}

static void signature_rejects_an_id_that_could_be_cut_in_two_ways(void **state)
{
    static const char *const ids[] = {
        "a.b", "msg_1.", ".", "a b", "a\"b", "a/b", "\xc3\xa9", "a\n"
    };
    char longest[258];

    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++)
        assert_int_equal(verify_with(SECRET, ids[i], TS, GOOD, SLICE(BODY)), STATUS_INVALID);
    memset(longest, 'a', 257);
    longest[257] = '\0';
    assert_int_equal(verify_with(SECRET, longest, TS, GOOD, SLICE(BODY)), STATUS_INVALID);
    longest[256] = '\0';
    assert_int_equal(verify_signed(longest, TS, SLICE(BODY)), STATUS_OK);
}

static void signature_rejects_a_timestamp_with_two_spellings(void **state)
{
    static const char *const timestamps[] = {
        "+1614265330",
        "-1614265330",
        "01614265330",
        "1614265330.0",
        "1614265330.9",
        "1614265330a",
        "1614265330 ",
        " 1614265330",
        "0x6037B7F2",
        "1_614265330",
        "abc",
        "1614265330,1",
        "1e9",
        "NaN",
        "1614265330000000000000",
        "1614265330000",
        "9223372036854775808",
        "18446744073709551616",
        "00",
        "hello",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(timestamps); i++)
        if (verify_with(SECRET, ID, timestamps[i], GOOD, SLICE(BODY)) != STATUS_INVALID)
            fail_msg("not malformed: %s", timestamps[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signature_is_found_wherever_it_stands_in_the_list),
        cmocka_unit_test(signature_rejects_what_only_resembles_it),
        cmocka_unit_test(signature_looks_at_a_bounded_number_of_entries),
        cmocka_unit_test(signature_misses_an_empty_header),
        cmocka_unit_test(signature_rejects_an_id_that_could_be_cut_in_two_ways),
        cmocka_unit_test(signature_rejects_a_timestamp_with_two_spellings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

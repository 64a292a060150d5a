#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "worker/page_form.h"

static void fields_are_found_by_name_and_decoded(void **state)
{
    static const struct {
        const char *form;
        const char *text;
    } cases[] = {
        { "id=msg_1", "msg_1" },
        { "a=b&id=msg_1", "msg_1" },
        { "id=a%20b", "a b" },
        { "id=a+b", "a b" },
        { "id=%3Cb%3e", "<b>" },
        { "id=1&id=2", "1" },
        { "id=", "" },
        { "id", "" },
        { "", "" },
        { "idx=1&xid=2", "" },
        { "id=a%26b&c=d", "a&b" },
        { "id=a=b", "a=b" },
        { "id=%c3%a9", "\xc3\xa9" },
    };
    char text[FORM_TEXT_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(STATUS_OK, form_text(slice_of(cases[i].form), "id", text));
        assert_string_equal(cases[i].text, text);
    }
}

static void broken_escapes_and_a_nul_are_refused(void **state)
{
    static const char *const forms[] = { "id=%", "id=%4", "id=%zz", "id=a%00b", "id=%0" };
    char text[FORM_TEXT_MAX + 1] = "before";
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        assert_int_equal(STATUS_INVALID, form_text(slice_of(forms[i]), "id", text));
    assert_string_equal("before", text);
}

static void a_text_may_have_its_greatest_length_and_no_more(void **state)
{
    char form[FORM_TEXT_MAX + 16] = "id=";
    char text[FORM_TEXT_MAX + 1];
    (void)state;
    memset(form + 3, 'x', FORM_TEXT_MAX);
    assert_int_equal(STATUS_OK, form_text(slice_of(form), "id", text));
    assert_int_equal(FORM_TEXT_MAX, strlen(text));
    form[3 + FORM_TEXT_MAX] = 'x';
    assert_int_equal(STATUS_INVALID, form_text(slice_of(form), "id", text));
}

static void a_number_stays_where_there_is_no_field(void **state)
{
    int64_t number = 7;
    (void)state;
    assert_int_equal(STATUS_OK, form_number(SLICE("a=1"), "n", 0, 9, &number));
    assert_int_equal(7, number);
    assert_int_equal(STATUS_OK, form_number(SLICE("n=9"), "n", 0, 9, &number));
    assert_int_equal(9, number);
}

static void a_number_out_of_range_or_no_number_is_refused(void **state)
{
    static const char *const forms[] = { "n=10", "n=-1", "n=x", "n=1x", "n=1%202", "n=%31%" };
    int64_t number = 7;
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        assert_int_equal(STATUS_INVALID, form_number(slice_of(forms[i]), "n", 0, 9, &number));
    assert_int_equal(7, number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_found_by_name_and_decoded),
        cmocka_unit_test(broken_escapes_and_a_nul_are_refused),
        cmocka_unit_test(a_text_may_have_its_greatest_length_and_no_more),
        cmocka_unit_test(a_number_stays_where_there_is_no_field),
        cmocka_unit_test(a_number_out_of_range_or_no_number_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/secret.h"

enum { KEY_MAX = 512 };

struct good {
    const char *text;
    const char *key;
    size_t len;
};

static void check_good(const struct good *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char key[KEY_MAX];
        size_t len = 0;
        const char *why = "";
        enum status st = secret_decode(slice_of(rows[i].text), key, sizeof(key), &len, &why);
        if (st != STATUS_OK)
            print_error("%s: %s\n", rows[i].text, why);
        assert_int_equal(st, STATUS_OK);
        assert_int_equal(len, rows[i].len);
        assert_memory_equal(key, rows[i].key, len);
    }
}

static void check_bad(const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char key[KEY_MAX];
        size_t len = 4711;
        const char *why = NULL;
        enum status st = secret_decode(slice_of(texts[i]), key, sizeof(key), &len, &why);
        if (st != STATUS_INVALID)
            print_error("accepted: %s\n", texts[i]);
        assert_int_equal(st, STATUS_INVALID);
        assert_non_null(why);
        assert_int_equal(len, 4711);
    }
}

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void secret_of_every_length_modulo_three_decodes_to_its_bytes(void **state)
{
    static const struct good rows[] = {
        { "whsec_QQ==", "A", 1 },
        { "whsec_QUI=", "AB", 2 },
        { "whsec_QUJD", "ABC", 3 },
        { "whsec_QUJDRA==", "ABCD", 4 },
        { "whsec_AAAA", "\0\0\0", 3 },
        { "whsec_+/+/", "\xfb\xff\xbf", 3 },
        { "whsec_////", "\xff\xff\xff", 3 },
    };
    (void)state;
    check_good(rows, COUNT(rows));
}

static void secret_needs_neither_prefix_nor_padding(void **state)
{
    static const struct good rows[] = {
        { "QUJD", "ABC", 3 },   { "QQ", "A", 1 },         { "QUI", "AB", 2 },
        { "whsec_QQ", "A", 1 }, { "whsec_QUI", "AB", 2 },
    };
    (void)state;
    check_good(rows, COUNT(rows));
}

static void secret_refuses_what_is_not_strict_base64(void **state)
{
    static const char *const texts[] = {
        "whsec_QUJ-",
        "whsec_QUJ_",
        "whsec_QU JD",
        " QUJD",
        "QUJD ",
        "QUJD\n",
        "whsec_Q",
        "whsec_QUJDR",
        "QR==",
        "QUJ",
        "!!!",
        "whsec_QUJD!",
        "WHSEC_QUJD",
        "Whsec_QUJD",
        "whsec_whsec_QUJD",
        "whsec_\xc3\xa9\xc3\xa9",
    };
    (void)state;
    check_bad(texts, COUNT(texts));
}

static void secret_refuses_padding_that_does_not_fit(void **state)
{
    static const char *const texts[] = {
        "QQ=",  "QQ===", "QUI==",    "QUJD=", "QUJD==", "QUJD====",
        "Q===", "A===",  "QQ==QQ==", "Q=JD",  "=QUJ",
    };
    (void)state;
    check_bad(texts, COUNT(texts));
}

static void secret_refuses_an_empty_key(void **state)
{
    static const char *const texts[] = {
        "", "whsec_", "=", "==", "====", "whsec_==", "whsec_===="
    };
    (void)state;
    check_bad(texts, COUNT(texts));
}

static void secret_names_keys_of_the_asymmetric_kind(void **state)
{
    static const char *const texts[] = { "whsk_QUJD", "whpk_QUJD" };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        unsigned char key[KEY_MAX];
        size_t len = 0;
        const char *why = "";
        assert_int_equal(secret_decode(slice_of(texts[i]), key, sizeof(key), &len, &why),
                         STATUS_INVALID);
        assert_non_null(strstr(why, "asymmetric"));
    }
}

static void secret_never_writes_past_the_capacity(void **state)
{
    unsigned char key[4] = { 0, 0, 0, 0x55 };
    size_t len = 0;
    const char *why = "";

    (void)state;
    assert_int_equal(secret_decode(SLICE("QUJD"), key, 3, &len, &why), STATUS_OK);
    assert_int_equal(secret_decode(SLICE("QUJDRA=="), key, 3, &len, &why), STATUS_INVALID);
    assert_non_null(strstr(why, "too long"));
    assert_int_equal(key[3], 0x55);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_of_every_length_modulo_three_decodes_to_its_bytes),
        cmocka_unit_test(secret_needs_neither_prefix_nor_padding),
        cmocka_unit_test(secret_refuses_what_is_not_strict_base64),
        cmocka_unit_test(secret_refuses_padding_that_does_not_fit),
        cmocka_unit_test(secret_refuses_an_empty_key),
        cmocka_unit_test(secret_names_keys_of_the_asymmetric_kind),
        cmocka_unit_test(secret_never_writes_past_the_capacity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/unit/event_fixture.h"

#include "worker/arena.h"
#include "worker/redact.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const paths[] = { "body", "a.b", "list[].code", "deep.user.list[].code", NULL };

static const struct {
    const char *json, *expected;
} cases[] = {
    { "{\"body\":\"s\"}", "{}" },
    { "{ \"body\" : \"s\" }", "{  }" },
    { "{\"body\":\"s\",\"id\":1}", "{\"id\":1}" },
    { "{\"id\":1,\"body\":\"s\"}", "{\"id\":1}" },
    { "{\"id\":1,\"body\":\"s\",\"x\":2}", "{\"id\":1,\"x\":2}" },
    { "{\n  \"id\": 1,\n  \"body\": \"s\",\n  \"x\": 2\n}", "{\n  \"id\": 1,\n  \"x\": 2\n}" },
    { "{\n  \"body\": {\"a\":[1]},\n  \"x\": 2\n}", "{\n  \"x\": 2\n}" },
    /* repeated, in a row and apart, alone in the object */
    { "{\"body\":1,\"body\":2}", "{}" },
    { "{\"body\":1,\"body\":2,\"x\":3}", "{\"x\":3}" },
    { "{\"x\":3,\"body\":1,\"body\":2}", "{\"x\":3}" },
    { "{\"body\":1,\"x\":3,\"body\":2,\"y\":4,\"body\":5}", "{\"x\":3,\"y\":4}" },
    /* the same key in other letters */
    { "{\"x\":1,\"b\\u006fdy\":\"s\"}", "{\"x\":1}" },
    { "{\"\\u0062\\u006F\\u0064\\u0079\":\"s\",\"x\":1}", "{\"x\":1}" },
    /* below another key, in arrays, in arrays of arrays, and where an array was expected */
    { "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"c\":2}}" },
    { "{\"a\":[{\"b\":1},{\"c\":2,\"b\":3}]}", "{\"a\":[{},{\"c\":2}]}" },
    { "{\"list\":[{\"code\":1,\"x\":2},{\"code\":3}],\"body\":4}", "{\"list\":[{\"x\":2},{}]}" },
    { "{\"list\":[[{\"code\":1}]]}", "{\"list\":[[{}]]}" },
    { "{\"list\":{\"code\":1}}", "{\"list\":{}}" },
    { "{\"deep\":{\"user\":{\"list\":[{\"code\":[1,2],\"y\":1}]}}}",
      "{\"deep\":{\"user\":{\"list\":[{\"y\":1}]}}}" },
    { "[{\"body\":1},{\"id\":2}]", "[{},{\"id\":2}]" },
    /* numbers that a parser would change stay as they are */
    { "{\"n\":9007199254740993,\"e\":1e400,\"body\":0,\"f\":1.10}",
      "{\"n\":9007199254740993,\"e\":1e400,\"f\":1.10}" },
};

static void secrets_go_and_all_else_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_new(64);
        struct slice out;
        assert_int_equal(redact(slice_of(cases[i].json), paths, arena, &out), STATUS_OK);
        check_slice(out, cases[i].expected);
        arena_free(arena);
    }
}

static void without_secrets_nothing_is_copied(void **state)
{
    static const char *const untouched[] = {
        "{}",
        "{\"bodY\":1,\"body \":2,\"bod\":3,\"bodyx\":4}",
        "{\"b\":1,\"x\":{\"body\":2},\"code\":3}",
        "{\"list\":[],\"a\":\"b\",\"deep\":{\"list\":[{\"code\":1}]}}",
        "\"body\"",
        "17",
    };
    (void)state;

    for (size_t i = 0; i < COUNT(untouched); i++) {
        struct slice out;
        assert_int_equal(redact(slice_of(untouched[i]), paths, NULL, &out), STATUS_OK);
        assert_ptr_equal(out.ptr, untouched[i]);
        assert_int_equal(out.len, strlen(untouched[i]));
    }
}

/* Texts that stand in the samples where secrets do. */
static const struct {
    const char *type, *secret;
} secrets[] = {
    { "email.created", "417902" },
    { "email.created", "DOCTYPE" },
    { "email.created", "\"subject\"" },
    { "email.created", "otp_code" },
    { "sms.created", "208815" },
    { "sms.created", "otp_code" },
    { "invitation.created", "ticket" },
    { "invitation.created", "\"url\"" },
    { "organizationInvitation.created", "ticket" },
    { "organizationInvitation.created", "\"url\"" },
    { "waitlistEntry.updated", "ticket" },
    { "user.updated", "backup_codes" },
    { "session.removed", "backup_codes" },
};

static bool row_holds(const struct row *row, const char *text)
{
    if (slice_holds(row->data, text))
        return true;
    for (size_t i = 0; i < row->table->column_count; i++)
        if (row->values[i].kind == VALUE_TEXT && slice_holds(row->values[i].text, text))
            return true;
    return false;
}

static bool event_holds(const struct event *ev, const char *text)
{
    if (row_holds(&ev->row, text))
        return true;
    for (size_t i = 0; i < ev->object->child_count; i++)
        for (size_t r = 0; r < ev->children[i].count; r++)
            if (row_holds(&ev->children[i].rows[r], text))
                return true;
    return false;
}

static void no_secret_of_a_sample_survives(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(secrets); i++) {
        struct decoded d = decode_sample(secrets[i].type);
        assert_int_equal(d.ev.action, EVENT_UPSERT);
        if (event_holds(&d.ev, secrets[i].secret))
            fail_msg("%s: %s is left", secrets[i].type, secrets[i].secret);
        release(&d);
    }
}

/* So that the test above cannot pass by looking for what was never there. */
static void the_samples_do_hold_those_secrets(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(secrets); i++) {
        struct decoded d = decode_sample(secrets[i].type);
        if (!slice_holds(d.ev.body, secrets[i].secret))
            fail_msg("%s: %s was never there", secrets[i].type, secrets[i].secret);
        release(&d);
    }
}

static void every_secret_path_of_the_catalog_is_removed(void **state)
{
    static const char *const names[] = { "secret",     "token",        "password", "url",
                                         "body",       "subject",      "message",  "code",
                                         "body_plain", "backup_codes", "otp_code" };
    (void)state;

    for (size_t i = 0; i < COUNT(names); i++) {
        char body[200];
        struct decoded d;
        (void)snprintf(body, sizeof(body),
                       "{\"type\":\"new.thing\",\"data\":{\"id\":\"x_1\",\"%s\":\"hush\"}}",
                       names[i]);
        d = decode_text(body);
        check_slice(d.ev.row.data, "{\"id\":\"x_1\"}");
        release(&d);
    }
}

static void an_escaped_nul_among_secrets_harms_nothing(void **state)
{
    struct decoded d = decode_text("{\"type\":\"email.created\",\"data\":{\"body\":\"a\\u0000b\","
                                   "\"id\":\"ema_1\",\"status\":\"queued\"}}");
    (void)state;

    assert_int_equal(d.ev.action, EVENT_UPSERT);
    check_slice(d.ev.row.data, "{\"id\":\"ema_1\",\"status\":\"queued\"}");
    release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_go_and_all_else_stays),
        cmocka_unit_test(without_secrets_nothing_is_copied),
        cmocka_unit_test(no_secret_of_a_sample_survives),
        cmocka_unit_test(the_samples_do_hold_those_secrets),
        cmocka_unit_test(every_secret_path_of_the_catalog_is_removed),
        cmocka_unit_test(an_escaped_nul_among_secrets_harms_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

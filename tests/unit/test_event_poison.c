#include "tests/unit/event_fixture.h"

/* What cannot be applied, and the sentence a person gets to read about it. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define BODY(type, data) "{\"timestamp\":1788256800044,\"type\":\"" type "\",\"data\":" data "}"
#define USER(members)    BODY("user.updated", "{\"id\":\"user_1\"," members "}")

static const struct {
    const char *body, *reason;
} poison[] = {
    { "", "body: not one JSON object" },
    { "[]", "body: not one JSON object" },
    { "{\"type\":\"user.created\"", "body: not one JSON object" },
    { "{\"type\":\"user.created\",\"data\":{}} x", "body: not one JSON object" },
    { BODY("user.created", "{\"id\":\"\xC3\"}"), "body: not UTF-8" },
    { BODY("user.created", "{\"id\":\"\xED\xA0\x80\"}"), "body: not UTF-8" },
    { BODY("user.created", "{\"id\":\"a\nb\"}"),
      "body: not JSON, a number, a literal or a string is malformed" },
    { USER("\"public_metadata\":{\"n\":01}"),
      "body: not JSON, a number, a literal or a string is malformed" },
    { USER("\"public_metadata\":{\"n\":tru}"),
      "body: not JSON, a number, a literal or a string is malformed" },
    /* the envelope */
    { "{\"data\":{\"id\":\"user_1\"}}", "type: expected a plain string" },
    { "{\"type\":7,\"data\":{\"id\":\"user_1\"}}", "type: expected a plain string" },
    { "{\"type\":\"\",\"data\":{\"id\":\"user_1\"}}", "type: expected a plain string" },
    { "{\"type\":\"user.created\"}", "data: expected an object, but there is no data" },
    { BODY("user.created", "null"), "data: expected an object" },
    { BODY("user.created", "[{}]"), "data: expected an object" },
    { BODY("user.created", "\"{}\""), "data: expected an object" },
    { "{\"timestamp\":1.5,\"type\":\"user.deleted\",\"data\":{\"id\":\"u\"}}",
      "timestamp: expected a whole number of milliseconds" },
    { "{\"timestamp\":-1,\"type\":\"user.deleted\",\"data\":{\"id\":\"u\"}}",
      "timestamp: expected a whole number of milliseconds" },
    { "{\"timestamp\":9007199254740993,\"type\":\"user.deleted\",\"data\":{\"id\":\"u\"}}",
      "timestamp: expected a whole number of milliseconds" },
    /* the id */
    { BODY("user.created", "{}"), "users.clerk_id: the id is missing" },
    { BODY("user.deleted", "{\"deleted\":true}"), "users.clerk_id: the id is missing" },
    { BODY("user.created", "{\"id\":null}"), "users.clerk_id: the id is missing" },
    { BODY("user.created", "{\"ID\":\"user_1\"}"), "users.clerk_id: the id is missing" },
    { BODY("user.created", "{\"id\":7}"), "users.clerk_id: the id is not plain text" },
    { BODY("user.created", "{\"id\":\"a\\u0000b\"}"), "users.clerk_id: the id is not plain text" },
    { BODY("user.created", "{\"id\":\"\"}"),
      "users.clerk_id: the id is empty, too long or holds spaces" },
    { BODY("user.created", "{\"id\":\"a b\"}"),
      "users.clerk_id: the id is empty, too long or holds spaces" },
    { BODY("apiKey.created", "{\"name\":\"x\"}"), "other_objects.clerk_id: the id is missing" },
    /* columns */
    { USER("\"banned\":\"yes\""), "users.banned: expected true or false, got a string" },
    { USER("\"banned\":0"), "users.banned: expected true or false, got a number" },
    { USER("\"username\":[1]"), "users.username: expected text, got an array" },
    { USER("\"last_sign_in_at\":\"now\""),
      "users.last_sign_in_at: expected a whole number, got a string" },
    { USER("\"last_sign_in_at\":true"),
      "users.last_sign_in_at: expected a whole number, got true" },
    { USER("\"last_sign_in_at\":1.5"),
      "users.last_sign_in_at: expected a whole number, got a fraction" },
    { USER("\"last_sign_in_at\":1e400"),
      "users.last_sign_in_at: expected a whole number below 2^53, got one beyond" },
    { USER("\"last_sign_in_at\":9007199254740993"),
      "users.last_sign_in_at: expected a whole number below 2^53, got one beyond" },
    { USER("\"username\":1.5"), "users.username: expected a whole number, got a fraction" },
    { USER("\"updated_at\":{}"), "users.updated_at: expected a whole number, got an object" },
    { USER("\"created_at\":\"2026\""), "users.created_at: expected a whole number, got a string" },
    { USER("\"first_name\":\"a\\u0000b\""), "users.first_name: the value holds an escaped NUL "
                                            "or half a surrogate pair" },
    { USER("\"first_name\":\"\\ud800\""), "users.first_name: the value holds an escaped NUL "
                                          "or half a surrogate pair" },
    { USER("\"email_addresses\":[{\"x\\u0000\":1}]"),
      "users.email: the value holds an escaped NUL or half a surrogate pair" },
    /* children */
    { USER("\"phone_numbers\":{}"), "users.phone_numbers: expected an array" },
    { USER("\"phone_numbers\":7"), "users.phone_numbers: expected an array" },
    { USER("\"phone_numbers\":[7]"), "user_phones.phone_numbers: expected objects in the array" },
    { USER("\"phone_numbers\":[{}]"),
      "user_phones.clerk_id: an element has neither id nor identifier" },
    { USER("\"phone_numbers\":[{\"id\":1}]"), "user_phones.clerk_id: the id is not plain text" },
    { USER("\"phone_numbers\":[{\"id\":\"i\",\"phone_number\":{}}]"),
      "user_phones.phone_number: expected text, got an object" },
};

static void poison_is_dead_with_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(poison); i++) {
        struct decoded d = decode_text(poison[i].body);
        if (d.ev.action != EVENT_DEAD || strcmp(d.ev.reason, poison[i].reason) != 0)
            fail_msg("%s: action %d, %s", poison[i].body, (int)d.ev.action, d.ev.reason);
        assert_null(d.ev.object);
        assert_null(d.ev.children);
        assert_null(d.ev.row.table);
        assert_ptr_equal(d.ev.body.ptr, d.body);
        release(&d);
    }
}

static void a_dead_event_keeps_what_could_be_read(void **state)
{
    struct decoded d = decode_text(USER("\"banned\":7"));
    (void)state;

    check_slice(d.ev.type, "user.updated");
    check_slice(d.ev.clerk_id, "user_1");
    assert_int_equal(d.ev.event_at, 1788256800044);
    release(&d);
}

static void names_that_no_ledger_takes_are_left_out(void **state)
{
    struct decoded type = decode_text("{\"type\":\"a\xFF\",\"data\":{}}");
    struct decoded instance = decode_text("{\"type\":\"a.b\",\"instance_id\":\"i\x01\"}");
    static const char nul[] = "{\"type\":\"a\0b\",\"data\":{\"id\":\"x\"}}";
    struct decoded zero = decode_bytes(nul, sizeof(nul) - 1);
    (void)state;

    check_slice(type.ev.type, "");
    check_slice(instance.ev.type, "a.b");
    check_slice(instance.ev.instance_id, "");
    check_slice(zero.ev.type, "");
    assert_int_equal(zero.ev.action, EVENT_DEAD);
    release(&type);
    release(&instance);
    release(&zero);
}

static void brackets_beyond_the_bound_are_dead(void **state)
{
    char body[600] = "{\"type\":\"user.created\",\"data\":";
    struct decoded d;
    (void)state;

    memset(body + strlen(body), '[', 200);
    memset(body + strlen(body), ']', 200);
    body[strlen(body)] = '}';
    d = decode_text(body);
    assert_int_equal(d.ev.action, EVENT_DEAD);
    assert_string_equal(d.ev.reason, "body: brackets are nested too deeply");
    release(&d);
}

/* A body with one text of len times 'x' between prefix and suffix. */
static struct decoded decode_long(const char *prefix, size_t len, const char *suffix)
{
    size_t head = strlen(prefix), tail = strlen(suffix);
    char *body = malloc(head + len + tail);

    assert_non_null(body);
    memcpy(body, prefix, head);
    memset(body + head, 'x', len);
    memcpy(body + head + len, suffix, tail);
    return decode_body(body, head + len + tail, "");
}

static void ids_and_types_have_a_longest_length(void **state)
{
    static const struct {
        const char *prefix, *suffix;
        size_t longest;
    } cases[] = {
        { "{\"type\":\"user.created\",\"data\":{\"id\":\"", "\"}}", EVENT_ID_MAX },
        { "{\"type\":\"", "\",\"data\":{\"id\":\"i\"}}", EVENT_TYPE_MAX },
        { "{\"type\":\"user.created\",\"data\":{\"id\":\"i\",\"email_addresses\":[{\"email_"
          "address\""
          ":\"",
          "\"}]}}", EVENT_ID_MAX - 2 },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct decoded fits = decode_long(cases[i].prefix, cases[i].longest, cases[i].suffix);
        struct decoded over = decode_long(cases[i].prefix, cases[i].longest + 1, cases[i].suffix);
        assert_int_equal(fits.ev.action, EVENT_UPSERT);
        assert_int_equal(over.ev.action, EVENT_DEAD);
        release(&fits);
        release(&over);
    }
}

static void too_many_children_are_dead(void **state)
{
    enum { COUNT_OVER = 1001 };
    char body[40 * COUNT_OVER];
    size_t len = (size_t)snprintf(
        body, sizeof(body), "{\"type\":\"user.updated\",\"data\":{\"id\":\"u\",\"web3_wallets\":[");
    struct decoded d;
    (void)state;

    for (int i = 0; i < COUNT_OVER; i++)
        len += (size_t)snprintf(body + len, sizeof(body) - len, "%s{\"id\":\"w%d\"}",
                                i > 0 ? "," : "", i);
    (void)snprintf(body + len, sizeof(body) - len, "]}}");
    d = decode_text(body);
    assert_string_equal(d.ev.reason, "users.web3_wallets: more than 1000 elements");
    release(&d);
}

/* A browser may write unsafe_metadata: none of this may cost its user the event. */
static void json_columns_and_unread_members_may_hold_anything(void **state)
{
    static const char *const bodies[] = {
        USER("\"unsafe_metadata\":{\"a\":\"x\\u0000y\",\"\\u0000\":1}"),
        USER("\"unsafe_metadata\":{\"a\":\"\\ud800\",\"b\":9007199254740993,\"c\":1e400}"),
        USER("\"unsafe_metadata\":[1000000000000000000000000000000000000000000000000000000000000000"
             "0000000000000000000000000000]"),
        USER("\"passkeys\":[{\"name\":\"\\u0000\"}]"),
        USER("\"pass\\u0000keys\":1"),
        BODY("session.created", "{\"id\":\"sess_1\",\"user\":{\"unsafe_metadata\":\"\\u0000\"}}"),
        BODY("apiKey.created", "{\"id\":\"ak_1\",\"claims\":\"\\u0000\"}"),
        USER("\"public_metadata\":{\"a\":\"\\\\u0000\"}"),
    };
    (void)state;

    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct decoded d = decode_text(bodies[i]);
        if (d.ev.action != EVENT_UPSERT)
            fail_msg("%s: %s", bodies[i], d.ev.reason);
        release(&d);
    }
}

static void a_reason_tells_nothing_of_the_payload(void **state)
{
    struct decoded d = decode_text(USER("\"banned\":\"topsecret\""));
    (void)state;

    assert_int_equal(d.ev.action, EVENT_DEAD);
    assert_null(strstr(d.ev.reason, "topsecret"));
    assert_null(strstr(d.ev.reason, "user_1"));
    release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poison_is_dead_with_a_reason),
        cmocka_unit_test(a_dead_event_keeps_what_could_be_read),
        cmocka_unit_test(names_that_no_ledger_takes_are_left_out),
        cmocka_unit_test(brackets_beyond_the_bound_are_dead),
        cmocka_unit_test(ids_and_types_have_a_longest_length),
        cmocka_unit_test(too_many_children_are_dead),
        cmocka_unit_test(json_columns_and_unread_members_may_hold_anything),
        cmocka_unit_test(a_reason_tells_nothing_of_the_payload),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

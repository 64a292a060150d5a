#include "tests/unit/event_fixture.h"

/* The envelope's rules: what is applied, ignored or deleted, and when it happened. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void svix_test_message_is_ignored(void **state)
{
    struct decoded d = decode_text("{\"success\": true}");
    (void)state;

    assert_int_equal(d.ev.action, EVENT_IGNORE);
    assert_null(d.ev.object);
    check_slice(d.ev.type, "");
    check_slice(d.ev.svix_id, "msg_1");
    assert_int_equal(d.ev.event_at, 1788256801000);
    release(&d);
}

static struct decoded decode_for(const char *instance_id, const char *json)
{
    char *copy = malloc(strlen(json));

    assert_non_null(copy);
    memcpy(copy, json, strlen(json));
    return decode_body(copy, strlen(json), instance_id);
}

static void events_of_another_instance_are_ignored(void **state)
{
    static const struct {
        const char *wanted, *body;
        enum event_action action;
    } cases[] = {
        { "ins_a",
          "{\"type\":\"role.created\",\"instance_id\":\"ins_a\",\"data\":{\"id\":\"role_1\"}}",
          EVENT_UPSERT },
        { "ins_a",
          "{\"type\":\"role.created\",\"instance_id\":\"ins_b\",\"data\":{\"id\":\"role_1\"}}",
          EVENT_IGNORE },
        { "ins_a", "{\"type\":\"role.created\",\"data\":{\"id\":\"role_1\"}}", EVENT_IGNORE },
        { "", "{\"type\":\"role.created\",\"instance_id\":\"ins_b\",\"data\":{\"id\":\"role_1\"}}",
          EVENT_UPSERT },
        { "", "{\"type\":\"role.created\",\"data\":{\"id\":\"role_1\"}}", EVENT_UPSERT },
        { "ins_a", "{\"type\":\"role.created\",\"instance_id\":\"ins_b\",\"data\":7}",
          EVENT_IGNORE },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct decoded d = decode_for(cases[i].wanted, cases[i].body);
        assert_int_equal(d.ev.action, cases[i].action);
        release(&d);
    }
}

static void event_at_comes_from_the_best_clock(void **state)
{
    static const struct {
        const char *body;
        int64_t event_at;
    } cases[] = {
        { "{\"timestamp\":1788256800044,\"type\":\"role.created\",\"data\":{\"id\":\"r\"}}",
          1788256800044 },
        { "{\"timestamp\":1716883200,\"type\":\"role.created\",\"data\":{\"id\":\"r\"}}",
          1716883200000 },
        { "{\"timestamp\":99999999999,\"type\":\"role.created\",\"data\":{\"id\":\"r\"}}",
          99999999999000 },
        { "{\"timestamp\":100000000000,\"type\":\"role.created\",\"data\":{\"id\":\"r\"}}",
          100000000000 },
        { "{\"type\":\"role.created\",\"data\":{\"id\":\"r\",\"updated_at\":1788256800031}}",
          1788256800031 },
        { "{\"timestamp\":null,\"type\":\"role.created\",\"data\":{\"id\":\"r\"}}", 1788256801000 },
        { "{\"type\":\"role.deleted\",\"data\":{\"id\":\"r\",\"updated_at\":1788256800031}}",
          1788256800031 },
        { "{\"type\":\"role.deleted\",\"data\":{\"id\":\"r\"}}", 1788256801000 },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct decoded d = decode_text(cases[i].body);
        assert_int_equal(d.ev.event_at, cases[i].event_at);
        assert_int_equal(d.ev.row.event_at, cases[i].event_at);
        release(&d);
    }
}

static void keys_of_the_envelope_may_come_in_any_order(void **state)
{
    struct decoded d = decode_text(" {\"data\" : { \"id\" : \"role_1\" , \"key\":\"org:a\" },\n"
                                   "\"x\":[1,{}], \"type\" : \"role.created\"}\n");
    (void)state;

    assert_int_equal(d.ev.action, EVENT_UPSERT);
    check_slice(d.ev.row.data, "{ \"id\" : \"role_1\" , \"key\":\"org:a\" }");
    check_column(&d.ev.row, "key", "org:a");
    release(&d);
}

static void former_names_fill_the_table_and_keep_their_name(void **state)
{
    struct decoded d = decode_text(
        "{\"type\":\"user.createdAtEdge\",\"data\":{\"id\":\"user_1\"}}");
    (void)state;

    assert_int_equal(d.ev.action, EVENT_UPSERT);
    assert_string_equal(d.ev.row.table->name, "users");
    check_slice(d.ev.type, "user.createdAtEdge");
    release(&d);
}

static void unknown_types_land_in_other_objects(void **state)
{
    struct decoded d = decode_text("{\"type\":\"apiKey.created\",\"data\":{\"id\":\"ak_1\","
                                   "\"object\":\"api_key\",\"secret\":\"s3cr3t\",\"n\":1}}");
    (void)state;

    assert_int_equal(d.ev.action, EVENT_UPSERT);
    assert_string_equal(d.ev.row.table->name, "other_objects");
    check_column(&d.ev.row, "object", "api_key");
    check_column(&d.ev.row, "type", "apiKey.created");
    check_slice(d.ev.row.data, "{\"id\":\"ak_1\",\"object\":\"api_key\",\"n\":1}");
    release(&d);
}

static void an_unknown_suffix_of_a_known_object_is_an_upsert(void **state)
{
    struct decoded d = decode_text(
        "{\"type\":\"user.banned\",\"data\":{\"id\":\"user_1\",\"banned\":true}}");
    (void)state;

    assert_int_equal(d.ev.action, EVENT_UPSERT);
    assert_string_equal(d.ev.row.table->name, "users");
    check_column(&d.ev.row, "banned", "1");
    release(&d);
}

static void deletes_carry_the_id_and_nothing_else(void **state)
{
    struct decoded d = decode_sample("organizationMembership.deleted"); /* a full object */
    (void)state;

    assert_int_equal(d.ev.action, EVENT_DELETE);
    assert_string_equal(d.ev.row.table->name, "organization_memberships");
    check_slice(d.ev.row.clerk_id, "orgmem_3IitY6PDTyorhmlLanL1mCB1dYi");
    assert_int_equal(d.ev.event_at, 1788429600009);
    assert_null(d.ev.row.values);
    assert_null(d.ev.children);
    assert_int_equal(d.ev.row.data.len, 0);
    release(&d);
}

static void a_delete_cares_for_no_other_member(void **state)
{
    struct decoded d = decode_text("{\"timestamp\":1788256800044,\"type\":\"user.deleted\","
                                   "\"data\":{\"id\":\"user_1\",\"banned\":\"yes\","
                                   "\"updated_at\":\"now\",\"first_name\":\"a\\u0000b\"}}");
    (void)state;

    assert_int_equal(d.ev.action, EVENT_DELETE);
    check_slice(d.ev.clerk_id, "user_1");
    release(&d);
}

static void a_nested_object_is_never_applied(void **state)
{
    struct decoded session = decode_sample("session.created");
    struct decoded membership = decode_sample("organizationMembership.created");
    (void)state;

    assert_int_equal(session.ev.object->child_count, 0);
    assert_int_equal(membership.ev.object->child_count, 0);
    assert_string_equal(session.ev.row.table->name, "sessions");
    release(&session);
    release(&membership);
}

static void children_without_an_id_get_a_stable_one(void **state)
{
    struct decoded d = decode_text(
        "{\"type\":\"user.updated\",\"data\":{\"id\":\"user_1\",\"email_addresses\":["
        "{\"email_address\":\"a@example.com\"},{\"id\":null,\"email_address\":\"b@example.com\"}]}"
        "}");
    (void)state;

    assert_int_equal(d.ev.action, EVENT_UPSERT);
    assert_int_equal(d.ev.children[0].count, 2);
    check_slice(d.ev.children[0].rows[0].clerk_id, "user_1:a@example.com");
    check_slice(d.ev.children[0].rows[1].clerk_id, "user_1:b@example.com");
    release(&d);
}

static void children_know_their_parent_their_clock_and_their_bytes(void **state)
{
    struct decoded d = decode_text(
        "{\"type\":\"user.updated\",\"timestamp\":1788256800044,\"data\":{\"id\":\"user_1\","
        "\"phone_numbers\":[{\"id\":\"idn_1\", \"phone_number\":\"+46\",\"backup_codes\":[\"x\"],"
        "\"created_at\":5}]}}");
    const struct row *phone = &d.ev.children[1].rows[0];
    (void)state;

    check_slice(phone->clerk_id, "idn_1");
    check_column(phone, "user_id", "user_1");
    check_column(phone, "verified", "0");
    assert_int_equal(phone->event_at, 1788256800044);
    assert_int_equal(phone->created_at.number, 5);
    check_slice(phone->data, "{\"id\":\"idn_1\", \"phone_number\":\"+46\",\"created_at\":5}");
    release(&d);
}

static void absent_and_empty_arrays_have_no_children(void **state)
{
    struct decoded d = decode_text("{\"type\":\"user.updated\",\"data\":{\"id\":\"user_1\","
                                   "\"email_addresses\":[],\"phone_numbers\":null}}");
    (void)state;

    for (size_t i = 0; i < d.ev.object->child_count; i++)
        assert_int_equal(d.ev.children[i].count, 0);
    release(&d);
}

static void an_event_can_be_released_twice(void **state)
{
    struct event ev = { .action = EVENT_IGNORE };
    struct decoded d = decode_sample("user.created");
    (void)state;

    event_release(&ev);
    event_release(&d.ev);
    release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(svix_test_message_is_ignored),
        cmocka_unit_test(events_of_another_instance_are_ignored),
        cmocka_unit_test(event_at_comes_from_the_best_clock),
        cmocka_unit_test(keys_of_the_envelope_may_come_in_any_order),
        cmocka_unit_test(former_names_fill_the_table_and_keep_their_name),
        cmocka_unit_test(unknown_types_land_in_other_objects),
        cmocka_unit_test(an_unknown_suffix_of_a_known_object_is_an_upsert),
        cmocka_unit_test(deletes_carry_the_id_and_nothing_else),
        cmocka_unit_test(a_delete_cares_for_no_other_member),
        cmocka_unit_test(a_nested_object_is_never_applied),
        cmocka_unit_test(children_without_an_id_get_a_stable_one),
        cmocka_unit_test(children_know_their_parent_their_clock_and_their_bytes),
        cmocka_unit_test(absent_and_empty_arrays_have_no_children),
        cmocka_unit_test(an_event_can_be_released_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

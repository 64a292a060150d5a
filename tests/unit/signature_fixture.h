#ifndef CLERK_TEST_SIGNATURE_FIXTURE_H
#define CLERK_TEST_SIGNATURE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/signature.h"

/* Facts and cases: the test suites of Svix and Standard Webhooks, in each of their languages, and
 * where they disagree the strictest of them. */

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID     "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define TS     "1614265330"
#define BODY   "{\"test\": 2432232314}"
#define GOOD   "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define WRONG  "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

enum { NOW_S = 1614265330, TOLERANCE_S = 300 };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static inline struct signature_keys *keys_of(const char *secrets)
{
    struct signature_keys *keys = NULL;
    char error[SIGNATURE_ERROR_MAX] = "";
    enum status st = signature_keys_new(slice_of(secrets), &keys, error);

    if (st != STATUS_OK)
        fail_msg("%s: %s", secrets, error);
    return keys;
}

static inline enum status verify_with(const char *secrets, const char *id, const char *timestamp,
                                      const char *signatures, struct slice body)
{
    struct signature_keys *keys = keys_of(secrets);
    const struct signed_request request = { slice_of(id), slice_of(timestamp), slice_of(signatures),
                                            &body, 1 };
    enum status st = signature_verify(keys, &request, NOW_S, TOLERANCE_S);

    signature_keys_free(keys);
    return st;
}

/* A list of signatures over the known message. */
static inline enum status verify_list(const char *signatures)
{
    return verify_with(SECRET, ID, TS, signatures, slice_of(BODY));
}

static inline void sign_as(const char *id, const char *timestamp, struct slice body,
                           char text[SIGNATURE_TEXT_LEN + 1])
{
    struct signature_keys *keys = keys_of(SECRET);
    const struct signed_request request = { slice_of(id), slice_of(timestamp), SLICE(""), &body,
                                            1 };

    assert_int_equal(signature_sign(keys, &request, text), STATUS_OK);
    signature_keys_free(keys);
}

/* A message signed as it is, verified NOW_S. */
static inline enum status verify_signed(const char *id, const char *timestamp, struct slice body)
{
    char text[SIGNATURE_TEXT_LEN + 1];

    sign_as(id, timestamp, body, text);
    return verify_with(SECRET, id, timestamp, text, body);
}

#endif

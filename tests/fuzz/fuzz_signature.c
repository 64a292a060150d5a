#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "ingest/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The three headers and the body, each on a line of its own (the body is what remains). Nobody
 * knows the secret here, so nothing may ever be accepted but what was signed below. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct signature_keys *keys;
    char error[SIGNATURE_ERROR_MAX];
    struct slice rest = { (const char *)data, size };
    struct signed_request request = { .body = &rest, .body_count = 1 };
    char text[SIGNATURE_TEXT_LEN + 1];

    if (!keys && signature_keys_new(SLICE("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw QUJD"), &keys,
                                    error) != STATUS_OK)
        abort();
    if (!slice_split(&rest, '\n', &request.id) || !slice_split(&rest, '\n', &request.timestamp) ||
        !slice_split(&rest, '\n', &request.signatures))
        return 0;
    if (signature_verify(keys, &request, 1614265330, 1000000000000) == STATUS_OK &&
        signature_sign(keys, &request, text) != STATUS_OK)
        abort(); /* accepted a form that may not be signed */
    if (signature_sign(keys, &request, text) == STATUS_OK) {
        request.signatures = slice_of(text);
        if (signature_verify(keys, &request, 1614265330, 1000000000000) != STATUS_OK)
            abort(); /* refused its own signature */
    }
    return 0;
}

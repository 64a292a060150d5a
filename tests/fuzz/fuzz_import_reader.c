#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_scan.h"
#include "worker/import_reader.h"

/* However a text is cut into pieces, the same objects are found in it, each of them a whole JSON
 * value, and the same fault. The first byte says how long the pieces are. */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { FOUND_MAX_BYTES = 1 << 20 };

struct found {
    struct buf text;
};

static void check(bool holds)
{
    if (!holds)
        abort(); /* not assert(): release builds fuzz too */
}

static enum status note(void *arg, struct slice object)
{
    struct found *found = arg;
    struct slice value;
    check(json_scan_whole(object, &value));
    buf_append(&found->text, object);
    buf_append_char(&found->text, '\n');
    return STATUS_OK;
}

static enum status read_in_pieces(struct slice text, size_t step, struct found *found)
{
    struct import_reader reader = import_reader_make(note, found);
    enum status st = STATUS_OK;
    while (st == STATUS_OK && text.len > 0) {
        size_t len = text.len < step ? text.len : step;
        st = import_reader_feed(&reader, (struct slice){ text.ptr, len });
        text.ptr += len;
        text.len -= len;
    }
    if (st == STATUS_OK)
        st = import_reader_end(&reader);
    check(st == STATUS_OK || reader.why[0] != '\0');
    import_reader_release(&reader);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct found whole = { buf_make(FOUND_MAX_BYTES) }, cut = { buf_make(FOUND_MAX_BYTES) };
    if (size == 0)
        return 0;
    struct slice text = { (const char *)bytes + 1, size - 1 };
    enum status st = read_in_pieces(text, size, &whole);
    check(st == read_in_pieces(text, (size_t)bytes[0] + 1, &cut));
    check(slice_equals(buf_slice(&whole.text), buf_slice(&cut.text)));
    buf_release(&whole.text);
    buf_release(&cut.text);
    return 0;
}

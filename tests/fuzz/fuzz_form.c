#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/page_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { NUMBER_MIN = -5, NUMBER_MAX = 100000, FIELD_MAX = 3 * FORM_TEXT_MAX + 8 };

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* Every byte as %XX, behind "id=". */
static struct slice encode(const char *text, char field[FIELD_MAX])
{
    size_t len = (size_t)snprintf(field, FIELD_MAX, "id=");

    for (; *text != '\0'; text++)
        len += (size_t)snprintf(field + len, FIELD_MAX - len, "%%%02X", (unsigned char)*text);
    return (struct slice){ field, len };
}

/* A text that is taken comes back the same after it was encoded; a number is within its range, and
 * stays as it was when there is none or it is refused. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct slice form = { (const char *)bytes, size };
    char text[FORM_TEXT_MAX + 1];
    char again[FORM_TEXT_MAX + 1];
    char field[FIELD_MAX];
    int64_t number = NUMBER_MIN - 1;

    memset(text, 0x55, sizeof(text));
    if (form_text(form, "id", text) == STATUS_OK) {
        check(memchr(text, '\0', sizeof(text)) != NULL);
        check(form_text(encode(text, field), "id", again) == STATUS_OK);
        check(strcmp(text, again) == 0);
    }
    if (form_number(form, "count", NUMBER_MIN, NUMBER_MAX, &number) != STATUS_OK)
        check(number == NUMBER_MIN - 1);
    check(number >= NUMBER_MIN - 1 && number <= NUMBER_MAX);
    return 0;
}

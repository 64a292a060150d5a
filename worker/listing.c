#include "worker/listing.h"

#include <inttypes.h>

#include "common/utf8.h"

enum { FIRST_PRINTABLE = 0x20, DELETE = 0x7f, FIRST_HIGH = 0x80, C1_LEAD = 0xc2, C1_LAST = 0x9f };

struct listing listing_begin(FILE *out, bool is_terminal, const struct listing_column *columns,
                             size_t count)
{
    struct listing list = {
        .out = out, .is_terminal = is_terminal, .columns = columns, .count = count
    };
    for (size_t i = 0; is_terminal && i < count; i++)
        listing_cell(&list, slice_of(columns[i].title));
    return list;
}

/* UTF-8's continuation bytes take no room of their own. */
static int width_of(struct slice text)
{
    int width = 0;
    for (size_t i = 0; i < text.len; i++)
        width += ((unsigned char)text.ptr[i] & 0xc0) != FIRST_HIGH;
    return width;
}

static bool is_c1(struct slice text, size_t i)
{
    return (unsigned char)text.ptr[i] == C1_LEAD && i + 1 < text.len &&
           (unsigned char)text.ptr[i + 1] <= C1_LAST;
}

void listing_print_safely(FILE *out, struct slice text)
{
    bool is_utf8 = utf8_is_valid(text);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool is_bad = c < FIRST_PRINTABLE || c == DELETE || (c >= FIRST_HIGH && !is_utf8);
        if (!is_bad && is_c1(text, i)) {
            is_bad = true;
            i++;
        }
        fputc(is_bad ? '?' : c, out);
    }
}

void listing_cell(struct listing *list, struct slice text)
{
    bool is_last = list->at + 1 == list->count;
    if (text.len == 0)
        text = SLICE("-");
    listing_print_safely(list->out, text);
    if (is_last)
        fputc('\n', list->out);
    else if (list->is_terminal)
        fprintf(list->out, "%*s  ",
                width_of(text) < list->columns[list->at].width
                    ? list->columns[list->at].width - width_of(text)
                    : 0,
                "");
    else
        fputc('\t', list->out);
    list->at = is_last ? 0 : list->at + 1;
}

void listing_number(struct listing *list, int64_t number)
{
    char text[LISTING_CELL_MAX];
    snprintf(text, sizeof(text), "%" PRId64, number);
    listing_cell(list, slice_of(text));
}

void listing_age(int64_t ms, char ret_text[LISTING_CELL_MAX])
{
    int64_t s = ms > 0 ? ms / 1000 : 0;
    if (s < 120)
        snprintf(ret_text, LISTING_CELL_MAX, "%" PRId64 " s", s);
    else if (s < 7200)
        snprintf(ret_text, LISTING_CELL_MAX, "%" PRId64 " min", s / 60);
    else if (s < 172800)
        snprintf(ret_text, LISTING_CELL_MAX, "%" PRId64 ".%" PRId64 " h", s / 3600, s % 3600 / 360);
    else
        snprintf(ret_text, LISTING_CELL_MAX, "%" PRId64 " d", s / 86400);
}

void listing_size(int64_t bytes, char ret_text[LISTING_CELL_MAX])
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
    if (bytes < 1024) {
        snprintf(ret_text, LISTING_CELL_MAX, "%" PRId64 " B", bytes);
        return;
    }
    size_t unit = 0;
    int64_t tenths = bytes * 10 / 1024;
    for (; tenths >= 10240 && unit + 1 < sizeof(units) / sizeof(*units); unit++)
        tenths /= 1024;
    snprintf(ret_text, LISTING_CELL_MAX, "%" PRId64 ".%" PRId64 " %s", tenths / 10, tenths % 10,
             units[unit]);
}

#include "ingest/sample.h"

#include <assert.h>
#include <fnmatch.h>

#include "ingest/sample_data.h" /* generated: static const struct sample samples[] */

enum { SAMPLE_COUNT = sizeof(samples) / sizeof(samples[0]) };

size_t sample_count(void)
{
    return SAMPLE_COUNT;
}

const struct sample *sample_at(size_t i)
{
    assert(i < SAMPLE_COUNT);
    return &samples[i];
}

bool sample_matches(const struct sample *sample, const char *pattern)
{
    return fnmatch(pattern, sample->type.ptr, 0) == 0; /* the table's types end in NUL */
}

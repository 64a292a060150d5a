#ifndef CLERK_PAGE_ASSETS_H
#define CLERK_PAGE_ASSETS_H

#include <stdbool.h>

#include "common/slice.h"

/* The files of worker/page and the chart library, as they were when the program was built. */

struct page_asset {
    const char *path; /* "/app.css" */
    const char *type; /* of Content-Type */
    bool is_public;   /* shown to those who have not logged in: what the log-in form needs */
    struct slice bytes;
};

/* The one of this path; NULL: there is none, or the build has no page (PAGE=OFF). */
const struct page_asset *page_asset_find(struct slice path);

#endif

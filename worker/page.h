#ifndef CLERK_PAGE_H
#define CLERK_PAGE_H

#include "common/clock.h"
#include "common/status.h"

struct admin_page;
struct page;
struct worker_conf;

/* The worker's page: what `status`, `peek` and `dead` show, for a browser, and the same as JSON
 * under /api. Has connections of its own to Redis and the database, and shares nothing with the
 * worker's loop but its counters. README describes the addresses. */

/* Nothing is connected yet. conf and clock are borrowed until page_free(). STATUS_NO_MEMORY;
 * STATUS_UNAVAILABLE: no random bytes. */
enum status page_new(const struct worker_conf *conf, const struct clock *clock,
                     struct page **ret_page) MUST_CHECK;

/* What the admin endpoint calls, from one thread. Borrowed from page. */
const struct admin_page *page_hooks(const struct page *page);

/* Closes. NULL is fine. */
void page_free(struct page *page);

#endif

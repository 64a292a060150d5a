#ifndef CLERK_PAGE_PARTS_H
#define CLERK_PAGE_PARTS_H

#include "common/admin.h"
#include "worker/page_guard.h"
#include "worker/queue_state.h"
#include "worker/samples.h"
#include "worker/store.h"

/* What the parts of the page share; nobody else includes this. The parts: page.c routes, _guard
 * lets in, _form reads fields, _assets holds the files, _view answers what only looks at the whole,
 * _sample looks once a second, _dead and _find are about single events. */

enum { PAGE_WHY_MAX = 400 };

struct page {
    const struct worker_conf *conf;
    const struct clock *clock;
    struct admin_page hooks;
    struct page_guard guard;
    struct status_source *source; /* both connections */
    struct buf status;            /* the last answer of /api/status */
    int64_t status_until_ms;      /* monotonic; good for so long */
    struct samples samples;
    struct queue_state queue; /* of the last sample */
    int64_t queue_ms;         /* monotonic, when that was; 0: there was none */
    int64_t redis_again_ms;   /* monotonic: Redis was away, no sample asks it before */
};

/* Answer one request that is allowed to. */
typedef void page_serve_fn(struct page *page, const struct admin_request *request,
                           struct admin_reply *reply);
page_serve_fn page_session, page_status, page_samples, page_waiting;
page_serve_fn page_dead_list, page_dead_letter, page_dead_retry, page_dead_drop;
page_serve_fn page_find;

/* Makes reply {"error":why}. */
void page_fail(struct admin_reply *reply, int code, const char *why);

/* The page's database, open, or NULL and reply is a failure that says why. */
struct store *page_store(struct page *page, struct admin_reply *reply);

/* Takes the second's sample. Blocks. */
void page_sample(struct page *page);

#endif

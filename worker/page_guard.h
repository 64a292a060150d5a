#ifndef CLERK_PAGE_GUARD_H
#define CLERK_PAGE_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/admin.h"
#include "common/slice.h"
#include "common/status.h"

/* Who may see the page, and who may change something. Where WORKER_ADMIN_TOKEN is set it is asked
 * for, as a bearer or by the log-in form; where it is not, only a loopback address serves the page,
 * and only under a name of this machine, so that no foreign site can point its own name here (DNS
 * rebinding). A browser's changes carry the CSRF token beside the cookie. */

enum { PAGE_SECRET_CHARS = 64, PAGE_COOKIE_NAME_MAX = 32, PAGE_SESSION_S = 12 * 3600 };

/* After ten wrong tokens within a minute none is compared for the rest of it, the right one
 * neither. */
enum { PAGE_TRIES_MAX = 10, PAGE_TRIES_MS = 60 * 1000 };

struct page_tries {
    int wrong_count;
    int64_t until_ms; /* monotonic; when the minute ends that their first try began */
    bool is_told;     /* the caller's: that the rest of this minute is refused */
};

struct page_guard {
    const char *token;                      /* borrowed; NULL or empty: none is set */
    bool is_loopback;                       /* of the address that is served */
    char cookie_name[PAGE_COOKIE_NAME_MAX]; /* has the port: cookies are shared by all ports */
    char session[PAGE_SECRET_CHARS + 1];    /* what the cookie holds; of this process alone */
    char csrf[PAGE_SECRET_CHARS + 1];
    struct page_tries forms; /* apart: a script with an old bearer keeps nobody from the form */
    struct page_tries bearers;
};

enum page_access {
    PAGE_OPEN,      /* go on */
    PAGE_LOG_IN,    /* the token is missing or wrong */
    PAGE_TOO_MANY,  /* there were too many wrong ones: not compared */
    PAGE_NO_TOKEN,  /* reachable from elsewhere, and no token is set: nothing is shown */
    PAGE_WRONG_HOST /* asked for under a foreign name */
};

/* Draws the secrets. STATUS_UNAVAILABLE: the kernel has no random bytes. */
enum status page_guard_make(const struct address *address, const char *token,
                            struct page_guard *ret_guard) MUST_CHECK;

/* May this request see anything? now_ms is monotonic. PAGE_TOO_MANY: guard->bearers has the time. A
 * session's cookie goes on opening. */
enum page_access page_guard_look(struct page_guard *guard, const struct admin_request *request,
                                 int64_t now_ms);

/* The log-in form: PAGE_OPEN when it is the token, PAGE_LOG_IN when it is not, PAGE_TOO_MANY when
 * it was not compared; guard->forms has the time then. */
enum page_access page_guard_log_in(struct page_guard *guard, struct slice token, int64_t now_ms);

/* May this request, which may look, change anything? True with a bearer, which no browser sends by
 * itself, or with the CSRF token. */
bool page_guard_change(const struct page_guard *guard, const struct admin_request *request);

/* The value of Set-Cookie that logs a browser in, or out. */
void page_guard_cookie(const struct page_guard *guard, bool in, char ret_cookie[ADMIN_COOKIE_MAX]);

#endif

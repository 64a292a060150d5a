#ifndef CLERK_ADMIN_REPLY_H
#define CLERK_ADMIN_REPLY_H

struct admin_reply;
struct admin_request;
struct evhttp_request;

/* Part of admin.c: a page's requests and replies, to and from evhttp. */

/* A view of a request whose body is complete; valid until it is replied to. */
struct admin_request admin_request_of(struct evhttp_request *req);

/* Sends reply with the headers that keep browsers from running or showing anything foreign. req is
 * evhttp's again; one whose connection is gone is freed. Takes nothing of reply. */
void admin_reply_send(struct evhttp_request *req, const struct admin_reply *reply);

#endif

/* The floor of clerk-ingest: evhttp with its default flags and limits, that answers 200 to whatever
 * comes and knows nothing of signatures or Redis. Usage: bench-floor PORT */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

static void on_request(struct evhttp_request *request, void *arg)
{
    struct evbuffer *body = evbuffer_new();

    (void)arg;
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
                      "application/json");
    evbuffer_add(body, "{\"received\":true}", 17);
    evhttp_send_reply(request, 200, "OK", body);
    evbuffer_free(body);
}

int main(int argc, char **argv)
{
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);

    signal(SIGPIPE, SIG_IGN);
    evhttp_set_gencb(http, on_request, NULL);
    if (argc != 2 || evhttp_bind_socket(http, "127.0.0.1", (unsigned short)atoi(argv[1])) != 0) {
        fprintf(stderr, "usage: bench-floor PORT (a free one)\n");
        return 2;
    }
    return event_base_dispatch(base) < 0;
}

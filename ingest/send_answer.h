#ifndef CLERK_SEND_ANSWER_H
#define CLERK_SEND_ANSWER_H

#include <stdint.h>

#include "common/slice.h"

enum { SEND_ANSWER_TEXT_MAX = 200 };

/* What came back, or why nothing did. Only the code decides: Svix counts 2xx as delivered. */
struct send_answer {
    /* 100..599; 0: none came */
    int code;
    /* from asking to the whole answer, connecting included */
    int64_t elapsed_us;
    /* one printable line: the "error" of the body if there is one, the body's beginning if not;
     * why none came, for 0 */
    char text[SEND_ANSWER_TEXT_MAX + 1];
};

/* Sets answer's text from the body that came with it. What a terminal could take for a command
 * becomes '?': the server is a stranger. */
void send_answer_explain(struct send_answer *answer, struct slice body);

/* What to say of an enum evhttp_request_error; NULL where there is nothing to say. A constant. */
const char *send_answer_failure(int error);

#endif

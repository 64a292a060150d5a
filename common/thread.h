#ifndef CLERK_THREAD_H
#define CLERK_THREAD_H

#include <pthread.h>

#include "common/status.h"

/* Starts run(arg) on a thread that handles no signal: they all go to the program's own threads,
 * whose waiting they are meant to interrupt. STATUS_UNAVAILABLE: errno says why. */
enum status thread_start(void *(*run)(void *), void *arg, pthread_t *ret_thread) MUST_CHECK;

#endif

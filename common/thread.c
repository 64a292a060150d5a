#include "common/thread.h"

#include <errno.h>
#include <signal.h>

/* A thread inherits the mask it is created under. */
enum status thread_start(void *(*run)(void *), void *arg, pthread_t *ret_thread)
{
    sigset_t all;
    sigset_t before;
    int rc;

    (void)sigfillset(&all);
    rc = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (rc == 0) {
        rc = pthread_create(ret_thread, NULL, run, arg);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (rc == 0)
        return STATUS_OK;
    errno = rc;
    return STATUS_UNAVAILABLE;
}

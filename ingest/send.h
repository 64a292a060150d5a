#ifndef CLERK_SEND_H
#define CLERK_SEND_H

/* `clerk-ingest send`: signs sample events or given files and posts them, as Svix would. The way to
 * try everything without Clerk. argv[0] is "send". Needs no Redis. Reads the settings from the
 * environment; prints one line for each answer (2xx to standard output, others to standard error)
 * and a last line with the totals. Returns the exit code: 0 all answered 2xx, 1 some were not, 2
 * wrong use or wrong settings, with one line that says what, before anything is sent. Blocks until
 * all is sent. */
int send_command(int argc, char **argv);

#endif

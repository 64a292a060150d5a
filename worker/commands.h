#ifndef CLERK_COMMANDS_H
#define CLERK_COMMANDS_H

struct worker_conf;

/* The operator's subcommands. argv[0] is the subcommand's name. Each prints its result to standard
 * output and what is wrong to standard error, and returns the exit code: 0 done, 1 could not be
 * done (Redis or the database is away, there is no such event), 2 wrong use. All block. The texts
 * are for --help and fit a screen. */

extern const char status_help[];
int status_command(const struct worker_conf *conf, int argc, char **argv);

extern const char peek_help[];
int peek_command(const struct worker_conf *conf, int argc, char **argv);

extern const char dead_help[];
int dead_command(const struct worker_conf *conf, int argc, char **argv);

extern const char import_help[];
int import_command(const struct worker_conf *conf, int argc, char **argv);

enum { COMMAND_DONE = 0, COMMAND_FAILED = 1, COMMAND_WRONG_USE = 2 };

#endif

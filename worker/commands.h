#ifndef CLERK_COMMANDS_H
#define CLERK_COMMANDS_H

struct worker_conf;

/* The operator's subcommands. argv[0] is the subcommand's name. Each prints its result to standard
 * output and what is wrong to standard error, and returns the exit code: 0 done, 1 could not be
 * done (Redis or the database is away, there is no such event), 2 wrong use. All block. The texts
 * are for --help and fit a screen. */

/* Prints the backlog, the consumers and the database at a glance, and what is wrong with them;
 * --watch: again and again, until a signal or a closed pipe. */
extern const char status_help[];
int status_command(const struct worker_conf *conf, int argc, char **argv);

/* Prints the oldest entries of the stream and takes none of them. */
extern const char peek_help[];
int peek_command(const struct worker_conf *conf, int argc, char **argv);

/* Lists, shows, exports, retries or drops dead letters; the last two change the database, and retry
 * appends to the stream. */
extern const char dead_help[];
int dead_command(const struct worker_conf *conf, int argc, char **argv);

/* Applies answers of Clerk's Backend API from files or standard input; with --dry-run prints only
 * what would change. */
extern const char import_help[];
int import_command(const struct worker_conf *conf, int argc, char **argv);

/* Brings the database's schema up to date; with --to copies a whole SQLite database into PostgreSQL
 * and compares both, which takes its time. */
extern const char migrate_help[];
int migrate_command(const struct worker_conf *conf, int argc, char **argv);

enum { COMMAND_DONE = 0, COMMAND_FAILED = 1, COMMAND_WRONG_USE = 2 };

#endif

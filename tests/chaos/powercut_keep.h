#ifndef CLERK_POWERCUT_KEEP_H
#define CLERK_POWERCUT_KEEP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The model of powercut.c: which bytes and names of one folder would survive a power cut. Without
 * POWERCUT_DIR and POWERCUT_KEEP in the environment it is off. Where the model cannot be kept up
 * the process aborts: a test shall notice. */

/* What libc's functions of these names do, straight from the kernel: our own calls must not land in
 * those that powercut.c puts in their place, and looking libc's up (dlsym) is not possible as early
 * as an allocator opens files. */
int keep_real_open(const char *path, int flags, mode_t mode);
int keep_real_close(int fd);
ssize_t keep_real_write(int fd, const void *bytes, size_t count);
ssize_t keep_real_pwrite(int fd, const void *bytes, size_t count, off_t offset);
int keep_real_ftruncate(int fd, off_t length);
int keep_real_rename(const char *from, const char *to);
int keep_real_unlink(const char *path);

/* True when a folder is watched. */
bool keep_is_on(void);

/* The name inside the watched folder whose durability counts, or NULL. Points into path. */
const char *keep_name_inside(const char *path);

/* Keeps the inode at path busy, so that its number is not given to another file before the names
 * are durable. */
void keep_hold(const char *path);

/* Bytes low..high of a file were written and are not durable yet. */
void keep_note_range(uint64_t inode, uint64_t low, uint64_t high);

/* What the open file fd, or the whole folder, is now would survive. Does nothing for what lies
 * elsewhere. */
int keep_sync(int fd);

/* Writing and noting what was written are one step for all threads. */
void keep_lock(void);
void keep_unlock(void);

#endif

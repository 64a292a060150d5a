/* See powercut_keep.h. */
#define _GNU_SOURCE
#include "powercut_keep.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILES_MAX = 4096, COPY_BYTES = 1 << 16, PATH_BYTES = 1024 };

/* Read by bench/powercut.py: "<QQQQ". low < high: bytes written since the last fsync. */
struct file_note {
    uint64_t inode, low, high, synced;
};

static struct file_note *notes;
static char watched[PATH_BYTES];
static char keep[PATH_BYTES];
static int sync_ms;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int keep_real_open(const char *path, int flags, mode_t mode)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int keep_real_close(int fd)
{
    return (int)syscall(SYS_close, fd);
}

ssize_t keep_real_write(int fd, const void *bytes, size_t count)
{
    return syscall(SYS_write, fd, bytes, count);
}

ssize_t keep_real_pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
    return syscall(SYS_pwrite64, fd, bytes, count, offset);
}

int keep_real_ftruncate(int fd, off_t length)
{
    return (int)syscall(SYS_ftruncate, fd, length);
}

int keep_real_rename(const char *from, const char *to)
{
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int keep_real_unlink(const char *path)
{
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

static void setting(const char *name, char to[PATH_BYTES])
{
    const char *text = getenv(name);
    snprintf(to, PATH_BYTES, "%s", text ? text : "");
}

static void make_folder(const char *name)
{
    char path[PATH_BYTES + 16];
    snprintf(path, sizeof path, "%s/%s", keep, name);
    (void)mkdir(path, 0700);
}

__attribute__((constructor)) static void start(void)
{
    char path[PATH_BYTES + 16];
    setting("POWERCUT_DIR", watched);
    setting("POWERCUT_KEEP", keep);
    if (!watched[0] || !keep[0])
        return;
    const char *slowness = getenv("POWERCUT_SYNC_MS");
    sync_ms = slowness ? slowness[0] - '0' : 0;
    make_folder("data");
    make_folder("names");
    make_folder("held");
    snprintf(path, sizeof path, "%s/notes", keep);
    int fd = keep_real_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || keep_real_ftruncate(fd, FILES_MAX * (off_t)sizeof *notes) != 0)
        abort();
    notes = mmap(NULL, FILES_MAX * sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (notes == MAP_FAILED)
        abort();
    (void)keep_real_close(fd);
}

static bool is_durable_kind(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && !(len > 4 && strcmp(name + len - 4, "-shm") == 0);
}

const char *keep_name_inside(const char *path)
{
    char full[PATH_MAX];
    if (!notes || !path)
        return NULL;
    const char *slash = strrchr(path, '/');
    if (!slash)
        snprintf(full, sizeof full, ".");
    else
        snprintf(full, sizeof full, "%.*s", (int)(slash - path + (slash == path)), path);
    char folder[PATH_MAX];
    const char *name = slash ? slash + 1 : path;
    if (!realpath(full, folder) || strcmp(folder, watched) != 0)
        return NULL;
    return is_durable_kind(name) ? name : NULL;
}

/* The note of a file; made where there is none. Under the lock. */
static struct file_note *note_of(uint64_t inode)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (notes[i].inode == inode)
            return &notes[i];
        if (notes[i].inode == 0) {
            notes[i].inode = inode;
            return &notes[i];
        }
    }
    abort();
}

static void kept_path(char to[PATH_BYTES + 64], const char *kind, const char *name)
{
    snprintf(to, PATH_BYTES + 64, "%s/%s/%s", keep, kind, name);
}

static void data_path(char to[PATH_BYTES + 64], uint64_t inode)
{
    char name[32];
    snprintf(name, sizeof name, "%llu", (unsigned long long)inode);
    kept_path(to, "data", name);
}

void keep_hold(const char *path)
{
    struct stat st;
    char name[32], to[PATH_BYTES + 64];
    if (stat(path, &st) != 0)
        return;
    snprintf(name, sizeof name, "%llu", (unsigned long long)st.st_ino);
    kept_path(to, "held", name);
    (void)link(path, to);
}

static void copy_range(int from, int to, uint64_t low, uint64_t high)
{
    static char block[COPY_BYTES]; /* under the lock */
    while (low < high) {
        size_t want = high - low < COPY_BYTES ? (size_t)(high - low) : COPY_BYTES;
        ssize_t got = pread(from, block, want, (off_t)low);
        if (got <= 0)
            return;
        if (keep_real_pwrite(to, block, (size_t)got, (off_t)low) != got)
            abort();
        low += (uint64_t)got;
    }
}

/* The durable content of a file becomes the present one. stdio writes without our seeing it: a file
 * for which nothing was noted is copied whole. */
static void keep_content(int fd, const struct stat *st)
{
    char kept[PATH_BYTES + 64], self[64];
    struct file_note *note = note_of(st->st_ino);
    bool is_known = note->low < note->high && note->synced;
    snprintf(self, sizeof self, "/proc/self/fd/%d",
             fd); /* fd itself may be open for writing only */
    data_path(kept, st->st_ino);
    int from = keep_real_open(self, O_RDONLY | O_CLOEXEC, 0);
    int to = keep_real_open(kept, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (from < 0 || to < 0)
        abort();
    copy_range(from, to, is_known ? note->low : 0, is_known ? note->high : (uint64_t)st->st_size);
    if (keep_real_ftruncate(to, st->st_size) != 0)
        abort();
    (void)keep_real_close(from);
    (void)keep_real_close(to);
    *note = (struct file_note){ .inode = st->st_ino, .synced = 1 };
}

/* The durable name leads to the durable content of this inode from now on. */
static void keep_name(const char *name, uint64_t inode)
{
    char data[PATH_BYTES + 64], kept[PATH_BYTES + 64], fresh[PATH_BYTES + 64];
    data_path(data, inode);
    kept_path(kept, "names", name);
    kept_path(fresh, "held", "fresh");
    (void)keep_real_unlink(fresh);
    (void)keep_real_close(
        keep_real_open(data, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)); /* never synced: empty */
    struct stat a, b;
    if (stat(kept, &a) == 0 && stat(data, &b) == 0 && a.st_ino == b.st_ino)
        return;
    if (link(data, fresh) != 0 || keep_real_rename(fresh, kept) != 0)
        abort();
}

/* fsync() of the folder: the durable names are the present ones. */
static void keep_names(void)
{
    char path[PATH_BYTES + 64];
    struct stat st;
    const struct dirent *entry;
    kept_path(path, "names", "");
    DIR *names = opendir(path);
    DIR *folder = opendir(watched);
    if (!names || !folder)
        abort();
    while ((entry = readdir(names))) {
        if (entry->d_name[0] != '.' && fstatat(dirfd(folder), entry->d_name, &st, 0) != 0)
            (void)unlinkat(dirfd(names), entry->d_name, 0);
    }
    while ((entry = readdir(folder))) {
        if (is_durable_kind(entry->d_name) && fstatat(dirfd(folder), entry->d_name, &st, 0) == 0 &&
            S_ISREG(st.st_mode))
            keep_name(entry->d_name, st.st_ino);
    }
    closedir(names);
    closedir(folder);
}

void keep_note_range(uint64_t inode, uint64_t low, uint64_t high)
{
    struct file_note *note = note_of(inode);
    bool is_clean = note->low >= note->high;
    note->low = is_clean || low < note->low ? low : note->low;
    note->high = is_clean || high > note->high ? high : note->high;
}

int keep_sync(int fd)
{
    char self[64], path[PATH_BYTES];
    struct stat st;
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(self, path, sizeof path - 1);
    if (len <= 0 || fstat(fd, &st) != 0)
        return -1;
    path[len] = '\0';
    (void)poll(NULL, 0, sync_ms);
    keep_lock();
    const char *name = keep_name_inside(path);
    if (strcmp(path, watched) == 0) {
        keep_names();
    } else if (name && S_ISREG(st.st_mode) && st.st_nlink > 0) {
        keep_content(fd, &st);
        keep_name(name, st.st_ino);
    }
    keep_unlock();
    return 0;
}

bool keep_is_on(void)
{
    return notes != NULL;
}

void keep_lock(void)
{
    pthread_mutex_lock(&lock);
}

void keep_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

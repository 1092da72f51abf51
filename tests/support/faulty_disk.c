/* A disk that fails, and a clock that is set: loaded into a relay or a PostgreSQL server with
 * LD_PRELOAD, controlled through a page of memory shared with the test (faulty_disk.py).
 *
 * Only files under FAULTY_DISK_FOLDER are concerned. What is written to them is written as ever, but
 * what each page held before is appended to the journal first, and each fsync with its outcome, so
 * that the test can put back what a power cut would have taken: pages that were not synced since
 * they were written. A failed fsync leaves pages clean, as Linux does: a later fsync that succeeds
 * says nothing about them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

struct control {
    int32_t failing_syncs;  /* so many of the next fail with EIO; -1 for all */
    int32_t failing_reads;
    int32_t failing_writes;
    int32_t write_error;
    int32_t is_remembering; /* whether pages are written down for a power cut */
    int32_t seen_syncs;
    int32_t failed;
    int32_t padding;
    int64_t clock_offset;   /* seconds that the system's clock is off */
};

struct record {
    uint32_t kind; /* 1 page before a write, 2 synced, 3 sync failed, 4 length before a change */
    uint32_t size;
    uint64_t file;
    uint64_t offset;
};

static volatile struct control *control;
static const char *folder;
static int journal = -1;
static ssize_t (*real_pread)(int, void *, size_t, off_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_clock_gettime)(clockid_t, struct timespec *);

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
    real_pread = next("pread64");
    real_pwrite = next("pwrite64");
    real_pwritev = next("pwritev64");
    real_write = next("write");
    real_fsync = next("fsync");
    real_fdatasync = next("fdatasync");
    real_ftruncate = next("ftruncate64");
    real_clock_gettime = next("clock_gettime");
    folder = getenv("FAULTY_DISK_FOLDER");
    const char *page = getenv("FAULTY_DISK_CONTROL"), *log = getenv("FAULTY_DISK_JOURNAL");
    int fd = page ? open(page, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared != MAP_FAILED) control = shared;
    if (log) journal = open(log, O_WRONLY | O_APPEND | O_CLOEXEC);
}

static int is_ours(int fd) {
    char link[64], path[PATH_MAX];
    int saved = errno;
    if (!control || !folder) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (length <= 0) return 0;
    path[length] = 0;
    return strncmp(path, folder, strlen(folder)) == 0 && !strstr(path, "-shm");
}

static int takes_one(volatile int32_t *left) {
    int32_t now = __atomic_load_n(left, __ATOMIC_SEQ_CST);
    while (now > 0)
        if (__atomic_compare_exchange_n(left, &now, now - 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            break;
    if (now) __atomic_add_fetch(&control->failed, 1, __ATOMIC_SEQ_CST);
    return now != 0;
}

static void put_down(uint32_t kind, int fd, uint64_t offset, const void *bytes, uint32_t size) {
    char whole[sizeof(struct record) + PAGE];
    struct stat about;
    int saved = errno;
    if (journal < 0 || !control->is_remembering || fstat(fd, &about)) return;
    struct record head = {kind, size, about.st_ino, offset};
    memcpy(whole, &head, sizeof head);
    if (size) memcpy(whole + sizeof head, bytes, size);
    if (real_write(journal, whole, sizeof head + size) < 0) abort();
    errno = saved;
}

static void remember(int fd, off_t offset, size_t count) {
    struct stat about;
    if (!control->is_remembering || !count || fstat(fd, &about)) return;
    put_down(4, fd, about.st_size, NULL, 0);
    for (off_t page = offset / PAGE * PAGE; page < offset + (off_t)count; page += PAGE) {
        char before[PAGE];
        ssize_t got = real_pread(fd, before, PAGE, page);
        put_down(1, fd, page, before, got < 0 ? 0 : (uint32_t)got);
    }
}

static int fails_to_write(void) {
    if (!takes_one(&control->failing_writes)) return 0;
    errno = control->write_error;
    return 1;
}

ssize_t pread64(int fd, void *into, size_t count, off_t offset) {
    if (control && control->failing_reads && is_ours(fd) && takes_one(&control->failing_reads)) {
        errno = EIO;
        return -1;
    }
    return real_pread(fd, into, count, offset);
}
ssize_t pread(int fd, void *into, size_t count, off_t offset) {
    return pread64(fd, into, count, offset);
}

ssize_t pwrite64(int fd, const void *from, size_t count, off_t offset) {
    if (is_ours(fd)) {
        if (fails_to_write()) return -1;
        remember(fd, offset, count);
    }
    return real_pwrite(fd, from, count, offset);
}
ssize_t pwrite(int fd, const void *from, size_t count, off_t offset) {
    return pwrite64(fd, from, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset) {
    if (is_ours(fd)) {
        size_t all = 0;
        for (int part = 0; part < count; part++) all += parts[part].iov_len;
        if (fails_to_write()) return -1;
        remember(fd, offset, all);
    }
    return real_pwritev(fd, parts, count, offset);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    return pwritev64(fd, parts, count, offset);
}

int ftruncate64(int fd, off_t length) {
    struct stat about;
    if (is_ours(fd) && control->is_remembering && !fstat(fd, &about) && length < about.st_size)
        remember(fd, length, about.st_size - length);
    return real_ftruncate(fd, length);
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int sync_with(int (*real)(int), int fd) {
    if (!is_ours(fd)) return real(fd);
    __atomic_add_fetch(&control->seen_syncs, 1, __ATOMIC_SEQ_CST);
    if (takes_one(&control->failing_syncs)) {
        put_down(3, fd, 0, NULL, 0);
        errno = EIO;
        return -1;
    }
    int outcome = real(fd);
    put_down(outcome ? 3 : 2, fd, 0, NULL, 0);
    return outcome;
}
int fsync(int fd) { return sync_with(real_fsync, fd); }
int fdatasync(int fd) { return sync_with(real_fdatasync, fd); }

int clock_gettime(clockid_t clock, struct timespec *now) {
    int outcome = real_clock_gettime(clock, now);
    if (!outcome && clock == CLOCK_REALTIME && control) now->tv_sec += control->clock_offset;
    return outcome;
}

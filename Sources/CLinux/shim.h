#ifndef RUNSURGE_CLINUX_SHIM_H
#define RUNSURGE_CLINUX_SHIM_H

// What Linux offers for processes and files and Swift's own import of glibc leaves out: GNU extensions, variadic
// functions, and what must happen between fork and exec.

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/// What a child becomes. Descriptors are taken in order: child descriptor i is `descriptors[i]`, all of which must
/// be larger than any child descriptor.
struct runsurge_spawn {
    const char *path;
    char *const *arguments;
    char *const *environment;
    const int *descriptors;
    size_t descriptor_count;
    /// Files "cgroup.procs" of the groups to enter.
    const char *const *groups;
    size_t group_count;
    rlim_t open_files;
    rlim_t processes;
    rlim_t file_bytes;
    rlim_t address_bytes;
    rlim_t cpu_seconds;
};

static inline int runsurge_limit(int which, rlim_t wanted) {
    struct rlimit limit;
    if (getrlimit(which, &limit) != 0) return -1;
    if (wanted < limit.rlim_max) limit.rlim_max = wanted;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(which, &limit);
}

static inline void runsurge_become(const struct runsurge_spawn *spawn, pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return;
    // It has ended before it was asked for.
    if (getppid() != parent) _exit(126);
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) sigaction(number, &action, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (setsid() < 0) return;
    for (size_t index = 0; index < spawn->group_count; index++) {
        int group = open(spawn->groups[index], O_WRONLY | O_CLOEXEC);
        if (group < 0 || write(group, "0", 1) != 1) return;
        close(group);
    }
    // When the whole machine is short of memory, scripts go first.
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0) {
        if (write(score, "1000", 4) != 4) errno = 0;
        close(score);
    }
    for (size_t index = 0; index < spawn->descriptor_count; index++)
        if (dup2(spawn->descriptors[index], (int)index) < 0) return;
    if (syscall(SYS_close_range, (unsigned)spawn->descriptor_count, ~0U, 0U) != 0) {
        // A kernel before 5.9: what was opened without close-on-exec is closed one by one.
        for (int number = (int)spawn->descriptor_count; number < 65536; number++) close(number);
    }
    if (runsurge_limit(RLIMIT_CORE, 0) || runsurge_limit(RLIMIT_NOFILE, spawn->open_files)
        || runsurge_limit(RLIMIT_NPROC, spawn->processes) || runsurge_limit(RLIMIT_FSIZE, spawn->file_bytes)
        || runsurge_limit(RLIMIT_AS, spawn->address_bytes) || runsurge_limit(RLIMIT_CPU, spawn->cpu_seconds))
        return;
    execve(spawn->path, spawn->arguments, spawn->environment);
}

/// Starts a child in a session of its own, to be killed when the thread that calls ends, and returns its identifier, or -1 with errno: of the step that failed in
/// the child, too.
__attribute__((noinline)) static pid_t runsurge_start(const struct runsurge_spawn *spawn) {
    // The child borrows this memory until it execs, which is how its errno gets here.
    volatile int failure = 0;
    sigset_t all, previous;
    sigfillset(&all);
    pid_t parent = getpid();
    // No handler of ours may run in the child on this stack.
    pthread_sigmask(SIG_SETMASK, &all, &previous);
    pid_t child = vfork();
    if (child == 0) {
        runsurge_become(spawn, parent);
        failure = errno ? errno : EINVAL;
        _exit(127);
    }
    int own = errno;
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    if (child < 0) {
        errno = own;
        return -1;
    }
    if (failure) {
        siginfo_t ignored;
        while (waitid(P_PID, (id_t)child, &ignored, WEXITED) != 0 && errno == EINTR) {}
        errno = failure;
        return -1;
    }
    return child;
}

static inline int runsurge_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0U); }
static inline int runsurge_pipe(int ends[2]) { return (int)syscall(SYS_pipe2, ends, O_CLOEXEC); }
static inline int runsurge_pipe_size(int descriptor, int bytes) { return fcntl(descriptor, 1031 /* F_SETPIPE_SZ */, bytes); }
static inline int runsurge_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline ssize_t runsurge_copy(int from, int to, size_t bytes) {
    return syscall(SYS_copy_file_range, from, NULL, to, NULL, bytes, 0U);
}

/// Has the disk begin with bytes that were written to a file, without waiting for it.
static inline int runsurge_begin_writing(int file, off_t offset, off_t bytes) {
    return (int)syscall(SYS_sync_file_range, file, offset, bytes, 2U /* SYNC_FILE_RANGE_WRITE */);
}

/// Cut to 15 bytes by the kernel.
static inline void runsurge_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

static const int runsurge_epoll_close_on_exec = EPOLL_CLOEXEC;
static const uint32_t runsurge_epoll_in = EPOLLIN, runsurge_epoll_out = EPOLLOUT;
static const uint32_t runsurge_epoll_ended = EPOLLHUP | EPOLLERR;

#endif

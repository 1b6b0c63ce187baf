#ifndef RUNSURGE_CLIBPQ_PROCESS_H
#define RUNSURGE_CLIBPQ_PROCESS_H

// posix_spawn can neither change the account nor ask for a signal at the parent's death (and the kernel forgets that
// request when the account changes), so the embedded server is started by a fork whose child calls nothing but
// system calls: safe from a process with many threads.

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

struct runsurge_spawn_options {
    const char *working_folder;  // entered before the account changes; NULL: keep
    int output;                  // becomes standard output and standard error
    int change_account;          // not 0: become user and group, without supplementary groups
    unsigned int user;
    unsigned int group;
    int keep_search;             // not 0: with the account's change, keep the right to pass through closed folders
    int parent_death_signal;     // 0: none. Sent when the *thread* that called this ends.
};

// Leaves CAP_DAC_READ_SEARCH, and no other capability, to a process that has left root and to what it executes: a
// data folder below a closed one (/root) stays reachable without opening that to everybody.
static inline int runsurge_keep_search(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}, {0}};
    data[0].effective = data[0].permitted = data[0].inheritable = 1u << CAP_DAC_READ_SEARCH;
    if (syscall(SYS_capset, &header, data) != 0) return -1;
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0);
}

// Starts `path` in a session of its own. Returns the pid, or -errno (also when the child could not execute).
static inline int runsurge_spawn(const char *path, char *const *arguments, char *const *environment,
                                 const struct runsurge_spawn_options *options) {
    int report[2];
    if (syscall(SYS_pipe2, report, O_CLOEXEC) != 0) return -errno;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);  // no handler of ours runs in the child
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        int failure = 0;
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        struct sigaction standard = {0};
        standard.sa_handler = SIG_DFL;
        for (int number = 1; number < 65; number++) sigaction(number, &standard, NULL);
        setsid();
        if (null < 0 || dup2(null, 0) < 0) goto failed;
        if (dup2(options->output, 1) < 0 || dup2(options->output, 2) < 0) goto failed;
#ifdef SYS_close_range
        // Everything else closes at exec; a kernel without close_range relies on O_CLOEXEC alone.
        syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */);
#endif
        if (options->working_folder && chdir(options->working_folder) != 0) goto failed;
        if (options->change_account) {
            if (options->keep_search && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) goto failed;
            if (syscall(SYS_setgroups, 0, (void *)0) != 0) goto failed;
            if (syscall(SYS_setresgid, options->group, options->group, options->group) != 0) goto failed;
            if (syscall(SYS_setresuid, options->user, options->user, options->user) != 0) goto failed;
            if (options->keep_search && runsurge_keep_search() != 0) goto failed;
        }
        if (options->parent_death_signal) {
            if (prctl(PR_SET_PDEATHSIG, options->parent_death_signal) != 0) goto failed;
            if (getppid() != parent) _exit(126);  // it died before the request
        }
        umask(0077);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execve(path, arguments, environment);
    failed:
        failure = errno;
        (void)!write(report[1], &failure, sizeof failure);
        _exit(127);
    }
    int failure = child < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    if (child > 0) {
        ssize_t count;
        do count = read(report[0], &failure, sizeof failure); while (count < 0 && errno == EINTR);
        if (count != (ssize_t)sizeof failure) failure = 0;
    }
    close(report[0]);
    return failure ? -failure : (int)child;
}

// Processes attached to a System V shared memory segment; -1 when there is none.
static inline long runsurge_shared_memory_users(int segment) {
    struct shmid_ds status;
    return shmctl(segment, IPC_STAT, &status) == 0 ? (long)status.shm_nattch : -1;
}

#endif

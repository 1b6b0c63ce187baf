#ifndef RUNSURGE_CZEROMQ_SHIM_H
#define RUNSURGE_CZEROMQ_SHIM_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <zmq.h>

// The flags' type as Swift sees it differs between compilers, so they stay in C. -1 and errno on failure.
static inline int runsurge_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static const int runsurge_epoll_close_on_exec = EPOLL_CLOEXEC;
static const uint32_t runsurge_epoll_in = EPOLLIN;

// Glibc's own function for it is hidden from Swift, being a GNU extension. Cut to 15 bytes by the kernel.
static inline void runsurge_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

#endif

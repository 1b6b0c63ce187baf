#ifndef RUNSURGE_CLIBPQ_LINUX_H
#define RUNSURGE_CLIBPQ_LINUX_H

// What Swift's Glibc module does not show.

#include <sys/eventfd.h>
#include <sys/prctl.h>

static inline int runsurge_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

// Names the calling thread; the kernel keeps 15 bytes.
static inline void runsurge_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

#endif

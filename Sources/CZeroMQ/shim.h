#ifndef RUNSURGE_CZEROMQ_SHIM_H
#define RUNSURGE_CZEROMQ_SHIM_H

#include <poll.h>
#include <zmq.h>

#endif

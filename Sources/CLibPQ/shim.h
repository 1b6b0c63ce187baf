#ifndef RUNSURGE_CLIBPQ_SHIM_H
#define RUNSURGE_CLIBPQ_SHIM_H

#include <libpq-fe.h>

#endif

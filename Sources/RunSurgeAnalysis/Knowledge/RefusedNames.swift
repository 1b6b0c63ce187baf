/// Names whose mere use keeps a whole script from being split, with the reason in words.
enum RefusedNames {
    static let modules: [String: String] = [
        "threading": "threads", "_thread": "threads", "multiprocessing": "processes",
        "concurrent": "threads or processes",
        "asyncio": "asynchronous code", "signal": "signal handlers", "ctypes": "foreign code", "cffi": "foreign code",
        "imp": "dynamic imports", "runpy": "dynamic code", "code": "dynamic code", "codeop": "dynamic code",
        "gc": "the garbage collector", "weakref": "object lifetimes", "inspect": "the interpreter's frames",
        "faulthandler": "signal handlers", "tracemalloc": "the interpreter's memory", "trace": "tracing",
        "cProfile": "tracing", "profile": "tracing", "pdb": "tracing", "bdb": "tracing", "curses": "the terminal",
        "readline": "the terminal", "tkinter": "a user interface", "joblib": "processes", "dask": "processes",
        "ray": "processes", "gevent": "threads", "trio": "asynchronous code", "eventlet": "threads",
        "contextvars": "context variables", "sched": "timers", "builtins": "the builtins", "__main__": "itself",
        "numba": "compiled functions", "jax": "compiled functions", "taichi": "compiled functions",
        "cython": "compiled functions", "pyximport": "compiled functions", "dis": "the bytecode",
        "line_profiler": "tracing", "memory_profiler": "tracing", "coverage": "tracing",
        "zipimport": "dynamic imports", "pkgutil": "dynamic imports", "sitecustomize": "the interpreter",
        "resource": "the process's limits", "pty": "processes", "locale": "the locale",
    ]

    static let methods: [String: String] = [
        "__del__": "has a destructor", "__class_getitem__": "changes itself when indexed", "__get__": "is a descriptor",
        "__set__": "is a descriptor", "__set_name__": "is a descriptor",
        "__getattribute__": "redefines attribute access",
        "__init_subclass__": "changes its subclasses", "__instancecheck__": "redefines isinstance",
        "__subclasscheck__": "redefines issubclass", "__prepare__": "is a metaclass",
        "__reduce__": "redefines pickling",
        "__reduce_ex__": "redefines pickling", "__getstate__": "redefines pickling",
        "__setstate__": "redefines pickling", "__getnewargs__": "redefines pickling",
    ]

    /// Functions that change what later code means, or that the process alone can answer.
    static let changes: [String: String] = {
        var table: [String: String] = [:]
        for name in words("getcontext setcontext localcontext DefaultContext BasicContext ExtendedContext Context") {
            table["decimal.\(name)"] = "the decimal context is used"
        }
        for name in words(
            """
            settrace setprofile _getframe _current_frames setswitchinterval set_int_max_str_digits modules meta_path
            path_hooks setdlopenflags addaudithook displayhook breakpointhook unraisablehook getrefcount set_asyncgen_hooks
            set_coroutine_origin_tracking_depth __stdout__ __stderr__ __stdin__ _clear_type_cache monitoring activate_stack_trampoline
            """)
        { table["sys.\(name)"] = "sys.\(name) is used" }
        for name in words(
            """
            fork forkpty dup dup2 close closerange pipe pipe2 execv execve execl execlp execvp execle execvpe fdopen
            register_at_fork putenv unsetenv kill killpg abort _exit setuid setgid nice sched_setaffinity chroot fchdir
            posix_spawn posix_spawnp spawnl spawnv spawnle spawnve umask
            """)
        { table["os.\(name)"] = "os.\(name) is used" }
        for name in words("load_module reload invalidate_caches") { table["importlib.\(name)"] = "dynamic imports" }
        table["time.tzset"] = "the time zone is changed"
        table["csv.register_dialect"] = "a csv dialect is registered"
        table["csv.unregister_dialect"] = "a csv dialect is changed"
        table["codecs.register"] = "a codec is registered"
        table["codecs.register_error"] = "a codec's error handler is registered"
        table["copyreg.pickle"] = "pickling is changed"
        table["os.environ.update"] = "the environment is changed"
        table["os.environ.clear"] = "the environment is changed"
        table["sys.stdout.reconfigure"] = "standard output is reconfigured"
        table["sys.stdin.reconfigure"] = "standard input is reconfigured"
        table["sys.stdout.detach"] = "standard output is detached"
        table["sys.stdin.detach"] = "standard input is detached"
        table["contextlib.redirect_stdout"] = "standard output is redirected"
        table["contextlib.redirect_stderr"] = "standard error is redirected"
        return table
    }()
    static let frames = words(
        """
        __globals__ __code__ __closure__ __builtins__ __subclasses__ __bases__ __defaults__ __kwdefaults__ f_locals
        f_globals gi_frame tb_frame __setattr__ __delattr__ __getattribute__ __setstate__ __reduce__ __reduce_ex__
        """)
}

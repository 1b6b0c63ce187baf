/// Modules of the standard library by what importing and calling them may do to files.
enum ImportedModules {
    /// Their functions change no files other than through paths that the scan looks at.
    static let writeNothing = words(
        """
        __future__ abc argparse array ast atexit base64 binascii bisect bz2 calendar cmath codecs collections colorsys
        contextlib copy csv dataclasses datetime decimal difflib enum errno fileinput fnmatch fractions functools gc
        getopt glob gzip hashlib heapq hmac html inspect io ipaddress itertools json keyword linecache locale logging
        lzma math numbers operator os pathlib pickle platform pprint queue quopri random re secrets shlex shutil signal
        stat statistics string stringprep struct sys textwrap threading time timeit token tokenize traceback types
        typing unicodedata urllib uuid warnings weakref xml zipfile zlib zoneinfo tarfile configparser getpass optparse
        reprlib builtins subprocess sqlite3 shelve dbm tempfile optparse concurrent asyncio multiprocessing
        typing_extensions bdb cmd graphlib sched selectors socket ssl statistics tomllib posixpath ntpath
        """)
}

"""Starts a harness process: installs the modules of the first frame, then hands over to them.

Runs as `python3 -c`. The script's own code runs from the last statement below, in the `__main__` that this
text ran in, so that as little as possible lies between the interpreter and the script.
"""


def _runsurge():
    import json
    import marshal
    import os
    import sys
    import types

    def read(count):
        data = bytearray()
        while len(data) < count:
            piece = os.read(3, min(count - len(data), 1 << 20))
            if not piece:
                os._exit(0)
            data += piece
        return bytes(data)

    os.set_inheritable(3, False)
    os.set_inheritable(4, False)
    sizes = read(8)
    head = json.loads(read(int.from_bytes(sizes[:4], "little")))
    body = read(int.from_bytes(sizes[4:], "little"))
    package = types.ModuleType("_runsurge")
    package.__path__ = []
    sys.modules["_runsurge"] = package
    sources = {}
    # The agent has had them compiled by this very interpreter.
    is_code = head.get("code", False)
    offset = 0
    for entry in head["modules"]:
        sources["_runsurge." + entry["name"]] = body[offset:offset + entry["size"]]
        offset += entry["size"]

    class Finder:
        """Imports the harness's modules from memory."""

        @staticmethod
        def find_spec(name, path=None, target=None):
            if name not in sources:
                return None
            from importlib.machinery import ModuleSpec
            return ModuleSpec(name, Finder)

        @staticmethod
        def create_module(spec):
            return None

        @staticmethod
        def exec_module(module):
            name = module.__name__
            if is_code:
                code = marshal.loads(sources[name])
            else:
                code = compile(sources[name], "<runsurge " + name[10:] + ">", "exec", dont_inherit=True)
            exec(code, module.__dict__)

    def installed():
        sys.meta_path.remove(Finder)
        for name in sources:
            module = sys.modules.get(name)
            if module is not None:
                # The finder's functions know this `__main__`, which has to die when the script's would.
                module.__spec__ = module.__loader__ = None

    sys.meta_path.insert(0, Finder)
    from _runsurge import start
    return start.main(installed)


try:
    exec(*_runsurge())
except BaseException:
    __import__("sys").modules["_runsurge.start"].leave()
    raise

import Testing

@testable import RunSurgeAnalysis

/// What keeps a whole script from being split.
@Suite struct WholeScriptTests {
    private static let hostile: [(prefix: String, reason: String)] = [
        ("eval('1')", "eval"),
        ("e = eval", "eval"),
        ("exec('x = 1')", "exec"),
        ("globals()['x'] = 1", "globals"),
        ("locals()", "locals"),
        ("vars()['x'] = 1", "vars"),
        ("__import__('os')", "__import__"),
        ("import builtins\nbuiltins.print = None", "builtins"),
        ("import threading", "threading"),
        ("from concurrent.futures import ThreadPoolExecutor", "concurrent"),
        ("import multiprocessing as mp", "multiprocessing"),
        ("import asyncio", "asyncio"),
        ("import signal", "signal"),
        ("import importlib\nimportlib.import_module('x')", "importlib"),
        ("import ctypes", "ctypes"),
        ("import gc", "gc"),
        ("import weakref", "weakref"),
        ("from os.path import *", "may bind any name"),
        ("import sys, io\nsys.stdout = io.StringIO()", "sys.stdout is assigned"),
        ("import sys\nsys.modules['x'] = None", "sys.modules"),
        ("import sys\nsys.settrace(None)", "settrace"),
        ("import csv\ncsv.reader = list", "csv.reader is assigned"),
        ("import json as j\nj.loads = str", "json.loads is assigned"),
        ("import math\nsetattr(math, 'sqrt', str)", "setattr"),
        ("class A:\n    def get(self): return 1\nsetattr(A, 'get', str)", "setattr"),
        ("n = 'x'\nclass A: pass\nsetattr(A, n, str)", "setattr"),
        ("class A:\n    def __del__(self): print('bye')", "destructor"),
        ("class A:\n    def f(self): pass\nA.__add__ = A.f", "__add__ is assigned"),
        ("class D:\n    def __get__(self, a, b): return 1", "descriptor"),
        ("class A:\n    def f(self): return 1\n    x = property(f)", "assigned, not defined"),
        ("def f(): pass\nf.__code__ = None", "__code__"),
        ("class A: pass\na = A()\na.__class__ = int", "__class__ is assigned"),
        ("class A: pass\na = A()\na.__dict__.update(x=1)", "__dict__"),
        ("import os\nos.fork()", "fork"),
        ("from os import dup2", "dup2"),
        ("import os\nos.environ['TZ'] = 'UTC'", "environment"),
        ("import time\ntime.tzset()", "time zone"),
        ("import decimal\ndecimal.getcontext().prec = 5", "decimal context"),
        ("from decimal import getcontext, Decimal\nc = getcontext()", "decimal context"),
        ("import locale", "locale"),
        ("import csv\ncsv.register_dialect('x')", "dialect"),
        ("import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()): pass", "redirected"),
        ("T = type('T', (), {})", "type() makes a class"),
        ("import numba", "numba"),
        ("async def f(): pass\nasync def g(): await f()", "asynchronous"),
        ("import sys\nframe = sys._getframe()", "_getframe"),
        ("try:\n    1 / 0\nexcept Exception as e:\n    e.__traceback__.tb_frame.f_locals", "is used"),
    ]

    private static let benign: [String] = [
        "import os\nos.environ['NAME'] = 'x'",
        "import sys\nsys.path.insert(0, 'lib')\nsys.setrecursionlimit(5000)",
        "import re\npattern = re.compile('x')",
        "import csv\ncsv.field_size_limit(1000000)",
        "class A: pass\na = A()\na.name = 1\nsetattr(a, 'name', 2)",
        "import argparse\nargs = vars(argparse.ArgumentParser().parse_args([]))",
        "import atexit\natexit.register(print)",
        "def f(): pass\nprint(f.__name__, f.__doc__)",
        "import subprocess\nsubprocess.run(['true'])",
        "import importlib.metadata",
        "class A:\n    __slots__ = ('x',)\n    def __eq__(self, o): return True\n    __hash__ = None",
        "from decimal import Decimal\nx = Decimal('1')",
        "import sys\nsys.argv = ['x']",
        "if __name__ == '__main__':\n    print(type(3).__name__)",
    ]

    /// One process for all of them.
    private static let exports: [String: [UInt8]] = {
        let prefixes = hostile.map(\.prefix) + benign
        guard let answers = try? SyntaxExporter.export(prefixes.map { ($0 + loop, [:]) }) else { return [:] }
        return Dictionary(zip(prefixes, answers)) { first, _ in first }
    }()

    private static let loop = "\nfor x in range(9):\n    print(x)\n"

    @Test(arguments: hostile)
    func `a script that changes what code means is not split`(prefix: String, reason: String) throws {
        let plan = try Self.plan(prefix)
        #expect(
            plan.wholeScriptReason?.contains(reason) == true, "\(prefix) gave \(plan.wholeScriptReason ?? "nothing")")
        #expect(plan.regions.isEmpty)
        #expect(plan.verdicts.allSatisfy { !$0.parallel && $0.reason != nil })
    }

    @Test(arguments: benign)
    func `their benign twins are split`(prefix: String) throws {
        let plan = try Self.plan(prefix)
        #expect(plan.wholeScriptReason == nil)
        #expect(plan.regions.count == 1, "\(prefix): \(plan.verdicts)")
    }

    @Test func `a script that does not parse gives a plan without regions`() throws {
        let plan = try ScriptAnalyser.analyse(syntaxJSON: try SyntaxExporter.exportAlone("def broken(:\n"))
        #expect(plan.wholeScriptReason?.contains("SyntaxError") == true)
        #expect(plan.regions.isEmpty && plan.verdicts.isEmpty)
    }

    @Test func `an own module that hides the standard library keeps the script whole`() throws {
        let exports = try SyntaxExporter.export([
            ("import json\nfor x in range(9):\n    print(json.loads('1'))\n", ["json": "def loads(x): print(x)\n"])
        ])
        let plan = try ScriptAnalyser.analyse(syntaxJSON: exports[0])
        #expect(plan.wholeScriptReason?.contains("hides a module") == true)
    }

    @Test(arguments: ["", "[]", "{}", "{\"files\": []}", "{\"files\": [{\"path\": \"x\"}]}", "nonsense"])
    func `what is no export is refused`(text: String) {
        #expect(throws: AnalysisError.self) { try ScriptAnalyser.analyse(syntaxJSON: Array(text.utf8)) }
    }

    private static func plan(_ prefix: String) throws -> Plan {
        try ScriptAnalyser.analyse(syntaxJSON: try #require(exports[prefix], "export.py gave nothing"))
    }
}

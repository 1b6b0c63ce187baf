import os
import sys

print(os.path.basename(__file__), __name__, sys.argv[1:])
print(os.getcwd() == os.path.dirname(os.path.abspath(__file__)))
print(sys.path[0] == os.getcwd())
print(sorted(name for name in globals() if not name.startswith("__")))

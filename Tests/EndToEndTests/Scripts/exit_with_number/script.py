import atexit
import sys

atexit.register(lambda: print("goodbye"))
for i in range(20):
    print(i)
sys.exit(7)

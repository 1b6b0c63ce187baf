# The descriptors that a script gets are those that it would get on its own.
import os

first = os.open("script.py", os.O_RDONLY)
with open("script.py") as f:
    print(f.fileno() - first)
sizes = []
for number in range(10):  # split
    sizes.append(number * number)
with open("script.py") as f:
    print(f.fileno() - first, sizes)

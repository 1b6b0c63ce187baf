# Where buffers are flushed shows when a child process writes, and in files that are read before they are closed.
import csv
import os
import subprocess
import sys

for i in range(400):  # split
    print(i, "x" * 50, i * 7, sep=", ")
os.system("echo child")

for i in range(400):  # split
    sys.stdout.write("line %d is long enough to fill the buffer a few times, é\n" % i)
subprocess.run(["echo", "child"])

f = open("o.txt", "w")
for i in range(700):  # split
    f.write(f"{i} " + "q" * 33 + "\n")
print(len(open("o.txt").read()))

rows = open("rows.csv", "w", newline="")
writer = csv.writer(rows)
for i in range(900):  # split
    writer.writerow([i, "name %d" % i, i / 3])
print(os.path.getsize("rows.csv"))

data = open("data.bin", "wb")
for i in range(3000):  # split
    data.write(b"%d;" % i)
print(os.path.getsize("data.bin"))

latin = open("latin.txt", "w", encoding="latin-1", newline="\r\n")
for i in range(900):  # split
    latin.write("zeile é %d\n" % i)
print(os.path.getsize("latin.txt"))
for i in range(30):
    print("flushed", i, flush=i % 7 == 0)
os.system("echo child")

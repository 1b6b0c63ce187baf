import sys

for line in open("app.log"):  # split
    level = line.split()[1]
    if level == "ERROR":
        print("error:", line, end="", file=sys.stderr)
    else:
        print(level, len(line), sep="\t")
print("done")

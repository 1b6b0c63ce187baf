def read(path):
    with open(path) as f:
        for line in f:
            yield line.rstrip("\n")


def errors(lines):
    for line in lines:
        if " ERROR " in line:
            yield line


n = 0
for line in errors(read("app.log")):
    n += 1
print(n)
print(sum(len(line) for line in read("app.log")))

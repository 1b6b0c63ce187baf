# A file that is read on from within a line, after lines of it were read ahead.
f = open("text.txt", encoding="utf-8")
print(repr(next(f)), repr(f.read(3)))
for line in f:
    print(repr(line))
print(f.tell())

f.seek(0)
print(repr(f.readline()), repr(f.read(3)))
total = 0
for line in f:
    total += len(line)
print(total, repr(f.read()))

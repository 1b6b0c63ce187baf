# Float addition is not associative: the sum must be folded in order.
def duration(line):
    return int(line.split("took ")[1].split("ms")[0]) / 1000.0


total = 0.0
count = 0
for line in open("app.log"):  # split
    total += duration(line)
    count += 1
print(repr(total), count, repr(total / count))

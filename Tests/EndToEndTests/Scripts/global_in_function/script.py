total = 0
seen = []


def consume(path):
    global total
    for line in open(path):
        total += len(line)
        seen.append(line[:4])


consume("app.log")
print(total, len(seen), seen[0])

previous = None
repeats = 0
balance = 0
history = []
for line in open("app.log"):
    level = line.split()[1]
    if level == previous:
        repeats += 1
    previous = level
    balance = balance * 3 % 1009 + len(line)
    history.append(balance)
print(repeats, history[-5:])

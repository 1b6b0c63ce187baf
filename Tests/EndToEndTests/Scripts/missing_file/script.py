with open("not-there.txt") as f:
    for line in f:
        print(line)

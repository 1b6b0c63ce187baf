def parse(line):
    return int(line.split(",")[1])


def main():
    total = 0
    for line in open("data.txt"):
        total += parse(line)
    print(total)


main()

"""Counts log levels the way most people do."""
from collections import Counter


def main():
    levels = Counter()
    with open("app.log", encoding="utf-8") as f:
        for line in f:  # split
            levels[line.split()[1]] += 1
    for level, count in levels.most_common():
        print(f"{level:<6}{count:>5}")


if __name__ == "__main__":
    main()

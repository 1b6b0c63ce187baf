"""Counts the words of a text: an ordinary script that knows nothing of RunSurge."""

import re
import sys
import unicodedata
from collections import Counter

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def words(line):
    """The words of a line, without accents and in small letters."""
    plain = unicodedata.normalize("NFKD", line.casefold())
    return WORD.findall("".join(c for c in plain if not unicodedata.combining(c)))


def main(path):
    counts = Counter()
    lines = 0
    with open(path, encoding="utf-8") as text:
        for line in text:
            for word in words(line):
                counts[word] += 1
            lines += 1

    with open("counts.tsv", "w", encoding="utf-8") as out:
        for word, count in sorted(counts.items()):
            out.write(f"{word}\t{count}\n")
    print(f"{lines} lines, {sum(counts.values())} words, {len(counts)} different")
    for word, count in counts.most_common(20):
        print(f"{count:10d} {word}")


if __name__ == "__main__":
    main(sys.argv[1])

"""Writes a text of at least the given number of megabytes, the same one every time."""

import itertools
import random
import sys

SYLLABLES = "ba ce di fo gu la me ni po ru sa té vi zo an el in or un äs çá ño thé".split()


def main(path, megabytes):
    chance = random.Random(20)
    vocabulary = ["".join(chance.choices(SYLLABLES, k=chance.randint(1, 5))) for _ in range(50_000)]
    weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(len(vocabulary))))
    # A pool of lines in random order, since drawing every word anew would take minutes.
    pool = []
    for _ in range(20_000):
        chosen = chance.choices(vocabulary, cum_weights=weights, k=chance.randint(3, 25))
        line = " ".join(word.capitalize() if chance.random() < 0.1 else word for word in chosen)
        pool.append(line + chance.choice([".", "!", "?", ", 1984", " – it's", ""]) + "\n")
    written = 0
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        while written < megabytes * 1_000_000:
            block = "".join(chance.choices(pool, k=2_000))
            out.write(block)
            written += len(block.encode())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

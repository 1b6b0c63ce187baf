# One iterator in two places of a zip gives its records to both in turn; sequences may be there twice.
numbers = list(range(12))
pairs = []
it = iter(numbers)
for a, b in zip(it, it):
    pairs.append((a, b))
print(pairs)

parts = [iter(range(13))] * 3
for part in zip(*parts):
    print(part)
print(list(parts[0]))

it = iter("abcdefgh")
for a, (n, b) in zip(it, enumerate(it)):
    print(a, n, b)

it = iter(range(9))
for n, (a, b) in enumerate(zip(it, zip(it, numbers))):
    print(n, a, b)

twice = []
for a, b in zip(numbers, numbers):  # split
    twice.append(a * b)
print(twice)

with open("lines.txt") as f:
    for a, b in zip(f, f):
        print(repr(a), repr(b))

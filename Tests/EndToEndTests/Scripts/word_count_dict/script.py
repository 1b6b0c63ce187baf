import re

WORD = re.compile(r"[a-z]+")
counts = {}
for line in open("app.log"):  # split
    for word in WORD.findall(line.lower()):
        counts[word] = counts.get(word, 0) + 1
for word in sorted(counts, key=lambda w: (-counts[w], w))[:15]:
    print(word, counts[word])
print(list(counts))

letters = {}
with open("text.txt", encoding="utf-8") as f:
    for line in f:  # split
        for ch in line.strip():
            letters[ch] = letters.get(ch, 0) + 1
for ch, n in sorted(letters.items()):
    print(ch, n)

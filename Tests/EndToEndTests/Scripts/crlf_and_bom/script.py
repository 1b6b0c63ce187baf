rows = []
with open("windows.txt", encoding="utf-8-sig") as f:
    for line in f:  # split
        rows.append(line)
print(rows[0].encode(), rows[-1].encode(), len(rows))
kept = []
for line in open("windows.txt", newline="", encoding="utf-8"):  # split
    kept.append(len(line))
print(kept[:4], sum(kept))

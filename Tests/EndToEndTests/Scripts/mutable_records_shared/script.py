rows = [{"id": i, "group": i % 3} for i in range(60)]
kept = []
for row in rows:  # split
    if row["group"] == 1:
        kept.append(row)
kept[0]["id"] = "changed"
print(rows[1], kept[0] is rows[1], len(kept))

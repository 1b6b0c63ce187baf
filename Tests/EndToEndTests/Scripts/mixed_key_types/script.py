counts = {}
for key in [1, True, 1.0, "1", 0, False, None, (1, 2), 0.0] * 6:  # split
    counts[key] = counts.get(key, 0) + 1
print(counts)

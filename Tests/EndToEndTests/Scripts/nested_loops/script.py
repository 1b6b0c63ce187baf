table = []
for i in range(40):  # split
    row = []
    for j in range(12):
        if j > i:
            break
        row.append(i * j)
    table.append(row)
print(table[5], table[-1], i, j)

total = 0
for line in open("data.txt"):  # split
    value = line.strip()
    total += float(value) if "." in value else int(value)
print(repr(total))

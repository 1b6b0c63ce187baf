groups = {}
for line in open("app.log"):
    parts = line.split()
    groups.setdefault(parts[1], []).append(int(parts[4][:-2]))
for level, values in groups.items():
    print(level, len(values), values[:5], sum(values))

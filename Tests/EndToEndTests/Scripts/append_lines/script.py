lines = []
with open("app.log") as f:
    for line in f:  # split
        lines.append(line.strip().upper())
print(len(lines))
print(lines[0], lines[-1])
print(line)

with open("app.log") as source, open("slow.txt", "w") as target:
    for line in source:  # split
        milliseconds = int(line.split("took ")[1].split("ms")[0])
        if milliseconds > 500:
            target.write(f"{milliseconds:5d} {line}")
print(sum(1 for _ in open("slow.txt")))

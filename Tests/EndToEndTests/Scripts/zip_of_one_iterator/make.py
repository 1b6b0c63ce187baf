with open("lines.txt", "w") as f:
    for number in range(7):
        f.write(f"line {number}\n")

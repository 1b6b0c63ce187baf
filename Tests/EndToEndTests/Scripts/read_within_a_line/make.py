with open("text.txt", "w", encoding="utf-8", newline="") as f:
    for number in range(30):
        f.write(f"züge {number}\r\n" if number % 3 else f"line {number}\n")

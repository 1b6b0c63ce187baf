with open("rows.csv", "w", newline="") as f:
    f.write("name,note\r\n")
    for number in range(20):
        f.write(f'n{number},"a\r\nb"\r\n' if number % 5 == 0 else f"n{number},x\r\n")

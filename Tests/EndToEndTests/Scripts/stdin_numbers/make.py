open("numbers.txt", "w").write("".join(f"{i * 37 % 101}\n" for i in range(90)))

open("data.txt", "w").write("".join(("0.1\n" if i == 41 else f"{i}\n") for i in range(80)))

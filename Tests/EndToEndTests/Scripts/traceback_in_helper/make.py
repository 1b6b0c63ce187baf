open("data.txt", "w").write("".join(f"a,{i}\n" for i in range(60)) + "broken\n" + "a,1\n")

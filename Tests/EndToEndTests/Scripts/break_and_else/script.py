for line in open("app.log"):
    if "ERROR" in line and "svc3" in line:
        print("found", line, end="")
        break
else:
    print("none")
for n in range(10):
    if n > 50:
        break
else:
    print("else", n)

out = []
try:
    for i in range(50):
        out.append(100 // (30 - i))
except ZeroDivisionError as error:
    print("caught", error, len(out), i)
print(out[-1])

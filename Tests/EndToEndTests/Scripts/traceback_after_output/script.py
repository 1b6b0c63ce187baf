values = [str(number) for number in range(20)] + ["x", "5"]
out = []
for value in values:  # split
    print("value", value)
    out.append(int(value))
print("never reached")

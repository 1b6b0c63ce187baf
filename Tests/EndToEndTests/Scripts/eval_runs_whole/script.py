total = 0
for text in ["1+1", "2*3", "10-4"] * 5:
    total += eval(text)
print(total)

out = []
alias = out
for i in range(50):
    out.append(i)
    if len(alias) % 10 == 0:
        print("ten more", len(alias))
print(len(out))

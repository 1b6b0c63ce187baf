values = [0.1 * i for i in range(100)]
print(repr(sum(v * v for v in values)))
print(sum(len(line) for line in open("app.log")))
print(sum(1 for v in values if v > 3))

import csv

n = 0
for line in open("empty.txt"):
    n += 1
print(n)
print([row for row in csv.reader(open("empty.txt"))])

# The order of a set of strings depends on the hash seed and on the order of insertion.
users = set()
for line in open("app.log"):  # split
    users.add(line.rstrip().split("user=")[1])
print(len(users))
print(list(users))

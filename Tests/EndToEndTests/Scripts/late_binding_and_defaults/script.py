def add(item, bucket=[]):
    bucket.append(item)
    return len(bucket)


sizes = []
for i in range(20):
    sizes.append(add(i))
print(sizes)
functions = []
for i in range(3):
    functions.append(lambda: i)
print([f() for f in functions])

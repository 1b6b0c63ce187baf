import hashlib
import sys

count = int(sys.argv[1])
salt = sys.argv[2]


def spread(number):
    digest = (salt + str(number)).encode()
    for _ in range(400):
        digest = hashlib.sha256(digest).digest()
    return digest[0] * 256 + digest[1]


values = [spread(number) for number in range(count)]
steps = 0
for number in range(count):
    height = spread(number)
    steps += height % 7
    print(number, height)
print(len(values), sum(values), steps)

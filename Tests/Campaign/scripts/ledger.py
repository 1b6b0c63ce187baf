import hashlib
import sys

salt = sys.argv[1]
count = 0
total = 0
seen = {}
digests = []
with open("data.txt") as lines, open("journal.txt", "a") as journal:
    for line in lines:
        digest = (salt + line).encode()
        for _ in range(400):
            digest = hashlib.sha256(digest).digest()
        count += 1
        total += digest[0]
        key = digest[1] % 16
        seen[key] = seen.get(key, 0) + 1
        digests.append(digest.hex())
        journal.write(line.rstrip() + " " + digest.hex()[:16] + "\n")
print(count, total)
for key in sorted(seen):
    print(key, seen[key])
print(hashlib.sha256("".join(digests).encode()).hexdigest())

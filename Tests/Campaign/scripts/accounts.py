import csv
import hashlib
import sys

salt = sys.argv[1]
balance = 0.0
by_kind = {}
rows = []
with open("table.csv", newline="") as table:
    for row in csv.DictReader(table):
        digest = (salt + row["id"]).encode()
        for _ in range(400):
            digest = hashlib.sha256(digest).digest()
        amount = float(row["amount"]) * (1 + digest[0] / 256)
        balance += amount
        by_kind.setdefault(row["kind"], []).append(amount)
        rows.append((row["id"], round(amount, 6), digest.hex()[:8]))
with open("balances.csv", "w", newline="") as out:
    writer = csv.writer(out)
    for row in rows:
        writer.writerow(row)
for kind in sorted(by_kind):
    print(kind, len(by_kind[kind]), sum(by_kind[kind]))
print(repr(balance))
print("the books are closed", file=sys.stderr)
sys.exit(3)

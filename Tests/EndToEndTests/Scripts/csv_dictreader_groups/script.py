import csv
from collections import defaultdict

by_customer = defaultdict(int)
notes = []
with open("orders.csv", newline="") as f:
    for row in csv.DictReader(f):  # split
        by_customer[row["customer"]] += 1
        if row["note"]:
            notes.append((row["id"], row["note"]))
for customer in sorted(by_customer):
    print(customer, by_customer[customer])
print(len(notes), notes[:5])
print(list(by_customer)[:5])

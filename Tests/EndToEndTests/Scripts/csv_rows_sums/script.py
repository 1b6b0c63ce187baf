import csv
import sys


def summarise(path):
    per_country = {}
    total = 0.0
    rows = 0
    with open(path, newline="") as handle:
        reader = csv.reader(handle)
        header = next(reader)
        for row in reader:  # split
            rows += 1
            total += float(row[3])
            per_country[row[2]] = per_country.get(row[2], 0.0) + float(row[3])
    return header, rows, total, per_country


header, rows, total, per_country = summarise(sys.argv[1])
print(header)
print(rows, repr(total))
for country, amount in per_country.items():
    print(country, repr(amount))

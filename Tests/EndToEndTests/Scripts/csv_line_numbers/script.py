# A reader that may be asked how far it came is read here alone; other loops of the script are not held up by it.
import csv

with open("rows.csv", newline="") as f:
    reader = csv.reader(f)
    next(reader)
    names = []
    for row in reader:
        names.append(row[0])
    print(reader.line_num, names)

with open("rows.csv", newline="") as f:
    reader = csv.DictReader(f)
    for row in reader:
        if row["name"] == "n5":
            print("n5 ends in line", reader.line_num)

lengths = []
for name in names:  # split
    lengths.append(len(name))
print(lengths)

import csv

with open("orders.csv", newline="") as src, open("clean.csv", "w", newline="") as dst:
    reader = csv.DictReader(src)
    writer = csv.DictWriter(dst, fieldnames=["id", "cents", "note"])
    writer.writeheader()
    for row in reader:  # split
        writer.writerow({"id": row["id"], "cents": round(float(row["amount"]) * 100), "note": row["note"].upper()})
print(open("clean.csv").read()[:200])

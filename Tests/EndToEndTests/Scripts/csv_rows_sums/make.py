import csv, random
r = random.Random(11)
with open("orders.csv", "w", newline="") as f:
    w = csv.writer(f)
    w.writerow(["id", "customer", "country", "amount", "note"])
    for i in range(200):
        note = r.choice(["", "plain", "has, comma", 'says "hi"', "two\nlines"])
        w.writerow([i, f"c{r.randint(1,20)}", r.choice(["de", "fr", "it"]), f"{r.uniform(1,500):.2f}", note])

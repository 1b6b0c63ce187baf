import random
r = random.Random(7)
with open("app.log", "w") as f:
    for i in range(240):
        level = r.choice(["INFO", "WARN", "ERROR", "DEBUG"])
        f.write(f"2026-01-{r.randint(1,28):02d} {level} svc{r.randint(1,5)} took {r.randint(1,900)}ms user=u{r.randint(1,30)}\n")

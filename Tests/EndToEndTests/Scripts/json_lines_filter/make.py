import json, random
r = random.Random(5)
with open("events.jsonl", "w") as f:
    for i in range(150):
        f.write(json.dumps({"id": i, "kind": r.choice("abc"), "value": r.choice([1, 2, 3.5, 10]), "tags": [r.choice(["x", "y", "z"]) for _ in range(r.randint(0, 3))]}) + "\n")

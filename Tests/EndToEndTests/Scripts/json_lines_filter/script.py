import json

kept = []
total = 0
with open("events.jsonl") as f:
    for line in f:  # split
        event = json.loads(line)
        if event["kind"] == "a":
            continue
        kept.append(event["id"])
        total += event["value"]
print(kept[:10], total)

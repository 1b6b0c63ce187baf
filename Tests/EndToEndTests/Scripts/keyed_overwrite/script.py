last_seen = {}
for line in open("app.log"):  # split
    date, level, service, *rest = line.split()
    last_seen[service] = (date, level)
for service, value in last_seen.items():
    print(service, value)

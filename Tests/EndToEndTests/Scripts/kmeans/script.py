import random

random.seed(3)
points = [(random.random(), random.random()) for _ in range(150)]
centres = points[:4]
for step in range(5):
    labels = []
    for x, y in points:  # split
        best = 0
        best_distance = None
        for index, (cx, cy) in enumerate(centres):
            distance = (x - cx) ** 2 + (y - cy) ** 2
            if best_distance is None or distance < best_distance:
                best, best_distance = index, distance
        labels.append(best)
    new = []
    for k in range(4):
        mine = [p for p, label in zip(points, labels) if label == k]
        new.append((sum(p[0] for p in mine) / len(mine), sum(p[1] for p in mine) / len(mine)))
    centres = new
for centre in centres:
    print("%.6f %.6f" % centre)
print(labels)

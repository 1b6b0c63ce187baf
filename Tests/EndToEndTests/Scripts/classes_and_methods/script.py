from dataclasses import dataclass


@dataclass
class Point:
    x: int
    y: int

    def norm(self):
        return self.x * self.x + self.y * self.y


class Parser:
    def __init__(self, separator):
        self.separator = separator

    def parse(self, text):
        left, right = text.split(self.separator)
        return Point(int(left), int(right))


parser = Parser(";")
points = []
for text in [f"{i};{i * i % 17}" for i in range(120)]:
    points.append(parser.parse(text))
print(points[3], max(p.norm() for p in points))

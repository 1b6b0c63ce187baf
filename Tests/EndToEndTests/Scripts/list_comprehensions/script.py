import math

numbers = [x * 7 % 1000 for x in range(300)]  # split
roots = [math.sqrt(n) for n in numbers if n % 2]  # split
print(len(numbers), len(roots))
print(roots[:3], sum(roots))
squares = {n: n * n for n in numbers[:50]}
odd = {n % 13 for n in numbers}
print(squares[7], sorted(odd))

import sys

numbers = []
for line in sys.stdin:  # split
    numbers.append(int(line))
print(sum(numbers), len(numbers))

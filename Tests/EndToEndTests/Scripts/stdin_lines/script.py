import sys

total = 0
longest = ""
for line in sys.stdin:
    total += len(line)
    if len(line) > len(longest):
        longest = line
print(total, longest, end="")

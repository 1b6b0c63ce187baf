numbers = list(range(30))
assert sum(numbers) == 1, "the sum is off"

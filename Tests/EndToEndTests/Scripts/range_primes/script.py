def is_prime(n):
    if n < 2:
        return False
    i = 2
    while i * i <= n:
        if n % i == 0:
            return False
        i += 1
    return True


primes = []
checked = 0
for n in range(10, 400, 3):  # split
    checked += 1
    if is_prime(n):
        primes.append(n)
print(checked, primes, n)

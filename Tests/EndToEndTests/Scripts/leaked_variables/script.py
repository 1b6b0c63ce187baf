last = None
for number in range(1, 60):  # split
    square = number * number
    if square % 7 == 1:
        last = square
else:
    print("loop is over")
print(number, square, last)

from decimal import Decimal
from fractions import Fraction

money = Decimal("0")
share = Fraction(0)
for i in range(1, 80):
    money += Decimal(i) / Decimal(7)
    share += Fraction(1, i)
print(money)
print(share)

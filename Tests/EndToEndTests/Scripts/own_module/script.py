import helpers
from helpers import normalise

words = []
for line in open("app.log"):
    words.append(normalise(line))
print(words[:3], helpers.VERSION)

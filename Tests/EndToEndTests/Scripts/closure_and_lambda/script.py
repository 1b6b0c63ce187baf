def make_scorer(weight):
    def score(word):
        return len(word) * weight
    return score


def run():
    score = make_scorer(3)
    key = lambda word: (score(word), word)
    out = []
    for word in "the quick brown fox jumps over the lazy dog".split() * 8:
        out.append(key(word))
    return out


print(sorted(run())[-3:])

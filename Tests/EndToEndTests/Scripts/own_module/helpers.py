VERSION = "1.2"


def normalise(text):
    return " ".join(text.lower().split()[:3])

names = ["ann", "bob", "cid", "dee"] * 10
with open("journal.txt", "a") as journal:
    for name in names:  # split
        journal.write(name.title() + "\n")
with open("journal.txt") as journal:
    print(journal.read())

import os

os.makedirs("out/nested", exist_ok=True)
for name in ["a", "b", "c"]:
    with open(os.path.join("out", "nested", name + ".txt"), "w") as f:
        f.write(name * 10)
os.remove("obsolete.txt")
print(sorted(os.listdir("out/nested")), os.path.exists("obsolete.txt"))

text = ""
for i in range(100):  # split
    text += chr(97 + i % 26)
print(text)

open("windows.txt", "wb").write(b"\xef\xbb\xbf" + b"first\r\nsecond\r\n" * 20 + b"odd\rone\n" + b"end")

open("text.txt", "w", encoding="utf-8").write("héllo wörld\n漢字かな交じり\n🙂🙃 emoji\nплохо\n" * 12 + "last line without newline é")

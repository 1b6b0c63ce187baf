import sys
import time

state = 1
with open("steps.txt", "a") as journal:
    for step in range(int(sys.argv[1])):
        state = state * 1103515245 % 2147483647
        journal.write(f"{step} {state}\n")
        journal.flush()
        print("step", step, state, flush=True)
        time.sleep(0.1)
print("end", state, file=sys.stderr)

# What a script shows of its stack ends with the script: nothing lies below.
import inspect
import logging
import traceback

logging.basicConfig(format="%(levelname)s %(message)s")


def outer():
    return inner()


def inner():
    traceback.print_stack()
    logging.warning("a stack", stack_info=True)
    return [(each.function, each.lineno) for each in inspect.stack()]


print(outer())
print(len(traceback.extract_stack()), len(inspect.stack()))
for number in range(4):
    print(number, [summary.lineno for summary in traceback.extract_stack()])

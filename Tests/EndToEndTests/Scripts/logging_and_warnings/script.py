import logging
import warnings

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
for i in range(12):
    if i % 5 == 0:
        logging.info("step %d", i)
    warnings.warn("careful")
print("ok")

import argparse

parser = argparse.ArgumentParser()
parser.add_argument("path")
parser.parse_args()

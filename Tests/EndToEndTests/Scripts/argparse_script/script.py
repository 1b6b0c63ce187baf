import argparse


def parse_arguments():
    parser = argparse.ArgumentParser(description="Counts long lines.")
    parser.add_argument("path")
    parser.add_argument("--minimum", type=int, default=40)
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def main():
    args = parse_arguments()
    long_lines = 0
    with open(args.path) as f:
        for line in f:
            if len(line) >= args.minimum:
                long_lines += 1
    if args.verbose:
        print("read", args.path)
    print(long_lines)


main()

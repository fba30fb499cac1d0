"""`python -m eaa_graph` is the same as the command `eaa-graph`."""

from eaa_graph.cli import main

if __name__ == "__main__":
    main(prog_name="eaa-graph")

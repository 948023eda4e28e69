# Install rules are added with the program; see harness/cli.

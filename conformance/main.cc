#include "harness/cli/cli.h"

int main(int argc, char** argv) { return vuspec::RunCli(argc, argv); }

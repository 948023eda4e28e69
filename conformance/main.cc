#include "harness/cli/run_cli.h"

int main(int argc, char** argv) { return vuspec::RunCli(argc, argv); }

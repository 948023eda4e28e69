// The program with cases of known outcome instead of real ones.
#include "harness/cli/run_cli.h"
#include "harness/suite/toy_cases.h"

int main(int argc, char** argv) {
  vuspec::RegisterToyCases();
  return vuspec::RunCli(argc, argv);
}

// Runs every case against every named defect of the mock back-end and holds
// the result against the columns of faults.def: each fault is caught by all
// cases of its `must` column and by no case outside `must` and `may`, no case
// fails with a behaviour that is legal, and each case is failed by at least one
// fault.
//
//   fault_matrix --vuspec build/release/vuspec [--only NAME] [--json FILE]
//
// --json writes what was measured, for scripts/faults-bless.
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

#include "conformance/program/fault_columns.h"
#include "conformance/program/fault_measurement.h"
#include "harness/backend/fault.h"

namespace vuspec {
namespace {

void WriteJson(const std::string& path,
               const std::map<std::string, Names>& measured) {
  std::ofstream out(path);
  out << "{";
  const char* comma = "";
  for (const auto& [fault, names] : measured) {
    out << comma << "\n\"" << fault << "\": [";
    const char* inner = "";
    for (const std::string& name : names) {
      out << inner << '"' << name << '"';
      inner = ", ";
    }
    out << "]";
    comma = ",";
  }
  out << "\n}\n";
}

int Run(int argc, char** argv) {
  std::string vuspec;
  std::string only;
  std::string json;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--vuspec") vuspec = argv[i + 1];
    if (flag == "--only") only = argv[i + 1];
    if (flag == "--json") json = argv[i + 1];
  }
  if (vuspec.empty()) {
    std::fprintf(stderr,
                 "usage: fault_matrix --vuspec PROGRAM [--only FAULT] "
                 "[--json FILE]\n");
    return 2;
  }
  FaultMeasurement measurement(vuspec);
  bool agrees = true;
  const auto differs = [&](const std::string& where, const std::string& what) {
    std::printf("  %s: %s\n", where.c_str(), what.c_str());
    agrees = false;
  };
  for (const std::string& id : measurement.FailedWithoutFault()) {
    differs(id, "fails without any fault");
  }
  const auto faults = AllFaults();
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const FaultRow& row = faults[i];
    if (!only.empty() && only != row.name) continue;
    const std::string name(row.name);
    const Names caught = measurement.Measure(row);
    std::printf("%3zu/%zu %-40s caught by %zu%s\n", i + 1, faults.size(),
                name.c_str(), caught.size(),
                caught.contains("*") ? " or more" : "");
    for (const std::string& what : DifferencesFrom(row, caught)) {
      differs("k" + name, what);
    }
    for (const std::string& id : measurement.Unasked(row, caught)) {
      differs("k" + name, id + " caught it, and did not ask the mock about it");
    }
    std::fflush(stdout);
    if (!json.empty()) WriteJson(json, measurement.measured());
  }
  if (only.empty()) {
    measurement.TryWideFaults();
    if (!json.empty()) WriteJson(json, measurement.measured());
    for (const std::string& id : measurement.Unfailed()) {
      differs(id, "no fault can fail it");
    }
  }
  std::printf("%s\n", agrees ? "every fault is caught as faults.def says"
                             : "faults.def and the measurement differ");
  return agrees ? 0 : 1;
}

}  // namespace
}  // namespace vuspec

int main(int argc, char** argv) { return vuspec::Run(argc, argv); }

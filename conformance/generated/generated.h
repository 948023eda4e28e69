// Cases that a table makes, one GoogleTest each.
//
//   for (const MessageSpec& spec : AllMessages(Channel::kMain)) {
//     RegisterGenerated({.id = ..., .cites = ...}, __FILE__, __LINE__,
//                       [&spec] { return new MalformedCase(spec); });
//   }
//
// Contract: called before main, from the initialiser of a variable at namespace
// scope. `factory` returns a new fixture and lives as long as the process; all
// cases of a suite have the same fixture class.
#ifndef VUSPEC_CONFORMANCE_GENERATED_GENERATED_H_
#define VUSPEC_CONFORMANCE_GENERATED_GENERATED_H_

#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "harness/suite/catalog.h"

namespace vuspec {

template <typename Factory>
void RegisterGenerated(CaseInfo info, const char* file, int line,
                       Factory factory) {
  const std::size_t dot = info.id.find('.');
  const std::string suite = info.id.substr(0, dot);
  const std::string name = info.id.substr(dot + 1);
  info.generated = true;
  info.file = file;
  RegisterCase(std::move(info));
  testing::RegisterTest(suite.c_str(), name.c_str(), nullptr, nullptr, file,
                        line, std::move(factory));
}

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_GENERATED_GENERATED_H_

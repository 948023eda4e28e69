// Uses the register of requirements and a socket from the installed package.
#include <cstdio>

#include "harness/transport/unique_fd.h"
#include "protocol/requirement.h"

int main() {
  vuspec::UniqueFd none;
  auto req = vuspec::protocol::FindRequirement("HDR-01");
  if (none.valid() || !req) return 1;
  std::printf("%s\n", vuspec::protocol::Describe(*req).statement.data());
}

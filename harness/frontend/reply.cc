#include "harness/frontend/reply.h"

#include "absl/strings/str_cat.h"

namespace vuspec {
namespace {

struct Describer {
  std::string operator()(const protocol::Violation& violation) const {
    return absl::StrCat("the peer broke the specification: ",
                        ToString(violation));
  }
  std::string operator()(const Nack& nack) const {
    return absl::StrCat("the peer refused: ", nack.value);
  }
  std::string operator()(const Refusal& refusal) const {
    return absl::StrCat("not sent, the specification forbids it: ",
                        ToString(refusal.violation));
  }
  std::string operator()(const absl::Status& status) const {
    return status.ToString();
  }
};

}  // namespace

std::string DescribeFailure(const Failure& failure) {
  return std::visit(Describer(), failure);
}

}  // namespace vuspec

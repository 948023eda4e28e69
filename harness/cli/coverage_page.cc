#include <functional>
#include <initializer_list>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/cli/facts.h"
#include "harness/cli/pages.h"
#include "protocol/coverage.h"
#include "protocol/message_spec.h"

namespace vuspec {
namespace {

using protocol::Channel;
using protocol::MessageSpec;
using protocol::ProtocolFeature;
using protocol::Req;

constexpr int kProtocolFeatureCount = 23;
// Suites whose cases are Suite.MESSAGE_Defect.
constexpr std::string_view kMatrix = "Malformed.";
constexpr std::string_view kAnswers = "BackendAnswer.";
constexpr std::string_view kNoDefect = "Legal";

bool HasWord(const std::string& name,
             std::initializer_list<const char*> words) {
  for (const char* word : words) {
    if (name.find(word) != std::string::npos) return true;
  }
  return false;
}

// What is wrong about the message of a row of a matrix; "" for other cases.
std::string DefectOf(const CaseInfo& info) {
  if (!info.id.starts_with(kMatrix) && !info.id.starts_with(kAnswers)) {
    return "";
  }
  return info.id.substr(info.id.rfind('_') + 1);
}

// Whether it is a row of a matrix about this message. What comes before
// SET_OWNER is neither right nor wrong.
bool IsOf(const CaseInfo& info, const MessageSpec& message) {
  const std::string defect = DefectOf(info);
  const std::string_view suite =
      message.channel == Channel::kMain ? kMatrix : kAnswers;
  return defect != "BeforeOwner" &&
         info.id == absl::StrCat(std::string(suite), std::string(message.name),
                                 "_", defect);
}

bool IsNegative(const CaseInfo& info,
                const std::function<bool(Req)>& is_about) {
  if (const std::string defect = DefectOf(info); !defect.empty()) {
    return defect != kNoDefect;
  }
  for (const Req req : info.cites) {
    if (is_about(req) &&
        protocol::Describe(req).level == protocol::Level::kRobust) {
      return true;
    }
  }
  return HasWord(info.id, {"Refused", "Survived", "NotExecuted", "NotAnswered",
                           "NotServed", "NotAcked", "NotKept", "NotSent"});
}

struct Counted {
  std::size_t count = 0;
  std::string example;  // a written case, if there is one
  bool example_generated = false;

  void Add(const CaseInfo& info) {
    ++count;
    if (!example.empty() && (info.generated || !example_generated)) return;
    example = info.id;
    example_generated = info.generated;
  }
  std::string Text() const {
    if (count == 0) return "0 | **no case**";
    return absl::StrCat(count, " | ", example);
  }
};

std::string RowText(std::string_view number, std::string_view name,
                    const std::function<bool(const CaseInfo&)>& has_row,
                    const std::function<bool(Req)>& is_about) {
  Counted positive;
  Counted negative;
  for (const CaseInfo& info : AllCases()) {
    bool counts = has_row(info);
    if (DefectOf(info).empty()) {
      for (const Req req : info.cites) counts = counts || is_about(req);
    }
    if (!counts) continue;
    (IsNegative(info, is_about) ? negative : positive).Add(info);
  }
  return absl::StrFormat("| %s | %s | %s | %s |\n", std::string(number),
                         std::string(name), positive.Text(), negative.Text());
}

std::string MessageRow(const MessageSpec& message) {
  return RowText(
      std::to_string(message.id), message.name,
      [&](const CaseInfo& info) { return IsOf(info, message); },
      [&](Req req) { return protocol::IsAbout(req, message); });
}

std::string FeatureRow(ProtocolFeature feature) {
  const auto opens = [&](const MessageSpec& message) {
    const auto& gate = message.gate;
    return protocol::Has(gate.protocol_offered | gate.protocol_negotiated,
                         feature);
  };
  return RowText(
      std::to_string(static_cast<int>(feature)), protocol::ToString(feature),
      [&](const CaseInfo& info) {
        for (const Channel channel : {Channel::kMain, Channel::kBackend}) {
          for (const MessageSpec& message : protocol::AllMessages(channel)) {
            if (opens(message) && IsOf(info, message)) return true;
          }
        }
        return false;
      },
      [&](Req req) { return protocol::IsAbout(req, feature); });
}

constexpr std::string_view kHead =
    " | | positive | for example | negative | for example |\n"
    "|---|---|---|---|---|---|\n";

}  // namespace

std::string CoveragePage() {
  std::string page =
      "# Coverage: messages and protocol features\n\n"
      "Made by `vuspec list --page coverage`; do not edit. A test compares "
      "this page,\n`scripts/golden` rewrites it.\n\n"
      "A case counts for a message if it cites a requirement that is about it\n"
      "(`protocol/coverage.def`, and what its row of `messages.def` cites) or "
      "is its row\nof `Malformed` or `BackendAnswer`; for a feature, if the "
      "requirement holds under it\nor names it. It is negative if one of these "
      "requirements is of level robust, or if\nits name says that something is "
      "refused, survived, not answered, executed, served,\nacked, kept or "
      "sent.\n";
  for (const Channel channel : {Channel::kMain, Channel::kBackend}) {
    absl::StrAppend(&page,
                    channel == Channel::kMain
                        ? "\n## Front-end to back-end\n\n|"
                        : "\n## Back-end to front-end\n\n|",
                    std::string(kHead));
    for (const MessageSpec& message : protocol::AllMessages(channel)) {
      page += MessageRow(message);
    }
  }
  absl::StrAppend(&page, "\n## Protocol features\n\n|", std::string(kHead));
  for (int bit = 0; bit < kProtocolFeatureCount; ++bit) {
    page += FeatureRow(static_cast<ProtocolFeature>(bit));
  }
  return page;
}

}  // namespace vuspec

// Which cases a run consists of.
//
// Contract: pure, but for ShardFromEnvironment. The order is that of the
// catalogue; the shards of one selection are disjoint and together all of it.
#ifndef VUSPEC_HARNESS_CLI_SELECTION_H_
#define VUSPEC_HARNESS_CLI_SELECTION_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/suite/catalog.h"
#include "protocol/requirement.h"

namespace vuspec {

struct Shard {
  std::size_t index = 0;  // from 0
  std::size_t count = 1;
};

// "2/4" is the second of four. kInvalidArgument says how to write it.
absl::StatusOr<Shard> ParseShard(const std::string& text);

// GTEST_SHARD_INDEX and GTEST_TOTAL_SHARDS, or those without GTEST_, as Bazel
// and others set them; index from 0. The whole without them. Touches
// TEST_SHARD_STATUS_FILE, which tells Bazel that shards are understood.
absl::StatusOr<Shard> ShardFromEnvironment();

// The gate of that name, robust for "".
// REQUIRES: one of must, should, defacto, robust, or empty.
protocol::Level ParseLevel(const std::string& name);

struct Selection {
  std::vector<std::string> filters;  // globs; none: every case
  protocol::Level level = protocol::Level::kRobust;
  Shard shard;
};

// A permission (may) is looked at by the widest gate only, robust.
std::vector<std::string> SelectCases(const std::vector<CaseInfo>& cases,
                                     const Selection& selection);

// What to tell about filters that chose nothing: each, and near misses.
std::string WhyNothing(const std::vector<CaseInfo>& cases,
                       const Selection& selection);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_CLI_SELECTION_H_

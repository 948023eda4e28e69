// The seeds of the fuzzers: made from the wire corpus, from the message table
// and from the lists of operations.
//
// Contract: pure; the same input gives the same seeds, under the same names.
#ifndef VUSPEC_FUZZ_SEEDS_H_
#define VUSPEC_FUZZ_SEEDS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/vu_file.h"

namespace vuspec::fuzz {

struct Seed {
  std::string name;
  std::vector<std::uint8_t> bytes;
};

// Of one file of corpus/wire; `name` is its stem.
std::vector<Seed> ReplySeeds(std::string_view name,
                             const protocol::VuFile& file);
std::vector<Seed> FramerSeeds(std::string_view name,
                              const protocol::VuFile& file);
std::vector<Seed> FrontendSeeds(std::string_view name,
                                const protocol::VuFile& file);

// Of the tables.
std::vector<Seed> ReplyTableSeeds();
std::vector<Seed> FrontendTableSeeds();
std::vector<Seed> SplitRingSeeds();

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_SEEDS_H_
